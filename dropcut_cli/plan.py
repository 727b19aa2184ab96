"""What a resolution would write, as a value, or why it is refused. Pure: every rule of `dropcut resolve` is here."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from dropcut.adapters.dynamodb.table import attempt_key, audit_key, day_key, doubt_key, edit_key
from dropcut.domain.dates import iso
from dropcut.domain.decisions import has_no_result
from dropcut.domain.model import OPEN, Drop, Edit, Notice, State
from dropcut.domain.resolutions import ALLOWED, Decision, Resolution, changes
from dropcut.domain.text import printable
from dropcut.notifications.endings import USUAL_STACK, error_file_of, resolved
from dropcut.notifications.envelope import as_notice
from dropcut.notifications.schemas import Notification
from dropcut_cli.errors import Refused
from dropcut_cli.evidence import Facts, for_not_billed, for_request, is_proven

LONGEST_NOTE, LONGEST_ID = 500, 200  # characters


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed."""

    verdict: Decision
    request_id: str = ""
    note: str = ""
    early: bool = False  # not billed, though it was sent less than a day ago


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An edit as it was shown, and what becomes of it."""

    edit: Edit
    resolution: Resolution
    outbox: str
    stack: str = USUAL_STACK
    evidence: str = ""

    @property
    def after(self) -> Edit:
        """The edit as it is then."""
        after = self.resolution.applied_to(self.edit)
        message = self.message
        return replace(after, **as_notice(message).unsent()) if message else after

    @property
    def message(self) -> Notification | None:
        """What whoever dropped the files is told, where the edit ends."""
        if self.resolution.verdict is Decision.ADOPT:
            return None
        return resolved(self.resolution.applied_to(self.edit), self.resolution.at, self.outbox, self.stack)

    @property
    def drop(self) -> Drop:
        """What the new execution is given: the edit as its owner's, for the ledger asks who comes."""
        return self.edit.carried_drop

    def lines(self) -> list[str]:
        """What would be written, row by row."""
        edit, resolution = self.edit, self.resolution
        audit = audit_key(edit.edit_id, resolution.at)
        shown = f"still {edit.state} in attempt {edit.attempt}, with the same message"
        lines = [f"In one transaction, only if the edit is {shown}:"]
        lines += [f"  {_row(edit_key(edit.edit_id))}"]
        lines += [
            f"    {name}: {_shown(name, old)} -> {_shown(name, new)}"
            for name, (old, new) in changes(edit, self.after).items()
        ]
        lines += [f"    sweep, sweep_at: {'EDIT' if resolution.verdict is Decision.ADOPT else 'NOTICE'}, now"]
        lines += [f"  {_row(audit)}", f"    who: {printable(resolution.who)}", f"    what: {resolution.verdict}"]
        lines += [
            f"    note: {_shown('note', resolution.note)}",
            "    before, after: the changes above, less the notice",
        ]
        if edit.state is State.IN_DOUBT:
            lines += [f"  {_row(doubt_key(edit.edit_id))}", "    sweep, sweep_at: none; it is not looked for any more"]
        lines += self._counters()
        if resolution.verdict is Decision.ADOPT:
            document = {"drop": self.drop.as_json(), "edit": {"edit_id": edit.edit_id}}
            lines += [f"Then an execution {resolution.execution} is started with:", f"  {json.dumps(document)}"]
        else:
            lines += [f"Then this message is sent{self._error_file()}:"]
            lines += [f"  {printable(line)}".rstrip() for line in _lines(self.after.notice)]
        return lines + ([self.evidence] if self.evidence else [])

    def _error_file(self) -> str:
        file = error_file_of(self.edit, self.drop, self.outbox)
        return f", and s3://{file.bucket}/{printable(file.key)} is rewritten, if it is this edit's" if file else ""

    def _counters(self) -> list[str]:
        edit = self.edit
        if self.resolution.verdict is Decision.ADOPT:
            return [f"  FLIGHT: {edit.edit_id} takes a slot"]
        lines = [
            f"  {_row(attempt_key(edit.edit_id, edit.attempt))}",
            f"    outcome, closed_at: {_shown('outcome', self.after.reason)}, now",
        ]
        lines += [f"  FLIGHT: {edit.edit_id} has no slot"]
        if self.resolution.verdict is Decision.NOT_BILLED and edit.charged_usd is None:
            lines += [
                f"  {_row(day_key(edit.reserved_day))}",
                f"    reserved_usd, committed_usd: -{edit.estimated_usd}",
            ]
        return lines


def plan_resolution(edit: Edit, wish: Wish, facts: Facts) -> Plan:
    """The plan, or Refused."""
    request_id = request_for(edit, wish)
    evidence = for_request(edit, request_id, facts) if request_id else ""
    if wish.verdict is Decision.NOT_BILLED:
        evidence = for_not_billed(edit, facts, early=wish.early)
    resolution = Resolution(
        verdict=wish.verdict,
        who=facts.who,
        at=round(facts.now, 3),
        note=printable(wish.note),
        request_id=request_id or None,
        execution=facts.execution if request_id else "",
        proven=bool(request_id) and is_proven(edit, facts),
    )
    return Plan(edit=edit, resolution=resolution, outbox=facts.outbox, stack=facts.stack, evidence=evidence)


def request_for(edit: Edit, wish: Wish) -> str:
    """The request to adopt, "" for another verdict. Refused where the edit itself speaks against the wish."""
    if edit.state not in ALLOWED[wish.verdict]:
        raise Refused(_why_not(edit, wish.verdict))
    if edit.notice is None:
        raise Refused(f"It has only just become {edit.state}, and its message is not written yet. Wait a minute.")
    if len(wish.note) > LONGEST_NOTE:
        raise Refused(f"The note has {len(wish.note)} characters; {LONGEST_NOTE} are the most.")
    return _wanted(edit, wish.request_id) if wish.verdict is Decision.ADOPT else ""


def _wanted(edit: Edit, typed: str) -> str:
    """What was typed, or what the provider itself once answered."""
    known = edit.request_id or ""
    if has_no_result(edit):
        raise Refused(f"The provider failed request {known}, yet charged for it: there is no result to deliver.")
    if known and typed not in ("", known) and not edit.vouched_by:  # somebody's word may be corrected
        raise Refused(f"The provider accepted this attempt as request {known}; {printable(typed)} is another one.")
    if not (known or typed):
        alike = f" Perhaps one of these: {', '.join(edit.candidates)}." if edit.candidates else ""
        raise Refused(f"Which request? Name it: --adopt REQUEST_ID.{alike}")
    if len(typed) > LONGEST_ID or not typed.isprintable() or " " in typed:
        raise Refused(f"That is no request id: they are one word of at most {LONGEST_ID} characters.")
    return typed or known


def _why_not(edit: Edit, verdict: Decision) -> str:
    if edit.state is State.UNDELIVERED:
        accepted = f"The provider accepted this edit as request {edit.request_id}"
        return f"{accepted}, so --{verdict} is not for it: --adopt or --give-up."
    if edit.state in OPEN:
        return f"The edit is {edit.state}: it goes on by itself, and there is nothing to resolve."
    unpaid = "nothing was paid; drop the files again to try once more."
    reasons = {
        State.PREPARED: "it was never sent.",
        State.FAILED: unpaid,
        State.DELIVERED: "its output lies in the outbox, so there is nothing to decide.",
        State.ABANDONED: f'somebody gave up on it. "rerun": {edit.rerun + 1} in the sidecar buys it again.',
    }
    return f"The edit is {edit.state}: {reasons[edit.state]}"


def _row(key: dict[str, str]) -> str:
    return f"{key['pk']} {key['sk']}"


def _shown(name: str, value: Any) -> str:
    """A value on one line, whole; of a message its status, for its text is shown where it is sent."""
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, Notice):
        return f"the message {value.status}"
    if name.endswith("_at") and isinstance(value, float):
        return str(iso(value))
    return printable(value if isinstance(value, str) else json.dumps(value, default=str))


def _lines(notice: Notice | None) -> list[str]:
    """What a reader of mail will get, line by line."""
    return [notice.subject, "", *notice.message["email"].rstrip("\n").split("\n")] if notice else []
