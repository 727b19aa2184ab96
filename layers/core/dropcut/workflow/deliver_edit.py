"""Copy a finished video into the outbox, whole or not at all, and then write its manifest."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from dropcut.domain.errors import DeliveryFailed, LedgerConflict, ProviderUnreadable, ResultExpired
from dropcut.domain.model import Drop, Edit, Ending, State
from dropcut.domain.pauses import RESULT_LIVES
from dropcut.domain.text import quote
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services
from dropcut.workflow.error_files import remove_error_files
from dropcut.workflow.outputs import place_output

WORTH_A_NOTE = 0.01  # US dollars by which the charge is above the estimate


def deliver_edit(services: Services, drop: Drop, edit_id: str) -> dict[str, Any]:
    """Return `$.ending`: where the output lies, and the notice. Entered twice, it leaves one object, one manifest."""
    edit = services.ledger.edit(edit_id)
    if edit is None:
        raise LookupError(f"there is no edit {edit_id} in the ledger")
    if edit.state is State.DELIVERED and edit.notice and edit.output:
        return Ending.DELIVERED.document(edit.notice, output_key=edit.output["key"])
    try:
        url, edit = _result(services, edit)
        placed = place_output(services, drop, _with_drift(edit), services.results.open(url))
        remove_error_files(services, drop, edit_id)
    except DeliveryFailed as failure:
        if services.clock() - (edit.completed_at or services.clock()) < RESULT_LIVES:
            _note(services, edit_id, str(failure))
            raise
        over = f"the provider kept the result for seven days, and they are over: {failure}"
        _note(services, edit_id, over)
        raise ResultExpired(over) from None
    except Exception as error:
        _note(services, edit_id, quote(f"{type(error).__name__}: {error}"))
        raise
    edit = placed.edit
    notice = as_notice(endings.delivered(edit, drop, placed.video, placed.manifest))
    facts = {"output": placed.facts, "warnings": list(edit.warnings), "reason": None}
    notice = services.ledger.end(edit, State.DELIVERED, notice, services.clock(), **facts)
    money = endings.cost(edit)
    usd = {"estimated_usd": money.estimated_usd, "charged_usd": money.charged_usd}
    return Ending.DELIVERED.document(notice, output_key=placed.video.key, **usd)


def _note(services: Services, edit_id: str, reason: str) -> None:
    """Why it is not delivered yet, for whoever asks; the next try does not depend on it."""
    edit = services.ledger.edit(edit_id)
    if edit and edit.state is State.COMPLETED:
        with suppress(LedgerConflict):
            services.ledger.advance(edit, State.COMPLETED, services.clock(), reason=reason)


def _result(services: Services, edit: Edit) -> tuple[str, Edit]:
    """The result's address, asked for anew each time (it is never stored), and the charge if it was not known yet."""
    try:
        progress = services.provider.result(str(edit.request_id))
    except ProviderUnreadable:
        progress = None
    if progress is None or not progress.result_url:
        try:
            progress = services.provider.past(str(edit.request_id))
        except ProviderUnreadable as error:
            raise DeliveryFailed(f"the result's address could not be read: {error}") from None
    if progress is None or not progress.result_url:
        raise DeliveryFailed("the provider does not say where the result is")
    if edit.charged_usd is None and progress.charged_usd is not None:
        edit = services.ledger.complete(edit, progress.charged_usd, services.clock())
    return progress.result_url, edit


def _with_drift(edit: Edit) -> Edit:
    """A charge above the estimate is noted: prices change without notice. Below it is usual, since it is rounded up."""
    if edit.drift_usd is None or edit.drift_usd <= WORTH_A_NOTE:
        return edit
    return edit.with_warning(
        f"the provider charged ${edit.charged_usd:.3f}; the estimate was ${edit.estimated_usd:.3f}"
    )
