"""A bad ending says what is known about the money, by the ledger's word alone, and says it once."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest

from dropcut.domain.model import Cause, State
from dropcut.notifications.schemas import ErrorFile
from dropcut.workflow.report_failure import in_words, report_failure
from tests.fakes.documents import read
from tests.fakes.examples import NOW, OUTBOX, a_drop, a_notice, an_edit_in
from tests.fakes.services import FakeServices, Interruption, Killed, die

TIMED_OUT = {"Error": "Sandbox.Timedout", "Cause": "{}"}
ENDINGS = {
    State.PREPARED: "FAILED",
    State.RESERVED: "FAILED",
    State.FAILED: "FAILED",
    State.SUBMITTING: "IN_DOUBT",
    State.IN_DOUBT: "IN_DOUBT",
    State.SUBMITTED: "UNDELIVERED",
    State.COMPLETED: "UNDELIVERED",
    State.UNDELIVERED: "UNDELIVERED",
}


def world_in(state: State, **changes: Any) -> tuple[FakeServices, str]:
    world = FakeServices()
    edit = an_edit_in(state, **changes)
    world.ledger.edits[edit.edit_id] = edit
    world.ledger.money["2026-11-24"]["reserved_usd"] = edit.estimated_usd
    return world, edit.edit_id


def error_file(world: FakeServices) -> ErrorFile:
    return read(ErrorFile, world.files.text(OUTBOX, "trip/beach.error.json"))


@pytest.mark.parametrize("state", ENDINGS)
@pytest.mark.parametrize("error", [{}, TIMED_OUT, {"Error": "ProviderRefused", "Cause": "not even JSON"}])
def test_every_state_ends_as_what_is_known_about_the_money(state: State, error: dict[str, str]) -> None:
    world, edit_id = world_in(state)
    outcome = report_failure(world, a_drop(), edit_id, error)
    edit = world.ledger.edits[edit_id]
    assert outcome["status"] == outcome["notice"]["status"] == edit.state == ENDINGS[state]
    assert edit.notice
    assert edit.notice.as_json() == outcome["notice"]
    found = error_file(world)
    assert (found.status, found.edit_id, found.drop_id) == (ENDINGS[state], edit_id, a_drop().drop_id)
    assert found.problems[0].problem == edit.reason


@pytest.mark.parametrize("state", ENDINGS)
def test_reported_twice_it_says_the_same(state: State) -> None:
    world, edit_id = world_in(state)
    first = report_failure(world, a_drop(), edit_id, TIMED_OUT)
    assert report_failure(world, a_drop(), edit_id, {"Error": "Other", "Cause": ""}) == first


@pytest.mark.parametrize("state", ENDINGS)
@pytest.mark.parametrize("late", [False, True])
def test_broken_off_anywhere_and_entered_again_it_says_the_same(state: State, late: bool) -> None:
    world, edit_id = world_in(state)
    expected = report_failure(world, a_drop(), edit_id, TIMED_OUT)
    for at in range(1, 8):
        world, edit_id = world_in(state)
        with contextlib.suppress(Killed):
            report_failure(Interruption(world, {at}, die, late).services(), a_drop(), edit_id, TIMED_OUT)
        assert report_failure(world, a_drop(), edit_id, TIMED_OUT) == expected
        assert world.ledger.edits[edit_id].state == ENDINGS[state]


def test_only_a_reservation_that_was_never_sent_is_freed() -> None:
    for state, reserved in ((State.RESERVED, 0), (State.SUBMITTING, Decimal("1.68"))):
        world, edit_id = world_in(state)
        report_failure(world, a_drop(), edit_id, {})
        assert world.ledger.money["2026-11-24"]["reserved_usd"] == reserved


def test_what_the_ledger_knows_of_the_reason_beats_the_caught_error() -> None:
    world, edit_id = world_in(State.FAILED, reason="the provider failed it (input_invalid): too wide")
    outcome = report_failure(world, a_drop(), edit_id, TIMED_OUT)
    assert "too wide" in outcome["notice"]["message"]["email"]


@pytest.mark.parametrize("error", [TIMED_OUT, {"Said": "its execution was stopped by hand"}])
@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (Cause.UNCONFIRMED, "Cost:       not confirmed"),
        (Cause.CALLED_OFF, "If you want it after all"),
        (Cause.NOT_THE_FILES, "again, as it is"),
        (None, "Cost:       nothing"),
    ],
)
def test_the_message_follows_the_cause_and_not_the_reasons_words(
    cause: Cause | None, says: str, error: dict[str, str]
) -> None:
    world, edit_id = world_in(State.FAILED, reason="worded anew", cause=cause)
    assert says in report_failure(world, a_drop(), edit_id, error)["notice"]["message"]["email"]
    assert world.ledger.edits[edit_id].cause is cause


def test_a_cause_is_never_guessed_from_a_reasons_words() -> None:
    world, edit_id = world_in(State.FAILED, reason="the provider said: its history did not confirm that this was free")
    email = report_failure(world, a_drop(), edit_id, TIMED_OUT)["notice"]["message"]["email"]
    assert "Cost:       nothing" in email


def test_an_edit_that_was_delivered_after_all_is_told_as_delivered() -> None:
    notice = a_notice(status="DELIVERED")
    world, edit_id = world_in(State.DELIVERED, notice=notice)
    told = report_failure(world, a_drop(), edit_id, TIMED_OUT)
    assert told == {"how": "failed", "status": "DELIVERED", "notice": notice.as_json()}
    assert world.files.keys(OUTBOX, "") == []


@pytest.mark.parametrize("state", [State.SUBMITTED, State.DELIVERED, State.IN_DOUBT])
def test_an_execution_that_owns_nothing_fails_alone(state: State) -> None:
    world, edit_id = world_in(state, owner="somebody else")
    outcome = report_failure(world, a_drop(), edit_id, TIMED_OUT)
    assert outcome["status"] == "FAILED"
    assert world.ledger.edits[edit_id].state is state
    assert world.journal.drops[a_drop().drop_id].outcome == "FAILED"


def test_a_drop_that_never_became_an_edit_is_told_too() -> None:
    world = FakeServices()
    outcome = report_failure(world, a_drop(), None, TIMED_OUT)
    assert outcome["status"] == "FAILED"
    row = world.journal.drops[a_drop().drop_id]
    assert (row.outcome, row.to_sweep_since) == ("FAILED", NOW)
    assert outcome["notice"]["pk"].startswith("CLIP#")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({}, "the edit could not be finished"),
        (TIMED_OUT, "an internal step failed (Sandbox.Timedout)"),
        ({"Error": "States.Timeout"}, "an internal step failed (States.Timeout)"),
        ({"Error": "Boom", "Cause": '{"errorMessage": "no"}'}, "Boom: no"),
        ({"Error": "Boom", "Cause": '["list"]'}, "an internal step failed (Boom)"),
        ({"Error": "Boom", "Cause": "{cut o"}, "an internal step failed (Boom)"),
    ],
)
def test_a_caught_error_is_put_into_words(error: dict[str, str], words: str) -> None:
    assert in_words(error) == words


def test_a_caught_error_leaks_no_secret() -> None:
    cause = {"errorMessage": "GET https://b.example/clip.mp4?X-Amz-Signature=topsecret with SG_0123456789abcdef"}
    world, edit_id = world_in(State.SUBMITTING)
    outcome = report_failure(world, a_drop(), edit_id, {"Error": "Boom", "Cause": json.dumps(cause)})
    told = json.dumps(outcome) + error_file(world).as_file() + repr(world.ledger.edits[edit_id])
    assert "topsecret" not in told
    assert "SG_0123" not in told
