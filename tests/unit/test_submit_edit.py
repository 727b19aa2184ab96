"""The only code that can spend: it writes the intent first, sends once, and says exactly what is known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from dropcut.domain.errors import (
    ClipNotShared,
    KeyUnreadable,
    LedgerConflict,
    NotSent,
    ProviderBusy,
    ProviderRefused,
    SubmissionUnknown,
)
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.identity import mark
from dropcut.domain.model import Drop, State
from dropcut.workflow.find_submission import find_submission
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.settle_execution import settle_execution
from dropcut.workflow.submit_edit import LATEST_SEND, LEAST_SHARED, submit_edit
from tests.fakes.examples import PLENTY, WORKROOM, a_drop, an_edit_in
from tests.fakes.services import FakeServices, Interruption
from tests.fakes.worlds import a_world

DAY = "2026-11-24"


def prepared(clip_key: str = "trip/beach.mp4") -> tuple[FakeServices, Drop, str]:
    world, drop = a_world(clip_key=clip_key)
    return world, drop, prepare_edit(world, drop)["edit_id"]


def test_one_post_with_the_frozen_clip_and_the_resolved_request() -> None:
    world, drop, edit_id = prepared()
    outcome = submit_edit(world, drop, edit_id, Generation())
    ((request, video_url),) = world.provider.submissions
    assert request == world.ledger.edits[edit_id].request
    assert f"/{edit_id}/1/clip.mp4?" in video_url
    assert (outcome.outcome, outcome.request_id, outcome.attempt) == ("submitted", "request-1", 1)
    assert (outcome.tries, outcome.wait_seconds, outcome.waited_seconds) == (1, 150, 0)
    assert "X-Amz" not in str(outcome), "the state carries no address"


@pytest.mark.parametrize(("suffix", "kind"), [(".mp4", "video/mp4"), (".MOV", "video/quicktime")])
def test_the_clip_is_frozen_as_what_it_is(suffix: str, kind: str) -> None:
    world, drop, edit_id = prepared("beach" + suffix)
    submit_edit(world, drop, edit_id, Generation())
    (frozen,) = world.files.objects[WORKROOM, mark(edit_id, 1, suffix)]
    assert (frozen.data, frozen.content_type) == (b"a clip", kind)


def test_money_and_intent_are_written_before_the_post() -> None:
    world, drop, edit_id = prepared()
    seen = Interruption(world, set(), lambda: None)
    submit_edit(seen.services(), drop, edit_id, Generation())
    assert seen.calls.index("ledger.reserve") < seen.calls.index("ledger.advance") < seen.calls.index("provider.submit")
    assert seen.calls.count("provider.submit") == 1


def test_the_row_tells_what_was_sent_when_and_as_what() -> None:
    world, drop, edit_id = prepared()
    submit_edit(world, drop, edit_id, Generation())
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.request_id, edit.owner) == (State.SUBMITTED, "request-1", drop.drop_id)
    assert edit.sent_at == edit.submitted_at == world.clock.now
    reserved = {"committed_usd": Decimal("1.68"), "reserved_usd": Decimal("1.68"), "attempts": 1}
    assert dict(world.ledger.money[DAY]) == reserved


@pytest.mark.parametrize("error", [ProviderRefused, KeyUnreadable])
def test_an_error_that_proves_no_charge_frees_the_reservation(error: type[NotSent]) -> None:
    world, drop, edit_id = prepared()
    world.provider.answers = [error("no credits")]
    with pytest.raises(error):
        submit_edit(world, drop, edit_id, Generation())
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.reason) == (State.FAILED, "no credits")
    assert world.ledger.money[DAY]["reserved_usd"] == 0


def test_a_busy_provider_leaves_the_same_attempt_open() -> None:
    world, drop, edit_id = prepared()
    world.provider.answers = [ProviderBusy("429")]
    with pytest.raises(ProviderBusy):
        submit_edit(world, drop, edit_id, Generation())
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.sent_at) == (State.RESERVED, None)
    assert submit_edit(world, drop, edit_id, Generation()).attempt == 1
    reserved = {"committed_usd": Decimal("1.68"), "reserved_usd": Decimal("1.68"), "attempts": 1}
    assert world.ledger.money[DAY] == reserved, "reserved once"
    assert len(world.provider.rows) == 1


def test_an_unknown_answer_is_never_sent_again() -> None:
    world, drop, edit_id = prepared()
    world.provider.answers = [SubmissionUnknown("HTTP 502")]
    for _ in range(5):
        with pytest.raises(SubmissionUnknown):
            submit_edit(world, drop, edit_id, Generation())
    assert len(world.provider.submissions) == 1
    assert world.ledger.edits[edit_id].state is State.SUBMITTING


def test_an_unrecorded_answer_is_unknown_and_names_the_request_id() -> None:
    world, drop, edit_id = prepared()

    def fail() -> None:
        raise LedgerConflict("moved")

    seen = Interruption(world, set(), fail)
    submit_edit(seen.services(), drop, edit_id, Generation())
    world, drop, edit_id = prepared()
    last = len(seen.calls)
    assert seen.calls[last - 1] == "ledger.advance"
    with pytest.raises(SubmissionUnknown) as caught:
        submit_edit(Interruption(world, {last}, fail).services(), drop, edit_id, Generation())
    assert "request-1" in str(caught.value)


def test_a_request_that_took_long_to_prepare_is_not_sent_now() -> None:
    """Or the function might be ended between the answer and its writing down."""
    world, drop, edit_id = prepared()
    copy = world.files.freeze

    def slowly(*given: str) -> None:
        copy(*given)
        world.clock.now += LATEST_SEND + 1

    world.files.freeze = slowly  # type: ignore[method-assign, assignment]
    with pytest.raises(ProviderBusy):
        submit_edit(world, drop, edit_id, Generation())
    assert world.provider.submissions == []
    assert world.ledger.edits[edit_id].state is State.RESERVED
    world.files.freeze = copy  # type: ignore[method-assign]
    assert submit_edit(world, drop, edit_id, Generation()).attempt == 1


def test_an_address_that_dies_too_soon_is_not_sent() -> None:
    world, drop, edit_id = prepared()
    world.files.shared_seconds = LEAST_SHARED - 1
    with pytest.raises(ClipNotShared):
        submit_edit(world, drop, edit_id, Generation())
    assert world.provider.submissions == []
    assert world.ledger.edits[edit_id].state is State.RESERVED
    world.files.shared_seconds = LEAST_SHARED
    assert submit_edit(world, drop, edit_id, Generation()).outcome == "submitted"


@pytest.mark.parametrize("state", [State.SUBMITTED, State.COMPLETED])
def test_entered_again_after_the_answer_it_goes_on_with_that_request(state: State) -> None:
    world = FakeServices()
    edit = an_edit_in(state)
    world.ledger.edits[edit.edit_id] = edit
    assert submit_edit(world, a_drop(), edit.edit_id, Generation(tries=1)).request_id == "request-1"
    assert world.provider.submissions == []


@pytest.mark.parametrize("state", [state for state in State if state not in (State.PREPARED, State.FAILED)])
def test_an_edit_of_another_execution_is_left_alone(state: State) -> None:
    world = FakeServices()
    edit = an_edit_in(state, owner="somebody else")
    world.ledger.edits[edit.edit_id] = edit
    left = submit_edit(world, a_drop(), edit.edit_id, Generation())
    assert left == Generation(outcome=Outcome.LEFT, edit_id=edit.edit_id)
    assert world.ledger.edits[edit.edit_id] == edit
    assert world.provider.submissions == []


def test_a_new_attempt_gets_its_own_mark_and_forgets_failures() -> None:
    world, drop, edit_id = prepared()
    world.provider.answers = [ProviderRefused("bad")]
    with pytest.raises(ProviderRefused):
        submit_edit(world, drop, edit_id, Generation())
    outcome = submit_edit(world, drop, edit_id, Generation(tries=1))
    assert (outcome.attempt, outcome.tries) == (2, 2)
    assert f"/{edit_id}/2/clip.mp4" in world.provider.submissions[-1][1]
    assert world.ledger.edits[edit_id].reason is None


def test_two_executions_that_read_at_the_same_time_reserve_once() -> None:
    world, _, edit_id = prepared()
    read_by_both = world.ledger.edits[edit_id]
    world.ledger.reserve(read_by_both, "one", PLENTY, world.clock())
    with pytest.raises(LedgerConflict):
        world.ledger.reserve(read_by_both, "other", PLENTY, world.clock())


def test_an_edit_that_is_not_in_the_ledger_is_not_bought() -> None:
    world, drop = a_world()
    with pytest.raises(LookupError):
        submit_edit(world, drop, "e9", Generation())
    assert world.provider.submissions == []


def test_an_unreadable_key_is_noticed_before_the_intent_is_written() -> None:
    """Else a parameter that was never made would look like a submission in doubt."""
    world, drop, edit_id = prepared()
    world.provider.unreadable_key = KeyUnreadable("no such parameter")
    with pytest.raises(KeyUnreadable):
        submit_edit(world, drop, edit_id, Generation())
    assert world.ledger.edits[edit_id].state is State.RESERVED
    assert world.provider.submissions == []


def test_a_late_function_never_buys_an_edit_told_as_failed() -> None:
    """Stopped while the function's sandbox started: the execution's end was told, and then it runs after all."""
    world, drop, edit_id = prepared()
    assert settle_execution(world, drop, None, "ABORTED") == "FAILED"
    assert submit_edit(world, drop, edit_id, Generation()).outcome == "left"
    assert world.provider.submissions == []
    assert [notice["status"] for notice in world.topic.published] == ["FAILED"]
    again = replace(drop, drop_id="dropped again")
    prepare_edit(world, again)
    assert submit_edit(world, again, edit_id, Generation()).outcome == "submitted", "a new drop begins again"


@pytest.mark.parametrize("state", [State.PREPARED, State.FAILED])
def test_an_ending_that_is_told_between_reading_and_reserving_wins(state: State) -> None:
    world, drop, edit_id = prepared()
    if state is State.FAILED:  # closed unpaid, and not told: the same drop may open another attempt
        edit = world.ledger.reserve(world.ledger.edits[edit_id], drop.drop_id, PLENTY, world.clock())
        world.ledger.close_unpaid(edit, "no capacity", world.clock())
    seen = Interruption(world, set(), lambda: None)
    submit_edit(seen.services(), drop, edit_id, Generation())
    reserving = seen.calls.index("ledger.reserve") + 1
    world, drop, edit_id = prepared()
    if state is State.FAILED:
        edit = world.ledger.reserve(world.ledger.edits[edit_id], drop.drop_id, PLENTY, world.clock())
        world.ledger.close_unpaid(edit, "no capacity", world.clock())
    stopped = Interruption(world, {reserving}, lambda: settle_execution(world, drop, None, "ABORTED"))
    with pytest.raises(LedgerConflict):
        submit_edit(stopped.services(), drop, edit_id, Generation())
    assert world.provider.submissions == []
    assert find_submission(world, drop, edit_id, Generation()).outcome == "left"


def test_a_delay_noted_late_does_not_undo_a_told_ending() -> None:
    world, drop, edit_id = prepared()
    world.limits = replace(PLENTY, spending=False)
    seen = Interruption(world, set(), lambda: None)
    submit_edit(seen.services(), drop, edit_id, Generation())
    noting = seen.calls.index("ledger.delay") + 1
    world, drop, edit_id = prepared()
    world.limits = replace(PLENTY, spending=False)
    stopped = Interruption(world, {noting}, lambda: settle_execution(world, drop, None, "ABORTED"))
    with pytest.raises(LedgerConflict):
        submit_edit(stopped.services(), drop, edit_id, Generation())
    assert world.ledger.edits[edit_id].delayed_by is None
