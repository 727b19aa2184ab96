"""What is known of one edit, or of all that are open, delayed or held, as a document for people and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from dropcut.adapters.dynamodb.table import Row, edit_from, plain
from dropcut.domain.dates import day_of, iso
from dropcut.domain.decisions import has_no_result
from dropcut.domain.model import HELD, OPEN, Delay, Edit, Limits, State
from dropcut.notifications.endings import to_type
from dropcut.notifications.updates import why_delayed
from dropcut_cli.errors import Refused
from dropcut_cli.stack import ExecutionStatus

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EditStatus:
    """What was gathered about an edit; `as_json` is what `dropcut status EDIT --json` prints."""

    stack: str
    edit: Edit
    attempts: list[Row]
    audits: list[Row]
    execution: ExecutionStatus
    limits: Limits
    now: float
    others: tuple[str, ...] = ()
    doubt: Row = field(default_factory=dict)

    def as_json(self) -> Document:
        edit = self.edit
        return {
            "edit_id": edit.edit_id,
            "state": str(edit.state),
            "reason": edit.reason,
            "cause": edit.cause,
            "clip": {"bucket": edit.drop.bucket, "key": edit.drop.clip_key, **asdict(edit.clip)},
            "request": edit.request,
            "rerun": edit.rerun,
            "drop_id": edit.owner or edit.drop.drop_id,
            "money": money(edit),
            "attempts": [_attempt(row, edit) for row in self.attempts],
            "request_id": edit.request_id,
            "candidates": list(edit.candidates),
            "waits_for": self.waits_for(),
            "looked_for": self.looked_for(),
            "execution": self.execution._asdict(),
            "output": edit.output,
            "message": _message(edit),
            "audit": [_audit(row) for row in self.audits],
            "other_edits_of_this_clip": list(self.others),
            "next": next_steps(edit, self.stack),
        }

    def waits_for(self) -> Document | None:
        """The limit that leaves no room, with its value, and since when; None for what does not wait."""
        edit = self.edit
        if not waits(edit):
            return None
        known = edit.delayed_by in list(Delay)  # a later version may know more reasons
        why, to_do = why_delayed(Delay(str(edit.delayed_by)), self.limits) if known else (str(edit.delayed_by), "")
        return {"limit": edit.delayed_by, "since": iso(edit.delayed_since), "why": why, "to_do": to_do}

    def looked_for(self) -> Document | None:
        """How often an edit in doubt was looked for again, and when it will be; None for what is not looked for."""
        if self.doubt.get("sweep") != "DOUBT":
            return None
        return {"times": int(self.doubt.get("looks", 0)), "again_at": iso(_seconds(self.doubt.get("sweep_at")))}


def status_of(rows: list[Row], **known: Any) -> EditStatus:
    """From all rows of an edit's partition."""
    by_kind: dict[str, list[Row]] = {"EDIT": [], "ATTEMPT": [], "AUDIT": []}
    for row in rows:
        by_kind.setdefault(row["sk"].partition("#")[0], []).append(row)
    if not by_kind["EDIT"]:
        raise Refused("That edit is not in the ledger.")
    kinds: Row = {"attempts": by_kind["ATTEMPT"], "audits": by_kind["AUDIT"]}
    return EditStatus(edit=edit_from(by_kind["EDIT"][0]), **kinds, **known)


def overview(edits: list[Edit], slots: set[str], counted: Row, limits: Limits, now: float) -> Document:
    """What `dropcut status --json` prints: edits that are not over, the dollars of the day, the slots in use."""
    flying = {edit.edit_id for edit in edits if edit.state in OPEN}
    count = {name: float(counted.get(f"{name}_usd", 0)) for name in ("committed", "charged", "reserved")}
    return {
        "edits": [_line(edit, now) for edit in edits],
        "today": {"day": day_of(now), "limit_usd": float(limits.usd_per_day), **count},
        "spending_enabled": limits.spending,
        "in_flight": {"limit": limits.in_flight, "places": len(slots), "leaked": sorted(slots - flying)},
    }


def _line(edit: Edit, now: float) -> Document:
    since = edit.delayed_since if waits(edit) else edit.sent_at or edit.drop.dropped_at
    return {
        "edit_id": edit.edit_id,
        "state": str(edit.state),
        "held": edit.state in HELD,
        "waits_for": edit.delayed_by if waits(edit) else None,
        "seconds": round(max(0.0, now - (since or now))),
        "usd": money(edit)["counted_usd"],
        "clip": {"bucket": edit.drop.bucket, "key": edit.drop.clip_key},
    }


def waits(edit: Edit) -> bool:
    return bool(edit.delayed_by) and edit.state in (State.PREPARED, State.FAILED) and not edit.notice


def money(edit: Edit) -> Document:
    """`counted_usd` is what the limits hold to be spent: the charge, or the estimate until it is known or waived."""
    charged = None if edit.charged_usd is None else float(edit.charged_usd)
    unpaid = edit.state in (State.PREPARED, State.FAILED)
    estimate = 0.0 if unpaid else float(edit.estimated_usd)
    return {
        "estimated_usd": float(edit.estimated_usd),
        "charged_usd": charged,
        "counted_usd": estimate if charged is None else charged,
        "reserved_day": edit.reserved_day or None,
    }


def _attempt(row: Row, edit: Edit) -> Document:
    """The latest attempt's facts are on the edit until it is closed."""
    number = int(row["sk"].partition("#")[2])
    latest = number == edit.attempt
    charged, request_id = row.get("charged_usd"), row.get("request_id") or (edit.request_id if latest else None)
    return {
        "number": number,
        "opened_at": iso(_seconds(row.get("opened_at"))),
        "sent_at": iso(edit.sent_at) if latest else None,
        "request_id": request_id,
        "outcome": row.get("outcome"),
        "closed_at": iso(_seconds(row.get("closed_at"))),
        "charged_usd": None if charged is None else float(charged),
        "drop_id": row.get("owner"),
    }


def _audit(row: Row) -> Document:
    return {"at": row["sk"].partition("#")[2], **{name: plain(row.get(name)) for name in _AUDITED}}


_AUDITED = ("who", "what", "note", "before", "after")


def _message(edit: Edit) -> Document | None:
    told = edit.notice
    return {"status": told.status, "event_id": told.event_id, "sent_at": edit.notified_at} if told else None


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)


def next_steps(edit: Edit, stack: str) -> list[Document]:
    """What can be typed next, and when that is right."""
    resolve = f"{to_type(stack)} resolve {edit.edit_id}"
    give_up = (f"{resolve} --give-up", "nobody will find out, and it may stay counted as spent")
    steps: dict[State, list[tuple[str, str]]] = {
        State.IN_DOUBT: [
            (f"{resolve} --adopt REQUEST_ID", "the provider's history shows that request for it"),
            (f"{resolve} --not-billed", "a day later it is still not there, and the credits did not drop"),
            give_up,
        ],
        State.UNDELIVERED: [(f"{resolve} --adopt", "what the reason names is mended, or to try it once more"), give_up],
    }
    found = [give_up] if has_no_result(edit) else steps.get(edit.state, [])
    return [{"command": command, "when": when} for command, when in found]
