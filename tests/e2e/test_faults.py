"""A few faults of every kind, played through the whole product: nothing is paid twice, lost, or kept from a person.

`make faults` plays all of them; tests/faults says how.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.faults import report
from tests.faults.campaign import Campaign, Played
from tests.faults.points import subset
from tests.faults.scenario import SHORT_WAYS
from tests.faults.score import RULES
from tests.faults.situations import SHORT
from tests.faults.stage import set_stage

pytestmark = pytest.mark.timeout(600)  # the first test waits for all runs, two minutes on an idle machine
AT_ONCE = 3 * (os.cpu_count() or 2)


class Result(NamedTuple):
    """The runs, and the sums of the ledger's days beside those of its edits."""

    played: list[Played]
    money: list[tuple[str, float, float]]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Result]:
    """Ways without a fault, then some with one, all judged."""
    with set_stage(tmp_path_factory.mktemp("faults")) as (stage, messages):
        campaign = Campaign(stage, messages, AT_ONCE, print)
        cases, quiet = campaign.record(SHORT_WAYS)
        runs = quiet + campaign.play(subset(cases) + SHORT)
        campaign.settle(runs)
        yield Result(runs, campaign.judge(runs).money())


@pytest.mark.parametrize("rule", RULES)
def test_no_fault_leads_to(result: Result, rule: str) -> None:
    broken = [one for one in result.played if one.failed and rule in {finding.rule for finding in one.score.findings}]
    assert not broken, report.failures(broken, seed=1)


def test_every_fault_that_was_to_be_played_came_up(result: Result) -> None:
    assert report.unmet(result.played) == ""
    assert len([one for one in result.played if one.case.faults]) > 50


def test_what_was_delivered_was_paid_for_once(result: Result) -> None:
    assert "| billed generations per delivered edit | 1.000 |" in report.score_table(result.played)
    assert sum(one.score.billed for one in result.played) > 50


def test_the_days_of_the_ledger_equal_its_edits(result: Result) -> None:
    for name, days, edits in result.money:
        assert days == pytest.approx(edits, abs=0.005), name
