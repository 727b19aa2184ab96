"""When the provider has forgotten the request, its history is asked for as long as a result file lives."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from dropcut.domain.decisions import unconfirmed
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Progress, State
from dropcut.domain.pauses import ASK_HISTORY_UNTIL, SEARCHES
from dropcut.workflow.find_result import find_result
from localcloud.simulator.catalogue import REASONS
from tests.fakes.examples import a_generation, an_edit_in
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices
from tests.fakes.worlds import FINISHED, a_world


def gone() -> tuple[FakeServices, Generation]:
    """A world in which request-1 is known to the history alone."""
    world = FakeServices()
    edit = an_edit_in(State.SUBMITTED)
    world.ledger.edits[edit.edit_id] = edit
    world.provider.know("request-1", "")
    world.provider.forget()
    return world, a_generation(wait_seconds=0)


def test_a_result_in_the_history_is_as_good_as_any() -> None:
    world, account = gone()
    world.provider.finish()
    assert find_result(world, account).outcome == "completed"
    (edit,) = world.ledger.edits.values()
    assert edit.state is State.COMPLETED


def test_a_pending_missing_or_unreadable_row_is_looked_at_again() -> None:
    world, account = gone()
    pauses = []
    for n, trouble in enumerate(("pending", "missing", "unreadable"), 1):
        if trouble == "missing":
            world.provider.rows.clear()
        if trouble == "unreadable":
            world.provider.failing_reads = {"past"}
        account = find_result(world, account)
        assert (account.outcome, account.looks) == ("looking", n)
        pauses.append(account.wait_seconds)
    assert pauses == sorted(pauses)
    assert pauses[0] == 300


def test_a_finished_row_without_its_file_has_not_fully_landed() -> None:
    world, account = gone()
    world.provider.finish(url=None)
    world.provider.forget()
    assert find_result(world, account).outcome == "looking"
    world.provider.finish()
    world.provider.forget()
    assert find_result(world, account).outcome == "completed"


@pytest.mark.parametrize(("reason", "outcome"), [("unknown", "failed"), ("capacity", "try_again")])
def test_a_failure_in_the_history_is_judged_as_any(reason: str, outcome: str) -> None:
    world, account = gone()
    world.provider.fail(REASONS[reason])
    assert find_result(world, account).outcome == outcome


@pytest.mark.parametrize("by_clock", [True, False])
def test_after_seven_days_the_result_is_lost(by_clock: bool) -> None:
    world, account = gone()
    world.clock.now += ASK_HISTORY_UNTIL if by_clock else 0
    account = replace(account, waited_seconds=0 if by_clock else ASK_HISTORY_UNTIL)
    assert find_result(world, account).outcome == "lost"


@pytest.mark.parametrize("amount", [None, "1.68"])
def test_a_failed_row_is_rechecked_unless_it_was_charged(amount: str | None) -> None:
    world, account = gone()
    world.provider.fail(REASONS["capacity"])
    world.provider.past_says(charged_usd=amount and Decimal(amount))
    outcomes, pauses = list[Outcome | None](), list[int]()
    while not outcomes or outcomes[-1] == "looking":
        account = find_result(world, account)
        outcomes.append(account.outcome)
        pauses.append(account.wait_seconds)
    (edit,) = world.ledger.edits.values()
    if amount:
        assert (outcomes, edit.state) == (["failed"], State.UNDELIVERED)
        return
    assert outcomes == ["looking"] * len(SEARCHES) + ["failed"]
    assert tuple(pauses[:-1]) == SEARCHES
    assert edit.state is State.FAILED
    assert unconfirmed(edit)


def test_a_generation_slower_than_the_hour_is_delivered_from_the_history() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="PROCESSING")
    machine = Machine(world, world)
    status = world.provider.status

    def forgetting(request_id: str) -> Progress:
        if world.clock.now > 1_795_500_000.0 + 3000:
            world.provider.set(request_id, FINISHED)
            world.provider.forget(request_id)
        return status(request_id)

    world.provider.status = forgetting  # type: ignore[method-assign]
    assert machine.run(drop) == "Delivered"
    assert "FindResult" in machine.entered


def test_a_generation_that_never_ends_is_told_as_paid_and_undelivered() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="PROCESSING")
    machine = Machine(world, world)
    assert machine.run(drop) == "Failed"
    (edit,) = world.ledger.edits.values()
    assert edit.state is State.UNDELIVERED
    assert len(world.provider.submissions) == 1
    assert 20 < machine.entered.count("FindResult") < 60
    assert machine.entered.count("PollEdit") < 150


def test_one_404_of_the_record_does_not_end_the_asking() -> None:
    """The history has no row yet, and the record is there after all."""
    world, account = gone()
    world.provider.rows.clear()
    world.provider.records["request-1"] = FINISHED
    assert find_result(world, account).outcome == "completed"


def test_a_result_that_is_lost_leaves_its_reason_in_the_ledger() -> None:
    world, account = gone()
    world.clock.now += ASK_HISTORY_UNTIL
    assert find_result(world, account).outcome == "lost"
    (edit,) = world.ledger.edits.values()
    assert edit.state is State.SUBMITTED
    assert "seven days" in str(edit.reason)
