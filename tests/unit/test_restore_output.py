"""Dropping the same files again puts a paid output back that was replaced or deleted, and buys nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.model import Drop, State
from dropcut.notifications.schemas import Manifest
from tests.fakes.documents import read
from tests.fakes.examples import OUTBOX, a_sidecar
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices, Interruption, Killed, die
from tests.fakes.worlds import VIDEO, a_world

KEY, MANIFEST = "trip/beach.mp4", "trip/beach.manifest.json"
GONE = pytest.mark.parametrize("gone", ["deleted", "replaced"])


def delivered() -> tuple[FakeServices, Drop, Drop]:
    """A delivered edit, its drop, and the same files dropped a minute later."""
    world, drop = a_world()
    assert Machine(world, world).run(drop) == "Delivered"
    world.clock.now += 60
    return world, drop, replace(drop, drop_id="again", dropped_at=world.clock.now)


def body(world: FakeServices, key: str = KEY) -> bytes | None:
    return world.files.objects[OUTBOX, key][-1].data


def test_a_deleted_output_is_restored_free_with_its_manifest() -> None:
    world, _, again = delivered()
    world.files.delete(OUTBOX, KEY)
    world.files.delete(OUTBOX, "trip/beach.manifest.json")
    machine = Machine(world, world)
    assert machine.run(again) == "Unchanged"
    assert "RestoreOutput" in machine.entered
    assert body(world) == VIDEO
    manifest = read(Manifest, world.files.text(OUTBOX, "trip/beach.manifest.json"))
    assert manifest.drop_id == "again"
    assert any("put back" in warning for warning in manifest.warnings)
    assert [notice["status"] for notice in world.topic.published] == ["DELIVERED", "RESTORED"]
    assert len(world.provider.submissions) == 1


def test_an_output_that_a_later_edit_replaced_takes_its_place_again() -> None:
    world, _, again = delivered()
    sidecar = world.files.put("inbox", "trip/beach.json", a_sidecar(prompt="another look"), "s2")
    other = replace(again, drop_id="other", sidecar_version=sidecar.version)
    world.results.body = VIDEO + b"\x00\x00\x00\x10free" + b"other..."
    assert Machine(world, world).run(other) == "Delivered"
    assert body(world) != VIDEO
    first = world.files.put("inbox", "trip/beach.json", a_sidecar(), "s3")
    world.clock.now += 60
    third = replace(again, drop_id="third", sidecar_version=first.version, dropped_at=world.clock.now)
    assert Machine(world, world).run(third) == "Unchanged"
    assert body(world) == VIDEO
    assert len(world.provider.submissions) == 2


def test_a_foreign_object_stays_and_the_output_gets_another_name() -> None:
    world, _, again = delivered()
    world.files.put(OUTBOX, KEY, b"somebody's holiday film")
    assert Machine(world, world).run(again) == "Unchanged"
    assert body(world) == b"somebody's holiday film"
    (edit,) = world.ledger.edits.values()
    assert edit.output
    assert edit.output["key"] == f"trip/beach.{edit.edit_id[:8]}.mp4"
    assert body(world, edit.output["key"]) == VIDEO


def test_once_it_is_back_dropping_again_changes_nothing() -> None:
    world, _, again = delivered()
    world.files.delete(OUTBOX, KEY)
    assert Machine(world, world).run(again) == "Unchanged"
    versions = len(world.files.objects[OUTBOX, KEY])
    assert Machine(world, world).run(replace(again, drop_id="and again")) == "Unchanged"
    assert len(world.files.objects[OUTBOX, KEY]) == versions
    assert [notice["status"] for notice in world.topic.published][-2:] == ["RESTORED", "UNCHANGED"]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(1, 30))
def test_a_restore_broken_off_anywhere_still_restores_and_buys_nothing(at: int, late: bool) -> None:
    world, _, again = delivered()
    world.files.delete(OUTBOX, KEY)
    interruption = Interruption(world, {at}, die, late)
    assert Machine(world, interruption.services()).run(again) == "Unchanged"
    assert body(world) == VIDEO
    assert len(world.provider.submissions) == 1
    (edit,) = world.ledger.edits.values()
    assert edit.state is State.DELIVERED
    assert {notice["event_id"] for notice in world.topic.published if notice["status"] == "RESTORED"}


def test_a_failed_restore_is_told_but_the_edit_stays_delivered() -> None:
    world, _, again = delivered()
    world.files.delete(OUTBOX, KEY)

    def broken(*_: object) -> None:
        raise Killed

    world.files.upload = broken  # type: ignore[method-assign, assignment]
    assert Machine(world, world).run(again) == "Failed"
    assert world.topic.published[-1]["status"] == "FAILED"
    said = world.topic.published[-1]["message"]["email"]
    assert "was edited before, but its output could not be put back" in said
    assert "not edited" not in said
    (edit,) = world.ledger.edits.values()
    assert edit.state is State.DELIVERED


# ---- the manifest alone ----------------------------------------------------------------------------------------------


def lose_manifest(world: FakeServices, gone: str) -> str:
    """The manifest is deleted, or somebody put a file of their own there; gives where it must then be found."""
    if gone == "deleted":
        world.files.delete(OUTBOX, MANIFEST)
        return MANIFEST
    world.files.put(OUTBOX, MANIFEST, b"somebody else's")
    (edit,) = world.ledger.edits.values()
    return f"trip/beach.{edit.edit_id[:8]}.manifest.json"


def told(world: FakeServices) -> list[dict[str, Any]]:
    return [json.loads(notice["message"]["default"]) for notice in world.topic.published]


@GONE
def test_a_lost_manifest_is_restored_without_copying_the_video(gone: str) -> None:
    world, _, again = delivered()
    first = world.files.text(OUTBOX, MANIFEST)
    where = lose_manifest(world, gone)
    assert Machine(world, world).run(again) == "Unchanged"
    assert world.files.text(OUTBOX, where) == first
    assert len(world.files.objects[OUTBOX, KEY]) == 1
    assert gone == "deleted" or world.files.text(OUTBOX, MANIFEST) == "somebody else's"
    assert Machine(world, world).run(replace(again, drop_id="and again")) == "Unchanged"
    said = told(world)
    assert [one["status"] for one in said] == ["DELIVERED", "RESTORED", "UNCHANGED"]
    assert [one["manifest"]["key"] for one in said] == [MANIFEST, where, where]
    assert {one["output"]["key"] for one in said} == {KEY}
    assert len(world.provider.submissions) == 1


def test_a_manifest_from_an_older_release_is_restored_too() -> None:
    """Its row knows neither the manifest nor the moment; the video was uploaded then, to the second."""
    world, _, again = delivered()
    first = world.files.text(OUTBOX, MANIFEST)
    (edit,) = world.ledger.edits.values()
    assert edit.output
    output = {name: edit.output[name] for name in ("bucket", "key", "version", "etag", "size", "sha256")}
    world.ledger.edits[edit.edit_id] = replace(edit, output=output)
    world.files.put(OUTBOX, MANIFEST, first.encode())
    assert Machine(world, world).run(replace(again, drop_id="too early")) == "Unchanged"
    assert told(world)[-1]["status"] == "UNCHANGED", "it is there, though 0.1.0 did not mark it"
    world.files.delete(OUTBOX, MANIFEST)
    assert Machine(world, world).run(again) == "Unchanged"
    assert world.files.text(OUTBOX, MANIFEST) == first


@GONE
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(1, 30))
def test_broken_off_at_any_call_the_manifest_is_back_once(at: int, late: bool, gone: str) -> None:
    world, _, again = delivered()
    where = lose_manifest(world, gone)
    assert Machine(world, Interruption(world, {at}, die, late).services()).run(again) == "Unchanged"
    assert read(Manifest, world.files.text(OUTBOX, where)).output.video.key == KEY
    assert world.files.keys(OUTBOX, "") == sorted({KEY, MANIFEST, where})
    assert len(world.files.objects[OUTBOX, KEY]) == 1
    assert told(world)[-1]["manifest"]["key"] == where


def test_a_video_that_is_gone_for_good_gets_no_manifest() -> None:
    world, _, again = delivered()
    world.files.objects[OUTBOX, KEY].clear()
    world.files.delete(OUTBOX, MANIFEST)
    assert Machine(world, world).run(again) == "Unchanged"
    assert world.files.keys(OUTBOX, "") == []
    assert (told(world)[-1]["status"], told(world)[-1]["manifest"]) == ("UNCHANGED", None)


def test_restoring_twice_repeats_no_warning_in_the_manifest() -> None:
    world, _, again = delivered()
    world.files.put(OUTBOX, KEY, b"somebody's holiday film")
    for name in ("again", "and again"):
        assert Machine(world, world).run(replace(again, drop_id=name)) == "Unchanged"
        (edit,) = world.ledger.edits.values()
        assert edit.output
        output = edit.output
        world.files.delete(OUTBOX, output["key"])
    manifest = read(Manifest, world.files.text(OUTBOX, output["manifest"]))
    assert len(manifest.warnings) == len(set(manifest.warnings))
