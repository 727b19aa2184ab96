"""Limits, in the fake ledger and in DynamoDB: held to in the transaction that opens an attempt, and nothing leaks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from dropcut.adapters.dynamodb.ledger import DynamoLedger
from dropcut.adapters.dynamodb.table import FLIGHT_KEY, attempt_key, day_key
from dropcut.domain.errors import LedgerConflict, LimitReached
from dropcut.domain.model import Delay, Edit, Notice, State
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Ledger
from tests.fakes.examples import NOW, OUTBOX, PLENTY, an_edit
from tests.fakes.ledger import FakeLedger

DAY, US, TOMORROW = "2026-11-24", "our execution", NOW + 86_400
PRICE = Decimal("1.68")


@dataclass
class Exam:
    ledger: Ledger
    committed: Callable[[str], Any]
    places: Callable[[], set[str]]
    attempt: Callable[[str, int], dict[str, Any]]

    def prepared(self, name: str) -> Edit:
        self.ledger.prepare(an_edit(edit_id=name), NOW)
        edit = self.ledger.edit(name)
        assert edit is not None
        return edit

    def opened(self, name: str) -> Edit:
        return self.ledger.reserve(self.prepared(name), US, PLENTY, NOW)

    def submitted(self, name: str) -> Edit:
        edit = self.ledger.advance(self.opened(name), State.SUBMITTING, NOW, sent_at=NOW)
        return self.ledger.advance(edit, State.SUBMITTED, NOW, request_id="r1", submitted_at=NOW)


@pytest.fixture(params=["fake", "dynamodb"])
def exam(request: pytest.FixtureRequest) -> Exam:
    if request.param == "fake":
        fake = FakeLedger()
        return Exam(
            fake,
            lambda day: fake.money[day]["committed_usd"],
            lambda: set(fake.places),
            lambda name, number: fake.attempts[name, number],
        )
    table = request.getfixturevalue("table")

    def item(key: dict[str, Any]) -> dict[str, Any]:
        return dict(table.get_item(Key=key).get("Item", {}))

    return Exam(
        DynamoLedger(table),
        lambda day: item(day_key(day)).get("committed_usd", 0),
        lambda: set(item(FLIGHT_KEY).get("places", set())),
        lambda name, number: item(attempt_key(name, number)),
    )


def refused(exam: Exam, edit: Edit, delay: Delay, now: float = NOW, **limits: Any) -> None:
    """No attempt is opened, for that reason, and nothing was counted or taken."""
    before = exam.committed(DAY), exam.places()
    with pytest.raises(LimitReached) as caught:
        exam.ledger.reserve(edit, US, replace(PLENTY, **limits), now)
    assert caught.value.delay is delay
    assert (exam.committed(DAY), exam.places()) == before
    assert exam.ledger.edit(edit.edit_id) == edit


def test_a_day_takes_what_fits_to_the_cent_and_no_more(exam: Exam) -> None:
    for name in ("e1", "e2", "e3"):
        exam.ledger.reserve(exam.prepared(name), US, replace(PLENTY, usd_per_day=PRICE * 3), NOW)
    refused(exam, exam.prepared("e4"), Delay.DAY_LIMIT, usd_per_day=PRICE * 4 - Decimal("0.01"))
    exam.ledger.reserve(exam.prepared("e4"), US, replace(PLENTY, usd_per_day=PRICE * 4), NOW)
    assert exam.committed(DAY) == PRICE * 4


def test_a_new_day_has_room_again(exam: Exam) -> None:
    limits = replace(PLENTY, usd_per_day=PRICE)
    exam.ledger.reserve(exam.prepared("e1"), US, limits, NOW)
    refused(exam, exam.prepared("e2"), Delay.DAY_LIMIT, usd_per_day=PRICE)
    exam.ledger.reserve(exam.prepared("e2"), US, limits, TOMORROW)
    assert (exam.committed(DAY), exam.committed("2026-11-25")) == (PRICE, PRICE)


@pytest.mark.parametrize("charge", ["1.26", "1.68", "2.10"])
def test_a_charge_replaces_the_reservation_in_the_days_limit(exam: Exam, charge: str) -> None:
    exam.ledger.complete(exam.submitted("e1"), Decimal(charge), TOMORROW)
    assert exam.committed(DAY) == Decimal(charge)
    assert exam.attempt("e1", 1).get("drift_usd", Decimal(charge) - PRICE) == Decimal(charge) - PRICE


def test_what_was_not_billed_gives_its_room_back(exam: Exam) -> None:
    exam.ledger.close_unpaid(exam.submitted("e1"), "failed", NOW)
    assert exam.committed(DAY) == 0


def test_no_more_are_in_flight_than_there_are_places(exam: Exam) -> None:
    exam.opened("e1")
    exam.opened("e2")
    refused(exam, exam.prepared("e3"), Delay.IN_FLIGHT_LIMIT, in_flight=2)
    exam.ledger.reserve(exam.prepared("e3"), US, replace(PLENTY, in_flight=3), NOW)
    assert exam.places() == {"e1", "e2", "e3"}


ENDS: dict[str, Callable[[Ledger, Edit], Any]] = {
    "completed": lambda ledger, edit: ledger.complete(edit, PRICE, NOW),
    "completed, charge unknown": lambda ledger, edit: ledger.complete(edit, None, NOW),
    "unpaid": lambda ledger, edit: ledger.close_unpaid(edit, "x", NOW),
    "in doubt": lambda ledger, edit: ledger.end(edit, State.IN_DOUBT, _notice(edit), NOW),
    "undelivered": lambda ledger, edit: ledger.end(edit, State.UNDELIVERED, _notice(edit), NOW),
}


def _notice(edit: Edit) -> Notice:
    return as_notice(endings.failed(edit.drop, edit, State.FAILED, "x", OUTBOX))


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_flight_frees_its_place_and_only_its(exam: Exam, end: str) -> None:
    exam.opened("e1")
    ENDS[end](exam.ledger, exam.submitted("e2"))
    assert exam.places() == {"e1"}


@pytest.mark.parametrize("end", ENDS)
def test_an_end_that_is_refused_frees_nothing(exam: Exam, end: str) -> None:
    edit = exam.submitted("e1")
    with pytest.raises(LedgerConflict):
        ENDS[end](exam.ledger, replace(edit, owner="another"))
    assert exam.places() == {"e1"}


def test_many_at_the_same_moment_never_pass_either_limit(exam: Exam) -> None:
    edits = [exam.prepared(f"e{number}") for number in range(12)]
    limits, gate = replace(PLENTY, in_flight=4, usd_per_day=PRICE * 3), threading.Barrier(len(edits))
    seen = list[Delay]()

    def try_it(edit: Edit) -> None:
        gate.wait()
        try:
            with contextlib.suppress(LedgerConflict):
                exam.ledger.reserve(edit, US, limits, NOW)
        except LimitReached as reached:
            seen.append(reached.delay)

    threads = [threading.Thread(target=try_it, args=(edit,)) for edit in edits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = {edit.edit_id for edit in edits if getattr(exam.ledger.edit(edit.edit_id), "attempt", 0)}
    assert exam.places() == opened
    assert exam.committed(DAY) == PRICE * len(opened) <= PRICE * 3
    assert Delay.DAY_LIMIT in seen


def test_a_delay_keeps_its_beginning_until_the_next_attempt_opens(exam: Exam) -> None:
    """Patience with this stack's limits is one, patience with the credits another."""
    edit = exam.prepared("e1")
    for at, why, since in (
        (NOW, Delay.DAY_LIMIT, NOW),
        (NOW + 60, Delay.IN_FLIGHT_LIMIT, NOW),
        (NOW + 90, Delay.CREDITS, NOW + 90),
        (NOW + 99, Delay.CREDITS, NOW + 90),
    ):
        edit = exam.ledger.delay(edit, why, at)
        found = exam.ledger.edit("e1")
        assert found is not None
        assert (found.delayed_by, found.delayed_since, found.state) == (why, since, State.PREPARED)
    edit = exam.ledger.reserve(edit, US, PLENTY, NOW)
    found = exam.ledger.edit("e1")
    assert found is not None
    assert (found.delayed_by, found.delayed_since) == (None, None)


def test_a_drop_that_comes_again_begins_to_wait_anew(exam: Exam) -> None:
    exam.ledger.delay(exam.prepared("e1"), Delay.DAY_LIMIT, NOW)
    exam.prepared("e1")
    found = exam.ledger.edit("e1")
    assert found is not None
    assert (found.delayed_by, found.delayed_since) == (None, None)


@pytest.mark.parametrize("limit", ["0.01", "1.67"])
def test_the_first_reservation_of_a_day_holds_the_limit_too(exam: Exam, limit: str) -> None:
    """There is no row of the day yet, so there is nothing that it could be compared with."""
    refused(exam, exam.prepared("e1"), Delay.DAY_LIMIT, usd_per_day=Decimal(limit))
    exam.ledger.reserve(exam.prepared("e1"), US, replace(PLENTY, usd_per_day=PRICE), NOW)
    assert exam.committed(DAY) == PRICE


def test_an_edit_that_has_its_place_needs_no_second_one(exam: Exam) -> None:
    """Places are names in a set. A limit that was lowered does not turn one out that is in already."""
    for name in ("e1", "e2", "e3"):
        exam.opened(name)
    edit = exam.ledger.edit("e1")
    assert edit is not None
    exam.ledger.advance(edit, State.FAILED, NOW)  # its place was not given back
    edit = exam.ledger.edit("e1")
    assert edit is not None
    exam.ledger.reserve(edit, US, replace(PLENTY, in_flight=2), NOW)
    assert exam.places() == {"e1", "e2", "e3"}


@pytest.mark.parametrize("end", ["completed", "completed, charge unknown", "unpaid"])
def test_an_attempt_remembers_who_opened_it_and_how_it_ended(exam: Exam, end: str) -> None:
    ENDS[end](exam.ledger, exam.submitted("e1"))
    attempt = exam.attempt("e1", 1)
    assert attempt["owner"] == US
    assert attempt["outcome"] == ("x" if end == "unpaid" else "COMPLETED")
