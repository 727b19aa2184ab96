"""Limits and credits: over them an edit waits, costs nothing meanwhile, is told of once, and goes on by itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from dropcut.domain.errors import InsufficientCredits, LimitReached, NotSent, SubmissionUnknown
from dropcut.domain.generation import Generation
from dropcut.domain.model import Delay, Drop, Limits, Progress, State
from dropcut.domain.patience import LIMIT_WAIT, next_try
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.submit_edit import submit_edit
from tests.fakes.examples import INBOX, PLENTY, a_sidecar, handed_on
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices
from tests.fakes.worlds import a_world

DAY = "2026-11-24"
NO_ROOM = {
    Delay.SPENDING_OFF: replace(PLENTY, spending=False),
    Delay.DAY_LIMIT: replace(PLENTY, usd_per_day=Decimal(2)),
    Delay.IN_FLIGHT_LIMIT: replace(PLENTY, in_flight=1),
}


def prepared(limits: Limits = PLENTY) -> tuple[FakeServices, Drop, str]:
    """One edit that wants to be sent, in a world where another one is under way ($1.68 of today, one place)."""
    world, drop = a_world()
    world.ledger.money[DAY]["committed_usd"] = Decimal("1.68")
    world.ledger.places.add("another edit")
    world.limits = limits
    return world, drop, prepare_edit(world, drop)["edit_id"]


def again(world: FakeServices, drop: Drop, edit_id: str, seconds: float) -> Generation:
    """Come back after each pause for so long; what is said in the end."""
    account = Generation()
    until = world.clock.now + seconds
    while world.clock.now < until and account.outcome != "submitted":
        account = submit_edit(world, drop, edit_id, account)
        world.clock.now += account.wait_seconds
    return account


@pytest.mark.parametrize("delay", NO_ROOM)
def test_without_room_nothing_is_sent_reserved_or_taken(delay: Delay) -> None:
    world, drop, edit_id = prepared(NO_ROOM[delay])
    account = submit_edit(world, drop, edit_id, Generation())
    assert account.outcome == ("delayed" if delay is Delay.IN_FLIGHT_LIMIT else "delayed_news")
    assert 24 <= account.wait_seconds <= 36
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.attempt, edit.delayed_by) == (State.PREPARED, 0, delay)
    assert edit.delayed_since == world.clock.now
    assert world.provider.submissions == []
    assert world.ledger.places == {"another edit"}
    assert world.ledger.money[DAY]["committed_usd"] == Decimal("1.68")


@pytest.mark.parametrize("delay", NO_ROOM)
def test_an_edit_goes_on_by_itself_when_there_is_room(delay: Delay) -> None:
    world, drop, edit_id = prepared(NO_ROOM[delay])
    account = again(world, drop, edit_id, 3600)
    assert account.outcome == "delayed"
    world.limits = PLENTY
    account = submit_edit(world, drop, edit_id, account)
    assert (account.outcome, account.tries) == ("submitted", 1)
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.delayed_by, edit.delayed_since) == (State.SUBMITTED, None, None)


@pytest.mark.parametrize("delay", NO_ROOM)
def test_each_reason_is_told_once_and_full_slots_only_later(delay: Delay) -> None:
    world, drop, edit_id = prepared(NO_ROOM[delay])
    account, told = Generation(), []
    for _ in range(40):
        account = submit_edit(world, drop, edit_id, account)
        told += [(account.notice, account.patience.seconds["limits"])] if account.notice else []
        world.clock.now += account.wait_seconds
    ((notice, waited),) = told
    assert notice["status"] == "DELAYED"
    assert "Nothing was sent and nothing was paid" in notice["message"]["email"]
    assert (waited > 900) == (delay is Delay.IN_FLIGHT_LIMIT)


def test_another_reason_is_told_too() -> None:
    world, drop, edit_id = prepared(NO_ROOM[Delay.DAY_LIMIT])
    first = submit_edit(world, drop, edit_id, Generation())
    world.limits = NO_ROOM[Delay.SPENDING_OFF]
    second = submit_edit(world, drop, edit_id, first)
    assert first.notice
    assert second.notice
    assert first.notice["event_id"] != second.notice["event_id"]
    assert "MaxUsdPerDay is $2.00" in first.notice["message"]["email"]
    assert "SpendingEnabled" in second.notice["message"]["email"]


def test_a_wait_for_room_ends_after_seven_days_unpaid() -> None:
    world, drop, edit_id = prepared(NO_ROOM[Delay.DAY_LIMIT])
    world.ledger.money.default_factory = lambda: type(world.ledger.money[DAY])(Decimal, committed_usd=Decimal("1.68"))
    with pytest.raises(LimitReached) as caught:
        again(world, drop, edit_id, LIMIT_WAIT + 3600)
    assert "MaxUsdPerDay" in str(caught.value)
    assert world.provider.submissions == []


def test_the_switch_stops_an_attempt_that_was_opened_and_not_sent() -> None:
    world, drop, edit_id = prepared()
    world.ledger.reserve(world.ledger.edits[edit_id], drop.drop_id, PLENTY, world.clock())
    world.limits = NO_ROOM[Delay.SPENDING_OFF]
    assert submit_edit(world, drop, edit_id, Generation()).outcome == "delayed_news"
    assert world.provider.submissions == []
    assert world.ledger.places == {"another edit"}
    assert world.ledger.money[DAY]["committed_usd"] == Decimal("1.68")


def test_credits_are_waited_for_and_then_the_edit_goes_on() -> None:
    world, drop, edit_id = prepared()
    world.provider.answers = [InsufficientCredits("You have 0.5 credits.")] * 3
    account = again(world, drop, edit_id, 4 * 3600)
    assert account.outcome == "submitted"
    assert world.ledger.edits[edit_id].attempt == 4, "each proven unpaid before the next was opened"
    assert len(world.provider.rows) == 1
    assert world.ledger.money[DAY]["committed_usd"] == Decimal("1.68") * 2


def test_an_edit_without_credits_ends_unpaid_after_the_set_hours() -> None:
    world, drop, edit_id = prepared(replace(PLENTY, credit_wait_hours=2))
    world.provider.answers = [InsufficientCredits("You have 0.5 credits.")] * 500
    start = world.clock.now
    with pytest.raises(InsufficientCredits):
        again(world, drop, edit_id, 100 * 3600)
    assert 2 * 3600 <= world.clock.now - start < 2.5 * 3600
    assert world.ledger.edits[edit_id].state is State.FAILED
    assert world.provider.rows == {} or not world.provider.rows


def test_waiting_for_a_limit_uses_no_patience_for_credits() -> None:
    world, drop, edit_id = prepared(NO_ROOM[Delay.SPENDING_OFF])
    account = again(world, drop, edit_id, 3600 * 25)
    world.limits = PLENTY
    world.provider.answers = [InsufficientCredits("no credits")] * 3
    account = submit_edit(world, drop, edit_id, account)
    assert account.outcome == "delayed_news", "said, and waited for from now on"
    assert account.patience.seconds["credits"] == account.wait_seconds


def test_the_state_machine_waits_tells_and_goes_on() -> None:
    world, drop = a_world()
    world.provider.answers = [InsufficientCredits("You have 0.5 credits.")] * 2
    machine = Machine(world, world)
    assert machine.run(drop) == "Delivered"
    assert machine.entered.count("WaitForRoom") == 2
    assert [notice["status"] for notice in world.topic.published] == ["DELAYED", "DELIVERED"]


def test_the_state_machine_ends_unpaid_when_room_never_comes() -> None:
    world, drop = a_world()
    world.limits = replace(PLENTY, spending=False)
    assert Machine(world, world).run(drop) == "Failed"
    assert [notice["status"] for notice in world.topic.published] == ["DELAYED", "FAILED"]
    assert "SpendingEnabled" in world.topic.published[1]["message"]["email"]


def test_an_edit_dearer_than_the_days_limit_is_refused() -> None:
    world, drop = a_world()
    world.limits = replace(PLENTY, usd_per_day=Decimal(1))
    outcome = prepare_edit(world, drop)
    assert outcome["verdict"] == "rejected"
    said = outcome["notice"]["message"]["email"]
    assert "would cost up to $1.68" in said
    assert "MaxUsdPerDay is $1.00" in said


def test_ten_edits_at_once_never_take_more_places_than_there_are() -> None:
    world, _ = a_world()
    drops = []
    for number in range(10):
        clip = world.files.put(INBOX, f"trip/{number}.mp4", b"a clip")
        sidecar = world.files.put(INBOX, f"trip/{number}.json", a_sidecar())
        _, example = a_world(clip_key=f"trip/{number}.mp4")
        drops.append(replace(example, clip_version=clip.version, sidecar_version=sidecar.version))
    world.limits = replace(PLENTY, in_flight=3)
    outcomes = [submit_edit(world, drop, prepare_edit(world, drop)["edit_id"], Generation()).outcome for drop in drops]
    assert outcomes == ["submitted"] * 3 + ["delayed"] * 7
    assert len(world.ledger.places) == 3


def test_pauses_grow_to_ten_minutes_and_are_spread() -> None:
    assert all(24 <= next_try(1, str(name)) <= 36 for name in range(50))
    assert len({next_try(9, str(name)) for name in range(50)}) > 20
    assert all(480 <= next_try(50, str(name)) <= 720 for name in range(50))


def alternating(rounds: int, hours: float = 24) -> tuple[FakeServices, list[str], str, float]:
    """An edit for which there is neither room nor credits, in turns: what was told, how it ended, after how long."""
    world, drop, edit_id = prepared(replace(PLENTY, credit_wait_hours=hours))
    reserve, told, start = world.ledger.reserve, list[str](), world.clock.now
    account = Generation()
    for number in range(rounds):
        full = number % 2 == 0

        def maybe(edit: Any, owner: str, limits: Limits, now: float, full: bool = full) -> Any:
            if full:
                raise LimitReached(Delay.DAY_LIMIT)
            return reserve(edit, owner, limits, now)

        world.ledger.reserve = maybe  # type: ignore[method-assign]
        world.provider.answers = [InsufficientCredits("You have 0.5 credits.")]
        try:
            account = submit_edit(world, drop, edit_id, handed_on(account))
        except NotSent as why:
            return world, told, type(why).__name__, world.clock.now - start
        told += [account.notice["event_id"]] if account.notice else []
        world.clock.now += account.wait_seconds
    return world, told, str(account.outcome), world.clock.now - start


def test_alternating_reasons_are_told_once_each_and_patience_still_ends() -> None:
    world, told, end, seconds = alternating(1500)
    assert (len(told), len(set(told))) == (2, 2), "one message for each reason"
    assert end == "InsufficientCredits"
    assert 1.8 * 24 * 3600 < seconds < 2.4 * 24 * 3600, "half of the waiting was for credits"
    (edit,) = world.ledger.edits.values()
    assert edit.state is State.FAILED
    assert world.provider.rows == {}


def test_patience_with_limits_adds_up_too_while_credits_take_turns() -> None:
    _, told, end, seconds = alternating(4000, hours=168 * 3)
    assert (len(told), end) == (2, "LimitReached")
    assert 1.9 * LIMIT_WAIT < seconds < 2.2 * LIMIT_WAIT


def test_the_reason_of_the_end_is_the_patience_that_ended() -> None:
    world, _, _, _ = alternating(4000, hours=168 * 3)
    (edit,) = world.ledger.edits.values()
    assert "MaxUsdPerDay" in str(edit.reason), "and not the credits of the last attempt"


@pytest.mark.parametrize("told", ["DAY_LIMIT", None])
def test_an_account_that_the_first_release_wrote_is_gone_on_with(told: str | None) -> None:
    world, drop, edit_id = prepared(NO_ROOM[Delay.DAY_LIMIT])
    before = {"outcome": "delayed", "edit_id": edit_id, "tries": 1, "delays": 7, "told": told, "wait_seconds": 600}
    waited = {"delayed_by": "DAY_LIMIT", "delayed_seconds": LIMIT_WAIT - 60}
    account = submit_edit(world, drop, edit_id, Generation.from_json(before | waited))
    assert account.outcome == ("delayed" if told else "delayed_news")
    assert account.tries == 1
    with pytest.raises(LimitReached):
        submit_edit(world, drop, edit_id, account)


def test_a_reason_is_not_told_again_after_a_capacity_failure() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error="capacity")
    short = InsufficientCredits("You have 0.5 credits.")
    world.provider.answers = [short, SubmissionUnknown("HTTP 502"), short, SubmissionUnknown("HTTP 502"), short]
    assert Machine(world, world).run(drop) == "Failed"
    assert [notice["status"] for notice in world.topic.published] == ["DELAYED", "FAILED"]
