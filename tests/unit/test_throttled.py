"""Lambda may turn every function away for days: nothing is lost, held or bought twice, and it goes on by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from checks.documents import STATE_MACHINE, load
from dropcut.domain.model import State
from tests.fakes.machine import FUNCTION_ARN, Machine, pause
from tests.fakes.worlds import a_world

DAY = 24 * 3600
THROTTLED = "Lambda.TooManyRequestsException"
STATES: dict[str, Any] = load(STATE_MACHINE)["States"]
CALLING = sorted(name for name, state in STATES.items() if str(state.get("Resource", "")).endswith(FUNCTION_ARN))
TurnedAway = type(THROTTLED, (Exception,), {})
MOST_EVENTS = 25_000  # of an execution's history
OF_A_TRY = 3  # scheduled, started, failed


@dataclass
class Throttled(Machine):
    """A machine whose functions Lambda turns away for a while, each from the first time that it is called."""

    verbs: tuple[str, ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.until: dict[str, float] = {}

    def _invoke(self, verb: str, document: dict[str, Any]) -> Any:
        now = self.world.clock.now
        if verb in self.verbs and now < self.until.setdefault(verb, now + self.seconds):
            raise TurnedAway("Rate Exceeded.")
        return super()._invoke(verb, document)


def pauses(rule: dict[str, Any]) -> Iterator[float]:
    return (pause(rule, number) for number in range(rule["MaxAttempts"]))


def rule_for_throttling(state: str) -> dict[str, Any]:
    return dict(next(rule for rule in STATES[state]["Retry"] if {THROTTLED, "States.ALL"} & set(rule["ErrorEquals"])))


@pytest.mark.parametrize("verb", ["PrepareEdit", "SubmitEdit", "PollEdit", "DeliverEdit"])
@pytest.mark.parametrize("seconds", [40 * 60, 5 * DAY], ids=["forty minutes", "five days"])
def test_a_function_turned_away_for_days_costs_an_edit_nothing(verb: str, seconds: float) -> None:
    world, drop = a_world()
    assert Throttled(world, world, verbs=(verb,), seconds=seconds).run(drop) == "Delivered"
    (edit,) = world.ledger.edits.values()
    assert (edit.state, len(world.provider.submissions)) == (State.DELIVERED, 1)
    assert [notice["status"] for notice in world.topic.published] == ["DELIVERED"]


def test_a_failure_is_still_told_after_days_of_throttling() -> None:
    world, drop = a_world()
    world.limits = type(world.limits)(usd_per_day=world.limits.usd_per_day, in_flight=5, spending=False)
    assert Throttled(world, world, verbs=("ReportFailure",), seconds=3 * DAY).run(drop) == "Failed"
    assert [notice["status"] for notice in world.topic.published] == ["DELAYED", "FAILED"]


def test_a_submission_throttled_too_long_ends_unpaid_blaming_no_file() -> None:
    world, drop = a_world()
    assert Throttled(world, world, verbs=("SubmitEdit",), seconds=30 * DAY).run(drop) == "Failed"
    assert world.provider.submissions == []
    (notice,) = world.topic.published
    assert notice["status"] == "FAILED"
    assert "Lambda" in notice["message"]["email"]
    assert "nothing is wrong with the files" in notice["message"]["email"].lower()
    assert "again, as it is" in notice["message"]["email"]


@pytest.mark.parametrize("state", CALLING)
def test_each_state_that_calls_a_function_waits_out_days_of_throttling(state: str) -> None:
    rule = rule_for_throttling(state)
    assert THROTTLED in rule["ErrorEquals"], "a rule of its own, before States.ALL"
    assert 6 * DAY < sum(pauses(rule)) < 8 * DAY
    assert rule["MaxDelaySeconds"] <= 1200, "it goes on soon after Lambda does"
    assert rule["JitterStrategy"] == "FULL", "two hundred that are turned away at once must not all come back at once"


def test_the_history_of_an_execution_holds_its_longest_waits() -> None:
    tries = max(rule_for_throttling(state)["MaxAttempts"] for state in CALLING)
    assert 2 * tries * OF_A_TRY < MOST_EVENTS / 3


def test_the_machine_outlives_every_wait_together() -> None:
    throttled = sum(sum(pauses(rule_for_throttling(state))) for state in CALLING)
    others = itertools.chain([7 * DAY, 7 * DAY, 7 * DAY], [2 * 7 * DAY])  # room, credits, dead workers; result twice
    assert load(STATE_MACHINE)["TimeoutSeconds"] > throttled + sum(others)
