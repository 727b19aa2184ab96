"""What happened to files, in DynamoDB: drops, halves that wait, whose output lies where, messages still to send."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest
from typing import Any, TypeVar

from boto3.dynamodb.conditions import Attr, Key

from dropcut.adapters.dynamodb.table import (
    RECOVERY_KEY,
    SWEEP_INDEX,
    Row,
    attribute,
    change,
    doubt_key,
    drop_key,
    edit_from,
    key_of,
    notice_from,
    once,
    output_key,
    plain,
    stored,
    to_sweep,
    told_key,
    wait_key,
)
from dropcut.domain.dates import iso
from dropcut.domain.errors import LedgerConflict
from dropcut.domain.model import Doubt, Drop, Half, Notice, Unfinished, Unreadable
from dropcut.domain.recovery import Recovery
from dropcut.ports import DropRecord, OutputOwner

HALF_EXPIRES = 30 * 24 * 3600  # seconds; only rows about halves expire
AT_ONCE = 100  # rows that one sweep looks at
T = TypeVar("T")


class DynamoJournal:
    def __init__(self, table: Any) -> None:
        self._table = table
        self._unreadable: list[Unreadable] = []

    def record_drop(self, drop: Drop, now: float) -> bool:
        key = drop_key(drop)
        # An update: the same drop may be announced twice, and what is known of its end must stay.
        facts = {"clip_key": drop.clip_key, "bucket": drop.bucket, "drop": attribute(drop.as_json())}
        update = change(facts, first={"first_seen": attribute(now)})
        self._table.update_item(Key=key, **update)
        with suppress(LedgerConflict):  # until it is understood, the sweep asks after it
            first = "attribute_not_exists(#outcome) AND attribute_not_exists(#sweep)"
            waits = change(to_sweep("DROP", now))
            waits["ExpressionAttributeNames"]["#outcome"] = "outcome"
            once(self._table.update_item, Key=key, ConditionExpression=first, **waits)
        others = self._table.query(KeyConditionExpression=Key("pk").eq(key["pk"]), Limit=2, ConsistentRead=True)[
            "Items"
        ]
        return any(row["sk"] != key["sk"] for row in others)

    def end_drop(self, drop: Drop, outcome: str, now: float, edit_id: str | None = None) -> None:
        swept = to_sweep("DROP", now) if outcome == "PUT_BACK" else {}  # which has no end of its own yet
        self._end(drop, {"outcome": outcome, "ended_at": attribute(now), "edit_id": edit_id, **swept})

    def tell_end(self, drop: Drop, outcome: str, notice: Notice, now: float, edit_id: str | None = None) -> Notice:
        kept = replace(notice, row=drop_key(drop))
        told = {"notice": stored(kept), "event_id": notice.event_id, **to_sweep("NOTICE", now)}
        self._end(drop, {"outcome": outcome, "ended_at": attribute(now), "edit_id": edit_id, **told})
        return kept

    def _end(self, drop: Drop, facts: Row) -> None:
        done = () if "sweep" in facts else ("sweep", "sweep_at")
        update = change({name: value for name, value in facts.items() if value is not None}, done)
        self._table.update_item(Key=drop_key(drop), **update)

    def drop(self, drop: Drop) -> DropRecord | None:
        row = self._table.get_item(Key=drop_key(drop), ConsistentRead=True).get("Item")
        return DropRecord(row.get("outcome", ""), row.get("edit_id")) if row else None

    def unfinished(self, before: float) -> list[Unfinished]:
        """Drops and edits by turns: many of the one do not keep the others waiting."""
        drops = self._to_sweep("DROP", before, _unfinished_drop)
        edits = self._to_sweep("EDIT", before, _unfinished_edit)
        return [one for both in zip_longest(drops, edits) for one in both if one]

    def unreadable(self) -> list[Unreadable]:
        found, self._unreadable = self._unreadable, []
        return found

    def look_later(self, row: Unfinished | Half | Notice | Unreadable, now: float) -> None:
        """Send a row to the end of the queue; one that was dealt with meanwhile stays out of it."""
        key = wait_key(row.bucket, row.key) if isinstance(row, Half) else row.row
        update = change({"sweep_at": attribute(now)})
        update["ExpressionAttributeNames"]["#sweep"] = "sweep"
        with suppress(LedgerConflict):
            once(self._table.update_item, Key=key, ConditionExpression="attribute_exists(#sweep)", **update)

    def doubts(self, now: float) -> list[Doubt]:
        return self._to_sweep("DOUBT", now, _doubt)

    def look_again(self, doubt: Doubt, at: float) -> None:
        self._doubted(doubt, change({"looks": doubt.looks + 1, "sweep_at": attribute(at)}, kind="DOUBT"))

    def stop_looking(self, doubt: Doubt) -> None:
        self._doubted(doubt, change({"outcome": "over"}, ("sweep_at", "sweep"), kind="DOUBT"))

    def _doubted(self, doubt: Doubt, update: Row) -> None:
        """Change the row while it is still looked for: another run may have found it, or a person may have decided."""
        update["ExpressionAttributeNames"]["#sweep"] = "sweep"
        with suppress(LedgerConflict):
            once(
                self._table.update_item,
                Key=doubt_key(doubt.edit_id),
                ConditionExpression="#sweep = :kind",
                **update,
            )

    def active_since(self) -> float:
        """When this stack began: its table was made then, and a retained one belongs to no later stack."""
        made = self._table.meta.client.describe_table(TableName=self._table.name)["Table"]["CreationDateTime"]
        return float(made.timestamp())

    def was_told(self, what: str) -> bool:
        return "told_at" in self._table.get_item(Key=told_key(what), ConsistentRead=True).get("Item", {})

    def note_told(self, what: str, now: float) -> None:
        self._table.put_item(Item={**told_key(what), "told_at": attribute(now)})

    def claim_telling(self, what: str, now: float) -> bool:
        update = change({"told_at": attribute(now)})
        try:
            once(
                self._table.update_item,
                Key=told_key(what),
                ConditionExpression="attribute_not_exists(#told_at)",
                **update,
            )
        except LedgerConflict:
            return False
        return True

    def release_telling(self, what: str) -> None:
        """Keep the row, so that no function needs the right to delete one."""
        self._table.update_item(Key=told_key(what), **change({}, ("told_at",)))

    def recovery(self) -> Recovery:
        row = self._table.get_item(Key=RECOVERY_KEY, ConsistentRead=True).get("Item", {})
        return Recovery.from_json(plain(row.get("recovery")))

    def note_recovery(self, recovery: Recovery) -> None:
        self._table.put_item(Item={**RECOVERY_KEY, "recovery": attribute(recovery.as_json())})

    def wait_for_partner(self, half: Half) -> None:
        row = {"bucket": half.bucket, "key": half.key, "version": half.version, "since": attribute(half.since)}
        swept = {"sweep": "WAIT", "sweep_at": attribute(half.since), "expires_at": int(half.since) + HALF_EXPIRES}
        unknown = Attr("pk").not_exists() | Attr("version").ne(
            half.version
        )  # of one that is known it may have been told
        with suppress(LedgerConflict):
            item = {**wait_key(half.bucket, half.key), **row, **swept}
            once(self._table.put_item, Item=item, ConditionExpression=unknown)

    def stop_waiting(self, half: Half) -> None:
        row = {"bucket": half.bucket, "key": half.key, "version": half.version, "paired": True}
        expires = {"expires_at": int(half.since) + HALF_EXPIRES}
        self._table.put_item(Item={**wait_key(half.bucket, half.key), **row, **expires})

    def halves_waiting(self, before: float) -> list[Half]:
        return self._to_sweep("WAIT", before, _half)

    def half_noticed(self, half: Half, now: float) -> None:
        self._mark_sent(wait_key(half.bucket, half.key), now, "version", half.version)

    def unsent_notices(self, before: float) -> list[Notice]:
        return self._to_sweep("NOTICE", before, _notice)

    def notice_sent(self, notice: Notice, now: float) -> None:
        self._mark_sent(notice.row, now, "event_id", notice.event_id)

    def _mark_sent(self, key: Row, now: float, name: str, value: str) -> None:
        """Take a row out of the sweep, unless it is about something else by now: that still has to be told."""
        known: Row = {name: value}
        update = change({"notified_at": iso(now)}, ("sweep", "sweep_at"), **known)
        update["ExpressionAttributeNames"][f"#{name}"] = name
        with suppress(LedgerConflict):
            once(self._table.update_item, Key=key, ConditionExpression=f"#{name} = :{name}", **update)

    def output_owner(self, bucket: str, key: str) -> OutputOwner | None:
        row = self._table.get_item(Key=output_key(bucket, key), ConsistentRead=True).get("Item")
        if row is None:
            return None
        clip = row.get("clip_bucket", ""), row.get("clip_key", "")
        return OutputOwner(row["edit_id"], row.get("etag", ""), float(row.get("dropped_at", 0)), *clip)

    def own_output(self, bucket: str, key: str, owner: OutputOwner) -> None:
        facts = {"bucket": bucket, "key": key, **{name: attribute(value) for name, value in owner._asdict().items()}}
        self._table.put_item(Item={**output_key(bucket, key), **facts})

    def _to_sweep(self, kind: str, before: float, read: Callable[[Row], T]) -> list[T]:
        """The oldest rows of one kind that were last touched before that time, whole and as they are now."""
        condition = Key("sweep").eq(kind) & Key("sweep_at").lte(attribute(before))
        found = self._table.query(IndexName=SWEEP_INDEX, KeyConditionExpression=condition, Limit=AT_ONCE)["Items"]
        rows = [self._table.get_item(Key=key_of(row), ConsistentRead=True).get("Item") for row in found]
        return [one for row in rows if row and row.get("sweep") == kind for one in self._readable(row, read)]

    def _readable(self, row: Row, read: Callable[[Row], T]) -> list[T]:
        """The row, or nothing where it cannot be read, perhaps since a later version wrote it: it hides no other."""
        try:
            return [read(row)]
        except Exception as error:  # noqa: BLE001 - kept for whoever asks; the text may quote the row
            why = f"the row cannot be read ({type(error).__name__})"
            self._unreadable.append(Unreadable(row=key_of(row), why=why))
            return []


def _doubt(row: Row) -> Doubt:
    return Doubt(edit_id=row["pk"].removeprefix("DOUBT#"), looks=int(row.get("looks", 0)))


def _half(row: Row) -> Half:
    return Half(bucket=row["bucket"], key=row["key"], version=row["version"], since=float(row["since"]))


def _notice(row: Row) -> Notice:
    if (notice := notice_from(row)) is None:
        raise LookupError("the row has no message")
    return notice


def _unfinished_drop(row: Row) -> Unfinished:
    drop = Drop.from_json(plain(row["drop"]))
    return Unfinished(row=key_of(row), drop=drop, edit_id=None, execution=drop.drop_id)


def _unfinished_edit(row: Row) -> Unfinished:
    """An open edit, as its owner's: another drop of the same files may have described it last."""
    edit = edit_from(row)
    return Unfinished(row=key_of(row), drop=edit.carried_drop, edit_id=edit.edit_id, execution=edit.carrier)
