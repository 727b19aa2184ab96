"""One free look at a generation: what is final goes into the ledger, everything else is looked at again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from dropcut.domain.decisions import MAX_TRIES, OnDrop, OnSubmit, on_drop, on_submit, unconfirmed
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Cause, Progress, State
from dropcut.domain.pauses import OVERDUE_AFTER, POLL_UNTIL, SEARCHES, VISIBLE_AFTER
from dropcut.workflow.poll_edit import poll_edit
from localcloud.simulator.catalogue import REASONS
from tests.fakes.examples import NOW, a_drop, a_generation, an_edit_in
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices
from tests.fakes.worlds import FINISHED, a_world

DAY = "2026-11-24"


def submitted(tries: int = 0, **changes: Any) -> tuple[FakeServices, Generation]:
    """A world in which request-1 is under way, and the state machine's account of it."""
    world = FakeServices()
    edit = an_edit_in(State.SUBMITTED, **changes)
    world.ledger.edits[edit.edit_id] = edit
    world.ledger.money[DAY] |= {"reserved_usd": edit.estimated_usd, "committed_usd": edit.estimated_usd}
    world.provider.know("request-1", "")
    return world, a_generation(tries=tries + 1)


def state_of(world: FakeServices) -> State:
    (edit,) = world.ledger.edits.values()
    return edit.state


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING", "REVIEWING", "", "x" * 9999])
def test_a_word_that_is_not_final_means_looking_again(status: str) -> None:
    world, account = submitted()
    world.provider.set("request-1", Progress(status=status))
    seen = poll_edit(world, account)
    assert (seen.outcome, seen.polls, seen.waited_seconds, seen.wait_seconds) == ("running", 1, 150, 10)
    assert len(str(seen.provider_status)) <= 40
    assert state_of(world) is State.SUBMITTED


def test_an_overdue_edit_is_told_once_and_polling_goes_on() -> None:
    world, account = submitted()
    told, outcomes = [], []
    while account.outcome != "gone":
        account = poll_edit(world, account)
        outcomes.append(account.outcome)
        told += [(account.notice, account.waited_seconds)] if account.notice else []
        world.clock.now += account.wait_seconds
    ((notice, waited),) = told
    assert OVERDUE_AFTER <= waited < OVERDUE_AFTER + 60
    assert notice["status"] == "OVERDUE"
    assert "request-1" in notice["message"]["email"]
    assert "nothing to do" in notice["message"]["email"]
    assert outcomes.count(Outcome.OVERDUE) == 1
    assert outcomes[outcomes.index(Outcome.OVERDUE) + 1] == "running"


def test_a_finished_generation_is_charged_in_place_of_its_reservation() -> None:
    world, account = submitted()
    world.provider.finish(cost="1.26")
    assert poll_edit(world, account).outcome == "completed"
    counted = {"committed_usd": Decimal("1.26"), "reserved_usd": 0, "charged_usd": Decimal("1.26")}
    assert dict(world.ledger.money[DAY]) == counted
    assert poll_edit(world, account).outcome == "completed", "a retry after a lost answer"
    assert world.ledger.money[DAY]["charged_usd"] == Decimal("1.26"), "counted once"


def test_a_finished_generation_without_a_cost_keeps_its_reservation() -> None:
    world, account = submitted()
    world.provider.finish(cost=None)
    assert poll_edit(world, account).outcome == "completed"
    assert world.ledger.money[DAY]["reserved_usd"] == Decimal("1.68")


def test_a_read_that_fails_is_made_again_however_often() -> None:
    world, account = submitted()
    world.provider.failing_reads = {"status"}
    for _ in range(30):
        account = poll_edit(world, account)
        assert account.outcome == "running"
    assert state_of(world) is State.SUBMITTED


def test_a_404_of_a_young_request_is_looked_at_again() -> None:
    world, account = submitted()
    world.provider.forget()
    account = replace(account, wait_seconds=VISIBLE_AFTER - 1)
    assert poll_edit(world, account).outcome == "running"


@pytest.mark.parametrize("by_clock", [True, False])
def test_a_404_of_an_old_request_sends_us_to_the_history(by_clock: bool) -> None:
    world, account = submitted()
    world.provider.forget()
    account = replace(account, wait_seconds=1 if by_clock else VISIBLE_AFTER)
    world.clock.now += VISIBLE_AFTER if by_clock else 0
    seen = poll_edit(world, account)
    assert (seen.outcome, seen.looks, seen.wait_seconds) == ("gone", 0, 0)
    assert state_of(world) is State.SUBMITTED


@pytest.mark.parametrize("by_clock", [True, False])
def test_polling_ends_within_the_hour_even_if_the_clock_jumps(by_clock: bool) -> None:
    """A clock that jumped back must not make us poll past the hour."""
    world, account = submitted()
    world.clock.now = NOW + POLL_UNTIL if by_clock else NOW - 99_999
    account = replace(account, waited_seconds=0 if by_clock else POLL_UNTIL - 150)
    assert poll_edit(world, account).outcome == "gone"


def test_even_an_unreadable_provider_ends_the_polling_in_time() -> None:
    world, account = submitted()
    world.provider.failing_reads = {"status"}
    world.clock.now += POLL_UNTIL
    assert poll_edit(world, account).outcome == "gone"


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason != "capacity"])
def test_a_failure_is_final_unpaid_and_told_in_the_providers_words(reason: str) -> None:
    world, account = submitted()
    world.provider.fail(REASONS[reason])
    assert poll_edit(world, account).outcome == "failed"
    (edit,) = world.ledger.edits.values()
    assert edit.state is State.FAILED
    assert edit.reason == f"the provider failed it ({reason}): {REASONS[reason]}"
    assert world.ledger.money[DAY]["reserved_usd"] == 0


@pytest.mark.parametrize(("tries", "outcome"), [(0, "try_again"), (1, "try_again"), (2, "failed")])
def test_a_lack_of_capacity_is_tried_again_twice(tries: int, outcome: str) -> None:
    world, account = submitted(tries)
    world.provider.fail(REASONS["capacity"])
    seen = poll_edit(world, account)
    assert (seen.outcome, state_of(world)) == (outcome, State.FAILED)
    assert outcome == "failed" or seen.wait_seconds > 0


def test_a_full_provider_gets_three_submissions_with_different_marks() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error=REASONS["capacity"])
    assert Machine(world, world).run(drop) == "Failed"
    urls = [url.partition("?")[0] for _, url in world.provider.submissions]
    assert len(urls) == len(set(urls)) == MAX_TRIES == 3
    assert world.ledger.money[DAY] == {"committed_usd": 0, "reserved_usd": 0, "charged_usd": 0, "attempts": 3}
    assert [notice["status"] for notice in world.topic.published] == ["FAILED"]


def test_an_edit_taken_up_by_a_person_is_not_retried() -> None:
    world, account = submitted(execution="d-2")
    world.provider.fail(REASONS["capacity"])
    assert poll_edit(world, account).outcome == "failed"
    assert state_of(world) is State.FAILED


def test_what_failed_after_it_was_charged_stays_charged_once() -> None:
    """Taken up again, the provider tells the failure without the charge that it told before."""
    world, account = submitted(execution="d-2", charged_usd=Decimal("1.68"), completed_at=NOW + 9)
    world.ledger.money[DAY] |= {"reserved_usd": Decimal(0), "charged_usd": Decimal("1.68")}
    counted = dict(world.ledger.money[DAY])
    world.provider.fail(REASONS["capacity"])
    assert poll_edit(world, account).outcome == "failed"
    (edit,) = world.ledger.edits.values()
    assert (edit.state, edit.charged_usd) == (State.UNDELIVERED, Decimal("1.68"))
    assert dict(world.ledger.money[DAY]) == counted


@pytest.mark.parametrize("history", ["1.68", "0"])
def test_a_failure_that_was_charged_is_held_and_never_retried(history: str) -> None:
    world, account = submitted()
    world.provider.fail(REASONS["capacity"], cost="1.68")
    world.provider.past_says(charged_usd=Decimal(history))  # of two accounts the dearer one is believed
    assert poll_edit(world, account).outcome == "failed"
    (edit,) = world.ledger.edits.values()
    assert (edit.state, edit.charged_usd) == (State.UNDELIVERED, Decimal("1.68"))
    assert "yet it charged" in str(edit.reason)
    counted = {"committed_usd": Decimal("1.68"), "reserved_usd": 0, "charged_usd": Decimal("1.68")}
    assert dict(world.ledger.money[DAY]) == counted


def test_a_failure_charged_only_in_the_history_is_held() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error=REASONS["capacity"])
    know = world.provider.know

    def charged(request_id: str, path: str, status: str = "PENDING") -> None:
        know(request_id, path, status)
        world.provider.past_says(charged_usd=Decimal("1.68"))

    world.provider.know = charged  # type: ignore[method-assign, assignment]
    assert Machine(world, world).run(drop) == "Failed"
    (edit,) = world.ledger.edits.values()
    assert (edit.state, edit.charged_usd) == (State.UNDELIVERED, Decimal("1.68"))
    assert (edit.cause, str(edit.reason).rpartition("; ")[2]) == (Cause.CHARGED, "yet it charged for it")
    assert len(world.provider.submissions) == 1
    assert world.ledger.money[DAY]["charged_usd"] == Decimal("1.68")
    assert "charged for it all the same" in world.topic.published[-1]["message"]["email"]


TROUBLES = ["no row", "unreadable", "no amount", "not final"]


def trouble(world: FakeServices, what: str) -> None:
    """Why the history does not confirm that a failure was free."""
    match what:
        case "no row":
            world.provider.rows.clear()
        case "unreadable":
            world.provider.failing_reads = {"past"}
        case "no amount":
            world.provider.past_says(charged_usd=None)
        case "not final":
            world.provider.past_says(status="PENDING")


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("what", TROUBLES)
def test_an_unconfirmed_failure_ends_after_the_searches_without_another_submission(what: str, forgets: bool) -> None:
    world, account = submitted()
    world.provider.fail(REASONS["capacity"])
    trouble(world, what)
    pauses = []
    while (account := poll_edit(world, account)).outcome == "running":
        assert state_of(world) is State.SUBMITTED
        pauses.append(account.wait_seconds)
        if forgets:
            world.provider.forget()  # what was said once stays said
    assert (account.outcome, tuple(pauses)) == ("failed", SEARCHES)
    (edit,) = world.ledger.edits.values()
    assert (edit.state, edit.charged_usd, unconfirmed(edit)) == (State.FAILED, None, True)
    assert REASONS["capacity"] in str(edit.reason)
    assert "request-1" in str(edit.reason)
    assert world.ledger.attempts[edit.edit_id, 1]["outcome"] == edit.reason
    assert world.ledger.money[DAY]["reserved_usd"] == 0
    assert poll_edit(world, account).outcome == "failed", "a retry after a lost answer"


@pytest.mark.parametrize("what", TROUBLES)
def test_a_late_history_row_proving_no_charge_allows_another_attempt(what: str) -> None:
    world, account = submitted()
    world.provider.fail(REASONS["capacity"])
    trouble(world, what)
    for _ in range(3):
        account = poll_edit(world, account)
    assert account.outcome == "running"
    world.provider.failing_reads = set()
    world.provider.fail(REASONS["capacity"])
    assert poll_edit(world, account).outcome == "try_again"
    assert not unconfirmed(next(iter(world.ledger.edits.values())))


def test_a_result_in_the_history_outweighs_a_failed_record() -> None:
    world, account = submitted()
    world.provider.finish()
    world.provider.records["request-1"] = Progress(status="FAILED", error=REASONS["capacity"])
    assert poll_edit(world, account).outcome == "completed"
    assert state_of(world) is State.COMPLETED
    world, account = submitted()
    world.provider.finish(url=None)
    world.provider.records["request-1"] = Progress(status="FAILED", error=REASONS["capacity"])
    assert poll_edit(world, account).outcome == "running", "its file has not landed"
    world.clock.now += POLL_UNTIL
    assert poll_edit(world, account).outcome == "gone", "and it is waited for as for any result"


def test_only_a_new_drop_buys_an_unconfirmed_failure_again() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error=REASONS["capacity"])
    know, prepared = world.provider.know, a_drop()

    def without_an_amount(request_id: str, path: str, status: str = "PENDING") -> None:
        know(request_id, path, status)
        trouble(world, "no amount")

    world.provider.know = without_an_amount  # type: ignore[method-assign, assignment]
    assert Machine(world, world).run(drop) == "Failed"
    assert len(world.provider.submissions) == 1
    (notice,) = world.topic.published
    assert notice["status"] == "FAILED"
    text = notice["message"]["email"]
    assert "request-1" in text
    assert "nothing was paid" not in text
    assert "Cost:       not confirmed" in text
    (edit,) = world.ledger.edits.values()
    for owner in (drop.drop_id, "a drop that waited for room"):
        assert on_submit(edit, owner) is OnSubmit.LEAVE
        assert on_drop(replace(edit, notice=None), owner) is OnDrop.IN_FLIGHT, "whoever drops it now is not told yet"
    assert on_drop(edit, prepared.drop_id) is OnDrop.BUY
    world.provider.know, world.provider.ends_at_once = know, FINISHED  # type: ignore[method-assign]
    again = world.files.put(drop.bucket, drop.clip_key, b"a clip", "c2")
    assert Machine(world, world).run(replace(drop, drop_id="f" * 64, clip_version=again.version)) == "Delivered"
    assert len(world.provider.submissions) == 2


@pytest.mark.parametrize("state", [State.FAILED, State.DELIVERED, State.IN_DOUBT, State.UNDELIVERED])
def test_an_edit_that_was_closed_meanwhile_is_not_opened_again(state: State) -> None:
    world, account = submitted()
    (edit,) = world.ledger.edits.values()
    world.ledger.edits[edit.edit_id] = replace(edit, state=state)
    world.provider.finish()
    assert poll_edit(world, account).outcome == "failed"
    assert state_of(world) is state


def test_the_answer_about_an_attempt_of_before_changes_nothing() -> None:
    world, account = submitted()
    (edit,) = world.ledger.edits.values()
    world.ledger.edits[edit.edit_id] = replace(edit, request_id="request-2")
    world.provider.fail("width")
    assert poll_edit(world, account).outcome == "failed"
    assert state_of(world) is State.SUBMITTED
