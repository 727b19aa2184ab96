"""An upload was announced: find its other half and start one execution for the pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dropcut.identity import drop_id, is_clip, is_sidecar
from dropcut.model import Drop, Half, ObjectFacts
from dropcut.outputs import OWN_METADATA
from dropcut.pairing import pairs_of, search_prefix
from dropcut.ports import Services


def start_edit(services: Services, bucket: str, key: str) -> dict[str, list[str]]:
    """Start what `key` completes. Repeated, reordered and late announcements end in the same executions.

    S3 is strongly consistent, so of two halves uploaded at once at least one announcement sees both.
    """
    if not (is_clip(key) or is_sidecar(key)):
        return {"started": [], "waiting": []}
    started = start_pairs(services, bucket, key)
    if started:
        return {"started": started, "waiting": []}
    facts = services.files.head(bucket, key)
    if facts is None or OWN_METADATA in facts.metadata:
        return {"started": [], "waiting": []}
    services.journal.wait_for_partner(Half(bucket=bucket, key=key, version=facts.version, since=services.clock()))
    started = start_pairs(services, bucket, key)  # the partner may have come while the row was written
    return {"started": started, "waiting": [] if started else [key]}


def start_pairs(services: Services, bucket: str, key: str) -> list[str]:
    """Start every complete pair that `key` is part of; gives their drop ids."""
    keys = services.files.keys(bucket, search_prefix(key))
    started = []
    for clip_key, sidecar_key in pairs_of(key, keys):
        clip, sidecar = services.files.head(bucket, clip_key), services.files.head(bucket, sidecar_key)
        if clip and sidecar and OWN_METADATA not in clip.metadata:
            started.append(_start(services, bucket, clip, sidecar))
    return started


def _start(services: Services, bucket: str, clip: ObjectFacts, sidecar: ObjectFacts) -> str:
    versions: dict[str, Any] = {
        "bucket": bucket,
        "clip_key": clip.key,
        "clip_version": clip.version,
        "sidecar_key": sidecar.key,
        "sidecar_version": sidecar.version,
    }
    drop = Drop(drop_id=drop_id(**versions), dropped_at=max(clip.modified, sidecar.modified), **versions)
    dropped_before = services.journal.record_drop(drop, services.clock())
    if dropped_before:  # somebody replaces files: leave them time to replace both halves
        drop = replace(drop, settle_seconds=services.settle_seconds)
    services.executions.start(drop)
    for facts in (clip, sidecar):
        half = Half(bucket=bucket, key=facts.key, version=facts.version, since=services.clock())
        services.journal.stop_waiting(half)
    return drop.drop_id
