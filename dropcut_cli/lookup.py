"""Finds what a person means in the ledger: by an id or its beginning, or by where a file lies. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import Attr, Key

from dropcut.adapters.dynamodb.table import (
    FLIGHT_KEY,
    Row,
    day_key,
    doubt_key,
    edit_from,
    edit_key,
    output_key,
    wait_key,
)
from dropcut.domain.identity import digest
from dropcut.domain.keys import is_clip, split
from dropcut.domain.model import HELD, Edit
from dropcut.domain.pairing import partner_names
from dropcut_cli.errors import Refused

AN_ID = re.compile(r"[0-9a-f]+", re.IGNORECASE)
SHORTEST = 6  # characters of an id


class Found(NamedTuple):
    """An edit, or a drop that came to none; and other edits of the same clip."""

    edit_id: str | None
    row: Row  # of the drop or of the waiting half; empty where an edit was named
    others: tuple[str, ...] = ()


class Lookup:
    """The ledger's rows, looked for without knowing their keys. Looking by the beginning of an id reads every row."""

    def __init__(self, table: Any, *, inbox: str, outbox: str) -> None:
        self._table, self._inbox, self._outbox = table, inbox, outbox

    def find(self, term: str) -> Found:
        """What `term` names: an id, a beginning of one, `trip/beach.mp4`, or `s3://bucket/trip/beach.mp4`."""
        if not AN_ID.fullmatch(term):
            return self._by_address(term)
        if len(term) < SHORTEST:
            raise Refused(f"{term} is too short: give at least {SHORTEST} characters of an edit's or a drop's id.")
        return self._by_id(term.lower())

    def about(self, edit_id: str) -> list[Row]:
        """Every row of an edit: itself, its attempts, its audits, in that order of their keys."""
        return list(self._query(Key("pk").eq(edit_key(edit_id)["pk"])))

    def doubt(self, edit_id: str) -> Row:
        """When an edit in doubt is looked for again; empty where it never was in doubt."""
        return self._get(doubt_key(edit_id)) or {}

    def unfinished(self) -> list[Edit]:
        """The edits that are held, and those whose end was not told yet: open ones and ones that wait. One that was
        withdrawn has left the sweep, and nobody has to be told of it.
        """
        held = Attr("state").is_in([str(state) for state in HELD])
        untold = Attr("notice").not_exists() & Attr("sweep").exists()
        rows = self._scan(Attr("sk").eq("EDIT") & (held | untold))
        return sorted((edit_from(row) for row in rows), key=lambda edit: edit.drop.dropped_at)

    def money(self, day: str) -> Row:
        return self._get(day_key(day)) or {}

    def slots(self) -> set[str]:
        """The edits that hold a slot at the provider."""
        return set((self._get(FLIGHT_KEY) or {}).get("places", ()))

    def holders(self, request_id: str) -> set[str]:
        """The edits of which an attempt has that request."""
        return {_edit_id(row) for row in self._scan(Attr("request_id").eq(request_id))}

    def _by_id(self, beginning: str) -> Found:
        if len(beginning) == 64 and self._get(edit_key(beginning)):
            return Found(beginning, {})
        edits = Attr("sk").eq("EDIT") & Attr("pk").begins_with(f"EDIT#{beginning}")
        rows = list(self._scan(edits | Attr("sk").begins_with(f"DROP#{beginning}")))
        found = {row.get("edit_id") or row["pk"].partition("EDIT#")[2] or row["sk"]: row for row in rows}
        if len(found) > 1:
            names = "\n  ".join(sorted(found))
            raise Refused(f"{beginning} is the beginning of several ids. Give more of the one you mean:\n  {names}")
        if not found:
            raise Refused(f"There is no edit and no drop whose id begins with {beginning}.")
        ((name, row),) = found.items()
        return Found(None, row) if name.startswith("DROP#") else Found(name, {})

    def _by_address(self, term: str) -> Found:
        bucket, key = term.removeprefix("s3://").split("/", 1) if _is_address(term) else ("", term)
        found = self._by_clip(bucket or self._inbox, key)
        if found is None and not is_clip(key):  # a sidecar: its clip may have any of these names
            clips = [split(key).folder + name for name in partner_names(key)]
            found = next(filter(None, (self._by_clip(bucket or self._inbox, clip) for clip in clips)), None)
        owner = self._get(output_key(bucket or self._outbox, key))
        if found is None and owner:
            found = Found(owner["edit_id"], {})
        waiting = self._get(wait_key(bucket or self._inbox, key))
        if found is None and waiting and not waiting.get("paired"):
            found = Found(None, waiting)
        if found is None:
            raise Refused(f"Nothing is known of s3://{bucket or self._inbox}/{key}. Is it the key of a clip?")
        return found

    def _by_clip(self, bucket: str, key: str) -> Found | None:
        """The newest drop of a clip, or its edit."""
        rows = list(self._query(Key("pk").eq(f"CLIP#{digest(bucket, key)}")))
        if not rows:
            return None
        newest = max(rows, key=lambda row: row.get("first_seen", 0))
        others = {row["edit_id"] for row in rows if row.get("edit_id")} - {newest.get("edit_id")}
        named = newest.get("edit_id")
        return Found(named, {} if named else newest, tuple(sorted(others)))

    def _get(self, key: Row) -> Row | None:
        return self._table.get_item(Key=key, ConsistentRead=True).get("Item")  # type: ignore[no-any-return]

    def _query(self, condition: Any) -> Iterator[Row]:
        return _pages(self._table.query, KeyConditionExpression=condition)

    def _scan(self, condition: Any) -> Iterator[Row]:
        return _pages(self._table.scan, FilterExpression=condition)


def _pages(read: Any, **parameters: Any) -> Iterator[Row]:
    while True:
        answer = read(ConsistentRead=True, **parameters)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _is_address(term: str) -> bool:
    if term.startswith("s3://") and not re.fullmatch(r"s3://[^/]+/.+", term, re.DOTALL):
        raise Refused(f"{term} names no file: write s3://bucket/trip/beach.mp4, or only trip/beach.mp4.")
    return term.startswith("s3://")


def _edit_id(row: Row) -> str:
    return str(row["pk"]).removeprefix("EDIT#")
