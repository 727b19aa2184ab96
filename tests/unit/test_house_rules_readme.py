"""Documentation is checked by the test run or it is a rumour: the README names everything that a person can turn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.documents import REPOSITORY, TEMPLATE, load
from dropcut.intake.sidecar import Sidecar

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def make_targets() -> list[str]:
    """The targets that `make help` lists."""
    return re.findall(r"^([a-z]+):.*## ", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_readme_names_every_parameter_of_the_template() -> None:
    assert [name for name in load(TEMPLATE)["Parameters"] if f"`{name}`" not in README] == []


def test_the_readme_names_every_field_of_the_sidecar() -> None:
    assert [name for name in Sidecar.model_fields if f"`{name}`" not in README] == []


def test_the_readme_names_every_make_target() -> None:
    assert [target for target in make_targets() if f"make {target}" not in README] == []


def test_the_readme_names_no_make_target_that_does_not_exist() -> None:
    assert set(re.findall(r"\bmake ([a-z]+)`", README)) <= set(make_targets())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_our_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
