"""The ledger in DynamoDB: every edit, every attempt, every dollar. Each step is a conditional write.

Steps are transactions even where one row would do: the SDK gives a transaction an idempotency token, so that a write
whose answer was lost and which the SDK repeats does not look like somebody else's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from dropcut.adapters.dynamodb.table import (
    FLIGHT_KEY,
    Row,
    attempt_key,
    attribute,
    audit_key,
    change,
    day_key,
    doubt_key,
    edit_attributes,
    edit_from,
    edit_key,
    once,
    stored,
    to_sweep,
)
from dropcut.domain.dates import day_of
from dropcut.domain.errors import LedgerConflict, LimitReached, RowBusy
from dropcut.domain.model import Cause, Delay, Edit, Limits, Notice, State
from dropcut.domain.pauses import next_recheck
from dropcut.domain.resolutions import ENDING_ATTRIBUTES, Decision, Resolution, changes
from dropcut.ports import Resolved

CONFLICT_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 3.2)  # seconds; the SDK does not repeat a cancelled transaction
SAME_ATTEMPT = "#state = :from AND #attempt = :attempt AND #owner = :owner"
DELAY_ATTRIBUTES = ("delayed_since", "delayed_by")
ATTEMPT_ATTRIBUTES = (
    *("sent_at", "request_id", "vouched_by", "submitted_at", "completed_at", "charged_usd", "candidates"),
    *(*DELAY_ATTRIBUTES, *ENDING_ATTRIBUTES),
)
KEPT_BY_PREPARE = ("state", "attempt")
NAMES = {"#state": "state", "#attempt": "attempt", "#owner": "owner"}


class DynamoLedger:
    """`table` is a boto3 Table; its client takes plain Python values, in transactions too."""

    def __init__(self, table: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table, self._sleep = table, sleep

    def edit(self, edit_id: str) -> Edit | None:
        row = self._table.get_item(Key=edit_key(edit_id), ConsistentRead=True).get("Item")
        return edit_from(row) if row else None

    def prepare(self, edit: Edit, now: float) -> None:
        row = edit_attributes(edit) | {
            "owner": edit.drop.drop_id,
            "execution": "",
        }  # this drop's execution is at it now
        first = {name: row.pop(name) for name in KEPT_BY_PREPARE}  # it stays
        known: Row = {"prepared": State.PREPARED, "failed": State.FAILED}
        update = change({**row, **to_sweep("EDIT", now)}, (*ENDING_ATTRIBUTES, *DELAY_ATTRIBUTES), first=first, **known)
        condition = "attribute_not_exists(pk) OR #state IN (:prepared, :failed)"
        once(self._table.update_item, Key=edit_key(edit.edit_id), ConditionExpression=condition, **update)

    def reserve(self, edit: Edit, owner: str, limits: Limits, now: float) -> Edit:
        day, number = day_of(now), edit.attempt + 1
        opened: Row = {"state": State.RESERVED, "attempt": number, "owner": owner, "reserved_day": day}
        attempt = {**attempt_key(edit.edit_id, number), "owner": owner, "opened_at": attribute(now)}
        known: Row = {"from": edit.state, "before": edit.attempt}
        stale = ATTEMPT_ATTRIBUTES if owner == edit.owner else (*ATTEMPT_ATTRIBUTES, "execution")
        update = change({**opened, **to_sweep("EDIT", now)}, stale, **known)
        # Whoever was told of its end was told that nothing was bought; `stale` names #event_id.
        unchanged = "#state = :from AND #attempt = :before AND attribute_not_exists(#event_id)"
        try:
            self._transact(
                {"Update": {"Key": edit_key(edit.edit_id), "ConditionExpression": unchanged, **update}},
                {"Put": {"Item": attempt, "ConditionExpression": "attribute_not_exists(pk)"}},
                {"Update": _room_in_the_day(day, edit.estimated_usd, limits)},
                {"Update": _room_in_flight(edit.edit_id, limits)},
            )
        except LedgerConflict as lost:
            over = {2: Delay.DAY_LIMIT, 3: Delay.IN_FLIGHT_LIMIT}
            if lost.writes and lost.writes <= over.keys():
                raise LimitReached(over[min(lost.writes)]) from None
            raise
        fresh: Row = dict.fromkeys(ATTEMPT_ATTRIBUTES) | {"candidates": ()}
        fresh["execution"] = edit.execution if owner == edit.owner else ""
        return replace(edit, **opened, **fresh)

    def delay(self, edit: Edit, why: Delay, now: float) -> Edit:
        since = edit.delayed_since if why.goes_on(edit.delayed_by) else None
        facts: Row = {"delayed_by": why, "delayed_since": since or round(now, 3)}
        self._transact({"Update": _while_same(self._step(edit, edit, now, facts), event_id=None)})
        return replace(edit, **facts)

    def withdraw(self, edit: Edit, reason: str, now: float, *, tell: bool, cause: Cause | None = None) -> Edit:
        if edit.state not in (State.PREPARED, State.FAILED):
            raise ValueError(f"an edit that is {edit.state} has an attempt to close first")
        facts: Row = {"reason": reason, "cause": cause, **dict.fromkeys(DELAY_ATTRIBUTES)}
        moved = replace(edit, state=State.FAILED, **facts)
        swept: Row | None = None
        if not tell:
            facts, swept = facts | dict.fromkeys(("sweep", "sweep_at")), {}
        self._transact({"Update": _while_same(self._step(edit, moved, now, facts, swept), event_id=None)})
        return moved

    def advance(self, edit: Edit, to: State, now: float, **facts: Any) -> Edit:
        facts = _with_cause(facts)
        moved = replace(edit, state=to, **facts)
        self._transact({"Update": self._step(edit, moved, now, facts)}, *_start_rechecks(moved, now))
        return moved

    def complete(self, edit: Edit, charged_usd: Decimal | None, now: float) -> Edit:
        known = edit.charged_usd if charged_usd is None else charged_usd  # a later answer may say less
        facts: Row = {"charged_usd": known, "completed_at": edit.completed_at or round(now, 3)}
        moved = replace(edit, state=State.COMPLETED, **facts)
        step = _while_same(self._step(edit, moved, now, facts), charged_usd=edit.charged_usd)
        steps = [{"Update": step}, self._close_attempt(moved, "COMPLETED", now)]
        if charged_usd is not None and edit.charged_usd is None:
            steps.append(_replace_reservation(edit, charged_usd))
        self._transact(*steps, _free_slot(edit))
        return moved

    def close_unpaid(self, edit: Edit, reason: str, now: float, cause: Cause | None = None) -> Edit:
        moved = replace(edit, state=State.FAILED, reason=reason, cause=cause)
        why: Row = {"reason": reason, "cause": cause}
        step = _while_same(self._step(edit, moved, now, why), charged_usd=edit.charged_usd)
        steps = [{"Update": step}, self._close_attempt(moved, reason, now)]
        if edit.charged_usd is None:  # else the charge has already replaced the reservation
            steps.append(_replace_reservation(edit, Decimal(0)))
        self._transact(*steps, _free_slot(edit))
        return moved

    def end(self, edit: Edit, to: State, notice: Notice, now: float, **facts: Any) -> Notice:
        notice = replace(notice, row=edit_key(edit.edit_id))
        told = {**notice.unsent(), **_with_cause(facts)}
        moved = replace(edit, state=to, **told)
        self._transact({"Update": self._step(edit, moved, now, told)}, _free_slot(edit), *_start_rechecks(moved, now))
        return notice

    def resolve(self, edit: Edit, resolution: Resolution, notice: Notice | None = None) -> Resolved:
        moved, verdict, now = resolution.applied_to(edit), resolution.verdict, resolution.at
        goes_on = verdict is Decision.ADOPT
        if not goes_on:
            notice = replace(resolution.require(notice), row=edit_key(edit.edit_id))
            moved = replace(moved, **notice.unsent())
        elif notice:
            notice = replace(notice, row=doubt_key(edit.edit_id))
        facts = {name: after for name, (_, after) in changes(edit, moved).items() if name != "state"}
        swept = to_sweep("EDIT", now) if goes_on else None  # else its message waits to be sent
        audit = {**audit_key(edit.edit_id, now), **attribute(resolution.audit(edit, moved))}
        shown = _while_same(self._step(edit, moved, now, facts, swept), event_id=edit.event_id)
        steps = [
            {"Update": shown},
            {"Put": {"Item": audit, "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Update": _take_slot(edit)} if goes_on else _free_slot(edit),
        ]
        if edit.state is State.IN_DOUBT:
            steps.append(_end_rechecks(edit, resolution, notice if goes_on else None))
        if not goes_on:
            steps.append(self._close_attempt(moved, str(moved.reason), now))
        if verdict is Decision.NOT_BILLED and edit.charged_usd is None:
            steps.append(_replace_reservation(edit, Decimal(0)))
        self._transact(*steps)
        return Resolved(moved, notice)

    def _step(self, edit: Edit, moved: Edit, now: float, facts: Row, swept: Row | None = None) -> Row:
        gone = tuple(name for name, value in facts.items() if value is None)
        values = {name: stored(value) for name, value in facts.items() if value is not None}
        known: Row = {"from": edit.state, "attempt": edit.attempt, "owner": edit.owner}
        if swept is None:
            swept = to_sweep("NOTICE" if "notice" in facts else "EDIT", now)
            if moved.state is State.DELIVERED and "notice" not in facts:  # its output was put back; it is over already
                swept = {}
        update = change({**values, "state": moved.state, **swept}, gone, **known)
        update["ExpressionAttributeNames"] |= NAMES
        return {"Key": edit_key(edit.edit_id), "ConditionExpression": SAME_ATTEMPT, **update}

    def _close_attempt(self, edit: Edit, outcome: str, now: float) -> Row:
        facts = {"outcome": outcome, "closed_at": now, "request_id": edit.request_id}
        facts |= {"charged_usd": edit.charged_usd, "drift_usd": edit.drift_usd}
        update = change({name: attribute(value) for name, value in facts.items() if value is not None})
        return {"Update": {"Key": attempt_key(edit.edit_id, edit.attempt), **update}}

    def _transact(self, *items: Row) -> None:
        for item in items:
            for action in item.values():
                action["TableName"] = self._table.name
        write = self._table.meta.client.transact_write_items
        for pause in CONFLICT_PAUSES:
            with suppress(RowBusy):  # cancelled whole, so nothing was written; many edits share the row of the day
                return once(write, TransactItems=list(items))
            self._sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads, and keeps no secret
        return once(write, TransactItems=list(items))


def _with_cause(facts: Row) -> Row:
    """A reason is written with its cause, or takes away the one of the reason before."""
    return {"cause": None, **facts} if "reason" in facts else facts


def _while_same(step: Row, **known: Any) -> Row:
    """The step, only while these attributes are as they were read. States come back: somebody may have adopted the
    edit meanwhile, and it is held or under way again.
    """
    for name, value in known.items():
        step["ExpressionAttributeNames"][f"#{name}"] = name
        same = f"attribute_not_exists(#{name})" if value is None else f"#{name} = :known_{name}"
        step["ConditionExpression"] += f" AND {same}"
        if value is not None:
            step["ExpressionAttributeValues"][f":known_{name}"] = value
    return step


def _room_in_the_day(day: str, usd: Decimal, limits: Limits) -> Row:
    """Count an estimate, if what is reserved and charged on that day leaves room for it."""
    room: Row = {"room": limits.usd_per_day - usd}
    money = change({}, add={"committed_usd": usd, "reserved_usd": usd, "attempts": 1}, **room)
    fits = "#committed_usd <= :room"
    if room["room"] >= 0:  # else it does not fit into a day on which nothing was reserved yet either
        fits = f"attribute_not_exists(#committed_usd) OR {fits}"
    return {"Key": day_key(day), "ConditionExpression": fits, **money}


def _replace_reservation(edit: Edit, charged_usd: Decimal) -> Row:
    """The charge, or nothing, takes the place of the reservation in the day that holds it."""
    usd = {"committed_usd": charged_usd - edit.estimated_usd, "reserved_usd": -edit.estimated_usd}
    return {"Update": {"Key": day_key(edit.reserved_day), **change({}, add={**usd, "charged_usd": charged_usd})}}


def _room_in_flight(edit_id: str, limits: Limits) -> Row:
    """Take one of the slots. They are names in a set: taken or left twice is taken or left once."""
    most: Row = {"most": limits.in_flight, "name": edit_id}
    slot = change({}, add={"places": {edit_id}}, **most)
    free = "attribute_not_exists(#places) OR size(#places) < :most OR contains(#places, :name)"
    return {"Key": FLIGHT_KEY, "ConditionExpression": free, **slot}


def _take_slot(edit: Edit) -> Row:
    """Take a slot whether there is room or not: the provider has accepted it long ago."""
    return {"Key": FLIGHT_KEY, **change({}, add={"places": {edit.edit_id}})}


def _start_rechecks(moved: Edit, now: float) -> list[Row]:
    """Have an edit that is in doubt looked for again, by the write that makes it so."""
    if moved.state is not State.IN_DOUBT:
        return []
    facts = {"attempt": moved.attempt, "looks": 0, **to_sweep("DOUBT", now + next_recheck(0))}
    return [{"Update": {"Key": doubt_key(moved.edit_id), **change(facts, ("outcome", "notice", "event_id"))}}]


def _end_rechecks(edit: Edit, resolution: Resolution, notice: Notice | None) -> Row:
    """End the looking, by the write that ends the doubt, and have it told where nobody decided it."""
    facts: Row = {"outcome": str(resolution.verdict)}
    if notice:
        facts |= {"notice": stored(notice), "event_id": notice.event_id, **to_sweep("NOTICE", resolution.at)}
    done = () if notice else ("sweep", "sweep_at")
    return {"Update": {"Key": doubt_key(edit.edit_id), **change(facts, done)}}


def _free_slot(edit: Edit) -> Row:
    """Leave the slot, in the transaction that ends the flight, so that none can leak."""
    names, values = {"#places": "places"}, {":places": {edit.edit_id}}
    gone = {"UpdateExpression": "DELETE #places :places", "ExpressionAttributeNames": names}
    return {"Update": {"Key": FLIGHT_KEY, **gone, "ExpressionAttributeValues": values}}
