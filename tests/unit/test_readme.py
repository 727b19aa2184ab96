"""What the README promises is what the code says. (`test_house_rules_readme.py` has what it must name.)"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import fields
from typing import Any, get_args

import pytest

from checks.documents import REPOSITORY, TEMPLATE, load
from dropcut.intake.sidecar import MAX_BYTES, MAX_REFERENCES, Duration, Element, Sidecar, read_sidecar
from dropcut.notifications.schemas import Manifest, Status

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
NAMES = load(TEMPLATE)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def rows(header: str) -> list[list[str]]:
    """The cells of the table whose first heading is this."""
    lines = README.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {header} |"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return table


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_nothing_in_the_readme_waits_to_be_filled_in() -> None:
    assert re.findall(r"[A-Z]+_OUTPUT\b|TODO|TBD|FIXME", README) == []


def test_the_readme_names_every_output_of_the_template() -> None:
    assert [name for name in NAMES["Outputs"] if f"`{name}`" not in README] == []


def test_the_readme_explains_every_status() -> None:
    assert sorted(name for row in rows("status") for name in named(row[0])) == sorted(get_args(Status))


def test_the_readme_explains_every_field_of_the_manifest() -> None:
    explained = [name for row in rows("field of the manifest") for name in named(row[0])]
    assert sorted(explained) == sorted(field.name for field in fields(Manifest))


def test_the_readme_explains_every_field_of_the_sidecar_and_no_other() -> None:
    assert [named(row[0])[0] for row in rows("field")] == list(Sidecar.model_fields)
    assert [name for name in Element.model_fields if f"`{name}`" not in README] == []


def test_the_limits_of_the_sidecars_fields_are_the_models() -> None:
    told = {named(row[0])[0]: row[3] for row in rows("field")}
    (longest,) = [rule.max_length for rule in Sidecar.model_fields["prompt"].metadata if hasattr(rule, "max_length")]
    assert f"1 to {longest} characters" in told["prompt"]
    lengths = get_args(Duration)
    assert f'`"{lengths[0]}"` to `"{lengths[-1]}"`' in told["duration"]
    assert f"At most {MAX_BYTES // 1024} KB" in README
    assert (MAX_REFERENCES, "four in all" in told["image_urls"]) == (4, True)


def test_the_defaults_of_the_sidecars_fields_are_the_models() -> None:
    told = {named(row[0])[0]: row[2].strip("`") for row in rows("field")}
    for name, field in Sidecar.model_fields.items():
        if field.default not in (None, []) and not field.is_required():
            assert told[name] == json.dumps(field.default), name


def test_the_defaults_of_the_parameters_are_the_templates() -> None:
    told = {name: row[1].strip("`") for row in rows("parameter") for name in named(row[0])}
    assert told.keys() == NAMES["Parameters"].keys()
    for name, parameter in NAMES["Parameters"].items():
        assert told[name] in (str(parameter["Default"]) or "none", "Segmind's"), name
        assert (told[name] == "Segmind's") == ("segmind.com" in str(parameter["Default"])), name


def test_the_sidecar_shown_is_accepted() -> None:
    (shown,) = blocks(README, "json")
    sidecar, problems = read_sidecar(shown.encode())
    assert problems == []
    assert sidecar


def test_the_filter_policy_shown_is_json_with_statuses_that_exist() -> None:
    (shown,) = re.findall(r'`(\{"status"[^`]*)`', README)
    policy = json.loads(shown)
    assert set(policy["status"]) < set(get_args(Status))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_json_block_is_json(page: Any) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "json"):
        json.loads(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_one_that_a_shell_can_read(page: Any) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "sh"):
        read = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert read.stderr == "", block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_is_well_formed(page: Any) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "mermaid"):
        kind, *lines = block.splitlines()
        assert re.fullmatch(r"flowchart (LR|TD)|stateDiagram-v2", kind)
        assert block.count('"') % 2 == 0
        outside = re.sub(r'"[^"]*"', "", block)
        for opening, closing in ("()", "[]", "{}"):
            assert outside.count(opening) == outside.count(closing)
        words = [line.split()[0] for line in lines]
        assert words.count("subgraph") == words.count("end")
        if kind == "stateDiagram-v2":
            assert all(re.fullmatch(r"  (\[\*\]|\w+) --> (\[\*\]|\w+)(: [^:]+)?", line) for line in lines)
