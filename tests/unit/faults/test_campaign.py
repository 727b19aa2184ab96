"""Playing many cases at once: what one broken run does to the others, and which end is the right one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.faults import campaign
from tests.faults.campaign import Campaign, Played, compare_ends
from tests.faults.fault import HOUR
from tests.faults.points import Case
from tests.faults.scenario import Hung, Run
from tests.faults.score import OTHERWISE, Score

NAMES = [f"way {number}" for number in range(60)]


def played_with(monkeypatch: pytest.MonkeyPatch, run: Any) -> list[campaign.Played]:
    """All ways played by this function."""
    said: list[str] = []
    ways = {name: SimpleNamespace(run=lambda _stage, _faults, name=name: run(name)) for name in NAMES}
    monkeypatch.setattr(campaign, "SCENARIOS", ways)
    anything: Any = None
    return Campaign(anything, anything, 4, said.append).play([Case(name, ()) for name in NAMES])


def test_a_run_that_breaks_is_reported_and_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(name: str) -> None:
        if name == NAMES[3]:
            raise Hung("waits in PollEdit")
        if name == NAMES[4]:
            raise ValueError(name)

    played = played_with(monkeypatch, run)
    assert [one.case.scenario for one in played] == NAMES, "points are taken where they are first seen, in this order"
    assert {one.case.scenario: one.problem for one in played if one.problem} == {
        NAMES[3]: "waits in PollEdit",
        NAMES[4]: f"ValueError: {NAMES[4]}",
    }


THROTTLED = f"effect PollEdit.1 lambda:Invoke.1 before -> {HOUR}"
KILLED = "effect PollEdit.1 lambda:Invoke.1 before -> broken"


def ended(case: str, *ends: str) -> Played:
    """A case that was played, with all its faults."""
    one = Played(Case.parse(case), score=Score(list(ends)))
    one.run = cast("Run", SimpleNamespace(watch=SimpleNamespace(met=set(one.case.faults))))
    return one


def broken(*played: Played) -> list[str]:
    compare_ends(list(played))
    return [str(one.case) for one in played if {finding.rule for finding in one.score.findings} == {OTHERWISE}]


def test_an_edit_that_only_waits_ends_as_usual() -> None:
    usual = ended("plain: nothing", "DELIVERED")
    assert broken(usual, ended(f"plain: {THROTTLED}", "DELIVERED")) == []
    assert broken(usual, ended(f"plain: {THROTTLED}", "UNDELIVERED")) == [f"plain: {THROTTLED}"]
    assert broken(usual, ended(f"plain: {KILLED}", "UNDELIVERED")) == [], "that cannot be waited for"
    assert broken(ended(f"plain: {THROTTLED}", "UNDELIVERED")) == [], "nobody knows how it ends otherwise"


def test_an_edit_that_only_waits_tells_no_other_end() -> None:
    usual, other = ended("plain: nothing", "DELIVERED"), ended(f"plain: {THROTTLED}", "DELIVERED")
    usual.score.told, other.score.told = {"DELIVERED"}, {"DELIVERED", "UNDELIVERED"}
    assert broken(usual, other) == [f"plain: {THROTTLED}"]


def test_where_one_end_alone_is_right_no_other_will_do() -> None:
    assert broken(ended("failed and charged: nothing", "UNDELIVERED")) == []
    assert broken(ended("failed and charged: nothing", "DELIVERED")) == ["failed and charged: nothing"]
    assert broken(ended("redriven when refused: nothing")) == []
