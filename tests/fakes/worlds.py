"""Worlds in which something was dropped, or in which an edit is under way."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from dropcut.domain.identity import mark
from dropcut.domain.keys import is_clip, split
from dropcut.domain.model import Drop, Half, Progress, State
from dropcut.notifications.endings import failed
from dropcut.notifications.envelope import as_notice
from dropcut.workflow.report_failure import in_words
from tests.fakes.examples import INBOX, NOW, OUTBOX, a_drop, a_sidecar, an_edit_in
from tests.fakes.provider import RESULT_URL, FakeResults
from tests.fakes.services import FakeClock, FakeServices

VIDEO = b"\x00\x00\x00\x0cftypisom" + b"\x00\x00\x00\x10moov" + b"m" * 8 + b"\x00\x00\x00\x48mdat" + b"edited! " * 8
FINISHED = Progress(status="COMPLETED", charged_usd=Decimal("1.68"), result_url=RESULT_URL)

# What the ledger says of the edit when the event of a function arrives, and how long ago the submission was.
BEFORE = {
    "restore_output": (State.DELIVERED, 300),
    "submit_edit": (State.PREPARED, 0),
    "find_submission": (State.SUBMITTING, 160),
    "poll_edit": (State.SUBMITTED, 210),
    "find_result": (State.SUBMITTED, 7200),
    "deliver_edit": (State.COMPLETED, 215),
    "report_failure": (State.FAILED, 5),
}


def a_world(sidecar: bytes | None = None, clip_key: str = "trip/beach.mp4") -> tuple[FakeServices, Drop]:
    """A clip and its sidecar lie in the inbox; what the provider finishes, it finishes at once."""
    world = FakeServices(results=FakeResults(VIDEO))
    world.provider.ends_at_once = FINISHED
    sidecar_key = clip_key.rpartition(".")[0] + ".json"
    clip = world.files.put(INBOX, clip_key, b"a clip", "c1")
    text = world.files.put(INBOX, sidecar_key, sidecar or a_sidecar(), "s1")
    drop = a_drop(clip_key, sidecar_key, clip_version=clip.version, sidecar_version=text.version)
    return world, drop


def a_world_for(verb: str, event: dict[str, Any]) -> FakeServices:
    """The world in which this event makes sense: the files, the edit and the generation that it names are there."""
    state, elapsed = BEFORE.get(verb, (State.PREPARED, 0))
    drop, generation = _drop_in(event), event.get("generation") or {}
    submitted = generation.get("submitted_at") or drop.dropped_at
    world = FakeServices(clock=FakeClock(submitted + elapsed), results=FakeResults(VIDEO))
    size = event.get("inspection", {}).get("clip", {}).get("size", 0)
    world.files.put(drop.bucket, drop.clip_key, b"a clip".ljust(size), drop.clip_version)
    world.files.put(drop.bucket, drop.sidecar_key, a_sidecar(), drop.sidecar_version)
    if verb in BEFORE and "edit" in event:
        _add_edit(world, state, drop, event, submitted)
    if verb == "find_result":
        world.provider.records.clear()  # its hour is over
    if verb == "sweep_drops":
        _add_half(world)
    if verb == "settle_execution":
        world.journal.record_drop(drop, world.clock())
    if verb == "restore_output":
        _lose_output(world, event["edit"]["edit_id"])
    if verb == "recheck_edits":
        _add_doubt(world)
    if verb == "recover_drops":
        world.clock.now += 3600  # nobody has announced the pair since
    return world


def _drop_in(event: dict[str, Any]) -> Drop:
    """The drop of the state machine's document, or the one that an announced file is half of."""
    if "drop" in event:
        return Drop.from_json(event["drop"])
    detail = event.get("detail") or {}
    if "input" in detail:
        return Drop.from_json(json.loads(detail["input"])["drop"])
    if "object" not in detail:
        return a_drop()
    key = detail["object"]["key"]
    stem = key.removesuffix(split(key).suffix)
    clip = key if is_clip(key) else stem if is_clip(stem) else f"{stem}.mp4"
    return a_drop(clip, f"{stem}.json", bucket=detail["bucket"]["name"])


def _add_edit(world: FakeServices, state: State, drop: Drop, event: dict[str, Any], submitted: float) -> None:
    """The edit that the event names, and what the provider knows of it."""
    generation = event.get("generation") or {}
    edit_id, request_id = event["edit"]["edit_id"], generation.get("request_id", "request-1")
    facts: dict[str, Any] = {"edit_id": edit_id, "drop": drop}
    if state is not State.PREPARED:
        facts |= {"attempt": generation.get("attempt", 1), "owner": drop.drop_id, "sent_at": submitted}
    if state in (State.SUBMITTED, State.COMPLETED):
        facts |= {"request_id": request_id, "submitted_at": submitted}
    if state is State.FAILED:
        facts |= {"reason": in_words(event.get("error") or {})}
    edit = world.ledger.edits[edit_id] = an_edit_in(state, **facts)
    if edit.sent_at:
        world.provider.know(request_id, "/" + mark(edit_id, edit.attempt, split(drop.clip_key).suffix))
        world.provider.set(request_id, FINISHED)


def _lose_output(world: FakeServices, edit_id: str) -> None:
    """The edit was delivered, and somebody has deleted its output since."""
    stored = world.files.put(OUTBOX, "trip/beach.mp4", VIDEO)
    output = {"bucket": OUTBOX, "key": stored.key, "version": stored.version, "etag": stored.etag}
    world.ledger.edits[edit_id] = replace(world.ledger.edits[edit_id], output={**output, "size": len(VIDEO)})
    world.files.delete(OUTBOX, stored.key)


def _add_doubt(world: FakeServices) -> None:
    """A submission whose answer was lost an hour ago, and whose row has landed since."""
    edit = an_edit_in(State.SUBMITTING, sent_at=NOW - 3600)
    world.ledger.edits[edit.edit_id] = edit
    notice = as_notice(failed(edit.drop, edit, State.IN_DOUBT, "no answer", OUTBOX))
    world.ledger.end(edit, State.IN_DOUBT, notice, NOW - 3000)
    world.provider.know("request-1", "/" + mark(edit.edit_id, edit.attempt))


def _add_half(world: FakeServices) -> None:
    """A clip that has waited for an hour, beside a sidecar that is spelled differently."""
    clip = world.files.put(INBOX, "trip/sunset.mp4", b"a clip")
    world.files.put(INBOX, "trip/sunet.json", a_sidecar())
    world.journal.wait_for_partner(Half(bucket=INBOX, key=clip.key, version=clip.version, since=NOW - 3600))
