"""An execution ended by itself, by time or by hand: what it left open gets a record, an error file and a message.

The net below the net: a state machine cannot catch its own time-out, an abort, or States.Runtime.
"""

from __future__ import annotations

import json
from typing import Any

from dropcut.domain.errors import NotADrop
from dropcut.domain.model import Drop, Edit, State
from dropcut.intake.execution_input import drop_in
from dropcut.ports import Services
from dropcut.workflow.report_failure import end_badly, message_in

WORDS = {
    "ABORTED": "its execution was stopped by hand",
    "TIMED_OUT": "its execution took longer than the state machine allows",
    "FAILED": "its execution broke off",
    "GONE": "its execution is gone",
}


STILL_SENDING = 150  # seconds; an execution may be stopped while submit_edit waits for the answer to its POST


def settle_execution(
    services: Services, drop: Drop, edit_id: str | None, ended: str, cause: str = "", execution: str = ""
) -> str:
    """Settle what an announced ending left open; return the status that was told, or "" if there is nothing to tell.

    `ended` is the announced status; `edit_id` is needed where the execution began with an edit, and so is its name.
    Announcements come late and twice, and a person may have redriven the execution since: it is asked after first. Its
    status lags as well, so an ending may be taken for a run; then the sweep settles it after a quarter of an hour.
    """
    if services.executions.status(execution or drop.drop_id) in ("RUNNING", "SUCCEEDED"):
        return ""
    return settle(services, drop, edit_id, ended, cause, execution)


def settle(
    services: Services, drop: Drop, edit_id: str | None, ended: str, cause: str = "", execution: str = ""
) -> str:
    """Do the same for an execution that is known not to run; safe to call again, and late."""
    row = services.journal.drop(drop)
    if edit_id is None and row is not None:
        if row.outcome not in ("", "EDIT", "PUT_BACK"):
            return ""  # refused, unchanged, superseded ...: said, or in the sweep's hands
        edit_id = row.edit_id
    edit = services.ledger.edit(edit_id) if edit_id else None
    if edit and edit.state is State.SUBMITTING and services.clock() - (edit.sent_at or 0) < STILL_SENDING:
        return ""  # its answer may be about to be written; the sweep comes when that is over
    restoring = row is not None and row.outcome == "PUT_BACK"  # of an edit that ended long ago
    if edit and not restoring and _is_in_other_hands(edit, drop, execution):
        return ""
    said = WORDS.get(ended, WORDS["FAILED"]) + (f": {cause}" if cause else "")
    status, notice = end_badly(services, drop, edit_id, {"Said": said})
    services.topic.publish(notice)
    services.journal.notice_sent(notice, services.clock())
    return str(status)


def _is_in_other_hands(edit: Edit, drop: Drop, execution: str) -> bool:
    """Its end was written with its message, another drop's execution carries it, or one of another name since."""
    others = not edit.is_of(drop) or edit.execution not in ("", execution or drop.drop_id)
    return bool(edit.notice) or others


def began_with_a_drop(detail: dict[str, Any]) -> bool:
    """False for an execution that was started by hand with something else: it did nothing, and says so itself."""
    try:
        drop_in(json.loads(detail.get("input") or "null"))
    except (ValueError, NotADrop):
        return False
    return True


def from_status_change(detail: dict[str, Any]) -> tuple[Drop, str | None, str, str]:
    """The drop, the edit that the execution began with, its status and its cause, of EventBridge's `detail`.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    document = json.loads(detail["input"])
    cause = ": ".join(said for said in (detail.get("error"), message_in(detail.get("cause"))) if said)
    return drop_in(document), document.get("edit", {}).get("edit_id"), str(detail["status"]), cause
