"""A submission whose outcome is unknown: read the ledger, then look for it in the provider's history. Never sends."""

from __future__ import annotations

from typing import Any

from dropcut.errors import ProviderUnreadable
from dropcut.identity import mark
from dropcut.model import Drop, Edit, State
from dropcut.ports import Services
from dropcut.waiting import LOOKS, MAX_UNREADABLE_LOOKS
from dropcut.workflow.submit_edit import accept, generation

MAX_RETURNS = 3  # times that a provably unsent submission goes back to submit_edit


def find_submission(services: Services, drop: Drop, edit_id: str, before: dict[str, Any]) -> dict[str, Any]:
    """Gives `$.generation`; outcome `submitted` (adopted), `not_sent`, `looking`, `not_found`, `failed` or `left`.

    It must run only when submit_edit can no longer be alive: the state machine waits longer than that function may run.
    """
    edit = services.ledger.edit(edit_id)
    if edit is None or (edit.attempt and edit.owner != drop.drop_id):
        return {"outcome": "left", "edit_id": edit_id}
    tries = int(before.get("tries", 0))
    if edit.state in (State.SUBMITTED, State.COMPLETED):
        return generation(edit, services.first_wait_seconds, tries)
    if edit.state in (State.PREPARED, State.RESERVED):
        returns = int(before.get("returns", 0)) + 1
        outcome = "not_sent" if returns <= MAX_RETURNS else "failed"
        return {**before, "outcome": outcome, "returns": returns, "tries": tries}
    if edit.state is not State.SUBMITTING:
        return {"outcome": "failed", "edit_id": edit_id}
    return _look(services, edit, before, tries)


def _look(services: Services, edit: Edit, before: dict[str, Any], tries: int) -> dict[str, Any]:
    looks, unreadable = int(before.get("looks", 0)), int(before.get("unreadable", 0))
    try:
        found = _ours(services, edit)
    except ProviderUnreadable:
        unreadable += 1  # a look that saw nothing does not count as one
    else:
        if len(found) == 1:
            return generation(accept(services, edit, found[0]), services.first_wait_seconds, tries)
        looks += 1
    over = looks > len(LOOKS) or unreadable > MAX_UNREADABLE_LOOKS
    counts = {"edit_id": edit.edit_id, "looks": looks, "unreadable": unreadable, "tries": tries}
    return {"outcome": "not_found" if over else "looking", "wait_seconds": LOOKS[min(looks, len(LOOKS)) - 1], **counts}


def _ours(services: Services, edit: Edit) -> list[str]:
    """Request ids whose `video_url` has this attempt's path. Nothing else makes a row ours: two edits may be alike."""
    path = mark(edit.edit_id, edit.attempt, "")
    rows = services.provider.search(edit.sent_at or services.clock())
    return [row.request_id for row in rows if path in row.video_url_path]
