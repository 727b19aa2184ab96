"""Runs by the clock: halves that wait get one notice, pairs that are complete are started, unsent messages are sent."""

from __future__ import annotations

from dropcut import messages
from dropcut.identity import SIDECAR_SUFFIX, is_clip, split
from dropcut.model import Half
from dropcut.pairing import nearest_name
from dropcut.ports import Services
from dropcut.table import wait_key
from dropcut.workflow.start_edit import start_pairs

UNSENT_AFTER = 3600  # seconds; the state machine tries that long to send a message itself


def sweep_drops(services: Services) -> dict[str, int]:
    """Gives how many halves were told of, pairs started and messages sent. Safe to run at any time and again."""
    now = services.clock()
    told = started = sent = 0
    for half in services.journal.halves_waiting(now - 60 * services.half_wait_minutes):
        if start_pairs(services, half.bucket, half.key):
            started += 1
        else:
            told += _tell(services, half)
    for notice in services.journal.unsent_notices(now - UNSENT_AFTER):
        services.topic.publish(notice)
        services.journal.notice_sent(notice["pk"], notice["sk"], services.clock())
        sent += 1
    return {"told": told, "started": started, "sent": sent}


def _tell(services: Services, half: Half) -> int:
    facts = services.files.head(half.bucket, half.key)
    if facts is None or facts.version != half.version:  # deleted, or replaced: that version has a row of its own
        services.journal.half_noticed(half, services.clock())
        return 0
    keys = services.files.keys(half.bucket, split(half.key).folder, folder_only=True)
    body = messages.waiting(half, _missing(half.key), nearest_name(half.key, keys))
    services.topic.publish(messages.Notice(**wait_key(half.bucket, half.key), body=body).as_json())
    services.journal.half_noticed(half, services.clock())
    return 1


def _missing(key: str) -> str:
    """The partner's possible names, in words."""
    if is_clip(key):
        return f"a sidecar: {split(key).stem}{SIDECAR_SUFFIX} or {split(key).name}{SIDECAR_SUFFIX}"
    stem = split(key).stem
    return f"a clip: {stem}" if is_clip(stem) else f"a clip: {stem}.mp4 or {stem}.mov"
