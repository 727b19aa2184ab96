"""An edit ended badly: settle the ledger by what is known about the money, write the error file, compose a message."""

from __future__ import annotations

import json
from typing import Any

from dropcut.adapters.dynamodb.table import drop_key, edit_key
from dropcut.domain.decisions import NOT_THE_FILES, on_failure
from dropcut.domain.model import Drop, Edit, Ending, State
from dropcut.domain.text import quote
from dropcut.intake.sidecar import Problem
from dropcut.notifications import endings
from dropcut.notifications.envelope import Notice
from dropcut.ports import Services
from dropcut.workflow.error_files import leave_error_file

THROTTLED = "Lambda.TooManyRequestsException"
TURNED_AWAY = f"Lambda turned one of its functions away for about a week, as too many ran at once{NOT_THE_FILES}"


def report_failure(services: Services, drop: Drop, edit_id: str | None, error: dict[str, Any]) -> dict[str, Any]:
    """Return `$.ending` with the status (FAILED, IN_DOUBT or UNDELIVERED) and the notice. Entered twice, it says the
    same.
    """
    known = services.ledger.edit(edit_id) if edit_id else None
    others = known is not None and not known.is_of(drop)  # this drop bought nothing
    edit, paid_before = (None if others else known), bool(others and known and known.state is State.DELIVERED)
    status, reason = on_failure(edit), _reason(edit, error)
    if edit and edit.notice:  # an earlier run of this step has said it
        return {"how": Ending.FAILED, "status": str(edit.state), "notice": json.loads(edit.notice)}
    body = endings.failed(drop, edit, status, reason, services.outbox, stack=services.stack, paid_before=paid_before)
    problem = Problem("drop", drop.clip_key, reason, endings.FIX)
    text = endings.error_file(body, drop, edit.clip if edit else None, [problem]).as_file()
    body = leave_error_file(services, drop, body, text, edit.edit_id if edit else "")
    key = edit_key(edit.edit_id) if edit else drop_key(drop)
    notice = Notice(**key, body=body)
    _settle(services, drop, edit, status, reason, notice)
    return {"how": Ending.FAILED, "status": str(status), "notice": notice.as_json()}


def _reason(edit: Edit | None, error: dict[str, Any]) -> str:
    """What the ledger knows, which is more than an error's name; of a stopped one both are told."""
    known, said = edit.reason if edit else None, in_words(error)
    return f"{said}; before that, {known}" if known and error.get("Said") else known or said


def _settle(services: Services, drop: Drop, edit: Edit | None, status: State, reason: str, notice: Notice) -> None:
    now = services.clock()
    if edit is None:
        services.journal.end_drop(drop, str(status), now, notice=notice)
        return
    if edit.state is State.RESERVED:
        edit = services.ledger.close_unpaid(edit, reason, now)
    services.ledger.end(edit, status, notice, now, reason=reason)


def in_words(error: dict[str, Any]) -> str:
    """What Step Functions caught (`Error`, `Cause`), or what is `Said` already, as one sentence without secrets."""
    if error.get("Said"):
        return quote(error["Said"])
    name, cause = str(error.get("Error") or ""), str(error.get("Cause") or "")
    if name == THROTTLED:
        return TURNED_AWAY
    message = message_in(cause)
    message = "" if message == cause else message  # a service's own words are no sentence for a person
    if not name:
        return "the edit could not be finished"
    return quote(f"{name}: {message}" if message else f"an internal step failed ({name})")


def message_in(cause: str | None) -> str:
    """What a function's error says, of the JSON that Lambda makes of it; any other cause as it is."""
    try:
        return str(json.loads(cause or "").get("errorMessage") or "")
    except (ValueError, AttributeError):
        return cause or ""
