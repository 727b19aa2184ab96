"""Nothing was sent, and later it may be: note what an edit waits for, say so once, and end it after too long."""

from __future__ import annotations

from typing import Any

from dropcut.domain.decisions import OnSubmit, on_submit
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Cause, Delay, Drop, Limits
from dropcut.domain.patience import LONGEST_PAUSE, longest_delay, next_try, worth_telling
from dropcut.notifications import updates
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services


def delay_edit(
    services: Services,
    drop: Drop,
    edit_id: str,
    delay: Delay,
    why: str,
    before: Generation,
    *,
    limits: Limits | None = None,
    cause: Cause | None = None,
) -> Generation | None:
    """Return the account of an edit that waits (`delayed`, `delayed_news` or `left`), or None at the end of its
    patience: then `why` is the row's reason, and `cause` its cause.
    """
    edit, now, patience = services.ledger.edit(edit_id), services.clock(), before.patience
    if edit is None or not edit.is_of(drop) or on_submit(edit, drop.drop_id) is not OnSubmit.OPEN_ATTEMPT:
        return before.afresh(edit_id, Outcome.LEFT)
    waited = patience.waited(delay)
    if waited >= longest_delay(delay, limits):
        services.ledger.withdraw(edit, why, now, tell=True, cause=cause)
        return None
    edit = services.ledger.delay(edit, delay, now)
    pause = next_try(patience.delays + 1, drop.drop_id, LONGEST_PAUSE.get(delay, 600))
    telling = str(delay) not in patience.told and worth_telling(delay, waited)
    patience = patience.after(delay, pause, telling=telling)
    again: dict[str, Any] = {"wait_seconds": pause, "delayed_by": str(delay), "patience": patience}
    if not telling:
        return before.afresh(edit_id, Outcome.DELAYED, **again)
    notice = as_notice(updates.delayed(edit, drop, delay, limits))
    return before.afresh(edit_id, Outcome.DELAYED_NEWS, notice=notice.as_json(), **again)
