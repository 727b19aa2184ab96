"""An execution ended by itself, by time or by hand: what it left open gets a record, an error file and a message.

The net below the net: a state machine cannot catch its own time-out, an abort, or States.Runtime.
"""

from __future__ import annotations

import json
from typing import Any

from dropcut.model import Drop
from dropcut.ports import Services
from dropcut.workflow.report_failure import report_failure

WORDS = {
    "ABORTED": "its execution was stopped by hand",
    "TIMED_OUT": "its execution took longer than the state machine allows",
    "FAILED": "its execution broke off",
    "GONE": "its execution is gone",
}


def settle_execution(
    services: Services, drop: Drop, edit_id: str | None, ended: str, cause: str = "", execution: str = ""
) -> str:
    """Gives the status that was told, or "" where everything had been said. Safe to call again, and late.

    `ended` is the execution's status; `edit_id` is needed where the execution began with an edit, and so is its name.
    """
    row = services.journal.drop(drop)
    if edit_id is None and row is not None:
        if row.outcome not in ("", "EDIT"):
            return ""  # refused, unchanged, superseded ...: said, or in the sweep's hands
        edit_id = row.edit_id
    edit = services.ledger.edit(edit_id) if edit_id else None
    if edit and (edit.notice or edit.owner not in ("", drop.drop_id)):
        return ""  # its end was written with its message, or another drop's execution carries it
    if edit and edit.execution not in ("", execution or drop.drop_id):
        return ""  # it was taken up again since, by an execution of another name
    why = json.dumps({"errorMessage": cause}) if cause else ""
    failure = report_failure(services, drop, edit_id, {"Error": WORDS.get(ended, WORDS["FAILED"]), "Cause": why})
    services.topic.publish(failure["notice"])
    services.journal.notice_sent(failure["notice"], services.clock())
    return str(failure["status"])


def from_status_change(detail: dict[str, Any]) -> tuple[Drop, str | None, str, str]:
    """The drop, the edit that the execution began with, its status and its cause, of EventBridge's `detail`.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    document = json.loads(detail["input"])
    cause = ": ".join(str(detail[name]) for name in ("error", "cause") if detail.get(name))
    return Drop.from_json(document["drop"]), document.get("edit", {}).get("edit_id"), str(detail["status"]), cause
