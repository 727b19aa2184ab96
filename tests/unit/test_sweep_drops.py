"""The clock brings what events did not: lost pairs are started, waiting halves told once, unsent messages sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.model import Notice, State, Unreadable
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.start_edit import start_edit
from dropcut.workflow.sweep_drops import RUN_SECONDS, UNSENT_AFTER, UNTOUCHED_FOR, sweep_drops
from tests.fakes.examples import INBOX, a_drop, a_notice, an_edit_in
from tests.fakes.services import FakeServices, Killed
from tests.fakes.worlds import a_world

CLIP, SIDECAR = "trip/beach.mp4", "trip/beach.json"


def done(counts: dict[str, Any]) -> dict[str, int]:
    """What was done at all."""
    assert counts.get("failed", 0) == 0, counts["reasons"]
    return {name: number for name, number in counts.items() if number}


def waiting(*keys: str, then_minutes: float = 16) -> FakeServices:
    """Each of these was announced while it had no partner, so long ago."""
    world = FakeServices()
    for key in keys:
        world.files.put(INBOX, key, b"bytes")
        start_edit(world, INBOX, key)
    world.clock.now += 60 * then_minutes
    return world


def test_a_waiting_half_is_told_once_with_the_nearest_name() -> None:
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
def test_an_unsent_message_is_sent_once_and_unchanged(state: State) -> None:
    world = FakeServices()
    edit = an_edit_in(state, notice=a_notice())
    world.ledger.edits[edit.edit_id] = edit
    world.clock.now += UNSENT_AFTER + 1
    assert sweep_drops(world)["sent"] == 1
    assert world.topic.published == [a_notice().as_json()]
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
    edit = an_edit_in(State.DELIVERED, notice=a_notice())
    world.ledger.edits[edit.edit_id] = replace(edit, notified_at="2026-11-24T06:00:00Z")
    world.clock.now += 99_999
    assert sweep_drops(world)["sent"] == 0


def test_one_row_that_cannot_be_swept_does_not_silence_the_others() -> None:
    world = FakeServices()
    for n in range(2):
        name = f"{n}" * 64
        notice = a_notice(str(n), edit_id=name)
        world.ledger.edits[name] = an_edit_in(State.FAILED, edit_id=name, notice=notice)
    world.clock.now += UNSENT_AFTER + 1
    send = world.topic.publish

    def refuse_the_first(notice: Notice) -> None:
        if notice.event_id == "0":
            raise ValueError("too large")
        send(notice)

    world.topic.publish = refuse_the_first  # type: ignore[method-assign]
    swept = sweep_drops(world)
    assert (swept["sent"], swept["failed"]) == (1, 1)
    assert "too large" in swept["reasons"][0]
    assert [notice["event_id"] for notice in world.topic.published] == ["1"]


def busy_world() -> FakeServices:
    """Two rows of each kind that want to be looked at: executions that are gone, messages unsent, halves that wait."""
    world = waiting("trip/one.mp4", "trip/two.mp4", then_minutes=0)
    for number in range(2):
        drop = a_drop(f"gone{number}.mp4", f"gone{number}.json")
        world.journal.record_drop(drop, world.clock())
        world.executions.statuses[drop.drop_id] = "ABORTED"
        name = f"{number}" * 64
        notice = a_notice(str(number), edit_id=name)
        world.ledger.edits[name] = an_edit_in(State.FAILED, edit_id=name, notice=notice)
    world.clock.now += UNSENT_AFTER + UNTOUCHED_FOR
    return world


def taking(world: FakeServices, seconds: float) -> list[str]:
    """Let everything that is told, or asked, take so long; the answer has what was told, in order."""
    publish, told = world.topic.publish, list[str]()

    def slowly(notice: Notice) -> None:
        world.clock.now += seconds
        told.append(notice.status)
        publish(notice)

    world.topic.publish = slowly  # type: ignore[method-assign]
    return told


def test_executions_that_are_gone_come_first_then_messages_then_halves() -> None:
    world = busy_world()
    told = taking(world, 0)
    assert done(sweep_drops(world)) == {"settled": 2, "sent": 2, "told": 2}
    assert told == ["FAILED"] * 4 + ["WAITING"] * 2
    assert [notice.get("event_id") for notice in world.topic.published][2:4] == ["0", "1"]


def test_each_kind_has_its_time_and_the_next_run_continues() -> None:
    world = busy_world()
    told = taking(world, RUN_SECONDS / 3)
    begun = world.clock.now
    swept = sweep_drops(world)
    assert (swept["settled"], swept["sent"], swept["told"], swept["not_reached"]) == (1, 1, 1, 3)
    assert world.clock.now - begun <= RUN_SECONDS * 4 / 3
    world.clock.now = begun + 300
    swept = sweep_drops(world)
    assert (swept["settled"], swept["sent"], swept["told"], swept["not_reached"]) == (1, 1, 1, 0)
    assert len({event["event_id"] for event in world.topic.published}) == len(told) == 6


def test_a_run_without_time_looks_at_one_row_per_kind() -> None:
    world = busy_world()
    taking(world, 10 * RUN_SECONDS)
    assert sweep_drops(world)["not_reached"] == 5


def test_a_row_moves_on_before_its_folder_is_read() -> None:
    """What kills a run must not be what the next run begins with."""
    world = waiting("trip/first.mp4", "trip/second.mp4")

    def killed(*_: object, **__: object) -> list[str]:
        raise Killed

    keys = world.files.keys
    world.files.keys = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        sweep_drops(world)
    world.files.keys = keys  # type: ignore[method-assign]
    sweep_drops(world)
    assert ["second.mp4" in notice["message"]["email"] for notice in world.topic.published] == [True, False]


def test_an_unreadable_row_is_counted_and_stops_no_other() -> None:
    world = busy_world()
    world.journal.odd_rows.append(Unreadable(row={"pk": "CLIP#1", "sk": "DROP#1"}, why="the row CLIP#1 is odd"))
    swept = sweep_drops(world)
    assert (swept["settled"], swept["sent"], swept["told"], swept["failed"]) == (2, 2, 2, 1)
    assert "CLIP#1" in swept["reasons"][0]
    assert sweep_drops(world)["failed"] == 0, "it is looked at again later"
    world.clock.now += UNTOUCHED_FOR
    assert sweep_drops(world)["failed"] == 1


def test_a_message_that_cannot_be_sent_lets_others_go_first() -> None:
    world = busy_world()
    send, refused = world.topic.publish, ["0"]

    def refuse(notice: Notice) -> None:
        if notice.event_id in refused:
            raise ValueError("https://x.example/?X-Amz-Signature=topsecret")
        send(notice)

    world.topic.publish = refuse  # type: ignore[method-assign]
    swept = sweep_drops(world)
    assert swept["failed"] == 1
    assert "topsecret" not in swept["reasons"][0]
    refused.clear()
    world.clock.now += 300
    assert done(sweep_drops(world)) == {"sent": 1}, "within minutes"


@pytest.mark.parametrize("key", ["trip/.mp4", "trip/.json"])
def test_a_file_with_only_an_extension_is_told_once(key: str) -> None:
    world = waiting(key)
    for _ in range(2):
        sweep_drops(world)
        world.clock.now += 3600
    (notice,) = world.topic.published
    assert notice["status"] == "WAITING"
    assert key in notice["message"]["email"]
    assert "name" in notice["message"]["email"]


def test_a_sidecar_beside_an_unsupported_video_gets_its_own_advice() -> None:
    world = waiting(SIDECAR)
    world.files.put(INBOX, "trip/beach.webm", b"x")
    world.files.put(INBOX, "trip/beech.mp4", b"x")
    sweep_drops(world)
    told = world.topic.published[0]["message"]["email"]
    assert "beach.webm" in told
    assert "beech" not in told


def test_a_half_whose_partner_has_no_versions_is_told_once() -> None:
    world = waiting(CLIP)
    world.files.put(INBOX, SIDECAR, b"x", "null")
    start_edit(world, INBOX, SIDECAR)
    for _ in range(2):
        sweep_drops(world)
    assert [notice["status"] for notice in world.topic.published] == ["LEFT_ALONE"]
