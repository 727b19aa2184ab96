"""A finished video arrives whole, under a name that takes nothing from anybody, and its manifest comes last."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from dropcut.domain.errors import DeliveryFailed, ResultHostUnknown
from dropcut.domain.model import Drop, State
from dropcut.notifications.schemas import Manifest
from dropcut.ports import OutputOwner
from dropcut.workflow.deliver_edit import deliver_edit
from dropcut.workflow.error_files import DROP_METADATA
from dropcut.workflow.outputs import OWN_METADATA
from tests.fakes.documents import read
from tests.fakes.examples import INBOX, NOW, OUTBOX, a_drop, an_edit_in
from tests.fakes.provider import RESULT_URL, FakeResults
from tests.fakes.services import FakeServices
from tests.fakes.worlds import VIDEO

KEY, MANIFEST, ERROR = "trip/beach.mp4", "trip/beach.manifest.json", "trip/beach.error.json"
DISTINCT = "trip/beach.eeeeeeee.mp4"
OF_CLIP = (INBOX, "trip/beach.mp4")


def finished(drop: Drop | None = None, **changes: Any) -> tuple[FakeServices, str]:
    world = FakeServices(results=FakeResults(VIDEO))
    edit = an_edit_in(State.COMPLETED, **{"drop": drop or a_drop(), **changes})
    world.ledger.edits[edit.edit_id] = edit
    world.provider.know("request-1", "")
    world.provider.finish()
    return world, edit.edit_id


def deliver(world: FakeServices, edit_id: str, drop: Drop | None = None) -> dict[str, Any]:
    return deliver_edit(world, drop or a_drop(), edit_id)


def body(world: FakeServices, key: str, version: int = -1) -> bytes | None:
    return world.files.objects[OUTBOX, key][version].data


def test_the_video_lands_under_the_clips_name_with_its_manifest() -> None:
    world, edit_id = finished()
    outcome = deliver(world, edit_id)
    assert outcome["output_key"] == KEY
    assert body(world, KEY) == VIDEO
    written = world.files.text(OUTBOX, MANIFEST)
    assert written.endswith("}\n"), "a file for people, too"
    manifest = read(Manifest, written)
    assert manifest.output.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert manifest.output.size == len(VIDEO)
    assert manifest.output.video.version_id == "v1"
    assert (manifest.edit_id, manifest.drop_id, manifest.request_id) == (edit_id, a_drop().drop_id, "request-1")
    assert (manifest.cost.estimated_usd, manifest.cost.charged_usd) == (1.68, 1.68)
    assert manifest.source.clip.version_id == "c1"
    assert manifest.times.submitted_at == "2026-11-24T06:00:00Z"
    edit = world.ledger.edits[edit_id]
    assert edit.state is State.DELIVERED
    assert edit.output
    assert (edit.output["key"], edit.output["version"]) == (KEY, "v1")


def test_the_manifest_follows_the_video_and_the_error_file_goes() -> None:
    world, edit_id = finished()
    world.files.put(OUTBOX, ERROR, b"{}", **{DROP_METADATA: "an earlier drop"})
    world.files.log.clear()
    deliver(world, edit_id)
    assert world.files.log == [f"write {OUTBOX}/{KEY}", f"write {OUTBOX}/{MANIFEST}", f"delete {OUTBOX}/{ERROR}"]
    assert world.files.head(OUTBOX, ERROR) is None


def test_delivered_again_it_says_the_same_and_writes_nothing() -> None:
    world, edit_id = finished()
    first = deliver(world, edit_id)
    world.files.log.clear()
    again = deliver(world, edit_id)
    assert (again["output_key"], again["notice"]) == (first["output_key"], first["notice"])
    assert world.files.log == []
    assert len(world.results.opened) == 1


def test_an_upload_whose_bookkeeping_was_lost_is_taken_for_ours() -> None:
    world, edit_id = finished()
    world.files.put(OUTBOX, KEY, b"the same output of a minute ago", **{OWN_METADATA: edit_id})
    assert deliver(world, edit_id)["output_key"] == KEY
    assert body(world, KEY) == VIDEO


def test_any_drop_of_an_edit_may_replace_its_own_output() -> None:
    world, edit_id = finished()
    world.files.put(OUTBOX, KEY, b"the same output of a minute ago", **{OWN_METADATA: edit_id})
    assert deliver(world, edit_id, replace(a_drop(), dropped_at=NOW - 60))["output_key"] == KEY


def test_a_newer_drop_replaces_the_output_of_an_older_one() -> None:
    world, edit_id = finished()
    there = world.files.put(OUTBOX, KEY, b"older", **{OWN_METADATA: "an older edit"})
    world.journal.own_output(OUTBOX, KEY, OutputOwner("an older edit", there.etag, NOW - 60, *OF_CLIP))
    assert deliver(world, edit_id)["output_key"] == KEY
    assert body(world, KEY) == VIDEO
    now = world.files.head(OUTBOX, KEY)
    assert now
    assert world.journal.output_owner(OUTBOX, KEY) == OutputOwner(edit_id, now.etag, NOW, *OF_CLIP)


def test_an_older_drop_never_replaces_the_output_of_a_newer_one() -> None:
    world, edit_id = finished()
    there = world.files.put(OUTBOX, KEY, b"newer", **{OWN_METADATA: "a newer edit"})
    world.journal.own_output(OUTBOX, KEY, OutputOwner("a newer edit", there.etag, NOW + 60, *OF_CLIP))
    assert deliver(world, edit_id)["output_key"] == DISTINCT
    assert body(world, KEY) == b"newer"


@pytest.mark.parametrize("recorded", [False, True])
def test_an_object_that_we_did_not_write_is_never_overwritten(recorded: bool) -> None:
    """Not even where an output of ours lay before, and somebody put their own file in its place."""
    world, edit_id = finished()
    world.files.put(OUTBOX, KEY, b"a holiday film")
    if recorded:
        world.journal.own_output(OUTBOX, KEY, OutputOwner("an older edit", '"another etag"', NOW - 60))
    outcome = deliver(world, edit_id)
    assert outcome["output_key"] == DISTINCT
    assert body(world, KEY) == b"a holiday film"
    manifest = read(Manifest, world.files.text(OUTBOX, "trip/beach.eeeeeeee.manifest.json"))
    assert manifest.output.video.key == DISTINCT
    assert any(KEY in warning and DISTINCT in warning for warning in manifest.warnings)
    assert DISTINCT in outcome["notice"]["message"]["email"]


def test_a_result_without_a_free_name_waits_for_somebody() -> None:
    world, edit_id = finished()
    for key in (KEY, DISTINCT, "trip/beach.eeeeeeeeeeeeeeee.mp4"):
        world.files.put(OUTBOX, key, b"foreign")
    with pytest.raises(DeliveryFailed):
        deliver(world, edit_id)
    assert world.results.opened == [], "nothing was fetched for it"


@pytest.mark.parametrize("cut", [0, 1, 11, 12, 40, len(VIDEO) - 1])
def test_a_cut_body_writes_nothing_and_leaves_the_edit_completed(cut: int) -> None:
    world, edit_id = finished()
    world.results.body = VIDEO[:cut]
    with pytest.raises(DeliveryFailed):
        deliver(world, edit_id)
    assert world.files.keys(OUTBOX, "") == []
    assert world.ledger.edits[edit_id].state is State.COMPLETED
    world.results.body = VIDEO
    assert deliver(world, edit_id)["output_key"] == KEY


@pytest.mark.parametrize("text", [b"<html>502 Bad Gateway</html>" * 9, b'{"error": "not found"}', bytes(500)])
def test_a_body_that_is_no_video_leaves_no_object(text: bytes) -> None:
    world, edit_id = finished()
    world.results.body = text
    with pytest.raises(DeliveryFailed):
        deliver(world, edit_id)
    assert world.files.keys(OUTBOX, "") == []


def test_an_untrusted_result_host_is_an_error_of_its_own() -> None:
    world, edit_id = finished()
    world.results.error = ResultHostUnknown("evil.example is not on the list of result hosts")
    with pytest.raises(ResultHostUnknown):
        deliver(world, edit_id)


@pytest.mark.parametrize("trouble", ["forgotten", "unreadable", "without an address"])
def test_the_history_gives_the_address_when_the_record_does_not(trouble: str) -> None:
    world, edit_id = finished()
    if trouble == "forgotten":
        world.provider.forget()
    if trouble == "unreadable":
        world.provider.failing_reads = {"result"}
    if trouble == "without an address":
        world.provider.records["request-1"] = replace(world.provider.records["request-1"], result_url=None)
    assert deliver(world, edit_id)["output_key"] == KEY
    assert world.results.opened == [RESULT_URL]


@pytest.mark.parametrize("nowhere", [{"failing_reads": {"result", "past"}}, {"records": {}, "rows": {}}])
def test_a_delivery_fails_when_nobody_knows_the_result_address(nowhere: dict[str, Any]) -> None:
    world, edit_id = finished()
    for name, value in nowhere.items():
        setattr(world.provider, name, value)
    with pytest.raises(DeliveryFailed):
        deliver(world, edit_id)


def test_a_charge_that_was_not_known_before_is_written_down_now() -> None:
    world, edit_id = finished(charged_usd=None)
    reserved = Decimal("1.68")
    world.ledger.money["2026-11-24"] |= {"reserved_usd": reserved, "committed_usd": reserved}
    deliver(world, edit_id)
    assert world.ledger.edits[edit_id].charged_usd == Decimal("1.68")
    counted = {"committed_usd": reserved, "reserved_usd": 0, "charged_usd": reserved}
    assert dict(world.ledger.money["2026-11-24"]) == counted


def test_the_address_of_the_result_is_written_nowhere() -> None:
    world, edit_id = finished()
    outcome = deliver(world, edit_id)
    told = json.dumps(outcome) + world.files.text(OUTBOX, MANIFEST) + repr(world.ledger.edits[edit_id])
    assert RESULT_URL not in told


@pytest.mark.parametrize("key", ["a b/50%+.mov", "海辺.MP4", "line\nbreak.mp4", "x" * 1020 + ".mp4"])
def test_outputs_of_odd_names_are_delivered_too(key: str) -> None:
    drop = a_drop(key, key + ".json"[: 1024 - len(key.encode())])
    world, edit_id = finished(drop)
    outcome = deliver(world, edit_id, drop)
    assert len(outcome["output_key"].encode()) <= 1024
    assert body(world, outcome["output_key"]) == VIDEO


@pytest.mark.parametrize(
    ("earlier", "key"),
    [
        ({"dropped_at": NOW - 60}, KEY),
        ({"dropped_at": NOW + 60}, DISTINCT),
        ({"dropped_at": NOW - 60, "clip_key": "trip/lake.mp4"}, DISTINCT),
    ],
)
def test_an_output_without_an_owner_is_judged_by_its_label(earlier: dict[str, Any], key: str) -> None:
    world, edit_id = finished()
    world.ledger.edits["an earlier edit"] = an_edit_in(
        State.COMPLETED, edit_id="an earlier edit", drop=replace(a_drop(), **earlier)
    )
    world.files.put(OUTBOX, KEY, b"earlier", **{OWN_METADATA: "an earlier edit"})
    assert deliver(world, edit_id)["output_key"] == key


def test_metadata_of_an_edit_that_nobody_knows_proves_nothing() -> None:
    world, edit_id = finished()
    world.files.put(OUTBOX, KEY, b"restored from another stack", **{OWN_METADATA: "who?"})
    assert deliver(world, edit_id)["output_key"] == DISTINCT
