"""An edit ended badly: settle the ledger by what is known about the money, write the error file, compose a message."""

from __future__ import annotations

import json
from typing import Any

from dropcut.domain.decisions import on_failure
from dropcut.domain.model import Cause, Drop, Edit, Ending, Notice, State
from dropcut.domain.text import quote
from dropcut.intake.problem import Problem
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services
from dropcut.workflow.error_files import leave_error_file

THROTTLED = "Lambda.TooManyRequestsException"
TURNED_AWAY = (
    "Lambda turned one of its functions away for about a week, as too many ran at once; nothing is wrong with the files"
)


def report_failure(services: Services, drop: Drop, edit_id: str | None, error: dict[str, Any]) -> dict[str, Any]:
    """Return `$.ending` with the edit's status, FAILED where there is no edit. Entered twice, it says the same."""
    status, notice = end_badly(services, drop, edit_id, error)
    return Ending.FAILED.document(notice, status=str(status))


def end_badly(services: Services, drop: Drop, edit_id: str | None, error: dict[str, Any]) -> tuple[State, Notice]:
    """Do it for the state machine or for an execution that is gone, and return what is to be sent."""
    known = services.ledger.edit(edit_id) if edit_id else None
    edit = known if known and known.is_of(drop) else None  # another drop's edit: this one bought nothing
    if edit and edit.notice:  # an earlier run of this step has said it
        return edit.state, edit.notice
    paid_before = edit is None and known is not None and known.state is State.DELIVERED
    status, (reason, cause) = on_failure(edit), _reason(edit, error)
    words: dict[str, Any] = {"cause": cause, "stack": services.stack, "paid_before": paid_before}
    body = endings.failed(drop, edit, status, reason, services.outbox, **words)
    problem = Problem("drop", drop.clip_key, reason, endings.FIX)
    text = endings.error_file(body, drop, edit.clip if edit else None, [problem]).as_file()
    body = leave_error_file(services, drop, body, text, edit.edit_id if edit else "")
    return status, _write(services, drop, edit, status, as_notice(body, cause), reason=reason, cause=cause)


def _reason(edit: Edit | None, error: dict[str, Any]) -> tuple[str, Cause | None]:
    """Return what the ledger knows, which is more than an error's name; of a stopped one both are told."""
    said = in_words(error)
    if edit is None or not edit.reason:
        return said, Cause.NOT_THE_FILES if is_throttled(error) else None
    return f"{said}; before that, {edit.reason}" if error.get("Said") else edit.reason, edit.cause


def is_throttled(error: dict[str, Any]) -> bool:
    """True where Lambda turned a function away until the state machine gave up."""
    return not error.get("Said") and error.get("Error") == THROTTLED


def _write(
    services: Services,
    drop: Drop,
    edit: Edit | None,
    status: State,
    notice: Notice,
    *,
    reason: str,
    cause: Cause | None,
) -> Notice:
    """Close what is open, and write the end with its message."""
    now = services.clock()
    if edit is None:
        return services.journal.tell_end(drop, str(status), notice, now)
    if edit.state is State.RESERVED:
        edit = services.ledger.close_unpaid(edit, reason, now, cause)
    return services.ledger.end(edit, status, notice, now, reason=reason, cause=cause)


def in_words(error: dict[str, Any]) -> str:
    """What Step Functions caught (`Error`, `Cause`), or what is `Said` already, as one sentence without secrets."""
    if error.get("Said"):
        return quote(error["Said"])
    name, cause = str(error.get("Error") or ""), str(error.get("Cause") or "")
    if is_throttled(error):
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
