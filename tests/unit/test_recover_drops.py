"""Pairs whose announcement was lost are started; what lay there before the stack is counted and never bought."""

from __future__ import annotations

import pytest

from dropcut.workflow.recover_drops import ANNOUNCED_WITHIN, recover_drops
from dropcut.workflow.sweep_drops import sweep_drops
from tests.fakes.examples import INBOX, NOW
from tests.fakes.services import FakeServices, Killed

HOUR = 3600.0


def inbox(**uploaded_hours_ago: float) -> FakeServices:
    """Pairs by the name of their clip, each uploaded so long ago; the stack is a hundred hours old."""
    world = FakeServices()
    world.journal.active = NOW - 100 * HOUR
    for name, hours in uploaded_hours_ago.items():
        world.clock.now = NOW - hours * HOUR
        world.files.put(INBOX, f"{name}.mp4", b"clip")
        world.files.put(INBOX, f"{name}.json", b"{}")
    world.clock.now = NOW
    return world


def started(world: FakeServices) -> set[str]:
    return {drop.clip_key for drop in world.executions.started.values()}


def test_a_recent_pair_that_nobody_announced_is_started_once() -> None:
    world = inbox(beach=1)
    assert recover_drops(world) == {"recent": 1, "left_alone": 0}
    assert recover_drops(world) == {"recent": 1, "left_alone": 0}
    assert started(world) == {"beach.mp4"}
    assert len(world.executions.started) == 1


def test_a_pair_of_the_last_minutes_is_left_to_its_own_announcement() -> None:
    world = inbox(beach=ANNOUNCED_WITHIN / HOUR - 0.01)
    recover_drops(world)
    assert started(world) == set()


@pytest.mark.parametrize(("hours", "is_started"), [(23.9, True), (24.1, False), (99.0, False)])
def test_only_the_window_is_looked_at(hours: float, is_started: bool) -> None:
    world = inbox(beach=hours)
    recover_drops(world)
    assert (started(world) == {"beach.mp4"}) == is_started
    assert world.topic.published == [], "it is younger than the stack, so it was announced in its time"


def test_switching_the_product_on_for_an_old_bucket_never_buys_its_archive() -> None:
    world = inbox(**{f"old{number}": 200.0 + number for number in range(30)}, new=1)
    world.sweep_window_hours = 2000
    assert recover_drops(world) == {"recent": 1, "left_alone": 30}
    assert started(world) == {"new.mp4"}
    (notice,) = world.topic.published
    assert notice["status"] == "LEFT_ALONE"
    assert "30 pairs of clip and sidecar" in notice["message"]["email"]
    recover_drops(world)
    assert len(world.topic.published) == 1, "said once in the life of a stack"


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_look() -> None:
    world = inbox(old=200.0)
    world.sweep_window_hours = 2000
    publish = world.topic.publish

    def broken(*_: object) -> None:
        raise Killed

    world.topic.publish = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(Killed):
        recover_drops(world)
    world.topic.publish = publish  # type: ignore[method-assign]
    recover_drops(world)
    assert [notice["status"] for notice in world.topic.published] == ["LEFT_ALONE"]


def test_a_half_whose_announcement_was_lost_is_noted_once_and_then_told_by_the_sweep() -> None:
    world = inbox()
    world.clock.now = NOW - HOUR
    world.files.put(INBOX, "alone.mp4", b"clip")
    world.clock.now = NOW
    recover_drops(world)
    assert list(world.journal.halves) == [(INBOX, "alone.mp4")]
    world.clock.now += HOUR
    for _ in range(2):
        sweep_drops(world)
        recover_drops(world)
    assert [notice["status"] for notice in world.topic.published] == ["WAITING"]


def test_a_half_that_was_used_is_not_told_of_when_its_partner_is_taken_away() -> None:
    world = inbox(pair=1)
    recover_drops(world)
    world.files.delete(INBOX, "pair.mp4")
    recover_drops(world)
    assert world.journal.halves == {}


def test_halves_and_foreign_files_are_no_pairs() -> None:
    world = inbox()
    for key in ("a.mp4", "b.json", "c.txt", "d.mp4", "d.manifest.json"):
        world.files.put(INBOX, key, b"x")
    world.clock.now += HOUR
    assert recover_drops(world) == {"recent": 0, "left_alone": 0}


def test_both_names_of_a_sidecar_make_one_pair() -> None:
    world = inbox(beach=1)
    world.clock.now = NOW - HOUR
    world.files.put(INBOX, "beach.mp4.json", b"{}")
    world.clock.now = NOW
    assert recover_drops(world)["recent"] == 1
    (drop,) = world.executions.started.values()
    assert drop.sidecar_key == "beach.mp4.json"
