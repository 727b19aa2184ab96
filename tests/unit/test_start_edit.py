"""An upload is announced: the pair that it completes is started, once, in whatever order things arrive."""

from __future__ import annotations

import pytest

from dropcut.domain.model import Half
from dropcut.workflow.inbox import MOST_NAMES
from dropcut.workflow.outputs import OWN_METADATA
from dropcut.workflow.start_edit import start_edit
from tests.fakes.examples import INBOX
from tests.fakes.services import FakeServices, Interruption, Killed, die, fail

CLIP, SIDECAR = "trip/beach.mp4", "trip/beach.json"
NOTHING: dict[str, list[str]] = {"started": [], "waiting": []}


def world_with(*keys: str) -> FakeServices:
    world = FakeServices()
    for key in keys:
        world.files.put(INBOX, key, b"bytes")
    return world


@pytest.mark.parametrize("order", [(CLIP, SIDECAR), (SIDECAR, CLIP)])
def test_the_later_half_starts_the_edit(order: tuple[str, str]) -> None:
    world = FakeServices()
    first, second = order
    world.files.put(INBOX, first, b"bytes")
    assert start_edit(world, INBOX, first) == {"started": [], "waiting": [first]}
    world.files.put(INBOX, second, b"bytes")
    (drop_id,) = start_edit(world, INBOX, second)["started"]
    drop = world.executions.started[drop_id]
    assert (drop.clip_key, drop.sidecar_key, drop.clip_version, drop.sidecar_version) == (CLIP, SIDECAR, "v1", "v1")
    assert drop.settle_seconds == 0
    assert world.journal.halves == {}, "nothing waits any more"


def test_both_halves_at_once_announced_twice_each_start_one_edit() -> None:
    world = world_with(CLIP, SIDECAR)
    for key in (SIDECAR, CLIP, CLIP, SIDECAR):
        start_edit(world, INBOX, key)
    assert len(world.executions.started) == 1


def test_a_partner_arriving_while_the_wait_is_noted_is_found() -> None:
    world = world_with(CLIP)

    def arrive() -> None:
        world.files.put(INBOX, SIDECAR, b"bytes")

    interruption = Interruption(world, set(range(1, 10)), lambda: None)
    start_edit(interruption.services(), INBOX, CLIP)
    position = interruption.calls.index("journal.wait_for_partner") + 1
    for late in (False, True):
        world = world_with(CLIP)
        outcome = start_edit(Interruption(world, {position}, arrive, late).services(), INBOX, CLIP)
        assert len(outcome["started"]) == 1
        assert world.journal.halves == {}


def test_a_repeated_announcement_after_a_crash_starts_the_edit() -> None:
    for at in range(1, 15):
        for late in (False, True):
            world = world_with(CLIP, SIDECAR)
            interruption = Interruption(world, {at}, die, late)
            try:
                start_edit(interruption.services(), INBOX, CLIP)
            except Killed:
                assert start_edit(world, INBOX, CLIP)["started"]
            assert len(world.executions.started) == 1
            assert world.journal.halves == {}


@pytest.mark.parametrize(
    "key",
    ["trip/", "trip/beach.avi", "trip/beach.txt", "trip/beach.manifest.json", "trip/beach.error.json",
     "trip/beach.status.json", "trip/_defaults.json", "trip/_draft.mp4", ""],
)  # fmt: skip
def test_folders_foreign_files_and_our_own_documents_are_ignored(key: str) -> None:
    world = world_with(CLIP, SIDECAR, key)
    assert start_edit(world, INBOX, key) == NOTHING
    assert world.executions.started == {}
    assert world.journal.halves == {}


def test_an_output_of_ours_in_the_inbox_is_no_clip() -> None:
    """Somebody points inbox and outbox at one place, or copies results back: that must not run in circles."""
    world = world_with(SIDECAR)
    world.files.put(INBOX, CLIP, b"bytes", **{OWN_METADATA: "e1"})
    assert start_edit(world, INBOX, CLIP) == NOTHING
    assert start_edit(world, INBOX, SIDECAR)["started"] == []
    assert world.executions.started == {}


def test_a_file_that_is_gone_again_waits_for_nothing() -> None:
    world = world_with(CLIP)
    world.files.delete(INBOX, CLIP)
    assert start_edit(world, INBOX, CLIP) == NOTHING
    assert world.journal.halves == {}


def test_one_sidecar_with_two_clips_starts_both() -> None:
    world = world_with(SIDECAR, CLIP, "trip/beach.mov")
    assert len(start_edit(world, INBOX, SIDECAR)["started"]) == 2


def test_a_stem_sidecar_that_another_one_beats_starts_nothing() -> None:
    world = world_with(CLIP, SIDECAR, "trip/beach.mp4.json")
    assert start_edit(world, INBOX, SIDECAR)["started"] == []
    assert start_edit(world, INBOX, "trip/beach.mp4.json")["started"]


def test_a_file_dropped_again_starts_another_edit_after_settling() -> None:
    world = world_with(CLIP, SIDECAR)
    start_edit(world, INBOX, CLIP)
    world.files.put(INBOX, SIDECAR, b"better")
    (drop_id,) = start_edit(world, INBOX, SIDECAR)["started"]
    drop = world.executions.started[drop_id]
    assert (drop.sidecar_version, drop.settle_seconds) == ("v2", 20)
    assert len(world.executions.started) == 2


@pytest.mark.parametrize(("first", "second"), [(CLIP, SIDECAR), (SIDECAR, CLIP)])
def test_a_drop_is_as_new_as_the_later_of_its_halves(first: str, second: str) -> None:
    world = world_with(first)
    world.clock.now += 60
    world.files.put(INBOX, second, b"bytes")
    (drop_id,) = start_edit(world, INBOX, CLIP)["started"]
    assert world.executions.started[drop_id].dropped_at == world.clock.now


def test_a_half_waits_from_its_announcement_on() -> None:
    world = world_with(CLIP)
    start_edit(world, INBOX, CLIP)
    half = Half(bucket=INBOX, key=CLIP, version="v1", since=world.clock.now)
    assert world.journal.halves[INBOX, CLIP] == half


@pytest.mark.parametrize("stem", ["a b", "50%+1", "旅/海", "line\nbreak", "x" * 890, "%2F"])
def test_odd_names_pair_as_any_others(stem: str) -> None:
    world = world_with(stem + ".mov", stem + ".json")
    assert len(start_edit(world, INBOX, stem + ".json")["started"]) == 1


@pytest.mark.parametrize("unversioned", [{CLIP}, {SIDECAR}, {CLIP, SIDECAR}])
@pytest.mark.parametrize("order", [(CLIP, SIDECAR), (SIDECAR, CLIP)])
def test_an_unversioned_bucket_starts_nothing_and_says_so_daily(unversioned: set[str], order: tuple[str, str]) -> None:
    """A new upload would have the drop id of the old one, and the bytes could change under a running edit."""
    world = FakeServices()
    for _ in range(2):
        for key in order:
            world.files.put(INBOX, key, b"bytes", "null" if key in unversioned else "")
            start_edit(world, INBOX, key)
    assert world.executions.started == {}
    assert world.journal.drops == {}
    (notice,) = world.topic.published
    assert notice["status"] == "LEFT_ALONE"
    told = notice["message"]["email"]
    assert any(key in told for key in unversioned)
    assert f"put-bucket-versioning --bucket {INBOX} --versioning-configuration Status=Enabled" in told
    world.clock.now += 86_400
    start_edit(world, INBOX, order[1])
    assert len(world.topic.published) == 2


def test_of_many_files_without_versions_at_once_one_is_told_of() -> None:
    """All of them see that nothing was said yet."""
    world = FakeServices()
    world.files.put(INBOX, CLIP, b"bytes", "null")

    def meanwhile() -> None:
        start_edit(world, INBOX, CLIP)

    seen = Interruption(world, set(), lambda: None)
    start_edit(seen.services(), INBOX, CLIP)
    for position in range(1, len(seen.calls) + 1):
        world.journal.told.clear()
        world.topic.published.clear()
        start_edit(Interruption(world, {position}, meanwhile).services(), INBOX, CLIP)
        assert len(world.topic.published) == 1


def test_a_failed_warning_about_missing_versions_is_sent_next_time() -> None:
    world = FakeServices()
    world.files.put(INBOX, CLIP, b"bytes", "null")
    seen = Interruption(world, set(), lambda: None)
    start_edit(seen.services(), INBOX, CLIP)
    world.journal.told.clear()
    world.topic.published.clear()
    with pytest.raises(RuntimeError):
        start_edit(Interruption(world, {seen.calls.index("topic.publish") + 1}, fail).services(), INBOX, CLIP)
    start_edit(world, INBOX, CLIP)
    assert [notice["status"] for notice in world.topic.published] == ["LEFT_ALONE"]


def test_a_lone_file_without_versions_waits_for_nothing() -> None:
    world = FakeServices()
    world.files.put(INBOX, CLIP, b"bytes", "null")
    assert start_edit(world, INBOX, CLIP) == NOTHING
    assert world.journal.halves == {}
    assert [notice["status"] for notice in world.topic.published] == ["LEFT_ALONE"]


def test_once_versioning_is_on_again_uploading_both_again_starts_the_edit() -> None:
    world = FakeServices()
    for version in ("null", ""):
        for key in (CLIP, SIDECAR):
            world.files.put(INBOX, key, b"bytes", version)
            started = start_edit(world, INBOX, key)["started"]
    assert len(started) == 1


@pytest.mark.parametrize("key", [".mp4", "trip/.MOV", "trip/.json"])
def test_a_file_with_only_an_extension_waits_as_a_half(key: str) -> None:
    world = world_with(key, CLIP, SIDECAR)
    assert start_edit(world, INBOX, key) == {"started": [], "waiting": [key]}
    assert list(world.journal.halves) == [(INBOX, key)]
    assert world.executions.started == {}


def test_similar_names_hide_no_pair_and_are_never_all_listed() -> None:
    """A sequence of pictures is often named after its clip."""
    world = world_with(CLIP, SIDECAR)
    keys, listed = world.files.keys, []

    def crowded(bucket: str, prefix: str, folder_only: bool = False, most: int | None = None) -> list[str]:
        assert most is not None
        listed.append(most)
        return sorted([*keys(bucket, prefix), *(f"{prefix}{number:05d}.png" for number in range(most + 10))])[:most]

    world.files.keys = crowded  # type: ignore[method-assign]
    for key in (SIDECAR, CLIP):
        assert len(start_edit(world, INBOX, key)["started"]) == 1
    assert len(world.executions.started) == 1
    assert set(listed) == {MOST_NAMES}
