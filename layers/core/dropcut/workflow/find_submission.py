"""A submission whose outcome is unknown: read the ledger, then look for it in the provider's history. Never sends."""

from __future__ import annotations

from dataclasses import replace

from dropcut.domain.decisions import OnSubmit, on_submit
from dropcut.domain.errors import ProviderUnreadable
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Cause, Delay, Drop, Edit, HistoryRow, State
from dropcut.domain.pauses import MAX_UNREADABLE, SEARCHES
from dropcut.domain.recognition import candidates, is_ours
from dropcut.ports import Services
from dropcut.workflow.delays import delay_edit
from dropcut.workflow.submit_edit import accept

MAX_RETURNS = 3  # times that a provably unsent submission goes back to submit_edit at once; then it pauses
BROKE_OFF = "the step that sends it broke off before it sent anything"


def find_submission(services: Services, drop: Drop, edit_id: str, before: Generation) -> Generation:
    """Return the account of the submission that was found, or of the looking for it (`looking`, `not_found`), or what
    follows from its having never been sent (`not_sent`, `delayed`, `failed`).

    It must run only when submit_edit can no longer be alive: the state machine waits longer than that function may run.
    """
    edit = services.ledger.edit(edit_id)
    step = on_submit(edit, drop.drop_id) if edit else OnSubmit.LEAVE
    if edit is None or step is OnSubmit.LEAVE:
        return before.afresh(edit_id, Outcome.LEFT)
    if step is OnSubmit.GO_ON:
        return before.submitted(edit, services.first_wait_seconds)
    if step is OnSubmit.UNKNOWN:
        return _search(services, edit, before)
    patience = replace(before.patience, returns=before.patience.returns + 1)
    return _send_back(services, drop, edit, replace(before, patience=patience))


def _send_back(services: Services, drop: Drop, edit: Edit, before: Generation) -> Generation:
    """Let submit_edit try again, for as long as it would wait for room: the ledger proves that nothing was sent."""
    if before.patience.returns <= MAX_RETURNS:
        return before.afresh(edit.edit_id, Outcome.NOT_SENT)
    if edit.state is State.RESERVED:  # while it pauses, others may have its money and its slot
        services.ledger.close_unpaid(edit, BROKE_OFF, services.clock())
    why = f"{BROKE_OFF}, each time for seven days; nothing is wrong with the files"
    waits = delay_edit(services, drop, edit.edit_id, Delay.BROKEN_OFF, why, before, cause=Cause.NOT_THE_FILES)
    return waits or before.afresh(edit.edit_id, Outcome.FAILED)


def _search(services: Services, edit: Edit, before: Generation) -> Generation:
    searches, unreadable = before.searches, before.unreadable
    rows: list[HistoryRow] = []
    try:
        rows = services.provider.search(edit.sent_at or services.clock())
    except ProviderUnreadable:
        unreadable += 1  # a search that saw nothing does not count as one
    else:
        # Sent minutes ago, so its row is among the newest, wherever the pages end; and pages may overlap.
        found = {row.request_id for row in rows if is_ours(row, edit)}
        if len(found) == 1:
            return before.submitted(accept(services, edit, found.pop()), services.first_wait_seconds)
        searches += 1
    over = searches > len(SEARCHES) or unreadable > MAX_UNREADABLE
    if over and (alike := candidates(rows, edit)):  # for the person who is told now
        services.ledger.advance(edit, edit.state, services.clock(), candidates=alike)
    pause = SEARCHES[min(max(searches, 1), len(SEARCHES)) - 1]
    outcome = Outcome.NOT_FOUND if over else Outcome.LOOKING
    return before.afresh(edit.edit_id, outcome, wait_seconds=pause, searches=searches, unreadable=unreadable)
