"""The fake ledger and the one in DynamoDB sit the same exam: every step conditional, every dollar counted once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from dropcut.adapters.dynamodb.ledger import DynamoLedger
from dropcut.adapters.dynamodb.table import day_key, edit_key
from dropcut.domain.errors import LedgerConflict
from dropcut.domain.model import OPEN, Cause, Delay, Edit, Notice, State
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Ledger
from tests.fakes.examples import NOW, OUTBOX, PLENTY, a_clip, an_edit
from tests.fakes.ledger import FakeLedger

DAY, US = "2026-11-24", "our execution"
PRICE, CHARGE = Decimal("1.68"), Decimal("1.575")
Money = dict[str, Decimal]


@dataclass
class Exam:
    ledger: Ledger
    counted: Callable[[], Money]

    def money(self) -> tuple[Decimal | int, ...]:
        """Reserved, charged, attempts of the day."""
        found = self.counted()
        names = ("reserved_usd", "charged_usd", "attempts")
        return (found.get(names[0], Decimal()), found.get(names[1], Decimal()), found.get(names[2], Decimal()))

    def row(self) -> Edit:
        edit = self.ledger.edit(an_edit().edit_id)
        assert edit is not None
        return edit

    def bring_to(self, state: State) -> Edit:
        """Walk the example edit to a state, step by step."""
        self.ledger.prepare(an_edit(), NOW)
        edit = self.row()
        if state is State.PREPARED:
            return edit
        edit = self.ledger.reserve(edit, US, PLENTY, NOW)
        if state is State.FAILED:
            return self.ledger.close_unpaid(edit, "nobody confirmed it", NOW, Cause.UNCONFIRMED)
        steps: list[Callable[[Edit], Edit]] = [
            lambda edit: self.ledger.advance(edit, State.SUBMITTING, NOW, sent_at=NOW),
            lambda edit: self.ledger.advance(edit, State.SUBMITTED, NOW, request_id="r1", submitted_at=NOW),
            lambda edit: self.ledger.complete(edit, CHARGE, NOW + 200),
            self._deliver,
        ]
        for step in steps:
            if edit.state is state:
                return edit
            edit = step(edit)
        return edit if edit.state is state else self.ledger.advance(edit, state, NOW, reason="an example")

    def _deliver(self, edit: Edit) -> Edit:
        self.ledger.end(edit, State.DELIVERED, a_notice(edit), NOW + 210, output={"key": "k", "size": 9})
        return self.row()


def a_notice(edit: Edit) -> Notice:
    return as_notice(endings.failed(edit.drop, edit, State.FAILED, "x", OUTBOX))


@pytest.fixture(params=["fake", "dynamodb"])
def exam(request: pytest.FixtureRequest) -> Exam:
    if request.param == "fake":
        fake = FakeLedger()
        return Exam(fake, lambda: dict(fake.money[DAY]))
    table = request.getfixturevalue("table")
    return Exam(DynamoLedger(table), lambda: table.get_item(Key=day_key(DAY)).get("Item", {}))


def test_what_nobody_wrote_is_not_there(exam: Exam) -> None:
    assert exam.ledger.edit("e9") is None


def test_an_edit_comes_back_as_it_was_written(exam: Exam) -> None:
    request = {"prompt": "é 旅\n\x00", "elements": [{"weight": 0.1, "n": 3, "on": True}], "image_urls": [], "x": None}
    edit = an_edit(request=request, warnings=("one", "two"), rerun=3, clip=a_clip(fps=23.976, seconds=10.04))
    exam.ledger.prepare(edit, NOW)
    assert exam.row() == replace(edit, owner=edit.drop.drop_id)


@pytest.mark.parametrize("state", State)
def test_each_step_gives_back_what_is_then_in_the_ledger(exam: Exam, state: State) -> None:
    given = exam.bring_to(state)
    assert given.state is state
    found = exam.row()
    assert replace(found, notice=None) == replace(given, notice=None)


def test_preparing_again_keeps_the_attempts_and_forgets_why_they_ended(exam: Exam) -> None:
    exam.bring_to(State.FAILED)
    exam.ledger.prepare(an_edit(warnings=("new",)), NOW + 1)
    row, us = exam.row(), an_edit().drop.drop_id  # from now on this drop's execution is asked after
    assert (row.state, row.attempt, row.owner, row.warnings) == (State.FAILED, 1, us, ("new",))
    assert (row.reason, row.cause) == (None, None)


@pytest.mark.parametrize("state", [state for state in State if state not in (State.PREPARED, State.FAILED)])
def test_what_is_open_paid_or_held_is_not_prepared_anew(exam: Exam, state: State) -> None:
    before = exam.bring_to(state)
    with pytest.raises(LedgerConflict):
        exam.ledger.prepare(an_edit(), NOW)
    assert exam.row().state is before.state


def test_a_reservation_opens_the_next_attempt_and_counts_its_money(exam: Exam) -> None:
    exam.ledger.prepare(an_edit(), NOW)
    edit = exam.ledger.reserve(exam.row(), US, PLENTY, NOW)
    assert (edit.state, edit.attempt, edit.owner, edit.reserved_day) == (State.RESERVED, 1, US, DAY)
    assert exam.money() == (PRICE, 0, 1)


def test_of_two_executions_with_the_same_reading_one_reserves(exam: Exam) -> None:
    read = exam.bring_to(State.PREPARED)
    exam.ledger.reserve(read, US, PLENTY, NOW)
    with pytest.raises(LedgerConflict):
        exam.ledger.reserve(read, "another", PLENTY, NOW)
    assert exam.row().owner == US
    assert exam.money() == (PRICE, 0, 1)


def test_what_was_withdrawn_since_it_was_read_is_not_reserved(exam: Exam) -> None:
    read = exam.bring_to(State.PREPARED)
    exam.ledger.withdraw(read, "superseded", NOW, tell=False)
    with pytest.raises(LedgerConflict):
        exam.ledger.reserve(read, US, PLENTY, NOW)
    assert exam.row().state is State.FAILED
    assert exam.money() == (0, 0, 0)


def test_of_many_executions_at_the_same_moment_one_reserves(exam: Exam) -> None:
    read = exam.bring_to(State.PREPARED)
    won, gate = [], threading.Barrier(6)

    def try_it(name: str) -> None:
        gate.wait()
        with contextlib.suppress(LedgerConflict):
            won.append(exam.ledger.reserve(read, name, PLENTY, NOW).owner)

    threads = [threading.Thread(target=try_it, args=(f"execution {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [exam.row().owner] == won
    assert exam.money() == (PRICE, 0, 1)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_an_outdated_reading_cannot_open_an_attempt_a_second_time(exam: Exam, state: State) -> None:
    read = exam.bring_to(State.PREPARED)
    edit = exam.ledger.reserve(read, US, PLENTY, NOW)
    if state is not State.RESERVED:
        exam.ledger.advance(edit, state, NOW)
    with pytest.raises(LedgerConflict):
        exam.ledger.reserve(read, US, PLENTY, NOW)
    assert exam.money() == (PRICE, 0, 1)


def test_a_new_attempt_forgets_the_answers_of_the_last_one(exam: Exam) -> None:
    edit = exam.bring_to(State.SUBMITTED)
    exam.ledger.close_unpaid(edit, "capacity", NOW, Cause.UNCONFIRMED)
    exam.ledger.reserve(exam.row(), "another", PLENTY, NOW)
    row = exam.row()
    assert (row.attempt, row.owner) == (2, "another")
    assert (row.sent_at, row.request_id, row.submitted_at, row.reason, row.cause) == (None,) * 5
    assert exam.money() == (PRICE, 0, 2)


Step = Callable[[Ledger, Edit], Any]
STEPS: dict[str, Step] = {
    "advance": lambda ledger, edit: ledger.advance(edit, State.SUBMITTED, NOW),
    "complete": lambda ledger, edit: ledger.complete(edit, CHARGE, NOW),
    "close_unpaid": lambda ledger, edit: ledger.close_unpaid(edit, "x", NOW),
    "end": lambda ledger, edit: ledger.end(edit, State.UNDELIVERED, a_notice(edit), NOW),
}
STALE: dict[str, dict[str, Any]] = {
    "state": {"state": State.RESERVED},
    "attempt": {"attempt": 2},
    "owner": {"owner": "another"},
}


@pytest.mark.parametrize("changed", STALE)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_from_a_row_that_was_moved_meanwhile_is_refused(exam: Exam, step: str, changed: str) -> None:
    edit = exam.bring_to(State.SUBMITTING)
    with pytest.raises(LedgerConflict):
        STEPS[step](exam.ledger, replace(edit, **STALE[changed]))
    assert exam.row().state is State.SUBMITTING
    assert exam.money() == (PRICE, 0, 1)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_an_edit_that_is_not_there_is_refused(exam: Exam, step: str) -> None:
    with pytest.raises(LedgerConflict):
        STEPS[step](exam.ledger, an_edit(state=State.SUBMITTING))
    assert exam.ledger.edit(an_edit().edit_id) is None


def test_a_fact_that_is_none_is_forgotten(exam: Exam) -> None:
    edit = exam.bring_to(State.SUBMITTING)
    exam.ledger.advance(edit, State.RESERVED, NOW, sent_at=None)
    assert exam.row().sent_at is None


WHY: dict[str, tuple[State, Callable[[Ledger, Edit, Cause | None], Edit | Notice]]] = {
    "withdraw": (State.PREPARED, lambda ledger, edit, why: ledger.withdraw(edit, "r", NOW, tell=True, cause=why)),
    "close_unpaid": (State.SUBMITTED, lambda ledger, edit, why: ledger.close_unpaid(edit, "r", NOW, why)),
    "advance": (
        State.COMPLETED,
        lambda ledger, edit, why: ledger.advance(edit, edit.state, NOW, reason="r", cause=why),
    ),
    "end": (
        State.IN_DOUBT,
        lambda ledger, edit, why: ledger.end(edit, edit.state, a_notice(edit), NOW, reason="r", cause=why),
    ),
}


@pytest.mark.parametrize("cause", [*Cause, None])
@pytest.mark.parametrize("step", WHY)
def test_a_reason_is_written_with_its_cause(exam: Exam, step: str, cause: Cause | None) -> None:
    state, write = WHY[step]
    given = write(exam.ledger, exam.bring_to(state), cause)
    assert (exam.row().reason, exam.row().cause) == ("r", cause)
    assert given in (exam.row(), exam.row().notice)


@pytest.mark.parametrize("step", ["advance", "end"])
def test_a_reason_without_a_cause_leaves_none_of_the_one_before(exam: Exam, step: str) -> None:
    edit = exam.bring_to(State.COMPLETED)
    edit = exam.ledger.advance(edit, State.UNDELIVERED, NOW, reason="charged", cause=Cause.CHARGED)
    if step == "end":
        exam.ledger.end(edit, edit.state, a_notice(edit), NOW, reason="another")
    else:
        exam.ledger.advance(edit, edit.state, NOW, reason="another")
    assert (exam.row().reason, exam.row().cause) == ("another", None)


def test_a_step_without_a_reason_keeps_the_earlier_reason(exam: Exam) -> None:
    edit = exam.bring_to(State.COMPLETED)
    edit = exam.ledger.advance(edit, State.UNDELIVERED, NOW, reason="charged", cause=Cause.CHARGED)
    exam.ledger.end(edit, edit.state, a_notice(edit), NOW)
    assert (exam.row().reason, exam.row().cause) == ("charged", Cause.CHARGED)


def test_a_charge_takes_the_place_of_the_reservation(exam: Exam) -> None:
    edit = exam.ledger.complete(exam.bring_to(State.SUBMITTED), CHARGE, NOW + 200)
    assert (edit.charged_usd, edit.completed_at) == (CHARGE, NOW + 200)
    assert exam.money() == (0, CHARGE, 1)


def test_a_charge_is_counted_once_however_often_it_is_told(exam: Exam) -> None:
    edit = exam.ledger.complete(exam.bring_to(State.SUBMITTED), None, NOW + 200)
    assert exam.money() == (PRICE, 0, 1)
    edit = exam.ledger.complete(edit, CHARGE, NOW + 300)
    edit = exam.ledger.complete(edit, CHARGE, NOW + 400)
    assert edit.completed_at == NOW + 200
    assert exam.money() == (0, CHARGE, 1)


def test_a_later_answer_without_a_charge_does_not_undo_it(exam: Exam) -> None:
    edit = exam.ledger.complete(exam.bring_to(State.SUBMITTED), CHARGE, NOW)
    exam.ledger.complete(edit, None, NOW)
    edit = exam.ledger.complete(exam.row(), CHARGE, NOW)
    assert exam.row().charged_usd == CHARGE
    assert exam.money() == (0, CHARGE, 1)


def test_a_closed_attempt_gives_its_reservation_back_once(exam: Exam) -> None:
    edit = exam.bring_to(State.SUBMITTED)
    exam.ledger.close_unpaid(edit, "the provider failed it", NOW)
    with pytest.raises(LedgerConflict):
        exam.ledger.close_unpaid(edit, "again", NOW)
    assert exam.row().reason == "the provider failed it"
    assert exam.money() == (0, 0, 1)


def test_a_reservation_of_yesterday_is_given_back_to_yesterday(exam: Exam) -> None:
    edit = exam.bring_to(State.SUBMITTED)
    exam.ledger.complete(edit, CHARGE, NOW + 86_400)
    assert exam.money() == (0, CHARGE, 1)


def test_the_last_step_carries_its_message(exam: Exam) -> None:
    edit = exam.bring_to(State.COMPLETED)
    told = exam.ledger.end(edit, State.DELIVERED, a_notice(edit), NOW, output={"key": "k"}, warnings=["w"])
    row = exam.row()
    assert told == replace(a_notice(edit), row=edit_key(edit.edit_id))
    assert (row.notice, row.output, row.warnings) == (told, {"key": "k"}, ("w",))


def test_an_ended_edit_must_be_prepared_again_before_a_reservation(exam: Exam) -> None:
    unsaid = exam.bring_to(State.FAILED)
    exam.ledger.end(unsaid, State.FAILED, a_notice(unsaid), NOW)
    for read in (unsaid, exam.row()):  # read before it was told, and after
        with pytest.raises(LedgerConflict):
            exam.ledger.reserve(read, US, PLENTY, NOW)
    assert exam.money() == (0, 0, 1)
    exam.ledger.prepare(an_edit(), NOW)
    assert exam.ledger.reserve(exam.row(), US, PLENTY, NOW).attempt == 2


NOT_OPEN: dict[str, Step] = {
    "delay": lambda ledger, edit: ledger.delay(edit, Delay.CREDITS, NOW),
    "withdraw": lambda ledger, edit: ledger.withdraw(edit, "replaced", NOW, tell=False),
}


@pytest.mark.parametrize("step", NOT_OPEN)
def test_what_was_told_is_neither_delayed_nor_withdrawn(exam: Exam, step: str) -> None:
    unsaid = exam.bring_to(State.FAILED)
    exam.ledger.end(unsaid, State.FAILED, a_notice(unsaid), NOW)
    before = exam.row()
    with pytest.raises(LedgerConflict):
        NOT_OPEN[step](exam.ledger, unsaid)
    assert exam.row() == before


@pytest.mark.parametrize("changed", STALE)
@pytest.mark.parametrize("step", NOT_OPEN)
def test_a_wait_from_a_row_that_was_moved_meanwhile_is_refused(exam: Exam, step: str, changed: str) -> None:
    edit = exam.bring_to(State.FAILED)
    stale = {"state": {"state": State.PREPARED}}.get(changed, STALE[changed])
    with pytest.raises(LedgerConflict):
        NOT_OPEN[step](exam.ledger, replace(edit, **stale))
    assert exam.row() == edit


@pytest.mark.parametrize("tell", [False, True])
@pytest.mark.parametrize("state", [State.PREPARED, State.FAILED])
def test_what_is_withdrawn_has_failed_unpaid_and_waits_for_nothing(exam: Exam, state: State, tell: bool) -> None:
    edit, money = exam.ledger.delay(exam.bring_to(state), Delay.CREDITS, NOW), exam.money()
    given = exam.ledger.withdraw(edit, "replaced", NOW, tell=tell)
    facts: dict[str, Any] = {"state": State.FAILED, "reason": "replaced", "cause": None}
    assert given == exam.row() == replace(edit, delayed_by=None, delayed_since=None, **facts)
    assert exam.money() == money
    exam.ledger.prepare(an_edit(), NOW)
    assert exam.ledger.reserve(exam.row(), US, PLENTY, NOW).attempt == edit.attempt + 1, "dropped again, it is bought"


@pytest.mark.parametrize("state", sorted(OPEN | {State.IN_DOUBT, State.UNDELIVERED, State.DELIVERED, State.ABANDONED}))
def test_what_is_open_or_over_is_not_withdrawn(exam: Exam, state: State) -> None:
    edit = exam.bring_to(state)
    with pytest.raises(ValueError, match=state):
        exam.ledger.withdraw(edit, "replaced", NOW, tell=True)
    assert exam.row().state is state
