"""Rows that another version wrote, earlier or later, are read from a real table: by the nets, and by whoever asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dropcut.adapters.dynamodb.journal import DynamoJournal
from dropcut.adapters.dynamodb.ledger import DynamoLedger
from dropcut.domain.model import OPEN, State
from dropcut_cli.lookup import Lookup
from tests.fakes.examples import INBOX, NOW, OUTBOX, a_drop
from tests.unit.test_unknown_fields import RELEASES, later, rows

LATER = NOW + 99_999


@pytest.fixture(params=["as it was", "with later fields"])
def stored(request: pytest.FixtureRequest, table: Any) -> Any:
    (release,) = [path for path in RELEASES if path.name == "0.1.0"] or [Path()]
    for row in rows(release):
        table.put_item(Item=row if request.param == "as it was" else later(row))
    return table


def test_the_nets_see_what_another_version_left(stored: Any) -> None:
    journal = DynamoJournal(stored)
    found = journal.unfinished(LATER)
    assert {one.drop.clip_key for one in found if one.edit_id is None} == {"trip/new.mp4", "trip/back.mp4"}
    open_ones = {f"trip/{state.lower()}.mp4" for state in [*OPEN, State.PREPARED]} | {"trip/again.mp4"}
    assert {one.drop.clip_key for one in found if one.edit_id} == open_ones
    (again,) = [one for one in found if one.drop.clip_key == "trip/again.mp4"]
    assert again.execution == f"{again.drop.drop_id}-2"
    assert [half.key for half in journal.halves_waiting(LATER)] == ["trip/half.mp4"]
    statuses = sorted(notice.status for notice in journal.unsent_notices(LATER))
    assert statuses == ["ABANDONED", "DELIVERED", "FAILED", "IN_DOUBT", "REJECTED", "UNDELIVERED"]
    for notice in journal.unsent_notices(LATER):
        journal.notice_sent(notice, LATER)
    assert journal.unsent_notices(LATER) == []


def test_rows_about_files_from_another_version_can_still_be_read(stored: Any) -> None:
    journal = DynamoJournal(stored)
    owner = journal.output_owner(OUTBOX, "trip/delivered.mp4")
    assert owner
    assert owner.dropped_at == NOW
    edit = DynamoLedger(stored).edit(owner.edit_id)
    assert edit
    assert (edit.state, edit.output and edit.output["key"]) == (State.DELIVERED, "trip/delivered.mp4")
    known = journal.drop(a_drop("trip/bad.mp4", "trip/bad.json"))
    assert known
    assert known.outcome == "REJECTED"
    assert journal.was_told("LEFT_ALONE")
    lookup = Lookup(stored, inbox=INBOX, outbox=OUTBOX)
    assert len(lookup.unfinished()) == 8, "open, delayed and held ones"
    assert lookup.find("trip/delivered.mp4").edit_id == owner.edit_id
