"""What happened to files, in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from dropcut.adapters.dynamodb.table import drop_key, edit_key, wait_key
from dropcut.domain.dates import iso
from dropcut.domain.model import Doubt, Drop, Half, Notice, Unfinished, Unreadable
from dropcut.domain.recovery import Recovery
from dropcut.ports import DropRecord, OutputOwner
from tests.fakes.ledger import FakeLedger


@dataclass
class DropRow:
    """What is on record about one arrival."""

    drop: Drop
    first_seen: float
    outcome: str = ""
    edit_id: str | None = None
    notice: Notice | None = None
    to_sweep_since: float | None = None


class FakeJournal:
    """It shares the ledger's edits, as the real one shares its table."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger
        self.drops: dict[str, DropRow] = {}
        self.halves: dict[tuple[str, str], Half] = {}
        self.paired: dict[tuple[str, str], str] = {}  # the version that had a partner
        self.noticed: set[tuple[str, str]] = set()
        self.asked: dict[tuple[str, str], float] = {}  # when a row was looked at, by its key
        self.odd_rows: list[Unreadable] = []  # found among the unfinished
        self._odd_found: list[Unreadable] = []
        self.progress = Recovery()
        self.told: set[str] = set()
        self.active = 0.0
        self.owners: dict[tuple[str, str], OutputOwner] = {}

    def record_drop(self, drop: Drop, now: float) -> bool:
        self.drops.setdefault(drop.drop_id, DropRow(drop, now))
        clip = (drop.bucket, drop.clip_key)
        others = [row for name, row in self.drops.items() if name != drop.drop_id]
        return any((row.drop.bucket, row.drop.clip_key) == clip for row in others)

    def end_drop(self, drop: Drop, outcome: str, now: float, edit_id: str | None = None) -> None:
        row = self.drops.setdefault(drop.drop_id, DropRow(drop, now))
        row.outcome, row.edit_id = outcome, edit_id or row.edit_id
        if outcome == "PUT_BACK":
            self._look_later(drop_key(drop), now)
        else:
            row.to_sweep_since = None

    def tell_end(self, drop: Drop, outcome: str, notice: Notice, now: float, edit_id: str | None = None) -> Notice:
        row = self.drops.setdefault(drop.drop_id, DropRow(drop, now))
        row.outcome, row.edit_id = outcome, edit_id or row.edit_id
        row.notice, row.to_sweep_since = replace(notice, row=drop_key(drop)), now
        return row.notice

    def drop(self, drop: Drop) -> DropRecord | None:
        row = self.drops.get(drop.drop_id)
        return DropRecord(row.outcome, row.edit_id) if row else None

    def unfinished(self, before: float) -> list[Unfinished]:
        self._odd_found += [row for row in self.odd_rows if self._looked(row.row) <= before]
        found = [
            Unfinished(row=drop_key(row.drop), drop=row.drop, edit_id=None, execution=name)
            for name, row in self.drops.items()
            if row.outcome in ("", "PUT_BACK") and max(row.first_seen, self._looked(drop_key(row.drop))) <= before
        ]
        for name, edit in self._ledger.edits.items():
            touched = max(self._ledger.touched.get(name, 0.0), self._looked(edit_key(name)))
            if not edit.notice and touched <= before and name not in self._ledger.withdrawn:
                drop = replace(edit.drop, drop_id=edit.owner or edit.drop.drop_id)
                key, execution = edit_key(name), edit.execution or drop.drop_id
                found.append(Unfinished(row=key, drop=drop, edit_id=name, execution=execution))
        return sorted(found, key=lambda row: self._looked(row.row))

    def unreadable(self) -> list[Unreadable]:
        found, self._odd_found = self._odd_found, []
        return found

    def look_later(self, row: Unfinished | Half | Notice | Unreadable, now: float) -> None:
        self._look_later(wait_key(row.bucket, row.key) if isinstance(row, Half) else row.row, now)

    def _look_later(self, key: dict[str, str], now: float) -> None:
        self.asked[key["pk"], key["sk"]] = now

    def _looked(self, key: dict[str, str]) -> float:
        return self.asked.get((key["pk"], key["sk"]), 0.0)

    def doubts(self, now: float) -> list[Doubt]:
        rows = sorted(self._ledger.doubts.items(), key=lambda found: found[1].due)
        return [Doubt(edit_id=name, looks=row.looks) for name, row in rows if row.kind == "DOUBT" and row.due <= now]

    def look_again(self, doubt: Doubt, at: float) -> None:
        row = self._ledger.doubts[doubt.edit_id]
        if row.kind == "DOUBT":
            row.looks, row.due = doubt.looks + 1, at

    def stop_looking(self, doubt: Doubt) -> None:
        row = self._ledger.doubts[doubt.edit_id]
        row.kind = "" if row.kind == "DOUBT" else row.kind

    def active_since(self) -> float:
        return self.active

    def was_told(self, what: str) -> bool:
        return what in self.told

    def note_told(self, what: str, now: float) -> None:
        self.told.add(what)

    def recovery(self) -> Recovery:
        return self.progress

    def note_recovery(self, recovery: Recovery) -> None:
        self.progress = Recovery.from_json(json.loads(json.dumps(recovery.as_json())))

    def claim_telling(self, what: str, now: float) -> bool:
        first = what not in self.told
        self.told.add(what)
        return first

    def release_telling(self, what: str) -> None:
        self.told.discard(what)

    def wait_for_partner(self, half: Half) -> None:
        there = self.halves.get((half.bucket, half.key))
        if (there and there.version == half.version) or self.paired.get((half.bucket, half.key)) == half.version:
            return
        self.halves[half.bucket, half.key] = half
        self.noticed.discard((half.bucket, half.key))

    def stop_waiting(self, half: Half) -> None:
        self.halves.pop((half.bucket, half.key), None)
        self.paired[half.bucket, half.key] = half.version

    def halves_waiting(self, before: float) -> list[Half]:
        waiting = [half for place, half in self.halves.items() if place not in self.noticed]
        touched = [(max(half.since, self._looked(wait_key(half.bucket, half.key))), half) for half in waiting]
        return [half for at, half in sorted(touched, key=lambda one: one[0]) if at <= before]

    def half_noticed(self, half: Half, now: float) -> None:
        there = self.halves.get((half.bucket, half.key))
        if there and there.version == half.version:
            self.noticed.add((half.bucket, half.key))

    def unsent_notices(self, before: float) -> list[Notice]:
        edits = [edit for edit in self._ledger.edits.values() if self._ledger.touched.get(edit.edit_id, 0) <= before]
        notices = [edit.notice for edit in edits if edit.notice and not edit.notified_at]
        rows = [row for row in self.drops.values() if row.to_sweep_since is not None and row.to_sweep_since <= before]
        found = [row for row in self._ledger.doubts.values() if row.kind == "NOTICE" and row.due <= before]
        notices += [row.notice for row in rows if row.notice] + [row.notice for row in found if row.notice]
        return sorted(
            (one for one in notices if self._looked(one.row) <= before), key=lambda one: self._looked(one.row)
        )

    def notice_sent(self, notice: Notice, now: float) -> None:
        same = (notice.row, notice.event_id)
        for name, edit in self._ledger.edits.items():
            if edit.notice and (edit.notice.row, edit.notice.event_id) == same:
                self._ledger.edits[name] = replace(edit, notified_at=iso(now))
                return
        for row in self.drops.values():
            if row.notice and (row.notice.row, row.notice.event_id) == same:
                row.to_sweep_since = None
        for doubt in self._ledger.doubts.values():
            if doubt.notice and (doubt.notice.row, doubt.notice.event_id) == same:
                doubt.kind = ""

    def output_owner(self, bucket: str, key: str) -> OutputOwner | None:
        return self.owners.get((bucket, key))

    def own_output(self, bucket: str, key: str, owner: OutputOwner) -> None:
        self.owners[bucket, key] = owner
