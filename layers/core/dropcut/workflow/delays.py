"""Nothing was sent, and later it may be: note what an edit waits for, say so once, and end it after too long."""

from __future__ import annotations

from typing import Any

from dropcut.domain.decisions import OnSubmit, on_submit
from dropcut.domain.model import Delay, Drop, Limits
from dropcut.domain.pauses import LONGEST_PAUSE, Patience, longest_delay, next_try, worth_telling
from dropcut.notifications import progress
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services


def put_off(
    services: Services,
    drop: Drop,
    edit_id: str,
    delay: Delay,
    why: str,
    before: dict[str, Any],
    *,
    limits: Limits | None = None,
) -> dict[str, Any] | None:
    """Gives `$.generation` of an edit that waits (`delayed`, `delayed_news` or `left`), or None at the end of its
    patience: then `why` is the row's reason. `before` is what `$.generation` was.
    """
    edit, now, patience = services.ledger.edit(edit_id), services.clock(), Patience.of(before)
    if edit is None or not edit.is_of(drop) or on_submit(edit, drop.drop_id) is not OnSubmit.OPEN_ATTEMPT:
        return {"outcome": "left", "edit_id": edit_id}
    waited = patience.waited(delay)
    if waited >= longest_delay(delay, limits.credit_wait_hours if limits else 0):
        services.ledger.withdraw(edit, why, now, tell=True)
        return None
    edit = services.ledger.delay(edit, delay, now)
    pause = next_try(patience.delays + 1, drop.drop_id, LONGEST_PAUSE.get(delay, 600))
    telling = str(delay) not in patience.told and worth_telling(delay, waited)
    patience = patience.after(delay, pause, telling=telling)
    again = {"edit_id": edit_id, "tries": int(before.get("tries", 0)), "wait_seconds": pause, "delayed_by": delay}
    again["patience"] = patience.as_json()
    # What the functions of 0.1.0 read, should the stack be rolled back to them.
    again |= {"told": patience.told[-1] if patience.told else None, "delays": patience.delays}
    again["delayed_seconds"] = patience.waited(delay)
    if not telling:
        return {"outcome": "delayed", **again}
    notice = as_notice(progress.delayed(edit, drop, delay, limits))
    return {"outcome": "delayed_news", **again, "notice": notice.as_json()}
