"""A submission whose outcome is unknown: read the ledger, then look for it in the provider's history. Never sends."""

from __future__ import annotations

from typing import Any

from dropcut.decisions import OnSubmit, on_submit
from dropcut.errors import ProviderUnreadable
from dropcut.model import Drop, Edit, HistoryRow
from dropcut.ports import Services
from dropcut.resemblance import candidates, is_ours
from dropcut.waiting import MAX_UNREADABLE, SEARCHES
from dropcut.workflow.submit_edit import accept, generation

MAX_RETURNS = 3  # times that a provably unsent submission goes back to submit_edit


def find_submission(services: Services, drop: Drop, edit_id: str, before: dict[str, Any]) -> dict[str, Any]:
    """Gives `$.generation`; outcome `submitted` (adopted), `not_sent`, `looking`, `not_found`, `failed` or `left`.

    It must run only when submit_edit can no longer be alive: the state machine waits longer than that function may run.
    """
    edit = services.ledger.edit(edit_id)
    step = on_submit(edit, drop.drop_id) if edit else OnSubmit.LEAVE
    if edit is None or step is OnSubmit.LEAVE:
        return {"outcome": "left", "edit_id": edit_id}
    tries = int(before.get("tries", 0))
    if step is OnSubmit.ADOPT:
        return generation(edit, services.first_wait_seconds, tries)
    if step is OnSubmit.UNKNOWN:
        return _search(services, edit, before, tries)
    returns = int(before.get("returns", 0)) + 1  # the ledger proves that nothing was sent
    outcome = "not_sent" if returns <= MAX_RETURNS else "failed"
    return {**before, "outcome": outcome, "edit_id": edit_id, "returns": returns, "tries": tries}


def _search(services: Services, edit: Edit, before: dict[str, Any], tries: int) -> dict[str, Any]:
    searches, unreadable = int(before.get("searches", 0)), int(before.get("unreadable", 0))
    rows: list[HistoryRow] = []
    try:
        rows = services.provider.search(edit.sent_at or services.clock())
    except ProviderUnreadable:
        unreadable += 1  # a search that saw nothing does not count as one
    else:
        found = {row.request_id for row in rows if is_ours(row, edit)}  # pages may overlap
        if len(found) == 1:
            return generation(accept(services, edit, found.pop()), services.first_wait_seconds, tries)
        searches += 1
    over = searches > len(SEARCHES) or unreadable > MAX_UNREADABLE
    if over and (alike := candidates(rows, edit)):  # for the person who is told now
        services.ledger.advance(edit, edit.state, services.clock(), candidates=alike)
    counts = {"edit_id": edit.edit_id, "searches": searches, "unreadable": unreadable, "tries": tries}
    pause = SEARCHES[min(max(searches, 1), len(SEARCHES)) - 1]
    return {"outcome": "not_found" if over else "looking", "wait_seconds": pause, **counts}
