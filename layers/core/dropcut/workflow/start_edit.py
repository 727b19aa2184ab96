"""An upload was announced: find its other half and start one execution for the pair."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from dropcut.domain.dates import day_of
from dropcut.domain.keys import is_clip, is_nameless, is_sidecar
from dropcut.domain.model import UNVERSIONED, Drop, Half, ObjectFacts
from dropcut.domain.pairing import pairs_of
from dropcut.notifications import updates
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services
from dropcut.workflow.inbox import drop_of, names_like
from dropcut.workflow.outputs import OWN_METADATA


class Pairs(NamedTuple):
    """What became of the pairs that a file is part of."""

    started: list[str]  # their drop ids
    left_alone: list[str]  # files that S3 keeps no versions of


def start_edit(services: Services, bucket: str, key: str) -> dict[str, list[str]]:
    """Start what `key` completes. Repeated, reordered and late announcements end in the same executions.

    S3 is strongly consistent, so of two halves uploaded at once at least one announcement sees both.
    """
    if not (is_clip(key) or is_sidecar(key) or is_nameless(key)):
        return {"started": [], "waiting": []}
    pairs = start_pairs(services, bucket, key)
    if any(pairs):
        return {"started": pairs.started, "waiting": []}
    facts = services.files.head(bucket, key)
    if facts is None or OWN_METADATA in facts.metadata:
        return {"started": [], "waiting": []}
    if facts.version == UNVERSIONED:
        _leave_alone(services, bucket, key)
        return {"started": [], "waiting": []}
    services.journal.wait_for_partner(Half(bucket=bucket, key=key, version=facts.version, since=services.clock()))
    pairs = start_pairs(services, bucket, key)  # the partner may have come while the row was written
    return {"started": pairs.started, "waiting": [] if any(pairs) else [key]}


def start_pairs(services: Services, bucket: str, key: str) -> Pairs:
    """Start every complete pair that `key` is part of."""
    pairs = Pairs([], [])
    if is_nameless(key):
        return pairs
    for clip_key, sidecar_key in pairs_of(key, names_like(services.files, bucket, key)):
        clip, sidecar = services.files.head(bucket, clip_key), services.files.head(bucket, sidecar_key)
        if not clip or not sidecar or OWN_METADATA in clip.metadata:
            continue
        unversioned = [facts.key for facts in (clip, sidecar) if facts.version == UNVERSIONED]
        if unversioned:
            _leave_alone(services, bucket, unversioned[0])
            pairs.left_alone.extend(unversioned)
        else:
            pairs.started.append(_start(services, drop_of(bucket, clip, sidecar), clip, sidecar))
    return pairs


def is_understood(services: Services, bucket: str, clip_key: str, sidecar_key: str) -> bool:
    """True for a pair whose execution has read it: nothing about its start can be lost any more."""
    clip, sidecar = services.files.head(bucket, clip_key), services.files.head(bucket, sidecar_key)
    row = services.journal.drop(drop_of(bucket, clip, sidecar)) if clip and sidecar else None
    return bool(row and row.outcome)


def _start(services: Services, drop: Drop, clip: ObjectFacts, sidecar: ObjectFacts) -> str:
    dropped_before = services.journal.record_drop(drop, services.clock())
    if dropped_before:  # somebody replaces files: leave them time to replace both halves
        drop = replace(drop, settle_seconds=services.settle_seconds)
    services.executions.start(drop)
    for facts in (clip, sidecar):
        half = Half(bucket=drop.bucket, key=facts.key, version=facts.version, since=services.clock())
        services.journal.stop_waiting(half)
    return drop.drop_id


def _leave_alone(services: Services, bucket: str, key: str) -> None:
    """Say, once a day, that the bucket keeps no versions. A file could change under a running edit, and a new upload
    would have the name of the old drop, so nothing is started.
    """
    now = services.clock()
    told = f"VERSIONING#{day_of(now)}"
    if services.journal.was_told(told) or not services.journal.claim_telling(told, now):
        return  # many files may come at once
    try:
        services.topic.publish(as_notice(updates.unversioned(bucket, key, day_of(now))))
    except Exception:
        services.journal.release_telling(told)  # for the next file, or for this one when it is announced again
        raise
