"""A submission whose outcome is unknown: read the ledger, then look for it in the provider's history. Never sends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dropcut.domain.decisions import NOT_THE_FILES, OnSubmit, on_submit
from dropcut.domain.errors import ProviderUnreadable
from dropcut.domain.model import Delay, Drop, Edit, HistoryRow, State
from dropcut.domain.pauses import MAX_UNREADABLE, SEARCHES, Patience
from dropcut.domain.recognition import candidates, is_ours
from dropcut.ports import Services
from dropcut.workflow.delays import put_off
from dropcut.workflow.submit_edit import accept, generation

MAX_RETURNS = 3  # times that a provably unsent submission goes back to submit_edit at once; then it pauses
BROKE_OFF = "the step that sends it broke off before it sent anything"


def find_submission(services: Services, drop: Drop, edit_id: str, before: dict[str, Any]) -> dict[str, Any]:
    """Gives `$.generation`; outcome `submitted` (adopted), `not_sent`, `delayed`, `delayed_news`, `looking`,
    `not_found`, `failed` or `left`.

    It must run only when submit_edit can no longer be alive: the state machine waits longer than that function may run.
    """
    edit = services.ledger.edit(edit_id)
    step = on_submit(edit, drop.drop_id) if edit else OnSubmit.LEAVE
    if edit is None or step is OnSubmit.LEAVE:
        return {"outcome": "left", "edit_id": edit_id}
    tries, patience = int(before.get("tries", 0)), Patience.of(before)
    if step is OnSubmit.ADOPT:
        return generation(edit, services.first_wait_seconds, tries, patience)
    if step is OnSubmit.UNKNOWN:
        return _search(services, edit, before, tries)
    patience = replace(patience, returns=patience.returns + 1)
    return _send_back(services, drop, edit, tries, patience)


def _send_back(services: Services, drop: Drop, edit: Edit, tries: int, patience: Patience) -> dict[str, Any]:
    """The ledger proves that nothing was sent: submit_edit tries again, for as long as it would wait for room."""
    account = {"edit_id": edit.edit_id, "tries": tries, "patience": patience.as_json()}
    if patience.returns <= MAX_RETURNS:
        return {"outcome": "not_sent", **account}
    if edit.state is State.RESERVED:  # while it pauses, others may have its money and its place
        services.ledger.close_unpaid(edit, BROKE_OFF, services.clock())
    why = f"{BROKE_OFF}, each time for seven days{NOT_THE_FILES}"
    waits = put_off(services, drop, edit.edit_id, Delay.BROKEN_OFF, why, account)
    return waits or {"outcome": "failed", **account}


def _search(services: Services, edit: Edit, before: dict[str, Any], tries: int) -> dict[str, Any]:
    patience = Patience.of(before)
    searches, unreadable = int(before.get("searches", 0)), int(before.get("unreadable", 0))
    rows: list[HistoryRow] = []
    try:
        rows = services.provider.search(edit.sent_at or services.clock())
    except ProviderUnreadable:
        unreadable += 1  # a search that saw nothing does not count as one
    else:
        found = {row.request_id for row in rows if is_ours(row, edit)}  # pages may overlap
        if len(found) == 1:
            accepted = accept(services, edit, found.pop())
            return generation(accepted, services.first_wait_seconds, tries, patience)
        searches += 1
    over = searches > len(SEARCHES) or unreadable > MAX_UNREADABLE
    if over and (alike := candidates(rows, edit)):  # for the person who is told now
        services.ledger.advance(edit, edit.state, services.clock(), candidates=alike)
    counts = {"edit_id": edit.edit_id, "searches": searches, "unreadable": unreadable}
    counts |= {"tries": tries, "patience": patience.as_json()}
    pause = SEARCHES[min(max(searches, 1), len(SEARCHES)) - 1]
    return {"outcome": "not_found" if over else "looking", "wait_seconds": pause, **counts}
