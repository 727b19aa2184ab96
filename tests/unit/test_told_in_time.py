"""Whoever waits is told while there is still something to do, and an outbox that takes nothing silences nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dropcut.domain.errors import DeliveryFailed
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Drop, State
from dropcut.domain.pauses import OVERDUE_AFTER
from dropcut.workflow.deliver_edit import deliver_edit
from dropcut.workflow.find_result import find_result
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.report_failure import report_failure
from dropcut.workflow.settle_execution import STILL_SENDING, settle_execution
from dropcut.workflow.submit_edit import submit_edit
from dropcut.workflow.sweep_drops import DELIVERY_OVERDUE, UNTOUCHED_FOR, sweep_drops
from tests.fakes.examples import a_drop, a_generation, a_sidecar, an_edit_in
from tests.fakes.machine import Machine
from tests.fakes.provider import FakeResults
from tests.fakes.services import FakeServices
from tests.fakes.worlds import VIDEO, a_world


def told(world: FakeServices) -> list[str]:
    return [notice["status"] for notice in world.topic.published]


def refused(*_: object) -> None:
    raise PermissionError("AccessDenied")


def delivery(seconds_ago: float) -> tuple[FakeServices, Drop, str]:
    """A finished edit whose execution lives and cannot deliver."""
    world = FakeServices(results=FakeResults(b"<html>"))
    edit = an_edit_in(State.COMPLETED, drop=a_drop(), owner=a_drop().drop_id, completed_at=world.clock() - seconds_ago)
    world.ledger.edits[edit.edit_id] = edit
    world.executions.statuses[edit.owner] = "RUNNING"
    world.provider.know("request-1", "")
    world.provider.finish()
    with pytest.raises(DeliveryFailed):
        deliver_edit(world, edit.drop, edit.edit_id)
    world.clock.now += UNTOUCHED_FOR + 1
    return world, edit.drop, edit.edit_id


def test_a_failing_delivery_is_told_once_with_its_reason() -> None:
    world, drop, edit_id = delivery(DELIVERY_OVERDUE)
    sweep_drops(world)
    world.clock.now += UNTOUCHED_FOR + 1
    sweep_drops(world)
    (notice,) = world.topic.published
    assert notice["status"] == "OVERDUE"
    assert "text/html" in notice["message"]["email"] or "not a whole video" in notice["message"]["email"]
    assert world.ledger.edits[edit_id].reason
    world.results.body = VIDEO
    deliver_edit(world, drop, edit_id)
    assert (world.ledger.edits[edit_id].state, world.ledger.edits[edit_id].reason) == (State.DELIVERED, None)


def test_a_delivery_that_fails_for_minutes_is_nobodys_business() -> None:
    world, _, _ = delivery(60)
    sweep_drops(world)
    assert told(world) == []


def test_the_next_sweep_sends_an_unsent_overdue_notice() -> None:
    world, _, _ = delivery(DELIVERY_OVERDUE)
    publish = world.topic.publish
    world.topic.publish = refused  # type: ignore[method-assign, assignment]
    assert sweep_drops(world)["failed"] == 1
    world.topic.publish = publish  # type: ignore[method-assign]
    world.clock.now += UNTOUCHED_FOR + 1
    sweep_drops(world)
    assert told(world) == ["OVERDUE"]


def test_an_edit_whose_record_vanished_early_is_told_overdue_once() -> None:
    world, _ = a_world()
    edit = an_edit_in(State.SUBMITTED, submitted_at=world.clock())
    world.ledger.edits[edit.edit_id] = edit
    account = a_generation(submitted_at=edit.submitted_at, wait_seconds=0)
    outcomes = []
    while account.waited_seconds < 3 * OVERDUE_AFTER:
        account = find_result(world, account)
        outcomes.append(account.outcome)
        world.clock.now += account.wait_seconds
    assert outcomes.count(Outcome.OVERDUE) == 1
    assert set(outcomes) == {"looking", "overdue"}


@pytest.mark.parametrize("sidecar", [a_sidecar(), b"no JSON"], ids=["accepted", "refused"])
def test_a_refused_error_file_does_not_stop_the_message(sidecar: bytes) -> None:
    world, drop = a_world(sidecar)
    world.files.upload = refused  # type: ignore[method-assign, assignment]
    world.files.write_json = refused  # type: ignore[method-assign, assignment]
    assert Machine(world, world).run(drop) in ("Failed", "Rejected")
    (notice,) = world.topic.published
    assert notice["status"] == ("REJECTED" if sidecar == b"no JSON" else "UNDELIVERED")
    assert "the error file could not be written (PermissionError)" in notice["message"]["email"]


def test_an_edit_stopped_while_sending_is_settled_after_the_answer() -> None:
    world, drop = a_world()
    edit = an_edit_in(State.SUBMITTING, drop=drop, owner=drop.drop_id, sent_at=world.clock())
    world.ledger.edits[edit.edit_id] = edit
    world.journal.end_drop(drop, "EDIT", world.clock(), edit.edit_id)
    world.executions.statuses[drop.drop_id] = "ABORTED"
    assert settle_execution(world, drop, edit.edit_id, "ABORTED") == ""
    world.ledger.advance(edit, State.SUBMITTED, world.clock(), request_id="request-1")
    world.clock.now += UNTOUCHED_FOR + 1
    sweep_drops(world)
    assert told(world) == ["UNDELIVERED"]
    assert "request-1" in world.topic.published[0]["message"]["email"]


def test_stopped_and_never_answered_the_edit_is_held_in_doubt() -> None:
    world, drop = a_world()
    edit = an_edit_in(State.SUBMITTING, drop=drop, owner=drop.drop_id, sent_at=world.clock())
    world.ledger.edits[edit.edit_id] = edit
    world.clock.now += STILL_SENDING
    assert settle_execution(world, drop, edit.edit_id, "ABORTED") == "IN_DOUBT"


def test_a_put_back_that_is_stopped_is_told_as_one() -> None:
    world, drop = a_world()
    assert Machine(world, world).run(drop) == "Delivered"
    world.files.delete("outbox", "trip/beach.mp4")
    again = replace(drop, drop_id="again")
    world.journal.record_drop(again, world.clock())
    assert prepare_edit(world, again)["verdict"] == "put_back"
    assert settle_execution(world, again, None, "ABORTED") == "FAILED"
    assert "could not be put back" in world.topic.published[-1]["message"]["email"]
    assert settle_execution(world, again, None, "ABORTED") == "", "once"


def test_a_stopped_repeated_drop_is_told_under_its_own_id() -> None:
    world, drop = a_world()
    first = an_edit_in(State.FAILED, drop=drop, owner=drop.drop_id)
    edit_id = prepare_edit(world, drop)["edit_id"]
    world.ledger.edits[edit_id] = replace(first, edit_id=edit_id)
    before = report_failure(world, drop, edit_id, {"Error": "x"})["notice"]["event_id"]
    again = replace(drop, drop_id="again")
    world.journal.record_drop(again, world.clock())
    assert prepare_edit(world, again)["verdict"] == "ready"
    world.limits = replace(world.limits, spending=False)
    assert submit_edit(world, again, edit_id, Generation()).outcome == "delayed_news"
    world.topic.published.clear()
    assert settle_execution(world, again, None, "ABORTED") == "FAILED"
    (notice,) = world.topic.published
    assert notice["event_id"] != before
    assert "stopped by hand" in notice["message"]["email"]
