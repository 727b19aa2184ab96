"""An edit in doubt is looked for again for seven days, and carried on once: whatever crashes, repeats or interferes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.errors import LedgerConflict
from dropcut.domain.identity import mark
from dropcut.domain.model import Drop, Edit, Notice, State
from dropcut.domain.pauses import RECHECKED_FOR, next_recheck
from dropcut.domain.resolutions import Resolution
from dropcut.workflow.recheck_edits import BUDGET, recheck_edits
from dropcut.workflow.sweep_drops import UNSENT_AFTER, UNTOUCHED_FOR, sweep_drops
from dropcut_cli.errors import Refused
from dropcut_cli.plan import Wish
from dropcut_cli.resolve import carry_out
from tests.fakes.examples import NOW, a_notice, an_edit_in
from tests.fakes.services import FakeServices, Interruption, Killed, die, fail
from tests.unit.cli.held import ADOPT, GIVE_UP, in_doubt, only, planned, stack, walk_on

CALLS = 14  # more than one recheck of one edit makes; asserted below
HOUR, DAY = 3600, 86_400


def an_hour_later() -> tuple[FakeServices, Drop]:
    """An edit in doubt whose row has landed, and whose time to be looked for has come."""
    world, drop = in_doubt()
    world.provider.finish()
    world.clock.now += HOUR
    return world, drop


def told(world: FakeServices) -> list[str]:
    return [notice["status"] for notice in world.topic.published]


def counted(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: number for name, number in answer.items() if number}


def assert_carried_on_once(world: FakeServices, drop: Drop) -> None:
    """One execution more, one decision, one message about it, nothing sent, and it is delivered."""
    name = f"{drop.drop_id}-2"
    assert set(world.executions.started) == {drop.drop_id, name}
    assert world.executions.begun_with[name] == only(world).edit_id
    assert walk_on(world, name) == "Delivered"
    assert len(world.provider.submissions) == 1
    assert len({notice["event_id"] for notice in world.topic.published}) == 3
    assert set(told(world)) == {"IN_DOUBT", "FOUND", "DELIVERED"}
    (audit,) = world.ledger.audits.values()
    assert (audit["who"], audit["what"], audit["before"]["state"]) == ("dropcut", "adopt", "IN_DOUBT")
    assert only(world).vouched_by is None, "its mark proves it"
    assert world.ledger.places == set()
    assert world.journal.doubts(world.clock() + 99 * DAY) == []


def test_a_late_row_carries_the_edit_on_without_buying_again() -> None:
    world, drop = an_hour_later()
    assert counted(recheck_edits(world)) == {"found": 1}
    assert told(world) == ["IN_DOUBT", "FOUND"]
    body = json.loads(world.topic.published[-1]["message"]["default"])
    assert (body["request_id"], body["drop_id"]) == ("request-1", drop.drop_id)
    assert counted(recheck_edits(world)) == {}
    assert_carried_on_once(world, drop)


def test_nothing_is_read_before_its_time() -> None:
    world, _ = in_doubt()
    seen = Interruption(world, set(), die)
    assert counted(recheck_edits(seen.services())) == {}
    assert seen.calls == ["journal.doubts", "journal.unreadable"]


def test_rechecks_have_growing_pauses_and_end_after_seven_days() -> None:
    world, _ = in_doubt()
    world.provider.rows.clear()
    began, sent, looks = world.clock.now, float(only(world).sent_at or 0), list[float]()
    while not looks or looks[-1] < sent + RECHECKED_FOR:
        world.clock.now += 60
        if counted(recheck_edits(world)):
            looks.append(world.clock.now)
    pauses = [after - before for before, after in zip([began, *looks], looks, strict=False)]
    assert pauses[0] == pytest.approx(next_recheck(0), abs=60)
    assert max(pauses) <= 6 * HOUR + 60
    assert pauses[:-1] == sorted(pauses[:-1])
    assert 25 < len(looks) < 45
    world.provider.know("request-1", "/" + mark(only(world).edit_id, 1))
    world.clock.now += DAY
    assert counted(recheck_edits(world)) == {}
    assert (only(world).state, told(world)) == (State.IN_DOUBT, ["IN_DOUBT"])


def test_of_two_requests_with_its_mark_none_is_taken() -> None:
    world, _ = an_hour_later()
    world.provider.know("request-2", "/" + mark(only(world).edit_id, 1))
    assert counted(recheck_edits(world)) == {"not_yet": 1}
    assert only(world).state is State.IN_DOUBT


def test_a_request_without_this_attempts_mark_is_not_taken() -> None:
    world, _ = an_hour_later()
    world.provider.rows.clear()
    world.provider.know("request-8", "/" + mark(only(world).edit_id, 2))
    world.provider.know("request-9", "")
    assert counted(recheck_edits(world)) == {"not_yet": 1}


def crowded(world: FakeServices, age: float, others: int) -> None:
    """The account was busy: more requests than one search shows, made so long ago."""
    world.provider.most_rows = 10
    row = world.provider.rows["request-1"] = replace(world.provider.rows["request-1"], created_at=only(world).sent_at)
    for n in range(others):
        other = replace(row, request_id=f"other-{n}", video_url_path="", created_at=world.clock.now - age)
        world.provider.rows[other.request_id] = other


def test_a_crowded_history_is_read_only_around_the_submission() -> None:
    world, drop = an_hour_later()
    world.clock.now += 5 * DAY
    crowded(world, age=HOUR, others=10)
    seen = Interruption(world, set(), die)
    assert counted(recheck_edits(seen.services())) == {"found": 1}
    assert seen.calls.count("provider.search_all") == 2
    assert_carried_on_once(world, drop)


def test_the_days_of_the_sending_are_read_deeper() -> None:
    world, drop = an_hour_later()
    world.clock.now += 5 * DAY
    crowded(world, age=5 * DAY, others=15)
    assert counted(recheck_edits(world)) == {"found": 1}
    assert_carried_on_once(world, drop)


@pytest.mark.parametrize("age", [5 * DAY, 5 * DAY + 2 * HOUR], ids=["its row is hidden", "its row is shown"])
def test_of_a_history_that_is_never_whole_nothing_is_taken(age: float) -> None:
    world, _ = an_hour_later()
    world.clock.now += 5 * DAY
    crowded(world, age=age, others=30)
    assert counted(recheck_edits(world)) == {"not_yet": 1}


def test_a_history_that_cannot_be_read_is_no_look() -> None:
    world, drop = an_hour_later()
    world.provider.failing_reads = {"search"}
    assert counted(recheck_edits(world)) == {"unread": 1}
    world.provider.failing_reads = set()
    assert counted(recheck_edits(world)) == {"found": 1}, "by the very next run"
    assert_carried_on_once(world, drop)


def doubtful(world: FakeServices, name: str) -> None:
    """One more edit in doubt, of which the provider knows nothing."""
    edit = an_edit_in(State.IN_DOUBT, edit_id=name * 64, notice=a_notice())
    world.ledger.edits[edit.edit_id] = edit
    world.ledger.advance(edit, State.IN_DOUBT, NOW)


def make_unreadable(world: FakeServices, name: str) -> None:
    """A later version has written a state into that row which this one does not know."""
    read = world.ledger.edit

    def edit(edit_id: str) -> Any:
        if edit_id == name:
            raise ValueError("'QUEUED' is not a valid State")
        return read(edit_id)

    world.ledger.edit = edit  # type: ignore[method-assign]


def test_edits_share_one_read_and_an_unreadable_row_stops_none() -> None:
    world, _ = an_hour_later()
    for name in "123":
        doubtful(world, name)
    make_unreadable(world, "1" * 64)
    seen = Interruption(world, set(), die)
    answer = recheck_edits(seen.services())
    assert {name: answer[name] for name in ("found", "not_yet")} == {"found": 1, "not_yet": 2}
    assert [line[:12] for line in answer["reasons"]] == ["1" * 12]
    assert seen.calls.count("provider.search_all") == 1
    assert counted(recheck_edits(world)) == {}, "it is out of the way of the others"


def test_a_run_that_can_do_nothing_at_all_fails() -> None:
    world, _ = an_hour_later()
    make_unreadable(world, only(world).edit_id)
    with pytest.raises(RuntimeError, match="no edit in doubt could be looked for"):
        recheck_edits(world)


def test_a_slow_run_leaves_the_rest_to_the_next_run() -> None:
    world, _ = an_hour_later()
    for name in "12":
        doubtful(world, name)
    search = world.provider.search_all

    def slowly(since: float, until: float | None = None, seconds: float = 0) -> Any:
        world.clock.now += BUDGET + 1
        return search(since, until, seconds)

    world.provider.search_all = slowly  # type: ignore[method-assign]
    first = counted(recheck_edits(world))
    assert first["left"] == 2
    assert sum(first.values()) == 3
    second = counted(recheck_edits(world))
    assert (second["left"], sum(second.values())) == (1, 2), "what was looked at went to the end"


def test_an_untold_or_running_edit_is_rechecked_later() -> None:
    world, drop = an_hour_later()
    world.executions.statuses[drop.drop_id] = "RUNNING"
    assert counted(recheck_edits(world)) == {"not_yet": 1}
    world.executions.statuses[drop.drop_id] = "FAILED"
    edit = only(world)
    world.ledger.edits[edit.edit_id] = replace(edit, notice=None)
    world.clock.now += HOUR
    assert counted(recheck_edits(world)) == {"not_yet": 1}
    world.ledger.edits[edit.edit_id] = edit
    world.clock.now += HOUR
    assert counted(recheck_edits(world)) == {"found": 1}
    assert_carried_on_once(world, drop)


def test_what_a_person_decided_is_not_looked_for_any_more() -> None:
    for wish in (ADOPT, GIVE_UP):
        world, _ = an_hour_later()
        carry_out(stack(world), planned(world, wish))
        assert world.journal.doubts(world.clock() + DAY) == []
        assert counted(recheck_edits(world)) == {}
        assert "FOUND" not in told(world)


def test_a_doubt_that_another_version_left_behind_is_forgotten() -> None:
    world, _ = an_hour_later()
    world.ledger.edits[only(world).edit_id] = replace(only(world), state=State.FAILED)
    assert counted(recheck_edits(world)) == {"over": 1}
    assert counted(recheck_edits(world)) == {}


def test_an_adopted_edit_in_doubt_again_is_rechecked() -> None:
    world, drop = an_hour_later()
    world.provider.know("request-9", "/elsewhere.mp4")
    world.provider.fail("internal timeout", "request-9")
    carry_out(stack(world), planned(world, Wish(verdict=ADOPT.verdict, request_id="request-9")))
    walk_on(world, f"{drop.drop_id}-2")
    world.executions.statuses[f"{drop.drop_id}-2"] = "FAILED"
    assert only(world).state is State.IN_DOUBT
    world.clock.now += HOUR
    assert counted(recheck_edits(world)) == {"found": 1}
    assert walk_on(world, f"{drop.drop_id}-3") == "Delivered"
    assert told(world) == ["IN_DOUBT", "IN_DOUBT", "FOUND", "DELIVERED"]


@pytest.mark.parametrize(("cost", "state"), [(None, State.FAILED), ("1.68", State.UNDELIVERED)])
def test_a_request_that_was_found_and_failed_is_never_bought_again(cost: str | None, state: State) -> None:
    world, drop = an_hour_later()
    world.provider.fail("internal timeout", cost=cost)
    recheck_edits(world)
    assert walk_on(world, f"{drop.drop_id}-2") == "Failed"
    assert (only(world).state, told(world)) == (state, ["IN_DOUBT", "FOUND", str(state)])
    assert len(world.provider.submissions) == 1


def everything_runs_again(world: FakeServices) -> None:
    """The clocks go on for a day."""
    for _ in range(6):
        world.clock.now += UNSENT_AFTER + UNTOUCHED_FOR
        recheck_edits(world)
        sweep_drops(world)


@pytest.mark.parametrize("what", [die, fail])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_recheck_broken_off_anywhere_carries_the_edit_on_once(at: int, late: bool, what: Callable[[], None]) -> None:
    world, drop = an_hour_later()
    interruption = Interruption(world, {at}, what, late)
    with suppress(Killed, RuntimeError):
        recheck_edits(interruption.services())
    everything_runs_again(world)
    assert_carried_on_once(world, drop)
    seen = Interruption(an_hour_later()[0], set(), die)
    recheck_edits(seen.services())
    assert len(seen.calls) < CALLS


@pytest.mark.parametrize("also", ["recheck", "sweep", "both"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS))
def test_two_runs_at_once_carry_it_on_once(at: int, late: bool, also: str) -> None:
    world, drop = an_hour_later()

    def another() -> None:
        if also != "sweep":
            recheck_edits(world)
        if also != "recheck":
            world.clock.now += UNTOUCHED_FOR + 1
            sweep_drops(world)

    recheck_edits(Interruption(world, {at}, another, late).services())
    everything_runs_again(world)
    assert_carried_on_once(world, drop)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS))
def test_an_edit_that_ends_during_a_recheck_is_started_once(at: int, late: bool) -> None:
    world, drop = an_hour_later()

    def faster() -> None:
        world.clock.now += UNTOUCHED_FOR + 1
        sweep_drops(world)
        name = f"{drop.drop_id}-2"
        if name in world.executions.started and only(world).state is State.SUBMITTED:
            walk_on(world, name)
            world.executions.statuses[name] = "SUCCEEDED"

    recheck_edits(Interruption(world, {at}, faster, late).services())
    everything_runs_again(world)
    assert set(world.executions.started) == {drop.drop_id, f"{drop.drop_id}-2"}
    if only(world).state is State.SUBMITTED:
        walk_on(world, f"{drop.drop_id}-2")
    assert only(world).state is State.DELIVERED
    assert set(told(world)) == {"IN_DOUBT", "FOUND", "DELIVERED"}
    assert len(world.provider.submissions) == 1


@pytest.mark.parametrize("wish", [ADOPT, GIVE_UP], ids=lambda wish: wish.verdict)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_person_and_the_recheck_never_both_decide(at: int, late: bool, wish: Wish) -> None:
    world, _ = an_hour_later()

    def decide() -> None:
        with suppress(Refused):
            carry_out(stack(world), planned(world, wish))

    recheck_edits(Interruption(world, {at}, decide, late).services())
    everything_runs_again(world)
    (audit,) = world.ledger.audits.values()
    assert ("FOUND" in told(world)) == (audit["who"] == "dropcut")
    assert len(world.executions.started) == (1 if audit["what"] == "give-up" else 2)
    assert len(world.provider.submissions) == 1


def test_a_lost_race_is_no_error() -> None:
    world, _ = an_hour_later()

    def lost(edit: Edit, resolution: Resolution, notice: Notice | None = None) -> Any:
        raise LedgerConflict("somebody was faster")

    world.ledger.resolve = lost  # type: ignore[method-assign]
    assert counted(recheck_edits(world)) == {"not_yet": 1}
