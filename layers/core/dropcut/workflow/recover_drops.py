"""Look through the whole inbox for files whose announcement was lost. Never buys what was there before the stack."""

from __future__ import annotations

from collections import defaultdict

from dropcut import news
from dropcut.identity import is_clip, is_sidecar
from dropcut.notices import Notice
from dropcut.pairing import Pair, pairs_of, search_prefix
from dropcut.ports import Services
from dropcut.workflow.start_edit import start_edit, start_pairs

ANNOUNCED_WITHIN = 15 * 60  # seconds; younger files are left to their own announcement


def recover_drops(services: Services) -> dict[str, int]:
    """Gives how many recent pairs were looked at, and how many were left alone. Safe to run at any time and again.

    A pair that was handled before is not started again: its execution has had that name for 90 days.
    """
    now, active = services.clock(), services.journal.active_since()
    since = max(active, now - 3600 * services.sweep_window_hours)
    recent, left_alone = 0, 0
    pairs, alone = _found(services)
    for pair, uploaded in pairs:
        if since <= uploaded <= now - ANNOUNCED_WITHIN:
            start_pairs(services, services.inbox, pair[0])
            recent += 1
        elif uploaded < active:
            left_alone += 1
    if left_alone and not services.journal.was_told("LEFT_ALONE"):
        body = news.left_alone(services.inbox, left_alone, active)
        services.topic.publish(Notice(pk="STACK", sk="TOLD#LEFT_ALONE", body=body).as_json())
        services.journal.note_told("LEFT_ALONE", now)  # after it was sent: told twice has one id, not told has none
    for key, uploaded in alone:
        if since <= uploaded <= now - ANNOUNCED_WITHIN:
            start_edit(services, services.inbox, key)  # which notes that it waits; what is noted stays as it is
    return {"recent": recent, "left_alone": left_alone}


def _found(services: Services) -> tuple[list[tuple[Pair, float]], list[tuple[str, float]]]:
    """Every complete pair of the inbox, and when the later of its halves was uploaded; and every half that is alone."""
    together: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for key, uploaded in services.files.listing(services.inbox):
        if is_clip(key) or is_sidecar(key):
            together[search_prefix(key)][key] = uploaded
    pairs, alone = [], []
    for files in together.values():
        found = [pair for clip in filter(is_clip, files) for pair in pairs_of(clip, list(files))]
        pairs += [(pair, max(files[key] for key in pair)) for pair in found]
        paired = {key for pair in found for key in pair}
        alone += [(key, uploaded) for key, uploaded in files.items() if key not in paired]
    return pairs, alone
