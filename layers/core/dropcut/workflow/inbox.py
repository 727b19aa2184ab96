"""What lies in the inbox now, where the files of a drop were: the same pair, a newer one, or less than a pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dropcut.domain.identity import drop_id
from dropcut.domain.model import UNVERSIONED, Drop, ObjectFacts
from dropcut.domain.pairing import search_prefix, sidecar_of, usual_names
from dropcut.ports import Files, Services
from dropcut.workflow.outputs import OWN_METADATA

MOST_NAMES = 5_000  # that begin alike: five requests to S3; a sequence of pictures may be named like its clip


def names_like(files: Files, bucket: str, key: str) -> list[str]:
    """The keys that begin like this one. Where there are too many, the usual names are asked for one by one, so that
    no crowd of other files hides a pair.
    """
    keys = files.keys(bucket, search_prefix(key), most=MOST_NAMES)
    if len(keys) < MOST_NAMES:
        return keys
    there = set(keys)
    hidden = [name for name in usual_names(key) if name not in there]
    return keys + [name for name in hidden if files.head(bucket, name)]


def drop_of(bucket: str, clip: ObjectFacts, sidecar: ObjectFacts) -> Drop:
    """The arrival of these two files, at these versions."""
    versions: dict[str, Any] = {
        "bucket": bucket,
        "clip_key": clip.key,
        "clip_version": clip.version,
        "sidecar_key": sidecar.key,
        "sidecar_version": sidecar.version,
    }
    return Drop(drop_id=drop_id(**versions), dropped_at=max(clip.modified, sidecar.modified), **versions)


class FileChanges(NamedTuple):
    """`newer` is the drop that took this one's place. It has an execution of its own, which speaks for it."""

    newer: Drop | None
    gone: tuple[str, ...]  # keys of files that were deleted


def changed_files(services: Services, drop: Drop, keys: Sequence[str]) -> FileChanges:
    """Compare the current versions with the drop's. `keys` are those of `names_like`.

    A sidecar that comes first takes the place of the drop's own. Where a file is gone there is no newer pair, and where
    an older version is back, or a sidecar that came second counts now, the drop's own was deleted. A pair that is on
    record has its execution, whatever else was deleted.
    """
    files = services.files
    sidecar_key = sidecar_of(drop.clip_key, keys) or drop.sidecar_key
    clip, sidecar = (files.head(drop.bucket, key) for key in (drop.clip_key, sidecar_key))
    if clip is None or sidecar is None:
        there = [facts.key for facts in (clip, sidecar) if facts]
        return FileChanges(None, tuple(key for key in (drop.clip_key, sidecar_key) if key not in there))
    is_same_sidecar = (sidecar_key, sidecar.version) == (drop.sidecar_key, drop.sidecar_version)
    same = {drop.clip_key: clip.version == drop.clip_version, drop.sidecar_key: is_same_sidecar}
    if all(same.values()):
        return FileChanges(None, ())
    other = drop_of(drop.bucket, clip, sidecar)
    starts = OWN_METADATA not in clip.metadata and UNVERSIONED not in (clip.version, sidecar.version)
    if starts and other.dropped_at >= drop.dropped_at:
        if not (deleted := _deleted(files, drop, sidecar_key)) or services.journal.drop(other):
            return FileChanges(other, ())
        return FileChanges(None, deleted)
    return FileChanges(None, tuple(key for key, is_same in same.items() if not is_same))


def _deleted(files: Files, drop: Drop, sidecar_key: str) -> tuple[str, ...]:
    """The drop's own files that were not replaced: a version, or the sidecar where another one counts now."""
    gone = [] if files.head(drop.bucket, drop.clip_key, drop.clip_version) else [drop.clip_key]
    kept = files.head(drop.bucket, drop.sidecar_key, drop.sidecar_version if sidecar_key == drop.sidecar_key else None)
    return tuple(gone if kept else [*gone, drop.sidecar_key])
