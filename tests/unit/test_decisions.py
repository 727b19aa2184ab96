"""The rules about money, as tables over every state."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from dropcut.domain.decisions import FailureClass, OnDrop, OnSubmit, classify_failure, on_drop, on_failure, on_submit
from dropcut.domain.model import HELD, OPEN, State
from localcloud.simulator.catalogue import REASONS
from tests.fakes.examples import a_drop, a_notice, an_edit_in

US, THEM = a_drop().drop_id, "another execution"

ON_DROP = {
    State.PREPARED: (OnDrop.BUY, OnDrop.BUY),
    State.RESERVED: (OnDrop.BUY, OnDrop.IN_FLIGHT),
    State.SUBMITTING: (OnDrop.BUY, OnDrop.IN_FLIGHT),
    State.SUBMITTED: (OnDrop.BUY, OnDrop.IN_FLIGHT),
    State.COMPLETED: (OnDrop.BUY, OnDrop.IN_FLIGHT),
    State.DELIVERED: (OnDrop.DELIVERED_BEFORE, OnDrop.DELIVERED_BEFORE),
    State.FAILED: (OnDrop.BUY, OnDrop.BUY),
    State.IN_DOUBT: (OnDrop.NOT_AGAIN, OnDrop.NOT_AGAIN),
    State.UNDELIVERED: (OnDrop.NOT_AGAIN, OnDrop.NOT_AGAIN),
    State.ABANDONED: (OnDrop.NOT_AGAIN, OnDrop.NOT_AGAIN),
}
ON_SUBMIT = {
    State.PREPARED: (OnSubmit.OPEN_ATTEMPT, OnSubmit.OPEN_ATTEMPT),
    State.RESERVED: (OnSubmit.SEND, OnSubmit.LEAVE),
    State.SUBMITTING: (OnSubmit.UNKNOWN, OnSubmit.LEAVE),
    State.SUBMITTED: (OnSubmit.GO_ON, OnSubmit.LEAVE),
    State.COMPLETED: (OnSubmit.GO_ON, OnSubmit.LEAVE),
    State.DELIVERED: (OnSubmit.LEAVE, OnSubmit.LEAVE),
    State.FAILED: (OnSubmit.OPEN_ATTEMPT, OnSubmit.OPEN_ATTEMPT),
    State.IN_DOUBT: (OnSubmit.LEAVE, OnSubmit.LEAVE),
    State.UNDELIVERED: (OnSubmit.LEAVE, OnSubmit.LEAVE),
    State.ABANDONED: (OnSubmit.LEAVE, OnSubmit.LEAVE),
}
ON_FAILURE = {
    State.PREPARED: State.FAILED,
    State.RESERVED: State.FAILED,
    State.SUBMITTING: State.IN_DOUBT,
    State.SUBMITTED: State.UNDELIVERED,
    State.COMPLETED: State.UNDELIVERED,
    State.DELIVERED: State.DELIVERED,
    State.FAILED: State.FAILED,
    State.IN_DOUBT: State.IN_DOUBT,
    State.UNDELIVERED: State.UNDELIVERED,
    State.ABANDONED: State.ABANDONED,
}


@pytest.mark.parametrize("state", State)
def test_a_drop_of_an_edit_in_each_state(state: State) -> None:
    ours, theirs = ON_DROP[state]
    assert on_drop(an_edit_in(state), US) is ours
    assert on_drop(an_edit_in(state), THEM) is theirs


def test_a_drop_of_an_edit_that_nobody_knows_is_bought() -> None:
    assert on_drop(None, US) is OnDrop.BUY


def test_a_failure_that_was_charged_is_never_bought_again_by_itself() -> None:
    charged = replace(an_edit_in(State.FAILED), charged_usd=Decimal("1.68"))
    assert on_drop(charged, US) is OnDrop.NOT_AGAIN
    assert on_submit(charged, US) is OnSubmit.LEAVE
    assert on_drop(replace(charged, charged_usd=Decimal(0)), US) is OnDrop.BUY


@pytest.mark.parametrize("state", State)
def test_the_spender_entering_an_edit_in_each_state(state: State) -> None:
    ours, theirs = ON_SUBMIT[state]
    assert on_submit(an_edit_in(state), US) is ours
    assert on_submit(an_edit_in(state), THEM) is theirs


def test_only_a_new_drop_may_buy_a_resumed_edit_again() -> None:
    failed = an_edit_in(State.FAILED, execution=f"{US}-2")
    assert on_submit(failed, US) is OnSubmit.LEAVE
    assert on_submit(failed, THEM) is OnSubmit.OPEN_ATTEMPT
    assert on_submit(an_edit_in(State.SUBMITTED, execution=f"{US}-2"), US) is OnSubmit.GO_ON


@pytest.mark.parametrize("state", [State.PREPARED, State.FAILED])
def test_a_told_ending_stands_until_the_edit_is_prepared_again(state: State) -> None:
    told = an_edit_in(state, notice=a_notice(), event_id="e1")
    assert on_submit(told, US) is OnSubmit.LEAVE
    assert on_drop(told, US) is OnDrop.BUY, "a drop that arrives may begin again"


def test_only_states_that_prove_nothing_was_bought_lead_to_a_post() -> None:
    buying = {state for state in State if on_submit(an_edit_in(state), US) in (OnSubmit.OPEN_ATTEMPT, OnSubmit.SEND)}
    assert buying == {State.PREPARED, State.RESERVED, State.FAILED}


@pytest.mark.parametrize("state", State)
def test_a_broken_execution_leaves_what_the_ledger_says_is_known(state: State) -> None:
    assert on_failure(an_edit_in(state)) is ON_FAILURE[state]


def test_a_broken_execution_without_an_edit_has_failed() -> None:
    assert on_failure(None) is State.FAILED


def test_every_state_is_open_held_or_over() -> None:
    assert OPEN | HELD | {State.PREPARED, State.DELIVERED, State.FAILED, State.ABANDONED} == set(State)
    assert not OPEN & HELD


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Prompt is required for video generation.", FailureClass.INPUT_INVALID),
        ("Prompt is Mandatory and must be string", FailureClass.INPUT_INVALID),
        ("Validation error in MockInferenceProcessor: sleep must be ...", FailureClass.INPUT_INVALID),
        ("Video duration must be at least 3.0s, got 2.75s", FailureClass.INPUT_INVALID),
        ("Unsupported format", FailureClass.INPUT_INVALID),
        ("fps out of range", FailureClass.INPUT_INVALID),
        ("Reference media rejected: URL must be a valid HTTP or HTTPS URL.", FailureClass.MEDIA_UNREACHABLE),
        ("failed to fetch the video", FailureClass.MEDIA_UNREACHABLE),
        ("HTTP 404 for the input", FailureClass.MEDIA_UNREACHABLE),
        ("content_policy_violation", FailureClass.MODERATION),
        ("triggering the content risk control of the platform", FailureClass.MODERATION),
        ("error 1301", FailureClass.MODERATION),
        ("NSFW content", FailureClass.MODERATION),
        ("parallel task over resource pack limit", FailureClass.CAPACITY),
        ("code 1302", FailureClass.CAPACITY),
        ("The server is busy, try again", FailureClass.CAPACITY),
        ("rate_limit_exceeded", FailureClass.CAPACITY),
        ("timed out", FailureClass.CAPACITY),
        ("Service temporarily unavailable", FailureClass.CAPACITY),
        ("Internal server error", FailureClass.CAPACITY),
        ("", FailureClass.UNKNOWN),
        ("Something went wrong.", FailureClass.UNKNOWN),
        ("took 14290 ms at node 5001x", FailureClass.UNKNOWN),
    ],
)
def test_a_failure_is_classed_by_the_providers_words(text: str, kind: FailureClass) -> None:
    assert classify_failure(text) is kind


@pytest.mark.parametrize("reason", REASONS)
def test_each_text_of_the_simulator_has_the_class_it_stands_for(reason: str) -> None:
    assert classify_failure(REASONS[reason]) == reason


@pytest.mark.parametrize(
    "text", ["internal policy check", "rate limited: prompt is invalid", "timeout while trying to download the video"]
)
def test_where_the_words_leave_a_doubt_nothing_is_bought_again(text: str) -> None:
    assert classify_failure(text) is not FailureClass.CAPACITY
