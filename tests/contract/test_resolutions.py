"""What a person decides about a held edit, in the fake ledger and in DynamoDB: once, audited, counted to the cent."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from dropcut.adapters.dynamodb.table import audit_key
from dropcut.domain.errors import LedgerConflict, LimitReached
from dropcut.domain.model import Cause, State
from dropcut.domain.resolutions import Decision
from tests.contract.held_edits import EDIT, PRICE, US, WHO, Exam, a, fake_exam, real_exam
from tests.fakes.examples import NOW, PLENTY, a_drop, an_edit


@pytest.fixture(params=["fake", "dynamodb"])
def exam(request: pytest.FixtureRequest) -> Exam:
    return fake_exam() if request.param == "fake" else real_exam(request.getfixturevalue("table"))


def test_an_adopted_request_puts_the_edit_back_in_flight(exam: Exam) -> None:
    held = exam.held(State.IN_DOUBT)
    given = exam.resolve(held, a(Decision.ADOPT))
    row = exam.row()
    assert row == given
    assert (row.state, row.request_id, row.submitted_at, row.attempt) == (State.SUBMITTED, "r7", NOW, 1)
    assert (row.execution, row.owner) == (f"{US}-2", US)
    assert (row.reason, row.cause, row.notice, row.event_id, row.candidates) == (None, None, None, None, ())
    assert exam.money() == (PRICE, PRICE, 0)
    assert exam.places() == {EDIT}
    exam.ledger.complete(row, Decimal("1.575"), NOW + 5000)
    assert exam.money() == (Decimal("1.575"), 0, Decimal("1.575"))
    assert exam.places() == set()


def test_a_charge_that_was_counted_before_is_not_counted_again(exam: Exam) -> None:
    exam.resolve(exam.held(State.UNDELIVERED), a(Decision.ADOPT, request_id="r1"))
    assert exam.row().charged_usd == PRICE
    exam.ledger.complete(exam.row(), PRICE, NOW + 5000)
    assert exam.row().completed_at == NOW + 200, "the result's seven days began then"
    assert exam.money() == (PRICE, 0, PRICE)


def test_a_day_settled_with_a_charge_is_not_settled_again(exam: Exam) -> None:
    exam.resolve(exam.held(State.UNDELIVERED), a(Decision.ADOPT, request_id="r1"))
    moved = exam.ledger.close_unpaid(exam.row(), "failed after all", NOW + 5000)
    assert exam.money() == (PRICE, 0, PRICE)
    assert (moved.state, exam.row().charged_usd) == (State.FAILED, PRICE), "which is no proof that nothing was paid"


@pytest.mark.parametrize("step", ["complete", "close_unpaid"])
def test_what_was_read_before_the_charge_settles_nothing(exam: Exam, step: str) -> None:
    """The same attempt may be SUBMITTED twice: before its charge was known, and taken up again after."""
    exam.resolve(exam.held(State.UNDELIVERED), a(Decision.ADOPT, request_id="r1"))
    stale = replace(exam.row(), charged_usd=None)
    known: Any = PRICE if step == "complete" else "capacity"
    with pytest.raises(LedgerConflict):
        getattr(exam.ledger, step)(stale, known, NOW + 5000)
    assert exam.money() == (PRICE, 0, PRICE)


def test_the_person_who_vouched_is_kept_until_the_next_attempt(exam: Exam) -> None:
    exam.resolve(exam.held(State.IN_DOUBT), a(Decision.ADOPT))
    assert exam.row().vouched_by == WHO
    exam.ledger.close_unpaid(exam.row(), "capacity", NOW + 5000)
    assert exam.ledger.reserve(exam.row(), US, PLENTY, NOW + 5000).vouched_by is None
    assert exam.row().vouched_by is None


def test_an_edit_resolved_as_not_billed_may_be_bought_again(exam: Exam) -> None:
    given = exam.resolve(exam.held(State.IN_DOUBT), a(Decision.NOT_BILLED))
    row = exam.row()
    assert row == given
    assert row.state is State.FAILED
    assert (row.reason, row.cause) == (f"held to be unpaid on 2026-11-24 by {WHO}: seen", Cause.NOT_BILLED)
    assert exam.money() == (0, 0, 0)
    exam.ledger.prepare(an_edit(), NOW + 5000)
    assert exam.ledger.reserve(exam.row(), "another drop", PLENTY, NOW + 5000).attempt == 2


@pytest.mark.parametrize("state", [State.IN_DOUBT, State.UNDELIVERED])
def test_what_is_given_up_stays_counted_and_is_never_bought_again(exam: Exam, state: State) -> None:
    held = exam.held(state)
    before = exam.money()
    given = exam.resolve(held, a(Decision.GIVE_UP))
    assert exam.row() == given
    assert (given.state, given.reason, given.cause) == (
        State.ABANDONED,
        f"given up on 2026-11-24 by {WHO}: seen",
        None,
    )
    assert exam.money() == before
    with pytest.raises(LedgerConflict):
        exam.ledger.prepare(an_edit(), NOW)


@pytest.mark.parametrize("verdict", Decision)
def test_every_decision_is_audited_with_who_and_what_was_there_before(exam: Exam, verdict: Decision) -> None:
    held = exam.held(State.IN_DOUBT)
    exam.resolve(held, a(verdict))
    audit = exam.audit(NOW + 4000)
    assert audit
    assert (audit["who"], audit["what"], audit["note"]) == (WHO, verdict, "seen")
    assert (audit["before"]["state"], audit["before"]["reason"]) == (State.IN_DOUBT, "nobody knows")
    assert audit["after"]["state"] == exam.row().state
    assert "notice" not in audit["before"]


@pytest.mark.parametrize("verdict", [Decision.NOT_BILLED, Decision.GIVE_UP])
@pytest.mark.parametrize("sent", [True, False])
def test_a_decision_always_leaves_its_own_message_to_send(exam: Exam, verdict: Decision, sent: bool) -> None:
    held, later = exam.held(State.IN_DOUBT), NOW + 9000
    (before,) = exam.journal.unsent_notices(later)
    if sent:
        exam.journal.notice_sent(before, NOW + 301)
        held = exam.row()
    given = exam.resolve(held, a(verdict))
    assert exam.row() == given
    (notice,) = exam.journal.unsent_notices(later)
    assert notice == given.notice
    assert (notice.event_id, notice.status) == (given.event_id, given.state)
    assert exam.journal.unsent_notices(NOW + 3999) == [], "it was only just written"
    exam.journal.notice_sent(before, NOW + 4001)
    assert exam.journal.unsent_notices(later) == [notice], "the last one, sent late, is not this one"
    exam.journal.notice_sent(notice, NOW + 4002)
    assert exam.journal.unsent_notices(later) == []
    assert exam.journal.unfinished(later) == []


def test_the_sweep_finds_an_adopted_edit_under_its_new_execution(exam: Exam) -> None:
    exam.resolve(exam.held(State.IN_DOUBT), a(Decision.ADOPT))
    (found,) = exam.journal.unfinished(NOW + 9000)
    assert (found.execution, found.drop, found.edit_id) == (f"{US}-2", a_drop(), EDIT)
    assert exam.journal.unsent_notices(NOW + 9000) == []


STALE: dict[str, dict[str, Any]] = {"attempt": {"attempt": 2}, "owner": {"owner": "another"}}
STALE["state"] = {"state": State.UNDELIVERED, "request_id": "r1"}
STALE["message"] = {"event_id": "of an earlier end"}
STALE["no message"] = {"event_id": None}


@pytest.mark.parametrize("changed", STALE)
@pytest.mark.parametrize("verdict", [Decision.ADOPT, Decision.GIVE_UP])
def test_what_was_moved_since_it_was_shown_is_left_alone(exam: Exam, verdict: Decision, changed: str) -> None:
    held = exam.held(State.IN_DOUBT)
    before = exam.money()
    with pytest.raises(LedgerConflict):
        exam.resolve(replace(held, **STALE[changed]), a(verdict))
    assert exam.row() == held
    assert exam.audit(NOW + 4000) is None
    assert (exam.money(), exam.places()) == (before, set())


def test_of_many_people_at_the_same_moment_one_decides(exam: Exam) -> None:
    held, gate = exam.held(State.IN_DOUBT), threading.Barrier(6)
    won: list[State] = []

    def decide(n: int) -> None:
        verdict = list(Decision)[n % 3]
        gate.wait()
        with contextlib.suppress(LedgerConflict):
            won.append(exam.resolve(held, replace(a(verdict), at=NOW + n)).state)

    threads = [threading.Thread(target=decide, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [exam.row().state] == won
    assert len([n for n in range(6) if exam.audit(NOW + n)]) == 1


def test_an_adopted_edit_needs_no_room_but_takes_one(exam: Exam) -> None:
    """The provider accepted it long ago; whoever comes next has to wait for it."""
    held, one = exam.held(State.IN_DOUBT), replace(PLENTY, in_flight=1)
    other = an_edit(edit_id="f" * 64)
    exam.ledger.prepare(other, NOW)
    exam.ledger.reserve(other, "another drop", one, NOW)
    exam.resolve(held, a(Decision.ADOPT))
    assert exam.places() == {EDIT, other.edit_id}
    third = an_edit(edit_id="9" * 64)
    exam.ledger.prepare(third, NOW)
    with pytest.raises(LimitReached):
        exam.ledger.reserve(third, "a third drop", one, NOW)


@pytest.mark.parametrize(("owner", "kept"), [(US, f"{US}-2"), ("another drop", "")])
def test_a_new_attempt_is_carried_by_the_execution_that_opens_it(exam: Exam, owner: str, kept: str) -> None:
    """The provider failed the adopted request, unbilled: the same execution tries again, or another drop's does."""
    exam.resolve(exam.held(State.IN_DOUBT), a(Decision.ADOPT))
    exam.ledger.close_unpaid(exam.row(), "capacity", NOW + 5000)
    if owner != US:
        exam.ledger.prepare(an_edit(), NOW + 5000)
    given = exam.ledger.reserve(exam.row(), owner, PLENTY, NOW + 5000)
    assert exam.row() == given
    assert (given.execution, given.owner) == (kept, owner)


def test_a_time_of_an_audit_is_read_as_a_moment() -> None:
    assert audit_key("e", NOW + 0.1234)["sk"] == "AUDIT#2026-11-24T06:00:00.123Z"
