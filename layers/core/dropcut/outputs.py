"""Placing an output in the outbox: under a name that takes nothing from anybody, whole or not at all, manifest last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from dropcut import messages
from dropcut.documents import Manifest, Notification, Output, Place, Times, iso
from dropcut.errors import DeliveryFailed
from dropcut.identity import OutboxKeys, outbox_keys
from dropcut.model import Drop, Edit, ObjectFacts
from dropcut.mp4 import BoxWalker
from dropcut.ports import OutputOwner, Services
from dropcut.redaction import printable

OWN_METADATA = "dropcut-edit-id"  # on every video that is written here, and on the error file of an edit


class Target(NamedTuple):
    """Where an output goes, and the ETag of what it replaces there (None: nothing is there)."""

    keys: OutboxKeys
    replaces: str | None


class Placed(NamedTuple):
    """An output that lies in the outbox."""

    edit: Edit  # with a warning, if it lies under another name
    video: Place
    manifest: Place
    facts: dict[str, object]  # for the ledger: bucket, key, version, etag, size, sha256


Source = AbstractContextManager[Iterator[bytes]]


def place(services: Services, drop: Drop, edit: Edit, source: Source, note: str = "") -> Placed:
    """Store a video and its manifest. Raises DeliveryFailed, and then the outbox is as it was before.

    `source` is entered once it is known where its bytes may go.
    """
    target, checked = _target(services, drop, edit), _Checked()
    metadata = {OWN_METADATA: edit.edit_id}
    with source as chunks:
        stored = services.files.upload(target.keys.video, checked.pass_on(chunks), metadata, target.replaces)
    services.journal.own_output(services.outbox, stored.key, OutputOwner(edit.edit_id, stored.etag, drop.dropped_at))
    usual = outbox_keys(drop.clip_key)
    if target.keys != usual:
        there, here = printable(usual.video), printable(target.keys.video)
        edit = edit.with_warning(f"{there} was not ours or newer, so it was left; this output is {here}")
    edit = edit.with_warning(note) if note else edit
    return _describe(services, drop, edit, target.keys, stored, checked.sha256)


def _target(services: Services, drop: Drop, edit: Edit) -> Target:
    """The clip's own name if nothing or an older output of ours is there; else a name of its own."""
    for distinct in ("", edit.edit_id[:8], edit.edit_id[:16]):
        keys = outbox_keys(drop.clip_key, distinct)
        there = services.files.head(services.outbox, keys.video)
        if there is None:
            return Target(keys, None)
        if _is_older_of_ours(services, drop, edit, there):
            return Target(keys, there.etag)
    raise DeliveryFailed("foreign objects lie at every name that this output may have")


def _is_older_of_ours(services: Services, drop: Drop, edit: Edit, there: ObjectFacts) -> bool:
    """True for this edit's own object, and for that of an older drop of the same clip. Nothing else is replaced."""
    writer = there.metadata.get(OWN_METADATA, "")
    if writer == edit.edit_id:
        return True
    owner = services.journal.output_owner(services.outbox, there.key)
    if owner and owner.etag == there.etag:
        return owner.dropped_at <= drop.dropped_at
    before = services.ledger.edit(writer) if writer else None  # it crashed before it could write that it owns this
    same_clip = before is not None and (before.drop.bucket, before.drop.clip_key) == (drop.bucket, drop.clip_key)
    return before is not None and same_clip and before.drop.dropped_at <= drop.dropped_at


def leave_error_file(services: Services, drop: Drop, body: Notification, text: str, edit_id: str = "") -> Notification:
    """Write the error file, and give the message that points to it. An outbox that takes nothing, perhaps the very
    reason of the failure, keeps nobody from being told: then the message says so.
    """
    try:
        metadata = {OWN_METADATA: edit_id} if edit_id else {}
        services.files.write_json(services.outbox, outbox_keys(drop.clip_key).error, text, metadata)
    except Exception as error:  # noqa: BLE001 - whatever it was, the ledger and the message must not wait for it
        warning = f"the error file could not be written ({type(error).__name__}), so this message is all there is"
        return body.model_copy(update={"error": None, "warnings": [*body.warnings, warning]})
    return body


class _Checked:
    """Hashes and walks the bytes while they pass; a body that is no whole MP4 never reaches the last part."""

    def __init__(self) -> None:
        self.sha256 = ""

    def pass_on(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        walker, hasher = BoxWalker(), hashlib.sha256()
        for chunk in chunks:
            walker.feed(chunk)
            hasher.update(chunk)
            yield chunk
        if wrong := walker.verdict():
            raise DeliveryFailed(f"the result is not a whole video: {wrong}")
        self.sha256 = hasher.hexdigest()


def _describe(services: Services, drop: Drop, edit: Edit, keys: OutboxKeys, stored: ObjectFacts, sha256: str) -> Placed:
    """Write the manifest; whoever sees it can rely on the video."""
    outbox, now = services.outbox, services.clock()
    video = Place(bucket=outbox, key=stored.key, version_id=stored.version)
    manifest = Manifest(
        edit_id=edit.edit_id,
        drop_id=drop.drop_id,
        source=messages.source(drop, edit.clip),
        request=edit.request,
        request_id=str(edit.request_id),
        attempt=edit.attempt,
        cost=messages.cost(edit),
        times=Times(submitted_at=iso(edit.submitted_at), completed_at=iso(edit.completed_at), delivered_at=iso(now)),
        output=Output(video=video, size=stored.size, sha256=sha256),
        warnings=list(edit.warnings),
    )
    services.files.write_json(outbox, keys.manifest, manifest.as_file())
    refused = outbox_keys(drop.clip_key).error
    refusal = services.files.head(outbox, refused)
    if refusal and (refusal.modified <= drop.dropped_at or refusal.metadata.get(OWN_METADATA) == edit.edit_id):
        services.files.delete(outbox, refused)  # of an earlier drop, or this edit was held; a later drop's still holds
    where = {"bucket": outbox, "key": stored.key, "version": stored.version, "etag": stored.etag}
    facts = {**where, "size": stored.size, "sha256": sha256}
    return Placed(edit, video, Place(bucket=outbox, key=keys.manifest), facts)
