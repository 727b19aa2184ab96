"""What a person names is found in the real ledger, by an id, its beginning, or a file; and only what they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dropcut.adapters.dynamodb.journal import DynamoJournal
from dropcut.adapters.dynamodb.ledger import DynamoLedger
from dropcut.domain.model import Drop, Edit, Half, State
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import OutputOwner
from dropcut_cli.errors import Refused
from dropcut_cli.lookup import Found, Lookup
from tests.fakes.examples import INBOX, NOW, OUTBOX, PLENTY, a_drop, an_edit

ONE, TWIN = "abcdef" + "1" * 58, "abcdef" + "2" * 58


@pytest.fixture
def known(table: Any) -> Lookup:
    return Lookup(table, inbox=INBOX, outbox=OUTBOX)


def buy(table: Any, edit_id: str, drop: Drop, request_id: str = "r1") -> Edit:
    """An edit at the provider."""
    ledger, journal = DynamoLedger(table), DynamoJournal(table)
    journal.record_drop(drop, drop.dropped_at)
    ledger.prepare(an_edit(edit_id=edit_id, drop=drop), NOW)
    journal.end_drop(drop, "EDIT", NOW, edit_id)
    edit = ledger.reserve(an_edit(edit_id=edit_id, drop=drop), drop.drop_id, replace(PLENTY, in_flight=100), NOW)
    edit = ledger.advance(edit, State.SUBMITTING, NOW, sent_at=NOW)
    return ledger.advance(edit, State.SUBMITTED, NOW, request_id=request_id, submitted_at=NOW)


def why_not(known: Lookup, term: str) -> str:
    with pytest.raises(Refused) as refusal:
        known.find(term)
    return str(refusal.value)


def test_an_edit_is_found_by_a_whole_or_shortened_id(table: Any, known: Lookup) -> None:
    drop = a_drop()
    buy(table, ONE, drop)
    for term in (ONE, ONE[:6], ONE[:6].upper(), drop.drop_id, drop.drop_id[:6]):
        assert known.find(term) == Found(ONE, {}), term


def test_a_beginning_of_two_ids_names_both_and_takes_neither(table: Any, known: Lookup) -> None:
    buy(table, ONE, a_drop())
    buy(table, TWIN, a_drop("trip/lake.mp4", "trip/lake.json"), "r2")
    said = why_not(known, "abcdef")
    assert ONE in said
    assert TWIN in said
    assert known.find("abcdef2").edit_id == TWIN


def test_what_is_too_short_or_unknown_is_told_in_words(known: Lookup) -> None:
    assert "at least 6" in why_not(known, "abcde")
    assert "begins with 0123456" in why_not(known, "0123456")
    assert "Is it the key of a clip?" in why_not(known, "trip/beach.mp4")
    assert "write s3://bucket/" in why_not(known, "s3://inbox")


@pytest.mark.parametrize("term", [
    "trip/beach.mp4", "s3://inbox/trip/beach.mp4", "trip/beach.json", "trip/beach.mp4.json", "s3://inbox/trip/beach.json",
    "trip/output.mp4", "s3://outbox/trip/output.mp4",
])  # fmt: skip
def test_an_edit_is_found_by_its_clip_sidecar_or_output(table: Any, known: Lookup, term: str) -> None:
    buy(table, ONE, a_drop())
    DynamoJournal(table).own_output(OUTBOX, "trip/output.mp4", OutputOwner(ONE, "etag", NOW))
    assert known.find(term).edit_id == ONE


def test_the_newest_drop_is_found_and_the_others_are_listed(table: Any, known: Lookup) -> None:
    buy(table, ONE, a_drop())
    buy(table, TWIN, a_drop(clip_version="c2", dropped_at=NOW + 60), "r2")
    assert known.find("trip/beach.mp4") == Found(TWIN, {}, (ONE,))


def test_a_drop_without_an_edit_is_found_with_its_outcome(table: Any, known: Lookup) -> None:
    drop, journal = a_drop(), DynamoJournal(table)
    journal.record_drop(drop, NOW)
    journal.end_drop(drop, "REJECTED", NOW)
    for term in (drop.drop_id, drop.drop_id[:8], drop.clip_key):
        found = known.find(term)
        assert (found.edit_id, found.row["outcome"]) == (None, "REJECTED")


def test_a_half_that_waits_is_found(table: Any, known: Lookup) -> None:
    DynamoJournal(table).wait_for_partner(Half(bucket=INBOX, key="trip/lake.json", version="v1", since=NOW))
    assert known.find("trip/lake.json").row["sk"] == "WAIT"


def test_only_open_held_and_delayed_edits_are_unfinished(table: Any, known: Lookup) -> None:
    ledger = DynamoLedger(table)
    flying = buy(table, "a" * 64, a_drop("a.mp4", "a.json", dropped_at=NOW + 3), "r1")
    for n, state in enumerate((State.IN_DOUBT, State.UNDELIVERED, State.FAILED, State.DELIVERED)):
        edit = buy(table, f"{n}" * 64, a_drop(f"{n}.mp4", f"{n}.json", dropped_at=NOW + n), f"r{n}")
        body = endings.failed(edit.drop, edit, State.FAILED, "x", OUTBOX)
        ledger.end(edit, state, as_notice(body), NOW)
    waiting = replace(flying, edit_id="b" * 64, state=State.PREPARED, attempt=0, owner="", delayed_by="CREDITS")
    ledger.prepare(waiting, NOW)
    assert [edit.edit_id[0] for edit in known.unfinished()] == ["0", "1", "a", "b"]
    assert known.slots() == {"a" * 64}
    assert known.money("2026-11-24")["attempts"] == 5
    assert known.money("2026-11-25") == {}


def test_whose_request_it_is_is_found_on_old_attempts_too(table: Any, known: Lookup) -> None:
    ledger = DynamoLedger(table)
    edit = ledger.close_unpaid(buy(table, ONE, a_drop(), "r1"), "capacity", NOW)
    again = ledger.reserve(edit, a_drop().drop_id, PLENTY, NOW)
    ledger.advance(again, State.SUBMITTED, NOW, request_id="r2")
    buy(table, TWIN, a_drop("trip/lake.mp4", "trip/lake.json"), "r3")
    assert [known.holders(name) for name in ("r1", "r2", "r3", "r4")] == [{ONE}, {ONE}, {TWIN}, set()]


def test_when_an_edit_in_doubt_is_looked_for_again_is_known(table: Any, known: Lookup) -> None:
    assert known.doubt(ONE) == {}
    edit = buy(table, ONE, a_drop())
    DynamoLedger(table).advance(edit, State.IN_DOUBT, NOW)
    assert (known.doubt(ONE)["sweep"], known.doubt(ONE)["looks"]) == ("DOUBT", 0)


def test_every_row_of_a_large_ledger_is_read(table: Any, known: Lookup, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(7):
        buy(table, f"{n}" * 64, a_drop(f"{n}.mp4", f"{n}.json"), f"r{n}")
    whole, pages = table.scan, []

    def by_twos(**parameters: Any) -> Any:
        pages.append(1)
        return whole(Limit=2, **parameters)

    monkeypatch.setattr(table, "scan", by_twos)
    assert len(known.unfinished()) == 7
    assert len(pages) > 7
    assert [row["sk"] for row in known.about("3" * 64)] == ["ATTEMPT#0001", "EDIT"]
