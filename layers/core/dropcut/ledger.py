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

from dropcut.documents import day_of
from dropcut.errors import RowBusy
from dropcut.model import Edit, State
from dropcut.notices import Notice
from dropcut.table import Row, attempt_key, attribute, change, day_key, edit_attributes, edit_from, edit_key, to_sweep
from dropcut.writes import once

CONFLICT_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # seconds; the SDK does not repeat a cancelled transaction
SAME_ATTEMPT = "#state = :from AND #attempt = :attempt AND #owner = :owner"
OF_ONE_END = ("reason", "output", "notice", "event_id", "notified_at")
OF_ONE_ATTEMPT = ("sent_at", "request_id", "submitted_at", "completed_at", "charged_usd", *OF_ONE_END)
NAMES = {"#state": "state", "#attempt": "attempt", "#owner": "owner"}


class DynamoLedger:
    """`table` is a boto3 Table; its client takes plain Python values, in transactions too."""

    def __init__(self, table: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table, self._sleep = table, sleep

    def edit(self, edit_id: str) -> Edit | None:
        row = self._table.get_item(Key=edit_key(edit_id), ConsistentRead=True).get("Item")
        return edit_from(row) if row else None

    def prepare(self, edit: Edit, now: float) -> None:
        row = edit_attributes(edit)
        first = {name: row.pop(name) for name in ("state", "attempt", "owner")}  # what attempts left behind stays
        known: Row = {"prepared": State.PREPARED, "failed": State.FAILED}
        update = change({**row, **to_sweep("EDIT", now)}, OF_ONE_END, first=first, **known)
        condition = "attribute_not_exists(pk) OR #state IN (:prepared, :failed)"
        once(self._table.update_item, Key=edit_key(edit.edit_id), ConditionExpression=condition, **update)

    def reserve(self, edit: Edit, owner: str, now: float) -> Edit:
        day, number = day_of(now), edit.attempt + 1
        opened: Row = {"state": State.RESERVED, "attempt": number, "owner": owner, "reserved_day": day}
        attempt = {**attempt_key(edit.edit_id, number), "owner": owner, "opened_at": attribute(now)}
        known: Row = {"from": edit.state, "before": edit.attempt}
        update = change({**opened, **to_sweep("EDIT", now)}, OF_ONE_ATTEMPT, **known)
        money = change({}, add={"reserved_usd": edit.estimated_usd, "attempts": 1})
        unchanged = "#state = :from AND #attempt = :before"
        self._transact(
            {"Update": {"Key": edit_key(edit.edit_id), "ConditionExpression": unchanged, **update}},
            {"Put": {"Item": attempt, "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Update": {"Key": day_key(day), **money}},
        )
        fresh: Row = dict.fromkeys(OF_ONE_ATTEMPT)
        return replace(edit, **opened, **fresh)

    def advance(self, edit: Edit, to: State, now: float, **facts: Any) -> Edit:
        moved = replace(edit, state=to, **facts)
        self._transact({"Update": self._step(edit, moved, now, facts)})
        return moved

    def complete(self, edit: Edit, charged_usd: Decimal | None, now: float) -> Edit:
        known = edit.charged_usd if charged_usd is None else charged_usd  # a later answer may say less
        facts: Row = {"charged_usd": known, "completed_at": edit.completed_at or round(now, 3)}
        moved = replace(edit, state=State.COMPLETED, **facts)
        steps = [{"Update": self._step(edit, moved, now, facts)}, self._close_attempt(moved, "COMPLETED", now)]
        if charged_usd is not None and edit.charged_usd is None:
            money = change({}, add={"reserved_usd": -edit.estimated_usd, "charged_usd": charged_usd})
            steps.append({"Update": {"Key": day_key(edit.reserved_day), **money}})
        self._transact(*steps)
        return moved

    def close_unpaid(self, edit: Edit, reason: str, now: float) -> Edit:
        moved = replace(edit, state=State.FAILED, reason=reason)
        money = change({}, add={"reserved_usd": -edit.estimated_usd})
        self._transact(
            {"Update": self._step(edit, moved, now, {"reason": reason})},
            self._close_attempt(moved, reason, now),
            {"Update": {"Key": day_key(edit.reserved_day), **money}},
        )
        return moved

    def end(self, edit: Edit, to: State, notice: Notice, now: float, **facts: Any) -> Edit:
        told = {"notice": notice.to_store(), "event_id": notice.body.event_id, "notified_at": None}
        return self.advance(edit, to, now, **told, **facts)

    def _step(self, edit: Edit, moved: Edit, now: float, facts: Row) -> Row:
        gone = tuple(name for name, value in facts.items() if value is None)
        values = {name: attribute(value) for name, value in facts.items() if value is not None}
        known: Row = {"from": edit.state, "attempt": edit.attempt, "owner": edit.owner}
        kind = "NOTICE" if "notice" in facts else "EDIT"
        update = change({**values, "state": moved.state, **to_sweep(kind, now)}, gone, **known)
        update["ExpressionAttributeNames"] |= NAMES
        return {"Key": edit_key(edit.edit_id), "ConditionExpression": SAME_ATTEMPT, **update}

    def _close_attempt(self, edit: Edit, outcome: str, now: float) -> Row:
        facts = {"outcome": outcome, "closed_at": now, "request_id": edit.request_id, "charged_usd": edit.charged_usd}
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
