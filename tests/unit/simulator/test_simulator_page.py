"""docs/simulator.md says what the program does."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import asdict
from pathlib import Path

import pytest

from localcloud.simulator.catalogue import ANYWHERE, KINDS, REASONS, STAYING
from localcloud.simulator.command import parse_arguments, settings_from
from localcloud.simulator.control import CHANGERS, READERS
from localcloud.simulator.faults import parse_faults
from localcloud.simulator.looks import LOOKS, look_name
from localcloud.simulator.settings import CHOICES, Settings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    """The rows of the table that begins with this head."""
    lines = PAGE.partition(head)[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def shown(value: object) -> str:
    """A default as the page writes it."""
    if isinstance(value, bool | str):
        return f"`{json.dumps(value)}`".replace('"', "")
    return "none" if value is None else f"{value:.12g}"


def test_the_page_names_every_setting_with_its_default() -> None:
    told: dict[str, str] = {}
    for names, defaults, _ in table("| setting | default | meaning |"):
        told.update(zip(re.findall(r"`(\w+)`", names), defaults.split(", "), strict=True))
    assert told == {name: shown(value) for name, value in asdict(Settings()).items()}


def test_the_page_names_every_choice_of_a_setting() -> None:
    rows = {name: row for row in table("| setting | default | meaning |") for name in re.findall(r"`(\w+)`", row[0])}
    for name, choices in CHOICES.items():
        assert [choice for choice in choices if str(choice) not in " ".join(rows[name][1:])] == []


def test_the_page_names_every_fault_beside_its_stage() -> None:
    told: dict[str, set[str]] = {}
    for stages, kinds in table("| stage | kinds |"):
        for stage in re.findall(r"`(\w+)`", stages) or [stages]:
            told[stage] = set(re.findall(r"`(\w+)`", kinds)) - set(KINDS)
    assert told.pop("every one") == set(ANYWHERE)
    assert told == {stage: set(kinds) - set(ANYWHERE) for stage, kinds in KINDS.items()}


def test_the_page_names_lasting_faults_and_failure_reasons() -> None:
    faults = PAGE.partition("## Faults")[2].partition("## ")[0]
    stay = faults.partition("Some stay with one generation:")[2].partition("They take hold")[0]
    assert set(re.findall(r"`(\w+)`", stay)) == STAYING["submit"] | STAYING["poll"]
    assert [reason for reason in REASONS if f"`{reason}`" not in faults] == []


def test_the_page_s_faults_can_be_played() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(parse_faults(json.loads(block))) == 3


def test_the_page_names_every_control_request() -> None:
    for name in READERS:
        assert re.search(rf"`GET[^|]*/__sim/{name}`", PAGE)
    for name in CHANGERS:
        assert re.search(rf"`POST /__sim/{name}`", PAGE)


def test_the_pages_command_starts_a_faster_provider() -> None:
    (command,) = re.findall(r"^\.workshop/dev/bin/python -m localcloud\.simulator (.*)$", PAGE, re.MULTILINE)
    assert settings_from(parse_arguments(shlex.split(command))) == Settings(time_scale=0.01)


def test_the_page_s_looks_are_all_there_are() -> None:
    (names,) = re.findall(r"telling word \(([^;]*);", PAGE)
    assert {look_name(word.strip()) for word in names.split(",")} == set(LOOKS)
    assert "eleven looks" in PAGE
    assert len(LOOKS) == 11


@pytest.mark.parametrize("path", re.findall(r"python (benchmarks/\S+\.py)", PAGE))
def test_the_page_s_benchmark_is_there(path: str) -> None:
    assert (ROOT / path).is_file()
