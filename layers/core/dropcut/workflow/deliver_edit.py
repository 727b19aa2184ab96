"""Copy a finished video into the outbox, whole or not at all, and then write its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from dropcut import messages
from dropcut.documents import Manifest, Output, Place, Times, iso
from dropcut.errors import DeliveryFailed, ProviderUnreadable
from dropcut.identity import OutboxKeys, outbox_keys
from dropcut.model import Drop, Edit, ObjectFacts, State
from dropcut.mp4 import BoxWalker
from dropcut.notices import Notice
from dropcut.ports import OutputOwner, Services
from dropcut.redaction import printable
from dropcut.table import edit_key
from dropcut.workflow.start_edit import OWN_METADATA


class Target(NamedTuple):
    """Where an output goes, and the ETag of what it replaces there (None: nothing is there)."""

    keys: OutboxKeys
    replaces: str | None


def deliver_edit(services: Services, drop: Drop, edit_id: str) -> dict[str, Any]:
    """Gives where the output lies, and the notice. Entered twice, it leaves one object and one manifest."""
    edit = services.ledger.edit(edit_id)
    if edit is None:
        raise LookupError(f"there is no edit {edit_id} in the ledger")
    if edit.state is State.DELIVERED and edit.notice and edit.output:
        return {"output_key": edit.output["key"], "notice": json.loads(edit.notice)}
    url, edit = _result(services, edit)
    target = _target(services, drop, edit)
    checked = _Checked()
    with services.results.open(url) as chunks:
        body, metadata = checked.pass_on(chunks), {OWN_METADATA: edit.edit_id}
        stored = services.files.upload(target.keys.video, body, metadata, target.replaces)
    services.journal.own_output(services.outbox, stored.key, OutputOwner(edit.edit_id, stored.etag, drop.dropped_at))
    return _conclude(services, drop, edit, target.keys, stored, checked.sha256)


def _result(services: Services, edit: Edit) -> tuple[str, Edit]:
    """The result's address, asked for anew each time (it is never stored), and the charge if it was not known yet."""
    try:
        progress = services.provider.result(str(edit.request_id))
    except ProviderUnreadable:
        progress = None
    if progress is None or not progress.result_url:
        try:
            progress = services.provider.past(str(edit.request_id))
        except ProviderUnreadable as error:
            raise DeliveryFailed(f"the result's address could not be read: {error}") from None
    if progress is None or not progress.result_url:
        raise DeliveryFailed("the provider does not say where the result is")
    if edit.charged_usd is None and progress.charged_usd is not None:
        edit = services.ledger.complete(edit, progress.charged_usd, services.clock())
    return progress.result_url, edit


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


def _conclude(
    services: Services, drop: Drop, edit: Edit, keys: OutboxKeys, stored: ObjectFacts, sha256: str
) -> dict[str, Any]:
    """Manifest, ledger and notice of an output that lies in the outbox."""
    now, outbox = services.clock(), services.outbox
    clip_name = outbox_keys(drop.clip_key)
    if keys != clip_name:
        there, here = printable(clip_name.video), printable(keys.video)
        note = f"{there} was not ours or newer, so it was left; this output is {here}"
        edit = edit.with_warning(note)
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
    refusal = services.files.head(outbox, clip_name.error)
    if refusal and refusal.modified <= drop.dropped_at:  # of an earlier drop; a later one's still holds
        services.files.delete(outbox, clip_name.error)
    body = messages.delivered(edit, drop, video, Place(bucket=outbox, key=keys.manifest))
    notice = Notice(**edit_key(edit.edit_id), body=body)
    output = {"bucket": outbox, "key": stored.key, "version": stored.version, "etag": stored.etag}
    facts = {"output": {**output, "size": stored.size, "sha256": sha256}, "warnings": list(edit.warnings)}
    services.ledger.end(edit, State.DELIVERED, notice, now, **facts)
    return {"output_key": stored.key, "charged_usd": manifest.cost.charged_usd, "notice": notice.as_json()}
