"""Pairs whose announcement was lost are started; what lay there before the stack is counted and never bought."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dropcut.domain.model import Notice, ObjectFacts
from dropcut.domain.recovery import DAY
from dropcut.workflow import recover_drops as module
from dropcut.workflow.recover_drops import ANNOUNCED_WITHIN, LIST_SECONDS, RUN_SECONDS, recover_drops
from dropcut.workflow.sweep_drops import sweep_drops
from tests.fakes.examples import INBOX, NOW
from tests.fakes.services import FakeServices, Interruption, Killed

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


def upload_an_hour_ago(world: FakeServices, *keys: str, version: str = "") -> None:
    """Put files into the inbox whose uploads nobody announced."""
    world.clock.now = NOW - HOUR
    for key in keys:
        world.files.put(INBOX, key, b"x", version)
    world.clock.now = NOW


def test_a_recent_pair_that_nobody_announced_is_started_once() -> None:
    world = inbox(beach=1)
    for _ in range(2):
        found = recover_drops(world)
        assert (found["recent"], found["left_alone"]) == (1, 0)
        world.clock.now += HOUR
    assert started(world) == {"beach.mp4"}
    assert len(world.executions.started) == 1


def test_a_recent_pair_is_left_to_its_own_announcement() -> None:
    world = inbox(beach=ANNOUNCED_WITHIN / HOUR - 0.01)
    recover_drops(world)
    assert started(world) == set()


@pytest.mark.parametrize(("hours", "is_started"), [(23.9, True), (24.1, False), (99.0, False)])
def test_only_the_window_is_looked_at(hours: float, is_started: bool) -> None:
    world = inbox(beach=hours)
    recover_drops(world)
    assert (started(world) == {"beach.mp4"}) == is_started
    assert world.topic.published == [], "it is younger than the stack, so it was announced in its time"


def test_switching_on_for_an_old_bucket_never_buys_its_archive() -> None:
    world = inbox(**{f"old{number}": 200.0 + number for number in range(30)}, new=1)
    world.sweep_window_hours = 2000
    found = recover_drops(world)
    assert (found["recent"], found["left_alone"]) == (1, 30)
    assert started(world) == {"new.mp4"}
    (notice,) = world.topic.published
    assert notice["status"] == "LEFT_ALONE"
    assert "30 pairs of clip and sidecar" in notice["message"]["email"]
    world.clock.now += HOUR
    assert recover_drops(world)["left_alone"] == 30
    assert len(world.topic.published) == 1, "said once in the life of a stack"


def test_an_unsent_notice_is_sent_by_the_next_run() -> None:
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


def test_an_unannounced_half_is_noted_once_and_then_told() -> None:
    world = inbox()
    upload_an_hour_ago(world, "alone.mp4")
    recover_drops(world)
    assert list(world.journal.halves) == [(INBOX, "alone.mp4")]
    world.clock.now += HOUR
    for _ in range(2):
        sweep_drops(world)
        assert recover_drops(world)["looked"]
        world.clock.now += HOUR
    assert [notice["status"] for notice in world.topic.published] == ["WAITING"]


def test_deleting_the_partner_of_a_used_half_notes_nothing() -> None:
    world = inbox(pair=1)
    recover_drops(world)
    world.files.delete(INBOX, "pair.mp4")
    world.clock.now += HOUR
    assert recover_drops(world)["looked"]
    assert world.journal.halves == {}


def test_halves_and_foreign_files_are_no_pairs() -> None:
    world = inbox()
    for key in ("a.mp4", "b.json", "c.txt", "d.mp4", "d.manifest.json"):
        world.files.put(INBOX, key, b"x")
    world.clock.now += HOUR
    found = recover_drops(world)
    assert (found["recent"], found["left_alone"]) == (0, 0)


def test_both_names_of_a_sidecar_make_one_pair() -> None:
    world = inbox(beach=1)
    upload_an_hour_ago(world, "beach.mp4.json")
    assert recover_drops(world)["recent"] == 1
    (drop,) = world.executions.started.values()
    assert drop.sidecar_key == "beach.mp4.json"


def clips_started(world: FakeServices) -> list[str]:
    """In the order of their starts."""
    return [drop.clip_key for drop in world.executions.started.values()]


def heads(world: FakeServices, meanwhile: Callable[[str], None]) -> None:
    """Let something happen whenever a file is asked after."""
    head = world.files.head

    def observed(bucket: str, key: str, version: str | None = None) -> ObjectFacts | None:
        meanwhile(key)
        return head(bucket, key, version)

    world.files.head = observed  # type: ignore[method-assign]


def refuse(*names: str) -> Callable[[str], None]:
    """S3 answers so where a file is encrypted with a key that only its owner has."""

    def refused(key: str) -> None:
        if key in names:
            raise RuntimeError("(400) when calling HeadObject: Bad Request https://s3/?X-Amz-Signature=secret")

    return refused


def test_an_unreadable_file_stops_no_other_and_is_tried_again() -> None:
    world = inbox(beach=1, bad=2, lake=3)
    heads(world, refuse("bad.mp4"))
    found = recover_drops(world)
    assert started(world) == {"beach.mp4", "lake.mp4"}
    assert found["failed"] == 1
    (reason,) = found["reasons"]
    assert "bad.mp4" in reason
    assert "secret" not in reason
    world.clock.now += 5 * HOUR
    world.files.head = type(world.files).head.__get__(world.files)  # type: ignore[method-assign]
    assert recover_drops(world)["failed"] == 0
    assert started(world) == {"beach.mp4", "bad.mp4", "lake.mp4"}


def test_the_newest_files_come_first() -> None:
    world = inbox(a=5, b=1, c=3)
    recover_drops(world)
    assert clips_started(world) == ["b.mp4", "c.mp4", "a.mp4"]


def test_a_pair_already_read_costs_one_read_of_the_table() -> None:
    world = inbox(beach=1)
    recover_drops(world)
    for row in world.journal.drops.values():
        row.outcome = "EDIT"
    world.clock.now += HOUR
    seen = Interruption(world, set(), lambda: None)
    assert recover_drops(seen.services())["recent"] == 1
    about_it = [call for call in seen.calls if call not in ("files.listing", "journal.active_since")]
    assert about_it == ["journal.recovery", "files.head", "files.head", "journal.drop", "journal.note_recovery"]


def test_a_pair_already_looked_at_is_soon_left_alone() -> None:
    world, looked_at = inbox(beach=1), []
    for _ in range(12):
        looked_at.append(recover_drops(world)["recent"])
        world.clock.now += HOUR
    assert looked_at == [1, 1, 1, *[0] * 9], "for two hours once more, in case another one comes late"


def test_work_left_for_lack_of_time_is_done_newest_first() -> None:
    world = inbox(**{f"p{number}": number for number in range(1, 9)})
    heads(world, lambda key: setattr(world.clock, "now", world.clock.now + RUN_SECONDS / 8))
    order = list[str]()
    for _ in range(6):
        before = world.clock.now
        found = recover_drops(world)
        assert world.clock.now - before <= RUN_SECONDS * 1.75, "what had begun was ended"
        order = clips_started(world)
        world.clock.now = before + 15 * 60
    assert order == [f"p{number}.mp4" for number in range(1, 9)]
    assert found == {"looked": False}, "nothing is left, so the next look comes in an hour"


def test_work_left_for_lack_of_room_is_done_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    world = inbox(**{f"p{number}": 5 for number in range(10)})  # of one second
    for _ in range(4):
        recover_drops(world)
        world.clock.now += 15 * 60
    assert len(started(world)) == 10


def test_files_that_always_fail_block_no_others_however_many_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    world = inbox(**{f"bad{number}": 1 for number in range(9)}, old=20)
    heads(world, refuse(*(f"bad{number}.mp4" for number in range(9))))
    for _ in range(5):
        recover_drops(world)
        world.clock.now += 15 * 60
    assert started(world) == {"old.mp4"}


def test_a_large_inbox_is_gone_through_in_several_runs() -> None:
    world = inbox(**{f"p{number}": 1 for number in range(9)}, **{f"old{number}": 200 for number in range(9)})
    listing, asked = world.files.listing, list[str]()

    def slow(bucket: str, after: str = "") -> Iterator[tuple[str, float]]:
        asked.append(after)
        for one in listing(bucket, after):
            world.clock.now += LIST_SECONDS / 10
            yield one

    world.files.listing = slow  # type: ignore[method-assign]
    for _ in range(4):
        before = world.clock.now
        found = recover_drops(world)
        world.clock.now = before + 15 * 60
    assert asked[0] == ""
    assert asked == sorted(set(asked)), "each goes on where the one before it stopped"
    assert started(world) == {f"p{number}.mp4" for number in range(9)}
    assert found["left_alone"] == 9
    assert ["9 pairs" in notice["message"]["email"] for notice in world.topic.published] == [True]


@pytest.mark.parametrize(("looked", "hours"), [(0.5, 2), (17, 19)], ids=["hours", "most of a day"])
def test_a_slow_upload_dated_by_its_beginning_is_still_found(looked: float, hours: float) -> None:
    world = inbox()
    for hour in (0, looked):
        world.clock.now = NOW + hour * HOUR
        recover_drops(world)
    for suffix in (".mp4", ".json"):
        world.clock.now = NOW
        world.files.put(INBOX, "slow" + suffix, b"x")
    world.clock.now = NOW + hours * HOUR
    recover_drops(world)
    assert started(world) == {"slow.mp4"}


@pytest.mark.parametrize(("age", "looks"), [(DAY - 2 * HOUR, 4), (DAY + HOUR, 1)])
def test_a_young_stack_looks_every_time_and_an_older_one_hourly(age: float, looks: int) -> None:
    world = inbox(beach=1)
    world.journal.active = NOW - age
    looked = []
    for _ in range(4):
        looked.append(recover_drops(world)["looked"])
        world.clock.now += 15 * 60
    assert sum(looked) == looks
    world.clock.now += 1
    assert recover_drops(world)["looked"], "an hour has passed"


def test_a_clock_that_was_set_back_hides_nothing() -> None:
    world = inbox()
    world.clock.now = NOW + 50 * HOUR
    recover_drops(world)
    world.clock.now = NOW
    world.files.put(INBOX, "beach.mp4", b"x")
    world.files.put(INBOX, "beach.json", b"x")
    world.clock.now = NOW + HOUR
    recover_drops(world)
    assert started(world) == {"beach.mp4"}


def test_files_without_versions_are_left_alone() -> None:
    world = inbox()
    upload_an_hour_ago(world, "beach.mp4", "beach.json", "alone.mp4", version="null")
    recover_drops(world)
    assert started(world) == set()
    assert [notice["status"] for notice in world.topic.published] == ["LEFT_ALONE"]


def test_a_file_with_only_an_extension_counts_as_a_half() -> None:
    world = inbox()
    upload_an_hour_ago(world, "trip/.mp4")
    recover_drops(world)
    assert list(world.journal.halves) == [(INBOX, "trip/.mp4")]


def test_a_notice_that_cannot_be_sent_undoes_nothing() -> None:
    world = inbox(beach=1, old=200)

    def refused(notice: Notice) -> None:
        raise PermissionError("AccessDenied")

    world.topic.publish = refused  # type: ignore[method-assign]
    assert recover_drops(world)["failed"] == 1
    assert started(world) == {"beach.mp4"}
    assert world.journal.progress.at == NOW
