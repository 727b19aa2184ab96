"""Good examples of the product's values; a test names only what it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from dropcut.domain.generation import Generation
from dropcut.domain.identity import drop_id
from dropcut.domain.model import Clip, Drop, Edit, Limits, Notice, State

INBOX, OUTBOX, WORKROOM = "inbox", "outbox", "workroom"
PLENTY = Limits(usd_per_day=Decimal(50), in_flight=5)
NOW = 1_795_500_000.0  # 2026-11-24T06:00:00Z

# The body of the provider's own page, less `video_url`.
PROVIDERS_EXAMPLE: dict[str, Any] = {
    "prompt": "Transform the scene into a cyberpunk neon-lit city at night, glowing neon signs, rain-soaked streets",
    "mode": "pro",
    "duration": "5",
    "aspect_ratio": "16:9",
    "keep_audio": False,
}


def a_sidecar(**fields: Any) -> bytes:
    """The bytes of a sidecar; a field that is None is left out."""
    document = {"prompt": "a noir film", **fields}
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


def a_drop(clip_key: str = "trip/beach.mp4", sidecar_key: str = "trip/beach.json", **changes: Any) -> Drop:
    versions = {"clip_version": "c1", "sidecar_version": "s1"} | {
        name: changes.pop(name) for name in ("clip_version", "sidecar_version") if name in changes
    }
    name = drop_id(INBOX, clip_key, versions["clip_version"], sidecar_key, versions["sidecar_version"])
    drop = Drop(drop_id=name, bucket=INBOX, clip_key=clip_key, sidecar_key=sidecar_key, dropped_at=NOW, **versions)
    return replace(drop, **changes)


def a_clip(**changes: Any) -> Clip:
    facts = {"size": 1000, "sha256": "c" * 64, "container": "MPEG-4", "seconds": 4.0, "width": 1280, "height": 720}
    shape = {"fps": 30.0, "has_audio": True, "rotation": 0, "pixel_aspect_ratio": 1.0, "interlaced": False}
    clip = Clip(**{**facts, **shape, **changes})
    return clip if "longest_seconds" in changes else replace(clip, longest_seconds=clip.seconds)


def an_edit(**changes: Any) -> Edit:
    """An edit that nothing was bought for yet."""
    request = {"prompt": "a noir film", "mode": "pro", "duration": "4", "aspect_ratio": "16:9", "keep_audio": False}
    edit = Edit(
        edit_id="e" * 64,
        state=State.PREPARED,
        drop=a_drop(),
        clip=a_clip(),
        request=request,
        estimated_usd=Decimal("1.68"),
    )
    return replace(edit, **changes)


def a_notice(event_id: str = "1", status: str = "FAILED", edit_id: str = "e" * 64) -> Notice:
    """A short message about an edit's end, on record in the edit's row."""
    default = json.dumps({"error": {"bucket": OUTBOX, "key": "trip/beach.error.json"}})
    row, texts = {"pk": f"EDIT#{edit_id}", "sk": "EDIT"}, {"default": default, "email": "It is over.\n"}
    return Notice(event_id=event_id, status=status, folder="trip/", subject=f"Dropcut {status}", message=texts, row=row)


def an_edit_in(state: State, **changes: Any) -> Edit:
    """The same edit as far on its way as that state says, held by the example drop."""
    facts: dict[str, Any] = {"state": state}
    if state is not State.PREPARED:
        facts |= {"attempt": 1, "owner": a_drop().drop_id, "reserved_day": "2026-11-24"}
    if state not in (State.PREPARED, State.RESERVED, State.FAILED):
        facts["sent_at"] = NOW
    if state in (State.SUBMITTED, State.COMPLETED, State.DELIVERED, State.UNDELIVERED):
        facts |= {"request_id": "request-1", "submitted_at": NOW}
    if state in (State.COMPLETED, State.DELIVERED):
        facts |= {"completed_at": NOW + 200, "charged_usd": Decimal("1.68")}
    if state in (State.FAILED, State.IN_DOUBT, State.UNDELIVERED):
        facts["reason"] = "an example"
    return an_edit(**facts | changes)


def handed_on(account: Generation) -> Generation:
    """The account as the next function is given it: as JSON."""
    return Generation.from_json(json.loads(json.dumps(account.as_json())))


def a_generation(**changes: Any) -> Generation:
    """The example edit's first submission, a moment ago: request-1, to be looked at in 150 seconds."""
    account = Generation().submitted(an_edit_in(State.SUBMITTED), first_wait=150)
    return replace(account, **changes)
