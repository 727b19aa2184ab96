"""What the sweep asks the journal for, of the fake one and of the one in DynamoDB: nothing unfinished is forgotten."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from dropcut import messages
from dropcut.journal import DynamoJournal
from dropcut.ledger import DynamoLedger
from dropcut.model import Delay, State
from dropcut.notices import Notice
from dropcut.ports import Journal, Ledger
from dropcut.table import drop_key, edit_key
from tests.fakes.examples import NOW, OUTBOX, PLENTY, a_drop, an_edit
from tests.fakes.journal import FakeJournal
from tests.fakes.ledger import FakeLedger

LATER = NOW + 7200


@dataclass
class Exam:
    journal: Journal
    ledger: Ledger

    def unfinished(self, before: float = LATER) -> list[tuple[str, str | None, str]]:
        """Of each: the drop, the edit, and the execution to ask after."""
        found = self.journal.unfinished(before)
        return sorted(((one.drop.drop_id, one.edit_id, one.execution) for one in found), key=str)


@pytest.fixture(params=["fake", "dynamodb"])
def exam(request: pytest.FixtureRequest) -> Exam:
    if request.param == "fake":
        ledger = FakeLedger()
        return Exam(FakeJournal(ledger), ledger)
    table = request.getfixturevalue("table")
    return Exam(DynamoJournal(table), DynamoLedger(table))


DROP = a_drop()


def test_a_drop_is_unfinished_until_it_is_understood(exam: Exam) -> None:
    assert exam.journal.drop(DROP) is None
    exam.journal.record_drop(DROP, NOW)
    exam.journal.record_drop(DROP, NOW + 60)
    assert exam.journal.drop(DROP) == ("", None)
    assert exam.unfinished(NOW - 1) == []
    assert exam.unfinished(NOW) == [(DROP.drop_id, None, DROP.drop_id)], "its first announcement counts"
    (found,) = exam.journal.unfinished(NOW)
    assert found.drop == DROP
    exam.journal.end_drop(DROP, "EDIT", NOW + 70, "e1")
    assert exam.journal.drop(DROP) == ("EDIT", "e1")
    exam.journal.record_drop(DROP, NOW + 80)
    assert exam.unfinished() == [], "announced once more, it stays understood"


@pytest.mark.parametrize("outcome", ["SUPERSEDED", "IN_FLIGHT", "REJECTED"])
def test_a_drop_that_ended_is_not_asked_after(exam: Exam, outcome: str) -> None:
    exam.journal.record_drop(DROP, NOW)
    body = messages.failed(DROP, None, State.FAILED, "x", OUTBOX)
    notice = Notice(**drop_key(DROP), body=body) if outcome == "REJECTED" else None
    exam.journal.end_drop(DROP, outcome, NOW, notice=notice)
    assert exam.unfinished() == []
    assert len(exam.journal.unsent_notices(LATER)) == (1 if notice else 0)


def test_an_edit_is_unfinished_from_its_preparation_to_its_message(exam: Exam) -> None:
    exam.ledger.prepare(an_edit(), NOW)
    name = an_edit().edit_id
    assert exam.unfinished() == [(DROP.drop_id, name, DROP.drop_id)]
    edit = exam.ledger.delay(an_edit(owner=DROP.drop_id), Delay.CREDITS, NOW)
    edit = exam.ledger.reserve(edit, "its owner", PLENTY, NOW)
    assert exam.unfinished() == [("its owner", name, "its owner")], "the one that holds the attempt is asked after"
    edit = exam.ledger.close_unpaid(edit, "refused", NOW)
    assert exam.unfinished() == [("its owner", name, "its owner")], "no message is written yet"
    notice = Notice(**edit_key(name), body=messages.failed(DROP, edit, State.FAILED, "x", OUTBOX))
    exam.ledger.end(edit, State.FAILED, notice, NOW)
    assert exam.unfinished() == []
    assert exam.journal.unsent_notices(LATER) == [notice.as_json()]


def test_an_execution_that_was_taken_up_again_is_asked_after_by_its_name(exam: Exam) -> None:
    exam.ledger.prepare(an_edit(), NOW)
    edit = exam.ledger.reserve(an_edit(), DROP.drop_id, PLENTY, NOW)
    exam.ledger.advance(edit, State.SUBMITTED, NOW, execution=f"{DROP.drop_id}-2")
    assert exam.unfinished() == [(DROP.drop_id, edit.edit_id, f"{DROP.drop_id}-2")]


def test_what_was_asked_after_goes_to_the_end_of_the_queue(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    exam.ledger.prepare(an_edit(), NOW)
    for one in exam.journal.unfinished(NOW + 60):
        exam.journal.look_later(one, NOW + 1000)
    assert exam.unfinished(NOW + 999) == []
    assert len(exam.unfinished(NOW + 1000)) == 2


def test_what_was_dealt_with_meanwhile_is_not_put_back_into_the_queue(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    (one,) = exam.journal.unfinished(LATER)
    exam.journal.end_drop(DROP, "SUPERSEDED", NOW)
    exam.journal.look_later(one, NOW)
    assert exam.unfinished() == []


def test_what_is_said_once_is_said_once(exam: Exam) -> None:
    exam.journal.note_told("A", NOW)
    exam.journal.note_told("A", NOW)
    assert [exam.journal.was_told(what) for what in ("A", "B")] == [True, False]


def test_a_stack_is_as_old_as_its_table(table: Any) -> None:
    assert abs(DynamoJournal(table).active_since() - time.time()) < 600


@pytest.mark.parametrize("tell", [False, True])
def test_what_is_withdrawn_leaves_the_sweep_unless_somebody_has_to_be_told(exam: Exam, tell: bool) -> None:
    exam.ledger.prepare(an_edit(), NOW)
    edit = exam.ledger.edit(an_edit().edit_id)
    assert edit
    edit = exam.ledger.withdraw(edit, "replaced", NOW, tell=tell)
    assert len(exam.unfinished()) == (1 if tell else 0)
    assert exam.journal.unsent_notices(LATER) == []
    exam.ledger.prepare(an_edit(), NOW)
    assert len(exam.unfinished()) == 1, "dropped again, it is asked after again"


def test_a_drop_that_begins_to_put_an_output_back_is_asked_after_whatever_it_was(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    exam.journal.end_drop(DROP, "EDIT", NOW, "e1")
    exam.journal.end_drop(DROP, "PUT_BACK", NOW + 60, "e1")
    assert exam.unfinished(NOW + 59) == []
    assert exam.unfinished(NOW + 60) == [(DROP.drop_id, None, DROP.drop_id)]


FAILED = Notice(**drop_key(DROP), body=messages.failed(DROP, None, State.FAILED, "x", OUTBOX))
REJECTED = Notice(**drop_key(DROP), body=messages.rejected(DROP, [], OUTBOX))


def test_telling_of_a_drops_message_does_not_silence_the_next_one(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    exam.journal.end_drop(DROP, "FAILED", NOW, notice=REJECTED)
    exam.journal.notice_sent(FAILED.as_json(), NOW)
    assert exam.journal.unsent_notices(LATER) == [REJECTED.as_json()]


def test_a_drop_that_ends_otherwise_after_all_has_no_message_to_send(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    exam.journal.end_drop(DROP, "FAILED", NOW, notice=FAILED)
    exam.journal.end_drop(DROP, "EDIT", NOW, "e1")
    assert exam.journal.unsent_notices(LATER) == []
    assert exam.unfinished() == []
