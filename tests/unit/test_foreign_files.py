"""What Dropcut did not write for this clip is never replaced and never deleted, whatever kind of file it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.identity import digest
from dropcut.domain.keys import outbox_keys
from dropcut.domain.model import Drop, Edit, State
from dropcut.notifications.schemas import Manifest
from dropcut.ports import OutputOwner
from dropcut.workflow.deliver_edit import deliver_edit
from dropcut.workflow.outputs import OWN_METADATA, place_output
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.report_failure import report_failure
from tests.fakes.documents import read
from tests.fakes.examples import INBOX, NOW, OUTBOX, a_drop, an_edit_in
from tests.fakes.machine import Machine
from tests.fakes.provider import FakeResults
from tests.fakes.services import FakeServices, Interruption, Killed, die
from tests.fakes.worlds import VIDEO, a_world

VIDEO_KEY, MANIFEST, ERROR = outbox_keys("trip/beach.mp4")
EDIT, BEFORE = "e" * 64, "b" * 64
ASIDE = outbox_keys("trip/beach.mp4", EDIT[:8])
ERROR_ASIDE = outbox_keys("trip/beach.mp4", digest(INBOX, "trip/beach.mp4")[:8]).error
FOREIGN = b"somebody else's"


def finished(clip_key: str = "trip/beach.mp4", edit_id: str = EDIT, at: float = NOW) -> tuple[FakeServices, Edit]:
    """A world in which the provider is done with one edit."""
    world = FakeServices(results=FakeResults(VIDEO))
    world.provider.know("request-1", "")
    world.provider.finish()
    return world, known(world, clip_key, edit_id, at)


def known(world: FakeServices, clip_key: str, edit_id: str, at: float = NOW) -> Edit:
    drop = a_drop(clip_key, clip_key.rpartition(".")[0] + ".json", dropped_at=at)
    edit = an_edit_in(State.COMPLETED, edit_id=edit_id, drop=drop, owner=drop.drop_id)
    world.ledger.edits[edit_id] = edit
    return edit


def deliver(world: Any, edit: Edit) -> str:
    return str(deliver_edit(world, edit.drop, edit.edit_id)["output_key"])


def lies(world: FakeServices) -> list[str]:
    return world.files.keys(OUTBOX, "")


def manifest_at(world: FakeServices, key: str) -> Manifest:
    return read(Manifest, world.files.text(OUTBOX, key))


def stopped_at(world: FakeServices, call: str, what: Callable[[], Any], nth: int = 1, late: bool = False) -> Any:
    """Services that do `what` at the nth call of that name."""

    class AtCall(Interruption):
        def call(self, name: str, method: Any, *args: Any, **more: Any) -> Any:
            ordinal = [*self.calls, name].count(call)
            self.at = {len(self.calls) + 1} if name == call and ordinal == nth else set()
            return super().call(name, method, *args, **more)

    return AtCall(world, set(), what, late).services()


# ---- manifests -------------------------------------------------------------------------------------------------------


def test_a_foreign_manifest_moves_both_video_and_manifest_aside() -> None:
    world, edit = finished()
    world.files.put(OUTBOX, MANIFEST, FOREIGN)
    assert deliver(world, edit) == ASIDE.video
    assert world.files.text(OUTBOX, MANIFEST).encode() == FOREIGN
    assert lies(world) == sorted([MANIFEST, ASIDE.video, ASIDE.manifest])
    assert manifest_at(world, ASIDE.manifest).output.video.key == ASIDE.video


@pytest.mark.parametrize("call", ["files.upload", "files.write_json"])
def test_a_foreign_manifest_that_appears_during_delivery_is_left_alone(call: str) -> None:
    world, edit = finished()
    deliver(stopped_at(world, call, lambda: world.files.put(OUTBOX, MANIFEST, FOREIGN)), edit)
    assert world.files.text(OUTBOX, MANIFEST).encode() == FOREIGN
    assert lies(world) == sorted([VIDEO_KEY, MANIFEST, ASIDE.manifest])
    assert manifest_at(world, ASIDE.manifest).output.video.key == VIDEO_KEY
    assert len(world.results.opened) == 1
    notice = world.ledger.edits[EDIT].notice
    assert notice
    assert json.loads(notice.message["default"])["manifest"]["key"] == ASIDE.manifest


def test_a_repeated_delivery_leaves_one_output_and_one_manifest() -> None:
    world, edit = finished()
    with suppress(Killed):
        deliver(stopped_at(world, "files.write_json", die), edit)
    assert lies(world) == [VIDEO_KEY]
    deliver(world, edit)
    assert lies(world) == sorted([VIDEO_KEY, MANIFEST])
    assert manifest_at(world, MANIFEST).edit_id == EDIT


def test_an_older_drop_does_not_replace_a_newer_drops_manifest() -> None:
    world, old = finished(at=NOW - 60)
    new = known(world, "trip/beach.mp4", BEFORE)

    def the_newer_delivers() -> None:
        assert deliver(world, new) == VIDEO_KEY

    deliver(stopped_at(world, "files.write_json", the_newer_delivers), old)
    assert manifest_at(world, MANIFEST).edit_id == BEFORE
    assert manifest_at(world, ASIDE.manifest).edit_id == EDIT


def test_a_manifest_carries_the_mark_and_the_ledger_its_name() -> None:
    world, edit = finished()
    deliver(world, edit)
    facts = world.files.head(OUTBOX, MANIFEST)
    assert facts
    assert facts.metadata == {OWN_METADATA: EDIT}
    output = world.ledger.edits[EDIT].output
    assert output
    assert output["manifest"] == MANIFEST


# ---- what release 0.1.0 left without a mark --------------------------------------------------------------------------


def of_the_release_before(clip_key: str = "trip/beach.mp4") -> tuple[FakeServices, Edit, str]:
    """An output of a minute ago as 0.1.0 left it: no mark on the manifest, no clip in the row, no manifest in the
    ledger; and the text of the manifest."""
    world, edit = finished()
    before = known(world, clip_key, BEFORE, NOW - 60)
    placed = place_output(world, before.drop, before, nullcontext(iter([VIDEO])))
    facts = {name: placed.facts[name] for name in ("bucket", "key", "version", "etag", "size", "sha256")}
    world.ledger.edits[BEFORE] = replace(before, state=State.DELIVERED, output=facts)
    there = world.files.head(OUTBOX, VIDEO_KEY)
    assert there
    world.journal.own_output(OUTBOX, VIDEO_KEY, OutputOwner(BEFORE, there.etag, NOW - 60))
    text = world.files.text(OUTBOX, MANIFEST)
    world.files.put(OUTBOX, MANIFEST, text.encode())
    return world, edit, text


def test_an_old_unlabelled_manifest_is_recognised_by_its_content() -> None:
    world, edit, _ = of_the_release_before()
    assert deliver(world, edit) == VIDEO_KEY
    assert manifest_at(world, MANIFEST).edit_id == EDIT


@pytest.mark.parametrize("changed", [
    lambda text: text.replace(BEFORE, "f" * 64), lambda text: text.replace(VIDEO_KEY, "trip/lake.mp4"),
    lambda text: text.replace('"request_id"', '"requests"'), lambda text: f"[{text}]", lambda text: text[:-3],
    lambda text: text + " " * 70_000, lambda _: "[" * 30_000, lambda _: "\ud800".encode("utf-8", "surrogatepass"),
])  # fmt: skip
def test_what_only_looks_like_our_manifest_is_foreign(changed: Callable[[str], str | bytes]) -> None:
    world, edit, text = of_the_release_before()
    foreign = changed(text)
    foreign = foreign if isinstance(foreign, bytes) else foreign.encode()
    world.files.put(OUTBOX, MANIFEST, foreign)
    assert deliver(world, edit) == ASIDE.video
    assert world.files.objects[OUTBOX, MANIFEST][-1].data == foreign


@pytest.mark.parametrize("marked", [True, False])
def test_the_ledger_is_never_asked_for_an_impossibly_long_id(marked: bool) -> None:
    """DynamoDB refuses a key over 2,048 bytes, and that would hold the delivery for as long as the file lies there."""
    world, edit, text = of_the_release_before()
    text, mark = text.replace(BEFORE, "b" * 5000), {OWN_METADATA: "b" * 2000}
    world.files.put(OUTBOX, MANIFEST, text.encode(), **(mark if marked else {}))
    asked, look_up = set[str](), world.ledger.edit

    def watched(edit_id: str) -> Edit | None:
        asked.add(edit_id)
        return look_up(edit_id)

    world.ledger.edit = watched  # type: ignore[method-assign]
    assert deliver(world, edit) == ASIDE.video
    assert asked <= {EDIT, BEFORE}


def test_a_copy_of_our_manifest_that_somebody_edited_is_his_own() -> None:
    """This release marks what it writes, so a manifest of its own without the mark is somebody else's."""
    world, edit = finished(at=NOW + 60)
    deliver(world, before := known(world, "trip/beach.mp4", BEFORE))
    assert world.ledger.edits[before.edit_id].state is State.DELIVERED
    notes = world.files.text(OUTBOX, MANIFEST).replace("[]", '["my own note"]').encode()
    world.files.put(OUTBOX, MANIFEST, notes)
    assert deliver(world, edit) == ASIDE.video
    assert world.files.text(OUTBOX, MANIFEST).encode() == notes


# ---- other clips -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["with the clip", "of 0.1.0", "lost"])
def test_an_output_is_replaced_by_the_same_clip_only(row: str) -> None:
    world, first = finished("trip/beach.mov", BEFORE)
    deliver(world, first)
    if row == "of 0.1.0":
        owner = world.journal.owners[OUTBOX, VIDEO_KEY]
        world.journal.own_output(OUTBOX, VIDEO_KEY, OutputOwner(owner.edit_id, owner.etag, owner.dropped_at))
    if row == "lost":
        world.journal.owners.clear()
    second = known(world, "trip/beach.mp4", EDIT, NOW + 9)
    assert deliver(world, second) == ASIDE.video
    again = known(world, "trip/beach.mov", "a" * 64, NOW + 18)
    assert deliver(world, again) == VIDEO_KEY
    assert manifest_at(world, ASIDE.manifest).edit_id == EDIT


def test_another_bucket_has_other_clips() -> None:
    world, first = finished(edit_id=BEFORE)
    deliver(world, first)
    elsewhere = known(world, "trip/beach.mp4", EDIT, NOW + 9)
    elsewhere = replace(elsewhere, drop=replace(elsewhere.drop, bucket="another-inbox"))
    world.ledger.edits[EDIT] = elsewhere
    assert deliver(world, elsewhere) == ASIDE.video


@pytest.mark.parametrize("first", ["the edit that went aside", "the clip of that name"])
def test_a_clip_named_like_an_output_does_not_overwrite_it(first: str) -> None:
    world, aside = finished()
    world.files.put(OUTBOX, VIDEO_KEY, FOREIGN)
    namesake = known(world, ASIDE.video, BEFORE, NOW + 9)  # in the inbox: a clip trip/beach.eeeeeeee.mp4
    edits = [aside, namesake] if first == "the edit that went aside" else [namesake, aside]
    keys = [deliver(world, edit) for edit in edits]
    assert keys[0] == ASIDE.video
    assert len(set(keys)) == 2
    assert len(lies(world)) == 5
    assert [world.files.head(OUTBOX, key).metadata[OWN_METADATA] for key in keys] == [  # type: ignore[union-attr]
        edit.edit_id for edit in edits
    ]


def test_an_output_that_is_put_back_takes_no_other_clips_place() -> None:
    world, drop = a_world(clip_key="trip/beach.mov")
    assert Machine(world, world).run(drop) == "Delivered"
    for key in (VIDEO_KEY, MANIFEST):
        world.files.delete(OUTBOX, key)
    deliver(world, known(world, "trip/beach.mp4", BEFORE, NOW + 9))
    again = replace(drop, drop_id="again", dropped_at=NOW + 600)
    assert Machine(world, world).run(again) == "Unchanged"
    assert manifest_at(world, MANIFEST).edit_id == BEFORE
    (edit,) = [edit for edit in world.ledger.edits.values() if edit.edit_id != BEFORE]
    assert edit.output
    assert edit.output["key"] == outbox_keys("trip/beach.mov", edit.edit_id[:8]).video


# ---- error files -----------------------------------------------------------------------------------------------------


def told(notice: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(notice["message"]["default"])
    return said


def refuse(world: FakeServices, drop: Drop) -> dict[str, Any]:
    return told(prepare_edit(world, drop)["notice"])


def fail(world: FakeServices, drop: Drop) -> dict[str, Any]:
    return told(report_failure(world, drop, None, {})["notice"])


ENDS = pytest.mark.parametrize("end", [refuse, fail])


@ENDS
def test_a_foreign_error_file_stays_and_the_message_names_ours(end: Callable[..., dict[str, Any]]) -> None:
    world, drop = a_world(b"no JSON")
    world.files.put(OUTBOX, ERROR, FOREIGN)
    for number in (1, 2):  # the same clip's next error file takes the place of this one
        said = end(world, replace(drop, drop_id=f"drop {number}"))
        assert said["error"]["key"] == ERROR_ASIDE
        assert any(ERROR in warning and ERROR_ASIDE in warning for warning in said["warnings"])
        assert json.loads(world.files.text(OUTBOX, ERROR_ASIDE))["drop_id"] == f"drop {number}"
    assert lies(world) == sorted([ERROR, ERROR_ASIDE])
    assert world.files.text(OUTBOX, ERROR).encode() == FOREIGN


@ENDS
def test_an_error_file_that_appears_before_the_write_is_left(end: Callable[..., dict[str, Any]]) -> None:
    world, drop = a_world(b"no JSON")
    services = stopped_at(world, "files.write_json", lambda: world.files.put(OUTBOX, ERROR, FOREIGN))
    assert end(services, drop)["error"]["key"] == ERROR_ASIDE
    assert world.files.text(OUTBOX, ERROR).encode() == FOREIGN


def test_a_message_says_when_no_error_file_could_be_written() -> None:
    world, drop = a_world(b"no JSON")
    for key in (ERROR, ERROR_ASIDE):
        world.files.put(OUTBOX, key, FOREIGN)
    said = refuse(world, drop)
    assert said["error"] is None
    assert "could not be written" in said["warnings"][0]
    assert said["problems"]


def test_a_delivery_deletes_our_error_files_and_leaves_foreign_ones() -> None:
    world, drop = a_world(b"no JSON")
    world.files.put(OUTBOX, ERROR, FOREIGN)
    refuse(world, drop)
    world.clock.now += 60
    sidecar = world.files.put(INBOX, drop.sidecar_key, json.dumps({"prompt": "a noir film"}).encode(), "s2")
    mended = replace(drop, drop_id="mended", sidecar_version=sidecar.version, dropped_at=world.clock.now)
    assert Machine(world, world).run(mended) == "Delivered"
    assert lies(world) == sorted([VIDEO_KEY, MANIFEST, ERROR])
    assert world.files.text(OUTBOX, ERROR).encode() == FOREIGN


def test_a_foreign_error_file_stays_while_ours_is_being_deleted() -> None:
    world, edit = finished()
    world.clock.now -= 60
    report_failure(world, edit.drop, None, {})
    world.clock.now += 60
    deliver(stopped_at(world, "files.delete", lambda: world.files.put(OUTBOX, ERROR, FOREIGN)), edit)
    assert world.files.text(OUTBOX, ERROR).encode() == FOREIGN


@pytest.mark.parametrize(
    ("clip_key", "goes"), [("trip/beach.mp4", True), ("trip/beach.mov", True), ("lake.mp4", False)]
)
def test_an_old_unlabelled_error_file_is_recognised_by_its_clip(clip_key: str, goes: bool) -> None:
    world, edit = finished()
    world.clock.now -= 60
    report_failure(world, a_drop(clip_key), None, {})
    text = world.files.text(OUTBOX, outbox_keys(clip_key).error)
    world.files.put(OUTBOX, ERROR, text.encode())
    world.clock.now += 60
    deliver(world, edit)
    assert (world.files.head(OUTBOX, ERROR) is None) is goes


def test_a_held_edit_dropped_again_points_to_its_error_file() -> None:
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    world.ledger.edits[edit_id] = an_edit_in(State.SUBMITTING, edit_id=edit_id, drop=drop, owner=drop.drop_id)
    world.files.put(OUTBOX, ERROR, FOREIGN)
    report_failure(world, drop, edit_id, {})
    assert refuse(world, replace(drop, drop_id="again"))["error"]["key"] == ERROR_ASIDE
