"""Executions that end by time, by hand or by a runtime error leave a record, an error file and one message."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest

from checks.documents import TEMPLATE, load
from dropcut.domain.errors import NotADrop, ProviderRefused
from dropcut.domain.generation import Generation
from dropcut.domain.model import Drop, State
from dropcut.notifications.schemas import ErrorFile
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.settle_execution import STILL_SENDING, from_status_change, settle_execution
from dropcut.workflow.submit_edit import submit_edit
from dropcut.workflow.sweep_drops import UNTOUCHED_FOR, sweep_drops
from tests.fakes.documents import read
from tests.fakes.examples import OUTBOX, a_drop
from tests.fakes.machine import Machine, call_handler
from tests.fakes.runs import Run
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
        found = read(ErrorFile, world.files.text(OUTBOX, "trip/beach.error.json"))
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


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_late_or_repeated_ending_leaves_a_redriven_execution_alone(at: int, status: str) -> None:
    world, drop = aborted_at(at)
    world.executions.statuses[drop.drop_id] = status
    world.clock.now += STILL_SENDING
    before, told = dict(world.ledger.edits), list(world.topic.published)
    assert settle_execution(world, drop, None, "ABORTED", execution=drop.drop_id) == ""
    assert (world.ledger.edits, world.topic.published) == (before, told)


def test_an_execution_that_cannot_be_found_any_more_is_settled() -> None:
    world, drop = aborted_at(12)
    del world.executions.started[drop.drop_id], world.executions.statuses[drop.drop_id]
    assert settle_execution(world, drop, None, "ABORTED") == "FAILED"


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(13, CALLS))
def test_a_redrive_after_the_told_ending_buys_and_loses_nothing(at: int, late: bool) -> None:
    """A redrive enters the state again in which the execution was stopped, with the document of then."""
    world, drop = a_world()
    world.journal.record_drop(drop, world.clock())
    world.executions.start(drop)
    run = Run(world, drop)
    interruption = Interruption(world, {at}, lambda: run.end("ABORTED"), late)
    stopped_in = run.state, run.document
    while run.status == "RUNNING":
        stopped_in = run.state, json.loads(json.dumps(run.document))
        run.go_on(interruption)
    if run.status != "ABORTED":
        return
    run.state, run.document = stopped_in
    world.clock.now += STILL_SENDING
    run.settle()
    ended = {name: edit.state for name, edit in world.ledger.edits.items()}
    sent = len(world.provider.submissions)
    world.executions.statuses[drop.drop_id] = "RUNNING"  # redriven
    while run.status == "RUNNING":
        run.go_on()
    (edit,) = world.ledger.edits.values()
    if ended[edit.edit_id] is not State.FAILED:
        assert len(world.provider.submissions) == sent
        assert edit.state in (ended[edit.edit_id], State.DELIVERED)
    assert edit.notice
    assert world.ledger.places == set()
    assert len(world.provider.rows) <= 1


def test_an_end_told_by_the_execution_is_not_told_again() -> None:
    world, drop = a_world(sidecar=b"no JSON")
    assert Machine(world, world).run(drop) == "Rejected"
    assert settle_execution(world, drop, None, "FAILED") == ""
    assert len(world.topic.published) == 1


def test_a_told_end_of_an_edit_is_not_told_again() -> None:
    world, drop = a_world()
    world.provider.answers = [ProviderRefused("HTTP 400: no")]
    assert Machine(world, world).run(drop) == "Failed"
    assert settle_execution(world, drop, None, "FAILED") == ""
    assert [notice["status"] for notice in world.topic.published] == ["FAILED"]


def test_settling_waits_longer_than_a_submission_can_run() -> None:
    functions = load(TEMPLATE)["Resources"]
    assert functions["SubmitEditFunction"]["Properties"]["Timeout"] < STILL_SENDING


@pytest.mark.parametrize("hands", [{"execution": "the next one"}, {"owner": "another drop"}])
def test_an_edit_that_another_execution_carries_is_not_settled(hands: dict[str, str]) -> None:
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    submit_edit(world, drop, edit_id, Generation())
    carried = replace(world.ledger.edits[edit_id], **hands)  # type: ignore[arg-type]
    world.ledger.edits[edit_id] = carried
    assert settle_execution(world, drop, edit_id, "ABORTED", execution=drop.drop_id) == ""
    assert (world.ledger.edits[edit_id], world.topic.published) == (carried, [])


def test_the_end_of_a_second_execution_is_not_told() -> None:
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


def test_the_sweep_starts_a_noted_drop_that_never_started() -> None:
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


WHOLE = a_drop().as_json()
BY_HAND: dict[str, object] = {
    "nothing": {},
    "no object": [],
    "text for a drop": {"drop": "trip/beach.mp4"},
    "an empty drop": {"drop": {}},
    "half a drop": {"drop": {"clip_key": "trip/beach.mp4", "settle_seconds": 0}},
    "a number for an id": {"drop": {**WHOLE, "drop_id": 5}},
    "no version": {"drop": {**WHOLE, "clip_version": ""}},
    "an edit without a drop": {"edit": {"edit_id": "e"}},
    "an edit of no drop": {"edit": {"edit_id": "e"}, "drop": {**WHOLE, "bucket": None}},
}


@pytest.mark.parametrize("case", [case for case in BY_HAND if isinstance(BY_HAND[case], dict)])
def test_an_execution_started_by_hand_ends_at_once(case: str) -> None:
    world = FakeServices()
    machine = Machine(world, world)
    document: Any = BY_HAND[case]
    assert machine.walk(dict(document)) == "NotADrop"
    assert len(machine.entered) <= 5
    assert world.clock.now == FakeServices().clock.now, "nothing was waited for, and nothing tried again"
    assert world.provider.submissions == []


@pytest.mark.parametrize("case", BY_HAND)
def test_the_end_of_an_execution_started_by_hand_is_ignored(case: str) -> None:
    """Nobody dropped anything, so there is nobody to tell; and nothing for the dead-letter queue."""
    world = FakeServices()
    detail = {"input": json.dumps(BY_HAND[case]), "name": "by-hand", "status": "FAILED"}
    assert call_handler("settle_execution", world, {"detail": detail}) == {"told": ""}
    assert call_handler("settle_execution", world, {"detail": {**detail, "input": None}}) == {"told": ""}
    assert world.topic.published == []


@pytest.mark.parametrize("verb", ["prepare_edit", "submit_edit", "find_submission", "deliver_edit", "report_failure"])
def test_a_function_that_is_given_no_drop_says_what_is_missing(verb: str) -> None:
    with pytest.raises(NotADrop) as caught:
        call_handler(verb, FakeServices(), {"drop": {**WHOLE, "clip_key": None}, "edit": {"edit_id": "e"}})
    assert "drop.clip_key" in str(caught.value)
    assert "uploaded" in str(caught.value)
