"""The error file, which lies where the result would have been: written over our own only, taken away with an output."""

from __future__ import annotations

from dataclasses import replace

from dropcut.domain.identity import digest
from dropcut.domain.keys import outbox_keys
from dropcut.domain.model import Drop, ObjectFacts
from dropcut.domain.text import printable
from dropcut.notifications.schemas import ErrorFile, Notification, S3Object
from dropcut.ports import Services
from dropcut.workflow.outputs import OWN_METADATA, unmarked, write_first

DROP_METADATA = "dropcut-drop-id"  # on each error file, beside the mark of the edit where there is one


def error_keys(drop: Drop) -> tuple[str, str]:
    """The usual name of a clip's error file, and its other one where somebody else's file lies there. It is the clip's
    and not the drop's, so that the next error file replaces it and the next output takes it away."""
    distinct = digest(drop.bucket, drop.clip_key)[:8]
    return drop.outbox.error, outbox_keys(drop.clip_key, distinct).error


def leave_error_file(services: Services, drop: Drop, body: Notification, text: str, edit_id: str = "") -> Notification:
    """Write the error file, and give the message that points to it. An outbox that takes nothing, perhaps the very
    reason of the failure, keeps nobody from being told: then the message says so.
    """
    usual, aside = error_keys(drop)
    metadata = {DROP_METADATA: drop.drop_id} | ({OWN_METADATA: edit_id} if edit_id else {})
    try:
        key = write_first(services, (usual, aside), lambda there: _is_ours(services, there), text, metadata)
        why = "files of somebody else lie at both of its names"
    except Exception as error:  # noqa: BLE001 - whatever it was, the ledger and the message must not wait for it
        key, why = None, type(error).__name__
    warnings = []
    if key is None:
        warnings = [f"the error file could not be written ({why}), so this message is all there is"]
    elif key != usual:
        warnings = [f"the name {printable(usual)} was taken by somebody else; look for {printable(key)}"]
    place = S3Object(bucket=services.outbox, key=key) if key else None
    return replace(body, error=place, warnings=(*body.warnings, *warnings))


def remove_error_files(services: Services, drop: Drop, edit_id: str) -> None:
    """Take away what an output makes untrue: error files of earlier drops, and of this edit while it was held. One of
    a later drop still holds, and a foreign one is somebody else's."""
    for key in error_keys(drop):
        there = services.files.head(services.outbox, key)
        untrue = there and (there.modified <= drop.dropped_at or there.metadata.get(OWN_METADATA) == edit_id)
        if there and untrue and _is_ours(services, there):
            services.files.delete(services.outbox, key, there.etag)


def _is_ours(services: Services, there: ObjectFacts) -> bool:
    """True where it carries our mark. Release 0.1.0 marked no error file of a refused drop: it is known by its clip."""
    if there.metadata.keys() & {OWN_METADATA, DROP_METADATA}:
        return True
    found = unmarked(services, there, ErrorFile)
    return found is not None and outbox_keys(found.source.clip.key).error == there.key
