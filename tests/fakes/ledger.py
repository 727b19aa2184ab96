"""A ledger in memory with the rules of the real one; the contract tests hold both to the same exam."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from dropcut.adapters.dynamodb.table import doubt_key, edit_key
from dropcut.domain.dates import day_of
from dropcut.domain.errors import LedgerConflict, LimitReached
from dropcut.domain.model import Cause, Delay, Edit, Limits, Notice, State
from dropcut.domain.pauses import next_recheck
from dropcut.domain.resolutions import Decision, Resolution, changes
from dropcut.ports import Resolved


@dataclass
class DoubtRow:
    """An edit in doubt: `kind` is DOUBT while it is looked for, NOTICE while a message is unsent, "" after."""

    looks: int
    due: float
    kind: str = "DOUBT"
    notice: Notice | None = None


FRESH: dict[str, Any] = dict.fromkeys(
    (
        *("sent_at", "request_id", "submitted_at", "completed_at", "charged_usd", "reason", "output", "notice"),
        *("vouched_by", "cause"),
        *("delayed_since", "delayed_by", "event_id", "notified_at"),
    )
) | {"candidates": ()}


class FakeLedger:
    """`money` is what the days' counters say: day -> reserved, charged, attempts."""

    def __init__(self, *edits: Edit) -> None:
        self.edits = {edit.edit_id: edit for edit in edits}
        self.touched: dict[str, float] = {}
        self.withdrawn: set[str] = set()  # out of the sweep, without a message
        self.places: set[str] = set()
        self.doubts: dict[str, DoubtRow] = {}
        self.audits: dict[tuple[str, float], dict[str, Any]] = {}
        self.attempts: dict[tuple[str, int], dict[str, Any]] = {}
        self.money: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))

    def edit(self, edit_id: str) -> Edit | None:
        return self.edits.get(edit_id)

    def prepare(self, edit: Edit, now: float) -> None:
        known = self.edits.get(edit.edit_id)
        if known and known.state not in (State.PREPARED, State.FAILED):
            raise LedgerConflict("the edit was moved by somebody else")
        if known:  # what attempts left behind stays, but not how the last one ended
            unsaid = {f.name for f in fields(edit) if getattr(edit, f.name) is None}
            stays = {"state", "attempt"} | unsaid - {
                *("reason", "cause", "output", "notice", "event_id", "notified_at", "delayed_since", "delayed_by")
            }
            edit = replace(edit, **{name: getattr(known, name) for name in stays})
        edit = replace(edit, owner=edit.drop.drop_id, execution="")
        self._put(edit, now)

    def reserve(self, edit: Edit, owner: str, limits: Limits, now: float) -> Edit:
        known, number, day = self.edits.get(edit.edit_id), edit.attempt + 1, day_of(now)
        if not known or (known.state, known.attempt) != (edit.state, edit.attempt) or known.event_id:
            raise LedgerConflict("the edit was moved by somebody else")
        if (edit.edit_id, number) in self.attempts:
            raise LedgerConflict("the edit was moved by somebody else")
        if self.money[day]["committed_usd"] + edit.estimated_usd > limits.usd_per_day:
            raise LimitReached(Delay.DAY_LIMIT)
        if edit.edit_id not in self.places and len(self.places) >= limits.in_flight:
            raise LimitReached(Delay.IN_FLIGHT_LIMIT)
        self.places.add(edit.edit_id)
        self.attempts[edit.edit_id, number] = {"owner": owner}
        usd = edit.estimated_usd
        self._count(day, committed_usd=usd, reserved_usd=usd, attempts=Decimal(1))
        opened = {"state": State.RESERVED, "attempt": number, "owner": owner, "reserved_day": day}
        opened["execution"] = known.execution if owner == known.owner else ""
        return self._put(replace(known, **{**FRESH, **opened}), now)

    def delay(self, edit: Edit, why: Delay, now: float) -> Edit:
        since = edit.delayed_since if why.goes_on(edit.delayed_by) else None
        return self._put(replace(self._untold(edit), delayed_by=why, delayed_since=since or round(now, 3)), now)

    def withdraw(self, edit: Edit, reason: str, now: float, *, tell: bool, cause: Cause | None = None) -> Edit:
        if edit.state not in (State.PREPARED, State.FAILED):
            raise ValueError(f"an edit that is {edit.state} has an attempt to close first")
        fresh: dict[str, Any] = {"state": State.FAILED, "delayed_by": None, "delayed_since": None}
        moved = self._put(replace(self._untold(edit), reason=reason, cause=cause, **fresh), now)
        self.withdrawn |= set() if tell else {edit.edit_id}
        return moved

    def advance(self, edit: Edit, to: State, now: float, **facts: Any) -> Edit:
        if "reason" in facts:
            facts = {"cause": None, **facts}
        moved = self._put(replace(self._same(edit), state=to, **facts), now)
        if to is State.IN_DOUBT:
            self.doubts[edit.edit_id] = DoubtRow(0, now + next_recheck(0))
        return moved

    def complete(self, edit: Edit, charged_usd: Decimal | None, now: float) -> Edit:
        known = self._same(edit, "charged_usd")
        if charged_usd is not None and edit.charged_usd is None:
            self._replace_reservation(known, charged_usd)
        charged = edit.charged_usd if charged_usd is None else charged_usd
        self._close(edit, "COMPLETED")
        self.places.discard(edit.edit_id)
        completed_at = edit.completed_at or round(now, 3)
        return self._put(replace(known, state=State.COMPLETED, charged_usd=charged, completed_at=completed_at), now)

    def close_unpaid(self, edit: Edit, reason: str, now: float, cause: Cause | None = None) -> Edit:
        known = self._same(edit, "charged_usd")
        if edit.charged_usd is None:
            self._replace_reservation(known, Decimal(0))
        self._close(edit, reason)
        self.places.discard(edit.edit_id)
        return self._put(replace(known, state=State.FAILED, reason=reason, cause=cause), now)

    def end(self, edit: Edit, to: State, notice: Notice, now: float, **facts: Any) -> Notice:
        notice = replace(notice, row=edit_key(edit.edit_id))
        self.advance(edit, to, now, **notice.unsent(), **facts)
        self.places.discard(edit.edit_id)
        return notice

    def resolve(self, edit: Edit, resolution: Resolution, notice: Notice | None = None) -> Resolved:
        after, known = resolution.applied_to(edit), self._same(edit, "event_id")
        goes_on = resolution.verdict is Decision.ADOPT
        if not goes_on:
            notice = replace(resolution.require(notice), row=edit_key(edit.edit_id))
            after = replace(after, **notice.unsent())
        elif notice:
            notice = replace(notice, row=doubt_key(edit.edit_id))
        moved = replace(known, **{name: now for name, (_, now) in changes(edit, after).items()})
        if (edit.edit_id, resolution.at) in self.audits:
            raise LedgerConflict("the edit was moved by somebody else")
        self.audits[edit.edit_id, resolution.at] = resolution.audit(edit, after)
        if edit.state is State.IN_DOUBT:
            told = notice if goes_on else None
            self.doubts[edit.edit_id] = DoubtRow(0, resolution.at, "NOTICE" if told else "", told)
        if goes_on:
            self.places.add(edit.edit_id)
            return Resolved(self._put(moved, resolution.at), notice)
        self.places.discard(edit.edit_id)
        self._close(edit, str(moved.reason))
        if resolution.verdict is Decision.NOT_BILLED and edit.charged_usd is None:
            self._replace_reservation(known, Decimal(0))
        return Resolved(self._put(moved, resolution.at), notice)

    def _same(self, edit: Edit, *also: str) -> Edit:
        """The row, if it is what was read: state, attempt, owner, and what is named."""
        known = self.edits.get(edit.edit_id)
        if not known or any(
            getattr(known, name) != getattr(edit, name) for name in ("state", "attempt", "owner", *also)
        ):
            raise LedgerConflict("the edit was moved by somebody else")
        return known

    def _untold(self, edit: Edit) -> Edit:
        known = self._same(edit)
        if known.event_id:
            raise LedgerConflict("the edit was moved by somebody else")
        return known

    def _put(self, edit: Edit, now: float) -> Edit:
        warnings, alike = tuple(edit.warnings), tuple(edit.candidates)  # facts carry JSON
        self.edits[edit.edit_id] = replace(edit, warnings=warnings, candidates=alike)
        self.touched[edit.edit_id] = now
        self.withdrawn.discard(edit.edit_id)
        return self.edits[edit.edit_id]

    def _replace_reservation(self, edit: Edit, charged: Decimal) -> None:
        usd = {"committed_usd": charged - edit.estimated_usd, "reserved_usd": -edit.estimated_usd}
        self._count(edit.reserved_day, charged_usd=charged, **usd)

    def _count(self, day: str, **amounts: Decimal) -> None:
        for name, amount in amounts.items():
            self.money[day][name] += amount

    def _close(self, edit: Edit, outcome: str) -> None:
        self.attempts.setdefault((edit.edit_id, edit.attempt), {})["outcome"] = outcome
