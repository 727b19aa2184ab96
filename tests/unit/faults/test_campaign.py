"""Playing many cases at once: what is given back, in which order, and what one broken run does to the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import campaign
from tests.faults.campaign import Campaign
from tests.faults.points import Case
from tests.faults.scenario import Hung

NAMES = [f"way {number}" for number in range(60)]


def played_with(monkeypatch: pytest.MonkeyPatch, run: Any) -> tuple[list[campaign.Played], list[str]]:
    """All ways played by this function, and what was said meanwhile."""
    said: list[str] = []
    ways = {name: SimpleNamespace(run=lambda _stage, _faults, name=name: run(name)) for name in NAMES}
    monkeypatch.setattr(campaign, "SCENARIOS", ways)
    anything: Any = None
    return Campaign(anything, anything, 4, said.append).play([Case(name, ()) for name in NAMES]), said


def test_runs_begin_mixed_and_come_back_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    played, said = played_with(monkeypatch, begun.append)
    assert [one.case.scenario for one in played] == NAMES, "points are taken where they are first seen, in this order"
    assert sorted(begun) == sorted(NAMES)
    assert begun != NAMES
    assert said == ["50 of 60 played"]


def test_a_run_that_hangs_or_breaks_is_reported_and_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(name: str) -> None:
        if name == NAMES[3]:
            raise Hung("waits in PollEdit")
        if name == NAMES[4]:
            raise ValueError(name)

    played, _ = played_with(monkeypatch, run)
    assert {one.case.scenario: one.problem for one in played if one.problem} == {
        NAMES[3]: "waits in PollEdit",
        NAMES[4]: f"ValueError: {NAMES[4]}",
    }
