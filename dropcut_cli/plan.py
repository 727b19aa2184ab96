"""What a resolution would write, as a value, or why it is refused. Pure: every rule of `dropcut resolve` is here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dropcut.decisions import has_no_result
from dropcut.documents import iso
from dropcut.model import OPEN, Drop, Edit, HistoryRow, State
from dropcut.redaction import printable
from dropcut.resemblance import marked
from dropcut.resolutions import ALLOWED, Resolution, Verdict, changes
from dropcut.table import attempt_key, audit_key, day_key, edit_key
from dropcut_cli.refused import Refused

LONGEST_NOTE, LONGEST_ID = 500, 200  # characters


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was typed."""

    verdict: Verdict
    request_id: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was looked up for it."""

    who: str
    now: float
    execution: str = ""  # a name that no execution has yet
    running: bool = False  # the execution that carried the edit has not ended
    holders: frozenset[str] = frozenset()  # edits that have this request
    row: HistoryRow | None = None  # what the provider's history has under the request id
    known: bool | None = None  # whether the provider knows the request at all; None where it could not be asked


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An edit as it was shown, and what becomes of it."""

    edit: Edit
    resolution: Resolution
    evidence: str = ""

    @property
    def after(self) -> Edit:
        return self.resolution.applied_to(self.edit)

    @property
    def drop(self) -> Drop:
        """What the new execution is given: the edit as its owner's, for the ledger asks who comes."""
        return self.edit.drop.owned_by(self.edit.owner)

    def lines(self) -> list[str]:
        """What would be written, row by row."""
        edit, resolution = self.edit, self.resolution
        audit = audit_key(edit.edit_id, resolution.at)
        lines = [f"In one transaction, only if the edit is still {edit.state} in attempt {edit.attempt}:"]
        lines += [f"  {_row(edit_key(edit.edit_id))}"]
        lines += [
            f"    {name}: {_shown(old)} -> {_shown(new)}" for name, (old, new) in changes(edit, self.after).items()
        ]
        if resolution.verdict is Verdict.ADOPT:
            lines += ["    sweep, sweep_at: none -> EDIT, now"]
        lines += [f"  {_row(audit)}", f"    {json.dumps(resolution.audit(edit), ensure_ascii=True, default=str)}"]
        lines += self._counters()
        if resolution.verdict is Verdict.ADOPT:
            document = {"drop": self.drop.as_json(), "edit": {"edit_id": edit.edit_id}}
            lines += [f"Then an execution {resolution.execution} is started with:", f"  {json.dumps(document)}"]
        return lines + ([self.evidence] if self.evidence else [])

    def _counters(self) -> list[str]:
        edit = self.edit
        if self.resolution.verdict is Verdict.ADOPT:
            return [f"  FLIGHT: {edit.edit_id} takes a place"]
        lines = [
            f"  {_row(attempt_key(edit.edit_id, edit.attempt))}",
            f"    outcome, closed_at: {_shown(self.after.reason)}, now",
        ]
        lines += [f"  FLIGHT: {edit.edit_id} has no place"]
        if self.resolution.verdict is Verdict.NOT_BILLED:
            lines += [
                f"  {_row(day_key(edit.reserved_day))}",
                f"    reserved_usd, committed_usd: -{edit.estimated_usd}",
            ]
        return lines


def plan_resolution(edit: Edit, wish: Wish, facts: Facts) -> Plan:
    """The plan, or Refused."""
    request_id = request_for(edit, wish)
    evidence = _evidence(edit, request_id, facts) if request_id else ""
    resolution = Resolution(
        verdict=wish.verdict,
        who=facts.who,
        at=round(facts.now, 3),
        note=printable(wish.note),
        request_id=request_id or None,
        execution=facts.execution if request_id else "",
    )
    return Plan(edit=edit, resolution=resolution, evidence=evidence)


def request_for(edit: Edit, wish: Wish) -> str:
    """The request to adopt, "" for another verdict. Refused where the edit itself speaks against the wish."""
    if edit.state not in ALLOWED[wish.verdict]:
        raise Refused(_why_not(edit, wish.verdict))
    if edit.notice is None:
        raise Refused(f"It has only just become {edit.state}, and its message is not written yet. Wait a minute.")
    if len(wish.note) > LONGEST_NOTE:
        raise Refused(f"The note has {len(wish.note)} characters; {LONGEST_NOTE} are the most.")
    return _wanted(edit, wish.request_id) if wish.verdict is Verdict.ADOPT else ""


def _wanted(edit: Edit, typed: str) -> str:
    """What was typed, or what the provider itself once answered."""
    known = edit.request_id or ""
    if has_no_result(edit):
        raise Refused(f"The provider failed request {known}, yet charged for it: there is no result to deliver.")
    if known and typed not in ("", known):
        raise Refused(f"The provider accepted this attempt as request {known}; {printable(typed)} is another one.")
    if not (known or typed):
        alike = f" Perhaps one of these: {', '.join(edit.candidates)}." if edit.candidates else ""
        raise Refused(f"Which request? Name it: --adopt REQUEST_ID.{alike}")
    if len(typed) > LONGEST_ID or not typed.isprintable() or " " in typed:
        raise Refused(f"That is no request id: they are one word of at most {LONGEST_ID} characters.")
    return typed or known


def _evidence(edit: Edit, request_id: str, facts: Facts) -> str:
    """What speaks for the request, in words. Refused where something speaks against it."""
    named = marked(facts.row) if facts.row else None
    others = sorted(facts.holders - {edit.edit_id})
    if others:
        raise Refused(f"Request {request_id} belongs to another edit: {', '.join(others)}.")
    if facts.running:
        raise Refused("The execution that carried this edit has not ended yet. Try again when it has.")
    if facts.known is False:
        raise Refused(f"The provider knows no request {request_id}. Its rows may land hours late: try again then.")
    if named and named != (edit.edit_id, edit.attempt):
        raise Refused(f"Request {request_id} was sent for edit {named[0]}, attempt {named[1]}: its video_url says so.")
    if named:
        return "Confirmed by the provider's history: the request's video_url has this attempt's path."
    if facts.known is None:
        return "Not confirmed: the provider could not be asked about the request."
    return "Not confirmed: the provider knows the request, but shows no path to recognise it by." + _looks(facts.row)


def _looks(row: HistoryRow | None) -> str:
    if row is None:
        return ""
    return f" It was made {iso(row.created_at) or 'at an unknown time'} with the prompt {json.dumps(row.prompt[:80])}."


def _why_not(edit: Edit, verdict: Verdict) -> str:
    if edit.state is State.UNDELIVERED:
        accepted = f"The provider accepted this edit as request {edit.request_id}"
        return f"{accepted}, so --{verdict} is not for it: --adopt or --give-up."
    if edit.state in OPEN:
        return f"The edit is {edit.state}: it goes on by itself, and there is nothing to resolve."
    unpaid = "nothing was paid; drop the files again to try it anew."
    reasons = {
        State.PREPARED: "it was never sent.",
        State.FAILED: unpaid,
        State.DELIVERED: "its output lies in the outbox.",
        State.ABANDONED: f'somebody gave up on it. "rerun": {edit.rerun + 1} in the sidecar buys it again.',
    }
    return f"The edit is {edit.state}: {reasons[edit.state]}"


def _row(key: dict[str, str]) -> str:
    return f"{key['pk']} {key['sk']}"


def _shown(value: Any) -> str:
    """A value on one line; a message that goes is only named."""
    if value is None or value == "":
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return printable(text if len(text) <= 160 else text[:157] + "...")
