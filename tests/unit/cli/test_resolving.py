"""A held edit that a person resolved walks on through the real state machine, and nothing is bought whatever breaks."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from dropcut.domain.model import State
from dropcut.domain.resolutions import Decision
from dropcut.workflow.resuming import free_name
from dropcut.workflow.settle_execution import settle_execution
from dropcut.workflow.sweep_drops import UNTOUCHED_FOR, sweep_drops
from dropcut_cli.errors import Refused
from dropcut_cli.plan import Wish
from dropcut_cli.resolve import carry_out, plan_for
from tests.fakes.examples import OUTBOX
from tests.fakes.machine import Machine
from tests.fakes.worlds import FINISHED
from tests.unit.cli.held import ADOPT, GIVE_UP, dropped_again, in_doubt, only, planned, stack, walk_on


def test_an_adopted_submission_is_delivered_and_paid_once() -> None:
    world, drop = in_doubt()
    assert world.files.head(OUTBOX, "trip/beach.error.json")
    said = carry_out(stack(world), planned(world, ADOPT))
    assert f"execution {drop.drop_id}-2 carries it on" in said
    assert walk_on(world, f"{drop.drop_id}-2") == "Delivered"
    assert only(world).state is State.DELIVERED
    assert len(world.provider.submissions) == 1
    assert [notice["status"] for notice in world.topic.published] == ["IN_DOUBT", "DELIVERED"]
    assert world.files.head(OUTBOX, "trip/beach.mp4")
    assert world.files.head(OUTBOX, "trip/beach.error.json") is None, "it said that nobody knows"
    assert world.ledger.places == set()


def test_an_adopted_submission_that_the_provider_failed_ends_unpaid() -> None:
    world, drop = in_doubt()
    world.provider.fail("too wide")
    carry_out(stack(world), planned(world, ADOPT))
    assert walk_on(world, f"{drop.drop_id}-2") == "Failed"
    assert only(world).state is State.FAILED
    assert set(world.ledger.money["2026-11-24"].values()) <= {0, 1}


def test_what_ends_in_the_same_way_twice_is_told_twice() -> None:
    """Readers drop a message whose event they know."""
    world, drop = in_doubt()
    world.results.error = None
    world.provider.finish(url="https://results.example/output.mp4")
    world.results.body = b"no video"
    for n in (2, 3):
        carry_out(stack(world), planned(world, ADOPT))
        assert walk_on(world, f"{drop.drop_id}-{n}") == "Failed"
        world.executions.statuses[f"{drop.drop_id}-{n}"] = "FAILED"
        assert only(world).state is State.UNDELIVERED
    ids = [notice["event_id"] for notice in world.topic.published]
    assert len(set(ids)) == len(ids) == 3


def test_an_adopted_request_that_failed_for_capacity_buys_nothing() -> None:
    world, drop = in_doubt()
    world.provider.fail("internal timeout")
    carry_out(stack(world), planned(world, ADOPT))
    assert walk_on(world, f"{drop.drop_id}-2") == "Failed"
    assert only(world).state is State.FAILED
    assert len(world.provider.submissions) == 1
    world.provider.ends_at_once = FINISHED
    again = dropped_again(world, drop)
    assert Machine(world, world).run(again) == "Delivered", "dropping the files again does"
    assert (only(world).owner, only(world).execution, only(world).attempt) == (again.drop_id, "", 2)
    assert len(world.provider.submissions) == 2


@pytest.mark.parametrize("cost", [None, "1.68"])
def test_an_adopted_request_that_failed_proves_nothing(cost: str | None) -> None:
    world, drop = in_doubt()
    world.provider.know("request-9", "/elsewhere.mp4")
    world.provider.fail("internal timeout", "request-9", cost)
    before = dict(world.ledger.money["2026-11-24"])
    carry_out(stack(world), planned(world, Wish(verdict=Decision.ADOPT, request_id="request-9")))
    assert walk_on(world, f"{drop.drop_id}-2") == "Failed"
    edit = only(world)
    assert (edit.state, edit.request_id, edit.vouched_by) == (State.IN_DOUBT, None, None)
    assert world.ledger.money["2026-11-24"] == before, "it stays reserved"
    assert world.ledger.places == set()
    assert len(world.provider.submissions) == 1
    text = world.topic.published[-1]["message"]["email"]
    assert "request request-9 was adopted without proof that it is this attempt's" in text
    assert ("yet it charged" in text) == bool(cost)
    assert len({notice["event_id"] for notice in world.topic.published}) == 2
    world.executions.statuses[f"{drop.drop_id}-2"] = "FAILED"
    carry_out(stack(world), planned(world, ADOPT))
    world.provider.finish()
    assert walk_on(world, f"{drop.drop_id}-3") == "Delivered"


def test_an_open_prompt_decides_nothing_after_another_adoption() -> None:
    world, drop = in_doubt()
    world.provider.finish()
    world.results.body = b"no video"
    carry_out(stack(world), planned(world, ADOPT))
    walk_on(world, f"{drop.drop_id}-2")
    world.executions.statuses[f"{drop.drop_id}-2"] = "FAILED"
    left_open = planned(world, ADOPT)
    carry_out(stack(world), planned(world, ADOPT))
    walk_on(world, f"{drop.drop_id}-3")
    world.executions.statuses[f"{drop.drop_id}-3"] = "FAILED"
    assert only(world).state is left_open.edit.state is State.UNDELIVERED
    with pytest.raises(Refused) as refusal:
        carry_out(stack(world), left_open)
    assert "Somebody was faster" in str(refusal.value)
    assert len(world.ledger.audits) == 2


def test_an_execution_name_that_was_taken_is_replaced() -> None:
    world, drop = in_doubt()
    plan = planned(world, ADOPT)
    world.executions.start(drop, f"{drop.drop_id}-2")
    world.executions.statuses[f"{drop.drop_id}-2"] = "FAILED"
    assert f"execution {drop.drop_id}-3 carries it on" in carry_out(stack(world), plan)
    assert only(world).execution == f"{drop.drop_id}-3"
    assert walk_on(world, f"{drop.drop_id}-3") == "Delivered"


def test_what_the_sweep_was_faster_to_start_is_started_once() -> None:
    world, drop = in_doubt()
    plan = planned(world, ADOPT)
    world.executions.start(drop, f"{drop.drop_id}-2", only(world).edit_id)
    assert f"execution {drop.drop_id}-2 carries it on" in carry_out(stack(world), plan)
    assert set(world.executions.started) == {drop.drop_id, f"{drop.drop_id}-2"}


def test_a_decision_that_came_second_writes_nothing_and_says_so() -> None:
    world, _ = in_doubt()
    first, second = planned(world, GIVE_UP), planned(world, ADOPT)
    carry_out(stack(world), first)
    with pytest.raises(Refused) as refusal:
        carry_out(stack(world), second)
    assert "nothing was written. It is ABANDONED now." in str(refusal.value)
    assert len(world.ledger.audits) == 1
    assert len(world.executions.started) == 1


def test_the_sweep_starts_what_a_dead_command_had_only_written() -> None:
    world, drop = in_doubt()
    plan = planned(world, ADOPT)
    world.ledger.resolve(plan.edit, plan.resolution)  # and then the process died
    world.clock.now += UNTOUCHED_FOR + 1
    assert sweep_drops(world)["started"] == 1
    assert sweep_drops(world)["started"] == 0
    assert walk_on(world, f"{drop.drop_id}-2") == "Delivered"
    assert len(world.provider.submissions) == 1


def test_the_sweep_starts_an_execution_that_could_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    world, drop = in_doubt()
    plan = planned(world, ADOPT)

    def unreachable(*_: object) -> bool:
        raise EndpointConnectionError(endpoint_url="https://states")

    start = world.executions.start
    monkeypatch.setattr(world.executions, "start", unreachable)
    with pytest.raises(Refused) as refusal:
        carry_out(stack(world), plan)
    assert "that is written" in str(refusal.value)
    assert "The sweep starts it" in str(refusal.value)
    monkeypatch.setattr(world.executions, "start", start)
    world.clock.now += UNTOUCHED_FOR + 1
    sweep_drops(world)
    assert f"{drop.drop_id}-2" in world.executions.started


def test_a_late_ending_does_not_close_a_resumed_edit() -> None:
    """Announcements of ended executions are repeated for hours."""
    world, drop = in_doubt()
    carry_out(stack(world), planned(world, ADOPT))
    assert settle_execution(world, drop, None, "FAILED", execution=drop.drop_id) == ""
    assert only(world).state is State.SUBMITTED
    edit_id = only(world).edit_id
    world.executions.statuses[f"{drop.drop_id}-2"] = "ABORTED"
    assert settle_execution(world, drop, edit_id, "ABORTED", execution=f"{drop.drop_id}-2") == "UNDELIVERED"


def test_an_unknown_request_is_refused_an_unreachable_provider_is_not() -> None:
    world, _ = in_doubt()
    world.provider.failing_reads = {"past"}
    assert "could not be asked" in planned(world, ADOPT).evidence
    world.provider.failing_reads = set()
    with pytest.raises(Refused):
        planned(world, Wish(verdict=Decision.ADOPT, request_id="request-9"))
    world.provider.rows.clear()
    assert "Not confirmed" in planned(world, ADOPT).evidence, "its record is there, though its row is not"


def test_a_request_of_another_edit_is_not_adopted() -> None:
    world, _ = in_doubt()
    with pytest.raises(Refused) as refusal:
        plan_for(stack(world, "f" * 64), only(world), ADOPT)
    assert "f" * 64 in str(refusal.value)


def test_a_name_that_was_used_is_not_used_again() -> None:
    world, drop = in_doubt()
    for n in (2, 3):
        world.executions.start(drop, f"{drop.drop_id}-{n}")
    assert free_name(world.executions, only(world)) == f"{drop.drop_id}-4"
