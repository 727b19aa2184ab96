"""What the sweep asks the journal for, of the fake one and of the one in DynamoDB: nothing unfinished is forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dropcut.adapters.dynamodb.journal import DynamoJournal
from dropcut.adapters.dynamodb.ledger import DynamoLedger
from dropcut.adapters.dynamodb.table import attribute, to_sweep
from dropcut.domain.model import Delay, Doubt, Edit, Half, Notice, State
from dropcut.domain.pauses import next_recheck
from dropcut.domain.recovery import Recovery, Span, seconds
from dropcut.domain.resolutions import Decision, Resolution
from dropcut.notifications import endings, updates
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Journal, Ledger
from tests.fakes.examples import INBOX, NOW, OUTBOX, PLENTY, a_drop, an_edit
from tests.fakes.journal import FakeJournal
from tests.fakes.ledger import FakeLedger

LATER = NOW + 7200


@dataclass
class Exam:
    journal: Journal
    ledger: Ledger

    def row(self, edit_id: str) -> Edit:
        edit = self.ledger.edit(edit_id)
        assert edit
        return edit

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
FAILED = as_notice(endings.failed(DROP, None, State.FAILED, "x", OUTBOX))
REJECTED = as_notice(endings.rejected(DROP, [], OUTBOX))
A_MESSAGE = endings.failed(DROP, None, State.FAILED, "x", OUTBOX)


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
    if outcome == "REJECTED":
        exam.journal.tell_end(DROP, outcome, REJECTED, NOW)
    else:
        exam.journal.end_drop(DROP, outcome, NOW)
    assert exam.unfinished() == []
    assert len(exam.journal.unsent_notices(LATER)) == (outcome == "REJECTED")


def test_an_edit_is_unfinished_from_its_preparation_to_its_message(exam: Exam) -> None:
    exam.ledger.prepare(an_edit(), NOW)
    name = an_edit().edit_id
    assert exam.unfinished() == [(DROP.drop_id, name, DROP.drop_id)]
    edit = exam.ledger.delay(an_edit(owner=DROP.drop_id), Delay.CREDITS, NOW)
    edit = exam.ledger.reserve(edit, "its owner", PLENTY, NOW)
    assert exam.unfinished() == [("its owner", name, "its owner")], "the one that holds the attempt is asked after"
    edit = exam.ledger.close_unpaid(edit, "refused", NOW)
    assert exam.unfinished() == [("its owner", name, "its owner")], "no message is written yet"
    notice = as_notice(endings.failed(DROP, edit, State.FAILED, "x", OUTBOX))
    told = exam.ledger.end(edit, State.FAILED, notice, NOW)
    assert exam.unfinished() == []
    assert exam.journal.unsent_notices(LATER) == [told]


def test_the_sweep_names_the_execution_that_resumed_an_edit(exam: Exam) -> None:
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


def test_a_drop_that_ended_meanwhile_stays_out_of_the_queue(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    (one,) = exam.journal.unfinished(LATER)
    exam.journal.end_drop(DROP, "SUPERSEDED", NOW)
    exam.journal.look_later(one, NOW)
    assert exam.unfinished() == []


def in_doubt(exam: Exam) -> Edit:
    """The example edit, sent and not found."""
    exam.ledger.prepare(an_edit(), NOW)
    edit = exam.ledger.reserve(an_edit(owner=DROP.drop_id), DROP.drop_id, PLENTY, NOW)
    edit = exam.ledger.advance(edit, State.SUBMITTING, NOW, sent_at=NOW)
    notice = as_notice(endings.failed(DROP, edit, State.IN_DOUBT, "x", OUTBOX))
    exam.ledger.end(edit, State.IN_DOUBT, notice, NOW, reason="x")
    return exam.row(edit.edit_id)


def adopted() -> Resolution:
    known: dict[str, Any] = {"request_id": "r1", "execution": f"{DROP.drop_id}-2", "proven": True}
    return Resolution(verdict=Decision.ADOPT, who="dropcut", at=NOW + 4000, **known)


def test_the_recheck_finds_an_edit_in_doubt_when_due(exam: Exam) -> None:
    edit, due = in_doubt(exam), NOW + next_recheck(0)
    assert exam.journal.doubts(due - 1) == []
    assert exam.journal.doubts(due) == [Doubt(edit_id=edit.edit_id)]
    exam.journal.look_again(Doubt(edit_id=edit.edit_id), due + 500)
    assert exam.journal.doubts(due + 499) == []
    (doubt,) = exam.journal.doubts(due + 500)
    assert doubt.looks == 1
    exam.journal.stop_looking(doubt)
    exam.journal.look_again(doubt, due)
    assert exam.journal.doubts(LATER) == []
    assert exam.unfinished() == [], "a held edit is no open one"


def test_an_edit_that_is_in_doubt_again_is_looked_for_again(exam: Exam) -> None:
    edit = in_doubt(exam)
    exam.journal.look_again(Doubt(edit_id=edit.edit_id, looks=7), LATER)
    edit = exam.ledger.resolve(edit, replace(adopted(), proven=False)).edit
    assert exam.journal.doubts(LATER) == []
    exam.ledger.advance(edit, State.IN_DOUBT, NOW + 5000, request_id=None)
    assert exam.journal.doubts(NOW + 5000 + next_recheck(0)) == [Doubt(edit_id=edit.edit_id)]


@pytest.mark.parametrize("verdict", Decision)
def test_what_was_decided_is_not_looked_for_any_more(exam: Exam, verdict: Decision) -> None:
    edit = in_doubt(exam)
    (doubt,) = exam.journal.doubts(LATER)
    exam.ledger.resolve(edit, replace(adopted(), verdict=verdict), None if verdict is Decision.ADOPT else FAILED)
    assert exam.journal.doubts(LATER) == []
    exam.journal.look_again(doubt, NOW)
    exam.journal.stop_looking(doubt)
    assert exam.journal.doubts(LATER) == []


def test_the_sweep_sends_an_unsent_notice_about_a_found_request(exam: Exam) -> None:
    edit = in_doubt(exam)
    (doubt,) = exam.journal.doubts(LATER)
    notice = exam.ledger.resolve(edit, adopted(), as_notice(updates.found(adopted().applied_to(edit)))).notice
    assert notice
    exam.journal.look_again(doubt, NOW)
    exam.journal.stop_looking(doubt)
    assert exam.journal.doubts(LATER) == []
    assert exam.journal.unsent_notices(NOW + 4000) == [notice]
    exam.journal.notice_sent(notice, LATER)
    assert exam.journal.unsent_notices(LATER) == []


def test_what_is_said_once_is_said_once(exam: Exam) -> None:
    exam.journal.note_told("A", NOW)
    exam.journal.note_told("A", NOW)
    assert [exam.journal.was_told(what) for what in ("A", "B")] == [True, False]


def test_of_many_who_would_say_something_once_one_may(exam: Exam) -> None:
    assert [exam.journal.claim_telling("A", NOW) for _ in range(3)] == [True, False, False]
    assert exam.journal.was_told("A")
    exam.journal.release_telling("A")
    assert not exam.journal.was_told("A")
    assert exam.journal.claim_telling("A", NOW)


def test_a_stack_is_as_old_as_its_table(table: Any) -> None:
    assert abs(DynamoJournal(table).active_since() - time.time()) < 600


def test_each_look_at_a_row_moves_it_behind_the_others(exam: Exam) -> None:
    first: list[Half | Notice] = []
    for number in range(3):
        half = Half(bucket=INBOX, key=f"{number}.mp4", version="v1", since=NOW + number)
        exam.journal.wait_for_partner(half)
        edit = an_edit(edit_id=f"e{number}")
        exam.ledger.prepare(edit, NOW)
        edit = exam.ledger.reserve(edit, "us", PLENTY, NOW)
        notice = as_notice(endings.failed(edit.drop, edit, State.FAILED, "x", OUTBOX))
        told = exam.ledger.end(edit, State.FAILED, notice, NOW + number)
        first = first or [half, told]
    for row in first:
        exam.journal.look_later(row, NOW + 60)
    halves = [half.key for half in exam.journal.halves_waiting(LATER)]
    notices = [notice.row["pk"] for notice in exam.journal.unsent_notices(LATER)]
    assert halves == ["1.mp4", "2.mp4", "0.mp4"]
    assert notices == ["EDIT#e1", "EDIT#e2", "EDIT#e0"]
    assert len(exam.journal.halves_waiting(NOW + 59)) == len(exam.journal.unsent_notices(NOW + 59)) == 2


@pytest.mark.parametrize("kind", ["DROP", "EDIT", "NOTICE", "WAIT"])
def test_a_row_that_cannot_be_read_hides_no_other(kind: str, table: Any) -> None:
    """Perhaps a later version wrote it, before it was rolled back."""
    journal, ledger = DynamoJournal(table), DynamoLedger(table)
    journal.record_drop(DROP, NOW)
    ledger.prepare(an_edit(), NOW)
    journal.wait_for_partner(Half(bucket=INBOX, key="beach.mp4", version="v1", since=NOW))
    journal.tell_end(a_drop("b.mp4"), "REJECTED", as_notice(A_MESSAGE), NOW)
    finders: dict[str, Callable[[float], Any]] = {
        "NOTICE": journal.unsent_notices, "WAIT": journal.halves_waiting
    }  # fmt: skip
    find = finders.get(kind, journal.unfinished)
    before = find(LATER)
    key = {"pk": f"{kind}#odd", "sk": kind}
    odd = {"notice": "{", "drop": "topsecret", "clip": "topsecret", "state": "topsecret", "since": "topsecret"}
    table.put_item(Item={**key, **odd, **to_sweep(kind, NOW - 1)})
    assert find(LATER) == before
    (unreadable,) = journal.unreadable()
    assert journal.unreadable() == []
    assert unreadable.row == key
    assert "topsecret" not in unreadable.why
    journal.look_later(unreadable, LATER)
    assert find(LATER - 1) == before
    assert journal.unreadable() == [], "it went to the end of its queue"


def test_what_is_still_to_be_recovered_is_remembered(exam: Exam) -> None:
    assert exam.journal.recovery() == Recovery()
    point = (NOW + 0.25, "0123456789abcdef")
    spans = (Span((NOW - 7200.0, ""), point), seconds(NOW, NOW + 60.5))
    progress = Recovery(at=NOW, until=NOW - 900.123, todo=spans, failed=spans[:1], after="旅/line\nbreak \x01.mp4",
                        again_left=spans, left_alone=7)  # fmt: skip
    exam.journal.note_recovery(progress)
    assert exam.journal.recovery() == progress


@pytest.mark.parametrize("stored", [{}, {"at": "soon"}, "nonsense", None, {"at": 1, "todo": [[1]]}])
def test_a_memory_of_another_version_is_no_memory(table: Any, stored: Any) -> None:
    table.put_item(Item={"pk": "STACK", "sk": "RECOVERY", "recovery": attribute(stored)})
    assert DynamoJournal(table).recovery() == Recovery()


@pytest.mark.parametrize("tell", [False, True])
def test_a_withdrawn_edit_leaves_the_sweep_unless_people_must_know(exam: Exam, tell: bool) -> None:
    exam.ledger.prepare(an_edit(), NOW)
    edit = exam.ledger.edit(an_edit().edit_id)
    assert edit
    edit = exam.ledger.withdraw(edit, "replaced", NOW, tell=tell)
    assert len(exam.unfinished()) == (1 if tell else 0)
    assert exam.journal.unsent_notices(LATER) == []
    exam.ledger.prepare(an_edit(), NOW)
    assert len(exam.unfinished()) == 1, "dropped again, it is asked after again"


def test_a_drop_that_begins_a_restore_is_unfinished_again(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    exam.journal.end_drop(DROP, "EDIT", NOW, "e1")
    exam.journal.end_drop(DROP, "PUT_BACK", NOW + 60, "e1")
    assert exam.unfinished(NOW + 59) == []
    assert exam.unfinished(NOW + 60) == [(DROP.drop_id, None, DROP.drop_id)]


def test_telling_of_a_drops_message_does_not_silence_the_next_one(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    told = exam.journal.tell_end(DROP, "FAILED", REJECTED, NOW)
    exam.journal.notice_sent(replace(FAILED, row=told.row), NOW)
    assert exam.journal.unsent_notices(LATER) == [told]


def test_a_later_ending_of_a_drop_removes_its_unsent_notice(exam: Exam) -> None:
    exam.journal.record_drop(DROP, NOW)
    exam.journal.tell_end(DROP, "FAILED", FAILED, NOW)
    exam.journal.end_drop(DROP, "EDIT", NOW, "e1")
    assert exam.journal.unsent_notices(LATER) == []
    assert exam.unfinished() == []
