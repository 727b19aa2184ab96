"""Executions that end by time, by hand or by a runtime error leave a record, an error file and one message."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest

from dropcut.documents import ErrorFile
from dropcut.model import Drop, State
from dropcut.workflow.settle_execution import from_status_change, settle_execution
from dropcut.workflow.sweep_drops import UNTOUCHED_FOR, sweep_drops
from tests.fakes.examples import OUTBOX
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices, Interruption, Killed, die
from tests.fakes.worlds import a_world

CALLS = 42


class Aborted(BaseException):
    """The execution stops where it is."""


def aborted_at(call: int) -> tuple[FakeServices, Drop]:
    """An execution that was stopped by hand at the call with that number."""
    world, drop = a_world()
    world.journal.record_drop(drop, world.clock())
    world.executions.start(drop)

    def stop() -> None:
        raise Aborted

    class Stopping(Machine):
        def _call(self, state: dict, document: dict) -> object:  # type: ignore[type-arg]
            try:
                return super()._call(state, document)
            except BaseException as error:
                if isinstance(error.__cause__, Aborted):
                    raise Aborted from None
                raise

    interruption = Interruption(world, {call}, stop)
    try:
        Stopping(world, interruption.services()).run(drop)
    except Aborted:
        world.executions.statuses[drop.drop_id] = "ABORTED"
    return world, drop


def assert_settled(world: FakeServices, drop: Drop) -> None:
    """One message with one id, and where an edit was understood, a ledger row that says what is known."""
    assert len({notice["event_id"] for notice in world.topic.published}) == 1
    status = world.topic.published[0]["status"]
    (edit,) = world.ledger.edits.values() or [None]
    submitted = len(world.provider.submissions)
    if edit is None or edit.state is State.FAILED:
        assert (status, submitted) == ("FAILED", 0)
    else:
        assert status == edit.state
        assert status in ("DELIVERED", "IN_DOUBT", "UNDELIVERED")
    if status != "DELIVERED":
        found = ErrorFile.model_validate_json(world.files.text(OUTBOX, "trip/beach.error.json"))
        assert (found.status, found.drop_id) == (status, drop.drop_id)
    assert world.ledger.places == set()


@pytest.mark.parametrize("at", range(1, CALLS))
def test_stopped_at_any_call_an_execution_is_settled_once(at: int) -> None:
    world, drop = aborted_at(at)
    if world.executions.statuses.get(drop.drop_id) == "ABORTED":
        settle_execution(world, drop, None, "ABORTED")
    settle_execution(world, drop, None, "ABORTED")
    sweep_drops(world)
    world.clock.now += 2 * UNTOUCHED_FOR + 3600
    sweep_drops(world)
    assert_settled(world, drop)


@pytest.mark.parametrize("at", range(1, CALLS))
def test_where_the_event_is_lost_too_the_sweep_settles_it(at: int) -> None:
    world, drop = aborted_at(at)
    if drop.drop_id not in world.executions.statuses:
        world.executions.statuses[drop.drop_id] = "SUCCEEDED"
    sweep_drops(world)
    assert len(world.topic.published) <= 1, "too early"
    world.clock.now += UNTOUCHED_FOR + 3700
    sweep_drops(world)
    world.clock.now += UNTOUCHED_FOR + 3700
    sweep_drops(world)
    assert_settled(world, drop)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
def test_a_settling_that_breaks_off_is_finished_by_the_sweep(at: int, late: bool) -> None:
    world, drop = aborted_at(15)
    with contextlib.suppress(Killed):
        settle_execution(Interruption(world, {at}, die, late).services(), drop, None, "ABORTED")
    world.clock.now += UNTOUCHED_FOR + 3700
    sweep_drops(world)
    assert_settled(world, drop)


def test_an_execution_that_said_its_end_itself_is_not_told_of_again() -> None:
    world, drop = a_world(sidecar=b"no JSON")
    assert Machine(world, world).run(drop) == "Rejected"
    assert settle_execution(world, drop, None, "FAILED") == ""
    assert len(world.topic.published) == 1


def test_an_execution_beside_the_one_that_carries_the_edit_is_not_told_of() -> None:
    world, drop = aborted_at(17)
    other = replace(drop, drop_id="another")
    world.journal.record_drop(other, world.clock())
    assert Machine(world, world).run(other) == "Unchanged"
    assert settle_execution(world, other, None, "ABORTED") == ""
    assert world.topic.published == []


def test_a_living_execution_is_left_alone_and_asked_after_again_later() -> None:
    world, drop = aborted_at(22)
    world.executions.statuses[drop.drop_id] = "RUNNING"
    world.clock.now += UNTOUCHED_FOR + 1
    assert sweep_drops(world)["alive"] == 1
    assert sweep_drops(world)["alive"] == 0, "not with every sweep"
    world.clock.now += UNTOUCHED_FOR + 1
    assert sweep_drops(world)["alive"] == 1
    assert world.topic.published == []


def test_a_drop_that_was_noted_but_never_started_is_started_by_the_sweep() -> None:
    world, drop = a_world()
    world.journal.record_drop(drop, world.clock())
    world.clock.now += UNTOUCHED_FOR + 1
    assert sweep_drops(world)["started"] == 1
    assert world.executions.started == {drop.drop_id: drop}


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_the_event_of_step_functions_is_understood(status: str) -> None:
    _, drop = a_world()
    detail = {"status": status, "input": json.dumps({"drop": drop.as_json()}), "error": None, "cause": None}
    assert from_status_change(detail) == (drop, None, status, "")
    again = {"drop": drop.as_json(), "edit": {"edit_id": "e"}}
    detail = {"status": status, "input": json.dumps(again), "error": "States.Runtime", "cause": "no such path"}
    assert from_status_change(detail) == (drop, "e", status, "States.Runtime: no such path")
