"""The clock brings what events did not: lost pairs are started, waiting halves told once, unsent messages sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dropcut.model import State
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.start_edit import start_edit
from dropcut.workflow.sweep_drops import UNSENT_AFTER, sweep_drops
from tests.fakes.examples import INBOX, an_edit_in
from tests.fakes.services import FakeServices
from tests.fakes.worlds import a_world

CLIP, SIDECAR = "trip/beach.mp4", "trip/beach.json"


def done(counts: dict[str, int]) -> dict[str, int]:
    """What was done at all."""
    return {name: number for name, number in counts.items() if number}


def waiting(*keys: str, then_minutes: float = 16) -> FakeServices:
    """Each of these was announced while it had no partner, so long ago."""
    world = FakeServices()
    for key in keys:
        world.files.put(INBOX, key, b"bytes")
        start_edit(world, INBOX, key)
    world.clock.now += 60 * then_minutes
    return world


def test_a_half_that_waits_too_long_is_told_once_with_the_nearest_name() -> None:
    world = waiting(CLIP)
    world.files.put(INBOX, "trip/baech.json", b"typo")
    assert done(sweep_drops(world)) == done({"told": 1, "started": 0, "sent": 0, "gone": 0})
    (notice,) = world.topic.published
    assert notice["status"] == "WAITING"
    assert "baech.json" in notice["message"]["email"]
    assert "beach.json or beach.mp4.json" in notice["message"]["email"]
    assert done(sweep_drops(world)) == done({"told": 0, "started": 0, "sent": 0, "gone": 0})


def test_a_waiting_sidecar_is_told_which_clips_would_do() -> None:
    world = waiting(SIDECAR)
    sweep_drops(world)
    assert "beach.mp4 or beach.mov" in world.topic.published[0]["message"]["email"]
    world = waiting("trip/beach.mp4.json")
    sweep_drops(world)
    assert "a clip: beach.mp4." in world.topic.published[0]["message"]["email"]


def test_a_half_that_has_time_is_left_alone() -> None:
    world = waiting(CLIP, then_minutes=14.9)
    assert done(sweep_drops(world)) == done({"told": 0, "started": 0, "sent": 0, "gone": 0})


def test_a_partner_whose_event_was_lost_is_found_by_the_clock() -> None:
    world = waiting(CLIP)
    world.files.put(INBOX, SIDECAR, b"its event got lost")
    assert done(sweep_drops(world)) == done({"told": 0, "started": 1, "sent": 0, "gone": 0})
    assert len(world.executions.started) == 1
    assert world.topic.published == []
    assert done(sweep_drops(world)) == done({"told": 0, "started": 0, "sent": 0, "gone": 0})


def test_a_half_that_was_deleted_or_replaced_is_not_told_about() -> None:
    world = waiting(CLIP, "trip/lake.json")
    world.files.delete(INBOX, CLIP)
    world.files.put(INBOX, "trip/lake.json", b"newer, with an event of its own")
    assert done(sweep_drops(world)) == done({"told": 0, "started": 0, "sent": 0, "gone": 2})
    assert world.topic.published == []


def test_a_half_that_comes_after_its_notice_still_starts_the_edit() -> None:
    world = waiting(CLIP)
    sweep_drops(world)
    world.files.put(INBOX, SIDECAR, b"at last")
    assert len(start_edit(world, INBOX, SIDECAR)["started"]) == 1


@pytest.mark.parametrize("state", [State.DELIVERED, State.FAILED, State.IN_DOUBT, State.UNDELIVERED])
def test_a_message_that_was_never_sent_is_sent_once_as_it_was(state: State) -> None:
    world = FakeServices()
    edit = an_edit_in(state, notice='{"pk": "EDIT#%s", "sk": "EDIT", "event_id": "1"}' % ("e" * 64))
    world.ledger.edits[edit.edit_id] = edit
    world.clock.now += UNSENT_AFTER + 1
    assert sweep_drops(world)["sent"] == 1
    assert world.topic.published == [{"pk": "EDIT#" + "e" * 64, "sk": "EDIT", "event_id": "1"}]
    assert sweep_drops(world)["sent"] == 0


def test_a_refusal_that_was_never_sent_is_sent_by_the_clock() -> None:
    world, drop = a_world(b"not json")
    notice = prepare_edit(world, drop)["notice"]
    world.clock.now += UNSENT_AFTER - 1
    assert sweep_drops(world)["sent"] == 0, "the state machine may still be trying"
    world.clock.now += 2
    assert sweep_drops(world)["sent"] == 1
    assert world.topic.published == [notice]
    assert sweep_drops(world)["sent"] == 0


def test_a_message_that_was_sent_is_left_alone() -> None:
    world = FakeServices()
    edit = an_edit_in(State.DELIVERED, notice="{}")
    world.ledger.edits[edit.edit_id] = replace(edit, notified_at="2026-11-24T06:00:00Z")
    world.clock.now += 99_999
    assert sweep_drops(world)["sent"] == 0


def test_one_row_that_cannot_be_swept_does_not_silence_the_others() -> None:
    world = FakeServices()
    for n in range(2):
        name = f"{n}" * 64
        notice = f'{{"pk": "EDIT#{name}", "sk": "EDIT", "event_id": "{n}"}}'
        world.ledger.edits[name] = an_edit_in(State.FAILED, edit_id=name, notice=notice)
    world.clock.now += UNSENT_AFTER + 1
    send = world.topic.publish

    def refuse_the_first(notice: dict[str, object]) -> None:
        if notice["event_id"] == "0":
            raise ValueError("too large")
        send(notice)

    world.topic.publish = refuse_the_first  # type: ignore[method-assign]
    with pytest.raises(ExceptionGroup):
        sweep_drops(world)
    assert [notice["event_id"] for notice in world.topic.published] == ["1"]
