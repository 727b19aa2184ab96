"""docs/simulator.md says what the program does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from localcloud.simulator.catalogue import ANYWHERE, KINDS
from localcloud.simulator.control import CHANGERS, READERS
from localcloud.simulator.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_the_page_names_every_setting_with_its_default() -> None:
    for field in fields(Settings):
        assert f"`{field.name}`" in PAGE
    for number in (Settings.history_seconds, Settings.file_seconds, Settings.max_clip_bytes, Settings.record_seconds):
        assert f"{number:.0f}" in PAGE


def test_the_page_names_every_fault_beside_its_stage() -> None:
    table = PAGE.partition("| stage | kinds |")[2].partition("\n\n")[0]
    told: dict[str, set[str]] = {}
    for stages, kinds in re.findall(r"^\| (every one|`.*?`) \| (.*) \|$", table, re.MULTILINE):
        for stage in re.findall(r"`(\w+)`", stages) or ["every one"]:
            told[stage] = set(re.findall(r"`(\w+)`", kinds))
    assert told.pop("every one") == set(ANYWHERE)
    assert told == {stage: set(kinds) - set(ANYWHERE) for stage, kinds in KINDS.items()}


def test_the_page_names_every_control_request() -> None:
    for name in READERS:
        assert re.search(rf"`GET[^|]*/__sim/{name}`", PAGE)
    for name in CHANGERS:
        assert re.search(rf"POST /__sim/{name}`", PAGE)
