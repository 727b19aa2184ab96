"""Whatever crashes, repeats or comes in between: one submission for one attempt, and nothing paid for is lost.

The real state machine over the real handlers, broken off at every single call that they make to the world.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.errors import ProviderBusy, SubmissionUnknown
from dropcut.domain.model import Drop, State
from tests.fakes.examples import OUTBOX
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices, Interruption, Killed, die, fail
from tests.fakes.worlds import a_world

CALLS = 46  # more than one edit makes; asserted below
INTENT_WRITTEN = {"provider.submit", "ledger.advance"}  # the calls between which a request may not have left
WAYS = pytest.mark.parametrize("what", [die, fail])
MOMENTS = pytest.mark.parametrize("late", [False, True], ids=["before", "after"])


def walk(world: FakeServices, drop: Drop, interruption: Interruption | None = None) -> str:
    return Machine(world, interruption.services() if interruption else world).run(drop)


def only_edit(world: FakeServices) -> Any:
    (edit,) = world.ledger.edits.values()
    return edit


def assert_nothing_was_lost(world: FakeServices, end: str) -> None:
    """Paid for and delivered, or not paid for, or a person is told that it is not known."""
    accepted = len(world.provider.rows)
    assert len(world.provider.submissions) <= 1
    told = {notice["event_id"]: notice["status"] for notice in world.topic.published}
    waited = [status for status in told.values() if status == "DELAYED"]  # when the spender died four times
    assert len(told) == 1 + len(waited) <= 2
    edit = only_edit(world)
    if accepted:
        assert (end, edit.state) == ("Delivered", State.DELIVERED)
        assert world.files.head(OUTBOX, "trip/beach.mp4")
        assert world.files.head(OUTBOX, "trip/beach.manifest.json")
        assert world.topic.published[-1]["status"] == "DELIVERED"
    else:
        assert end == "Failed"
        assert edit.state in (State.IN_DOUBT, State.FAILED)
        assert world.topic.published[-1]["status"] == edit.state
    assert edit.notified_at


def test_an_edit_that_nothing_disturbs_is_delivered_once() -> None:
    world, drop = a_world()
    seen = Interruption(world, set(), die)
    assert walk(world, drop, seen) == "Delivered"
    assert_nothing_was_lost(world, "Delivered")
    assert 20 < len(seen.calls) < CALLS
    assert set(world.ledger.money["2026-11-24"].items()) == {
        ("reserved_usd", 0), ("attempts", 1), ("charged_usd", only_edit(world).charged_usd),
        ("committed_usd", only_edit(world).charged_usd),
    }  # fmt: skip


@WAYS
@MOMENTS
@pytest.mark.parametrize("at", range(1, CALLS))
def test_broken_off_at_any_call_nothing_is_paid_twice_or_lost(at: int, late: bool, what: Callable[[], None]) -> None:
    world, drop = a_world()
    interruption = Interruption(world, {at}, what, late)
    end = walk(world, drop, interruption)
    assert_nothing_was_lost(world, end)
    if not INTENT_WRITTEN & set(interruption.calls[at - 1 : at]):
        assert end == "Delivered", "only a submission that may not have left can be in doubt"


@pytest.mark.parametrize("seed", range(60))
def test_broken_off_several_times_nothing_is_paid_twice_or_lost(seed: int) -> None:
    world, drop = a_world()
    chance = random.Random(seed)
    at = set(chance.sample(range(1, CALLS + 6), 4))
    interruption = Interruption(world, at, chance.choice([die, fail]), chance.random() < 0.5)
    assert_nothing_was_lost(world, walk(world, drop, interruption))


@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_second_execution_of_an_edit_buys_nothing_more(at: int) -> None:
    """The same files dropped again, and that execution runs from its start to its end between two calls of ours."""
    world, drop = a_world()
    other = replace(drop, drop_id="another-drop")

    def run_the_other() -> None:
        walk(world, other)

    interruption = Interruption(world, {at}, run_the_other)
    Machine(world, interruption.services()).run(drop)
    if len(interruption.calls) < at:
        walk(world, other)
    assert len(world.provider.submissions) == 1
    assert only_edit(world).state is State.DELIVERED
    assert world.files.head(OUTBOX, "trip/beach.manifest.json")


@WAYS
@MOMENTS
@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_lost_answer_and_a_crash_together_buy_once(at: int, late: bool, what: Callable[[], None]) -> None:
    world, drop = a_world()
    world.provider.answers = [SubmissionUnknown("HTTP 502 after the request was sent")]
    interruption = Interruption(world, {at}, what, late)
    end = walk(world, drop, interruption)
    assert_nothing_was_lost(world, end)
    if not INTENT_WRITTEN & set(interruption.calls[at - 1 : at]):
        assert end == "Delivered"


@WAYS
@MOMENTS
@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_submission_is_repeated_only_when_proven_unsent(at: int, late: bool, what: Callable[[], None]) -> None:
    world, drop = a_world()
    world.provider.answers = [ProviderBusy("429"), ProviderBusy("429")]
    end = walk(world, drop, Interruption(world, {at}, what, late))
    assert len(world.provider.rows) <= 1
    assert len(world.provider.submissions) <= 3
    edit = only_edit(world)
    assert (end == "Delivered") == (edit.state is State.DELIVERED)
    assert edit.state in (State.DELIVERED, State.IN_DOUBT)
    if world.provider.rows:
        assert edit.state is State.DELIVERED


def test_a_process_that_dies_is_not_seen_by_the_product() -> None:
    assert not issubclass(Killed, Exception)
