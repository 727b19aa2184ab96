"""Placing an output in the outbox: under a name that takes nothing from anybody, whole or not at all, manifest last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar

from dropcut.domain.dates import iso
from dropcut.domain.errors import DeliveryFailed
from dropcut.domain.keys import OutboxKeys, manifest_beside, outbox_keys
from dropcut.domain.model import Drop, Edit, ObjectFacts
from dropcut.domain.text import printable
from dropcut.intake.mp4 import BoxWalker
from dropcut.notifications import endings
from dropcut.notifications.schemas import Document, Manifest, Output, S3Object, Times
from dropcut.ports import OutputOwner, Services

OWN_METADATA = "dropcut-edit-id"  # on everything that is written here for an edit
UNMARKED_BYTES = 64 * 1024  # most of a document that is read to see whether release 0.1.0 wrote it; those are a few KB
LONGEST_ID = 64  # characters of an edit_id; the ledger cannot be asked for a key of any length
LOOKS = 3  # at one name, if somebody changes what lies there between the look and the write


class Target(NamedTuple):
    """Where an output goes, and the ETag of what it replaces there (None: nothing is there)."""

    keys: OutboxKeys
    replaces: str | None


class Placed(NamedTuple):
    """An output that lies in the outbox."""

    edit: Edit  # with a warning, if it lies under another name
    video: S3Object
    manifest: S3Object
    facts: dict[str, Any]  # for the ledger: bucket, key, version, etag, size, sha256, delivered_at, manifest


class InPlace(NamedTuple):
    """What of a delivered edit still lies where the ledger says."""

    video: ObjectFacts | None
    manifest: bool


D = TypeVar("D", bound=Document)
Source = AbstractContextManager[Iterator[bytes]]


def place_output(services: Services, drop: Drop, edit: Edit, source: Source, note: str = "") -> Placed:
    """Store a video and its manifest. Raises DeliveryFailed, and then the outbox is as it was before.

    `source` is entered once it is known where its bytes may go.
    """
    target, checked = _target(services, drop, edit), _Checked()
    metadata = {OWN_METADATA: edit.edit_id}
    with source as chunks:
        stored = services.files.upload(target.keys.video, checked.pass_on(chunks), metadata, target.replaces)
    owner = OutputOwner(edit.edit_id, stored.etag, drop.dropped_at, drop.bucket, drop.clip_key)
    services.journal.own_output(services.outbox, stored.key, owner)
    edit = _with_once(edit, _aside(drop.outbox.video, target.keys.video))
    edit = _with_once(edit, note)
    facts: dict[str, Any] = {"bucket": services.outbox, "key": stored.key, "version": stored.version}
    facts |= {"etag": stored.etag, "size": stored.size, "sha256": checked.sha256}
    facts |= {"delivered_at": round(services.clock(), 3)}
    facts["manifest"] = _write_manifest(services, drop, edit, _manifest(drop, edit, facts))
    edit = _with_once(edit, _aside(target.keys.manifest, facts["manifest"]))
    video = S3Object(bucket=services.outbox, key=stored.key, version_id=stored.version)
    return Placed(edit, video, S3Object(bucket=services.outbox, key=facts["manifest"]), facts)


def in_place(services: Services, edit: Edit) -> InPlace:
    """Look after a delivered edit's video and manifest; another object in the place of one counts as none."""
    output = edit.output or {}
    video = services.files.head(services.outbox, str(output.get("key")))
    manifest = services.files.head(services.outbox, endings.manifest_key(edit))
    mine = manifest is not None and _writer(services, manifest) == edit.edit_id
    return InPlace(video if video and video.etag == output.get("etag") else None, mine)


def restore_manifest(services: Services, drop: Drop, edit: Edit, video: ObjectFacts) -> dict[str, Any]:
    """Write the manifest of a video that lies in its place, as the delivery wrote it; give what the ledger notes."""
    output = {"delivered_at": round(video.modified, 3), **(edit.output or {})}  # 0.1.0 did not note the moment
    output["version"] = video.version  # another one of the same bytes, where a run that put both back broke off
    manifest = _manifest(edit.carried_drop, edit, output)
    return {**output, "manifest": _write_manifest(services, drop, edit, manifest)}


def write_first(
    services: Services,
    names: Iterable[str],
    may_replace: Callable[[ObjectFacts], bool],
    text: str,
    metadata: dict[str, str],
) -> str | None:
    """Write a document under the first of the names that is free or may be replaced; give that name, None if there is
    none. Somebody may change what lies there between the look and the write: then look again.
    """
    for key in names:
        for _ in range(LOOKS):
            there = services.files.head(services.outbox, key)
            if there and not may_replace(there):
                break
            if services.files.write_json(services.outbox, key, text, metadata, there.etag if there else None):
                return key
    return None


def unmarked(services: Services, there: ObjectFacts, kind: type[D]) -> D | None:
    """Read the document in an object that carries no mark, for release 0.1.0 left such; None where it is of no such
    kind."""
    if there.size > UNMARKED_BYTES:
        return None
    from pydantic import TypeAdapter  # most functions never meet such a file, and pydantic is slow to import

    try:
        return TypeAdapter(kind).validate_json(
            services.files.read(services.outbox, there.key, there.version, UNMARKED_BYTES)
        )
    except ValueError:  # pydantic's errors are such
        return None


def _names(drop: Drop, edit: Edit) -> list[OutboxKeys]:
    """The names that an output may have, the clip's own first."""
    return [drop.outbox, *(outbox_keys(drop.clip_key, edit.edit_id[:length]) for length in (8, 16))]


def _target(services: Services, drop: Drop, edit: Edit) -> Target:
    """The clip's own name if there is nothing, or an older output of this clip; else a name of its own. Video and
    manifest go together: a foreign manifest takes the name, too.
    """
    for keys in _names(drop, edit):
        video = services.files.head(services.outbox, keys.video)
        if video and video.metadata.get(OWN_METADATA) == edit.edit_id:
            return Target(keys, video.etag)  # an earlier run broke off; its manifest may still be written, or aside
        there = [facts for facts in (video, services.files.head(services.outbox, keys.manifest)) if facts]
        if all(_may_replace(services, drop, edit, facts) for facts in there):
            return Target(keys, video.etag if video else None)
    raise DeliveryFailed("objects of somebody else lie at every name that this output may have")


def _may_replace(services: Services, drop: Drop, edit: Edit, there: ObjectFacts) -> bool:
    """True for this edit's own object, and for that of an older drop of the same clip. Nothing else is replaced."""
    writer = _writer(services, there)
    if writer == edit.edit_id:
        return True
    owner = _owner(services, there, writer) if writer else None
    if owner is None or (owner.clip_bucket, owner.clip_key) != (drop.bucket, drop.clip_key):
        return False
    return owner.dropped_at <= drop.dropped_at


def _owner(services: Services, there: ObjectFacts, writer: str) -> OutputOwner | None:
    """Whose object it is, by the row about it, or else by the edit that wrote it: the row is of another object where
    a run broke off before it could write it, it names no clip where 0.1.0 wrote it, and a manifest has none."""
    owner = services.journal.output_owner(services.outbox, there.key)
    recorded = owner if owner and owner.etag == there.etag else None
    if recorded and recorded.clip_key:
        return recorded
    edit = services.ledger.edit(writer)
    if edit is None:
        return None
    dropped_at = recorded.dropped_at if recorded else edit.drop.dropped_at
    return OutputOwner(writer, there.etag, dropped_at, edit.drop.bucket, edit.drop.clip_key)


def _writer(services: Services, there: ObjectFacts) -> str:
    """The edit that an object of the outbox was written for, by its mark; "" where somebody else wrote it.

    Release 0.1.0 marked no manifests, and the ledger does not know where those lie. They are known by what they say.
    """
    mark = there.metadata.get(OWN_METADATA, "")
    if mark or not there.key.endswith(".manifest.json"):
        return mark if len(mark) <= LONGEST_ID else ""
    manifest = unmarked(services, there, Manifest)
    if manifest is None or manifest_beside(manifest.output.video.key) != there.key:
        return ""
    if len(manifest.edit_id) > LONGEST_ID:
        return ""
    edit = services.ledger.edit(manifest.edit_id)
    return edit.edit_id if edit and (edit.output or {}).get("manifest") != there.key else ""


def _write_manifest(services: Services, drop: Drop, edit: Edit, manifest: Manifest) -> str:
    """Write it beside the video, or, if somebody put a file there meanwhile, under a name of the edit's own."""
    names = [manifest_beside(manifest.output.video.key), *(keys.manifest for keys in _names(drop, edit)[1:])]
    own, text = {OWN_METADATA: edit.edit_id}, manifest.as_file()
    key = write_first(services, names, lambda there: _may_replace(services, drop, edit, there), text, own)
    if key is None:
        raise DeliveryFailed("objects of somebody else lie at every name that the manifest may have")
    return key


def _manifest(drop: Drop, edit: Edit, output: dict[str, Any]) -> Manifest:
    video = S3Object(bucket=output["bucket"], key=output["key"], version_id=output["version"])
    delivered_at = iso(output["delivered_at"])
    return Manifest(
        edit_id=edit.edit_id,
        drop_id=drop.drop_id,
        source=endings.source(drop, edit.clip),
        request=edit.request,
        request_id=str(edit.request_id),
        attempt=edit.attempt,
        cost=endings.cost(edit),
        times=Times(
            submitted_at=iso(edit.submitted_at), completed_at=iso(edit.completed_at), delivered_at=delivered_at
        ),
        output=Output(video=video, size=output["size"], sha256=output["sha256"]),
        warnings=edit.warnings,
    )


def _aside(usual: str, key: str) -> str:
    """The warning that something lies under another name than its usual one; "" where it does not."""
    there, here = printable(usual), printable(key)
    taken = f"the name {there} was taken by somebody else, by another clip or by a newer drop; look for {here}"
    return taken if key != usual else ""


def _with_once(edit: Edit, warning: str) -> Edit:
    return edit.with_warning(warning) if warning and warning not in edit.warnings else edit


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
        if wrong := walker.what_is_wrong():
            raise DeliveryFailed(f"the result is not a whole video: {wrong}")
        self.sha256 = hasher.hexdigest()
