"""The fake journal and the one in DynamoDB sit the same exam; and what may expire is nothing but waiting halves."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dropcut.adapters.dynamodb.journal import AT_ONCE, DynamoJournal
from dropcut.adapters.dynamodb.ledger import DynamoLedger
from dropcut.adapters.dynamodb.table import output_key
from dropcut.domain.dates import iso
from dropcut.domain.model import Half, Notice, State
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Journal, Ledger, OutputOwner
from tests.fakes.examples import INBOX, NOW, OUTBOX, PLENTY, a_drop, an_edit
from tests.fakes.journal import FakeJournal
from tests.fakes.ledger import FakeLedger

LATER = NOW + 7200
ODD_KEYS = ["beach.mp4", "a b/50%+.mp4", "海辺.mp4", "line\nbreak.mp4", "x" * 1020 + ".mp4"]


@dataclass
class Exam:
    journal: Journal
    ledger: Ledger


@pytest.fixture(params=["fake", "dynamodb"])
def exam(request: pytest.FixtureRequest) -> Exam:
    if request.param == "fake":
        ledger = FakeLedger()
        return Exam(FakeJournal(ledger), ledger)
    table = request.getfixturevalue("table")
    return Exam(DynamoJournal(table), DynamoLedger(table))


def a_half(key: str = "trip/beach.mp4", version: str = "v1", since: float = NOW) -> Half:
    return Half(bucket=INBOX, key=key, version=version, since=since)


def a_drops_notice(clip_version: str = "c1") -> Notice:
    drop = a_drop(clip_version=clip_version)
    return as_notice(endings.failed(drop, None, State.FAILED, "x", OUTBOX))


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_clip_that_is_new_has_no_other_drops(exam: Exam, key: str) -> None:
    drop = a_drop(key)
    assert exam.journal.record_drop(drop, NOW) is False
    assert exam.journal.record_drop(drop, NOW + 5) is False, "the same drop announced again"


def test_a_clip_that_comes_again_is_known(exam: Exam) -> None:
    exam.journal.record_drop(a_drop(), NOW)
    assert exam.journal.record_drop(a_drop(clip_version="c2"), NOW) is True
    assert exam.journal.record_drop(a_drop(sidecar_version="s2"), NOW) is True
    assert exam.journal.record_drop(a_drop("trip/lake.mp4"), NOW) is False
    assert exam.journal.record_drop(a_drop(bucket="another"), NOW) is False


def test_a_drop_announced_again_keeps_what_is_known_of_its_end(exam: Exam) -> None:
    exam.journal.record_drop(a_drop(), NOW)
    told = exam.journal.tell_end(a_drop(), "REJECTED", a_drops_notice(), NOW)
    exam.journal.record_drop(a_drop(), NOW + 5)
    assert exam.journal.unsent_notices(LATER) == [told]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_half_waits_until_it_is_told_or_gone(exam: Exam, key: str) -> None:
    half = a_half(key)
    exam.journal.wait_for_partner(half)
    assert exam.journal.halves_waiting(NOW - 1) == []
    assert exam.journal.halves_waiting(NOW) == [half]
    exam.journal.half_noticed(half, NOW + 900)
    assert exam.journal.halves_waiting(LATER) == []


def test_a_half_whose_partner_came_waits_no_more(exam: Exam) -> None:
    exam.journal.wait_for_partner(a_half())
    exam.journal.wait_for_partner(a_half("trip/lake.json"))
    exam.journal.stop_waiting(a_half())
    exam.journal.stop_waiting(a_half("never waited.mp4"))
    exam.journal.wait_for_partner(a_half())  # its partner was taken away since, and it is found alone
    assert exam.journal.halves_waiting(LATER) == [a_half("trip/lake.json")]


def test_a_half_that_is_replaced_waits_anew(exam: Exam) -> None:
    exam.journal.wait_for_partner(a_half())
    exam.journal.half_noticed(a_half(), NOW)
    newer = a_half(version="v2", since=NOW + 60)
    exam.journal.wait_for_partner(newer)
    assert exam.journal.halves_waiting(LATER) == [newer]


def test_an_edits_message_is_unsent_until_it_is_sent(exam: Exam) -> None:
    exam.ledger.prepare(an_edit(), NOW)
    edit = exam.ledger.reserve(an_edit(), "us", PLENTY, NOW)
    assert exam.journal.unsent_notices(LATER) == [], "it has no message yet"
    notice = as_notice(endings.failed(edit.drop, edit, State.FAILED, "x", OUTBOX))
    told = exam.ledger.end(edit, State.FAILED, notice, NOW + 10)
    assert exam.journal.unsent_notices(NOW + 9) == [], "the state machine may still be sending it"
    assert exam.journal.unsent_notices(NOW + 10) == [told]
    exam.journal.notice_sent(told, NOW + 20)
    assert exam.journal.unsent_notices(LATER) == []
    known = exam.ledger.edit(edit.edit_id)
    assert known
    assert known.notified_at == iso(NOW + 20)


def test_a_drops_message_is_unsent_until_it_is_sent(exam: Exam) -> None:
    exam.journal.record_drop(a_drop(), NOW)
    told = exam.journal.tell_end(a_drop(), "REJECTED", a_drops_notice(), NOW + 10)
    exam.journal.end_drop(a_drop(clip_version="c2"), "EDIT", NOW, "e1")
    assert exam.journal.unsent_notices(NOW + 9) == []
    assert exam.journal.unsent_notices(NOW + 10) == [told]
    exam.journal.notice_sent(told, NOW + 20)
    assert exam.journal.unsent_notices(LATER) == []


def test_waiting_halves_are_no_unsent_messages(exam: Exam) -> None:
    exam.journal.wait_for_partner(a_half())
    assert exam.journal.unsent_notices(LATER) == []


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_output_is_owned_by_who_wrote_it_last(exam: Exam, key: str) -> None:
    assert exam.journal.output_owner(OUTBOX, key) is None
    exam.journal.own_output(OUTBOX, key, OutputOwner("e1", '"etag1"', NOW + 0.5))
    owner = OutputOwner("e2", '"etag2-3"', NOW + 60.123, "inbox", key)
    exam.journal.own_output(OUTBOX, key, owner)
    assert exam.journal.output_owner(OUTBOX, key) == owner
    assert exam.journal.output_owner("another", key) is None


def test_an_output_row_of_an_earlier_release_names_no_clip(table: Any) -> None:
    facts = {"bucket": OUTBOX, "key": "k", "edit_id": "e1", "etag": '"e"', "dropped_at": 7}
    table.put_item(Item={**output_key(OUTBOX, "k"), **facts})
    assert DynamoJournal(table).output_owner(OUTBOX, "k") == OutputOwner("e1", '"e"', 7, "", "")


def rows(table: Any) -> list[dict[str, Any]]:
    return list(table.scan(ConsistentRead=True)["Items"])


def test_nothing_about_money_ever_expires(table: Any) -> None:
    """Rows of edits, attempts, days, drops and outputs carry no time to live, wherever they end."""
    ledger, journal = DynamoLedger(table), DynamoJournal(table)
    for number, state in enumerate(State):
        edit = an_edit(edit_id=f"e{number}")
        ledger.prepare(edit, NOW)
        edit = ledger.advance(
            ledger.reserve(edit, "us", PLENTY, NOW), State.SUBMITTED, NOW, request_id="r", sent_at=NOW
        )
        edit = ledger.complete(edit, edit.estimated_usd, NOW) if number % 2 else ledger.close_unpaid(edit, "x", NOW)
        notice = as_notice(endings.failed(edit.drop, edit, State.FAILED, "x", OUTBOX))
        journal.notice_sent(ledger.end(edit, state, notice, NOW, reason="an end"), NOW)
    journal.record_drop(a_drop(), NOW)
    journal.tell_end(a_drop(), "REJECTED", a_drops_notice(), NOW, "e1")
    journal.own_output(OUTBOX, "k", OutputOwner("e1", "etag", NOW))
    journal.wait_for_partner(a_half())
    found = rows(table)
    kinds = {row["pk"].partition("#")[0] for row in found}
    assert kinds == {"EDIT", "DAY", "FLIGHT", "CLIP", "OUTPUT", "WAIT", "DOUBT"}
    assert {row["pk"].partition("#")[0] for row in found if "expires_at" in row} == {"WAIT"}


def test_a_waiting_half_expires_long_after_its_notice(table: Any) -> None:
    DynamoJournal(table).wait_for_partner(a_half())
    (row,) = rows(table)
    assert row["expires_at"] > NOW + 7 * 86_400
    assert row["expires_at"] == int(row["expires_at"]), "DynamoDB ignores a time to live that is no whole number"


def test_an_edit_that_is_told_leaves_the_sweeps_index(table: Any) -> None:
    ledger, journal = DynamoLedger(table), DynamoJournal(table)
    ledger.prepare(an_edit(), NOW)
    edit = ledger.reserve(an_edit(), "us", PLENTY, NOW)
    notice = as_notice(endings.failed(edit.drop, edit, State.FAILED, "x", OUTBOX))
    told = ledger.end(edit, State.FAILED, notice, NOW)
    journal.notice_sent(told, NOW)
    (row,) = [row for row in rows(table) if row["sk"] == "EDIT"]
    assert "sweep" not in row
    assert "sweep_at" not in row
    assert json.loads(row["notice"]) == told.as_json()


def test_one_sweep_takes_a_bounded_number_of_rows_the_oldest_first(table: Any) -> None:
    journal = DynamoJournal(table)
    for number in range(AT_ONCE + 5):
        journal.wait_for_partner(a_half(f"{number}.mp4", since=NOW + number))
    found = journal.halves_waiting(LATER)
    assert [half.since for half in found] == [NOW + number for number in range(AT_ONCE)]


def test_telling_of_one_message_does_not_silence_the_next_one(exam: Exam) -> None:
    """The row has another message by now; that one still has to be sent."""
    exam.ledger.prepare(an_edit(), NOW)
    edit = exam.ledger.reserve(an_edit(), "us", PLENTY, NOW)
    old, new = (
        as_notice(endings.failed(edit.drop, edit, state, "x", OUTBOX)) for state in (State.FAILED, State.IN_DOUBT)
    )
    told = exam.ledger.end(edit, State.IN_DOUBT, new, NOW)
    exam.journal.notice_sent(replace(old, row=told.row), NOW)
    assert exam.journal.unsent_notices(LATER) == [told]
    exam.journal.notice_sent(told, NOW)
    assert exam.journal.unsent_notices(LATER) == []


def test_a_notice_about_a_half_does_not_silence_its_replacement(exam: Exam) -> None:
    newer = a_half(version="v2", since=NOW + 1)
    exam.journal.wait_for_partner(a_half())
    exam.journal.wait_for_partner(newer)
    exam.journal.half_noticed(a_half(), NOW)
    assert exam.journal.halves_waiting(LATER) == [newer]


def test_telling_of_a_half_whose_partner_came_meanwhile_leaves_nothing_behind(exam: Exam) -> None:
    exam.journal.wait_for_partner(a_half())
    exam.journal.stop_waiting(a_half())
    exam.journal.half_noticed(a_half(), NOW)
    assert exam.journal.halves_waiting(LATER) == []


def test_many_edits_in_flight_do_not_hide_a_message_that_waits(table: Any) -> None:
    ledger, journal = DynamoLedger(table), DynamoJournal(table)
    for number in range(AT_ONCE + 2):
        ledger.prepare(an_edit(edit_id=f"e{number}"), NOW)
    told = journal.tell_end(a_drop(), "REJECTED", a_drops_notice(), NOW + 60)
    assert journal.unsent_notices(LATER) == [told]
