"""A submission whose outcome is unknown is looked up by this attempt's mark, and never sent again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.errors import SubmissionUnknown
from dropcut.domain.generation import Generation
from dropcut.domain.identity import mark
from dropcut.domain.model import Drop, Edit, State
from dropcut.domain.pauses import MAX_UNREADABLE, SEARCHES
from dropcut.workflow.find_submission import MAX_RETURNS, find_submission
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.report_failure import report_failure
from dropcut.workflow.submit_edit import submit_edit
from tests.fakes.examples import a_drop, an_edit_in, handed_on
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices, Interruption, die
from tests.fakes.worlds import a_world


def lost(*, accepted: bool = True) -> tuple[FakeServices, Drop, str]:
    """A submission whose answer was lost."""
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    world.provider.answers, world.provider.loses_requests = [SubmissionUnknown("HTTP 504")], not accepted
    with pytest.raises(SubmissionUnknown):
        submit_edit(world, drop, edit_id, Generation())
    return world, drop, edit_id


def search_until_over(world: FakeServices, drop: Drop, edit_id: str) -> tuple[Generation, list[int]]:
    """The last answer, and the pauses before it."""
    seen = Generation()
    pauses: list[int] = []
    for _ in range(50):
        seen = find_submission(world, drop, edit_id, seen)
        if seen.outcome != "looking":
            return seen, pauses
        pauses.append(seen.wait_seconds)
    raise AssertionError("it never ends")


def test_a_lost_submission_is_adopted_and_goes_on() -> None:
    world, drop, edit_id = lost()
    found = find_submission(world, drop, edit_id, Generation())
    assert (found.outcome, found.request_id, found.attempt) == ("submitted", "request-1", 1)
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.request_id) == (State.SUBMITTED, "request-1")
    assert edit.submitted_at == edit.sent_at, "the provider's hour began when it was sent"


def test_only_this_attempts_mark_makes_a_row_ours() -> None:
    world, drop, edit_id = lost(accepted=False)
    world.provider.know("same edit, other attempt", "/workroom/" + mark(edit_id, 2))
    world.provider.know("attempt eleven", "/workroom/" + mark(edit_id, 11))
    world.provider.know("another edit", "/workroom/" + mark("e" * 64, 1))
    world.provider.know("cut prompt, no address", "")
    assert find_submission(world, drop, edit_id, Generation()).outcome == "looking"
    world.provider.know("ours", "/workroom/" + mark(edit_id, 1))
    assert find_submission(world, drop, edit_id, Generation()).request_id == "ours"


def test_of_two_alike_edits_in_flight_each_finds_its_own() -> None:
    world, drop, edit_id = lost()
    twin: Edit = replace(world.ledger.edits[edit_id], edit_id="f" * 64)
    world.ledger.edits[twin.edit_id] = twin
    world.provider.know("request-of-the-twin", "/workroom/" + mark(twin.edit_id, 1))
    assert find_submission(world, drop, edit_id, Generation()).request_id == "request-1"
    assert find_submission(world, drop, twin.edit_id, Generation()).request_id == "request-of-the-twin"


def test_two_requests_with_one_mark_are_for_a_person() -> None:
    world, drop, edit_id = lost()
    world.provider.know("a second one", "/workroom/" + mark(edit_id, 1))
    assert search_until_over(world, drop, edit_id)[0].outcome == "not_found"
    assert world.ledger.edits[edit_id].state is State.SUBMITTING


def test_a_submission_counts_as_not_found_after_minutes_of_searching() -> None:
    world, drop, edit_id = lost(accepted=False)
    last, pauses = search_until_over(world, drop, edit_id)
    assert last.outcome == "not_found"
    assert pauses == list(SEARCHES)
    assert sum(pauses) >= 300
    assert len(world.provider.submissions) == 1


def test_a_row_that_lands_late_is_still_found() -> None:
    world, drop, edit_id = lost(accepted=False)
    seen = Generation()
    for _ in SEARCHES:
        seen = find_submission(world, drop, edit_id, seen)
        assert seen.outcome == "looking"
    world.provider.know("late", "/workroom/" + mark(edit_id, 1))
    assert find_submission(world, drop, edit_id, seen).request_id == "late"


def test_a_history_that_cannot_be_read_proves_nothing() -> None:
    world, drop, edit_id = lost()
    world.provider.failing_reads = {"search"}
    seen = Generation()
    for _ in range(len(SEARCHES) + 2):
        seen = find_submission(world, drop, edit_id, seen)
        assert (seen.outcome, seen.searches) == ("looking", 0)
        assert seen.wait_seconds > 0
    world.provider.failing_reads = set()
    assert find_submission(world, drop, edit_id, seen).outcome == "submitted"


def test_a_history_that_can_never_be_read_ends_with_a_person() -> None:
    world, drop, edit_id = lost()
    world.provider.failing_reads = {"search"}
    last, pauses = search_until_over(world, drop, edit_id)
    assert last.outcome == "not_found"
    assert len(pauses) == MAX_UNREADABLE


@pytest.mark.parametrize("state", [State.SUBMITTED, State.COMPLETED])
def test_an_answer_that_was_written_after_all_is_gone_on_with(state: State) -> None:
    world = FakeServices()
    edit = an_edit_in(state)
    world.ledger.edits[edit.edit_id] = edit
    world.provider.failing_reads = {"search"}
    assert find_submission(world, a_drop(), edit.edit_id, Generation(tries=1)).request_id == "request-1"


@pytest.mark.parametrize("state", [State.PREPARED, State.RESERVED, State.FAILED])
def test_an_unsent_edit_is_tried_for_a_week_before_failing(state: State) -> None:
    world = FakeServices()
    edit = an_edit_in(state)
    world.ledger.edits[edit.edit_id] = edit
    seen = Generation()
    outcomes, waited, told = [], 0, 0
    world.ledger.places = {edit.edit_id} if state is State.RESERVED else set()
    for _ in range(1000):
        seen = find_submission(world, a_drop(), edit.edit_id, handed_on(seen))
        outcomes.append(seen.outcome)
        if seen.outcome == "failed":
            break
        told += seen.outcome == "delayed_news"
        pause = seen.wait_seconds if str(seen.outcome).startswith("delayed") else 0
        assert pause <= 36 * 60
        waited += pause
    assert outcomes[:MAX_RETURNS] == ["not_sent"] * MAX_RETURNS, "the first few at once"
    assert (outcomes[-1], told) == ("failed", 1)
    assert 6.9 * 86_400 < waited < 7.5 * 86_400, "as long as for a limit"
    assert len(outcomes) < 400, "an execution's history holds 25,000 events, and each of these takes sixteen"
    row = world.ledger.edits[edit.edit_id]
    assert (row.state, world.ledger.places) == (State.FAILED, set())
    told_at_the_end = report_failure(world, a_drop(), edit.edit_id, {"Error": "Sandbox.Timedout"})["notice"]
    assert "othing is wrong with the files" in told_at_the_end["message"]["email"]
    assert "again, as it is" in told_at_the_end["message"]["email"]


@pytest.mark.parametrize("state", [state for state in State if state not in (State.PREPARED, State.FAILED)])
def test_an_edit_of_another_execution_is_left_to_it(state: State) -> None:
    world = FakeServices()
    edit = an_edit_in(state, owner="somebody else")
    world.ledger.edits[edit.edit_id] = edit
    assert find_submission(world, a_drop(), edit.edit_id, Generation()).outcome == "left"


def test_an_earlier_failure_of_another_execution_does_not_silence_this_one() -> None:
    """Its own step broke before it reserved anything; the row still names the execution of before."""
    world = FakeServices()
    edit = an_edit_in(State.FAILED, owner="an execution of last week")
    world.ledger.edits[edit.edit_id] = edit
    assert find_submission(world, a_drop(), edit.edit_id, Generation()).outcome == "not_sent"


def test_requests_that_only_look_alike_are_named_for_a_person() -> None:
    world, drop, edit_id = lost(accepted=False)
    prompt = world.ledger.edits[edit_id].request["prompt"]
    for name in ("r1", "r2"):
        world.provider.know(name, "")
        world.provider.rows[name] = replace(world.provider.rows[name], prompt=prompt, created_at=world.clock.now)
    world.provider.know("marked as another edit's", "/workroom/" + mark("e" * 64, 1))
    assert search_until_over(world, drop, edit_id)[0].outcome == "not_found"
    assert world.ledger.edits[edit_id].candidates == ("r1", "r2")
    notice = report_failure(world, drop, edit_id, {})["notice"]
    assert notice["status"] == "IN_DOUBT"
    assert "which only a person can tell: r1, r2. " in notice["message"]["email"]
    assert len(world.provider.submissions) == 1


def test_two_requests_with_one_mark_are_named_to_the_person() -> None:
    world, drop, edit_id = lost()
    world.provider.know("a second one", "/workroom/" + mark(edit_id, 1))
    search_until_over(world, drop, edit_id)
    assert world.ledger.edits[edit_id].candidates == ("request-1", "a second one")


def test_a_new_attempt_forgets_the_candidates_of_the_last_one() -> None:
    world, drop, edit_id = lost()
    edit = world.ledger.advance(world.ledger.edits[edit_id], State.SUBMITTING, 0.0, candidates=("r1",))
    world.ledger.close_unpaid(edit, "proven by a person", 0.0)
    prepare_edit(world, drop)
    assert world.ledger.edits[edit_id].candidates == ()


def test_it_never_submits() -> None:
    for accepted in (True, False):
        world, drop, edit_id = lost(accepted=accepted)
        search_until_over(world, drop, edit_id)
        assert len(world.provider.submissions) == 1


def test_an_edit_survives_many_worker_deaths_before_its_submission() -> None:
    world, drop = a_world()
    machine = Dying(world, world)
    assert machine.run(drop) == "Delivered"
    assert len(world.provider.submissions) == 1
    assert [notice["status"] for notice in world.topic.published] == ["DELAYED", "DELIVERED"]


class Dying(Machine):
    """Ten workers of SubmitEdit die after they have reserved."""

    died = 0

    def _invoke(self, verb: str, document: dict[str, Any]) -> Any:
        if verb != "SubmitEdit" or self.died == 10:
            return super()._invoke(verb, document)
        self.died += 1
        seen = Interruption(self.world, {8}, die)
        return Machine(self.world, seen.services())._invoke(verb, document)


def test_a_wait_for_workers_takes_nothing_of_the_patience_with_limits() -> None:
    world = FakeServices()
    edit = an_edit_in(State.PREPARED, owner=a_drop().drop_id)
    world.ledger.edits[edit.edit_id] = edit
    before = {"delayed_by": "DAY_LIMIT", "delayed_seconds": 1000, "told": "DAY_LIMIT", "delays": 3, "returns": 9}
    seen = find_submission(world, a_drop(), edit.edit_id, Generation.from_json(before))
    assert seen.outcome == "delayed_news"
    assert seen.patience.seconds == {"limits": 1000, "workers": seen.wait_seconds}
