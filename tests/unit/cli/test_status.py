"""What `dropcut status` tells: complete for programs, readable for people, without anything a terminal would obey."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from dropcut.adapters.dynamodb.table import attempt_key, audit_key, edit_attributes, edit_key
from dropcut.domain.model import Cause, Delay, Edit, Limits, State
from dropcut.domain.resolutions import Decision, Resolution
from dropcut_cli import status_text
from dropcut_cli.stack import ExecutionStatus
from dropcut_cli.status import next_steps, overview, status_of
from tests.fakes.examples import NOW, a_drop, a_notice, an_edit, an_edit_in

LIMITS = Limits(usd_per_day=Decimal(50), in_flight=5)
EXECUTION = ExecutionStatus("execution-1", "FAILED", "Failed")


def rows(edit: Edit, *more: dict[str, Any]) -> list[dict[str, Any]]:
    attempt = {**attempt_key(edit.edit_id, 1), "owner": a_drop().drop_id, "opened_at": Decimal(int(NOW))}
    return [{**edit_key(edit.edit_id), **edit_attributes(edit)}, *([attempt] if edit.attempt else []), *more]


def told(edit: Edit, *more: dict[str, Any], limits: Limits = LIMITS, **doubt: Any) -> tuple[dict[str, Any], str]:
    known: dict[str, Any] = {**doubt, "stack": "dropcut", "execution": EXECUTION, "limits": limits, "now": NOW + 60}
    document = status_of(rows(edit, *more), **known).as_json()
    assert json.loads(json.dumps(document)) == document, "a program reads exactly this"
    return document, status_text.edit_text(document)


@pytest.mark.parametrize("state", State)
def test_each_state_is_shown_with_money_and_execution(state: State) -> None:
    edit = an_edit_in(state, output={"bucket": "outbox", "key": "trip/beach.mp4"})
    document, text = told(edit)
    assert document["state"] == state
    for known in (
        edit.edit_id,
        str(state),
        status_text.STATES[state],
        "$1.68",
        "s3://inbox/trip/beach.mp4",
        "FAILED in Failed",
    ):
        assert known in text
    assert bool(document["next"]) == (state in (State.IN_DOUBT, State.UNDELIVERED))


def test_an_edit_in_doubt_shows_its_next_search() -> None:
    doubt = {"sweep": "DOUBT", "looks": Decimal(3), "sweep_at": Decimal(int(NOW))}
    document, text = told(an_edit_in(State.IN_DOUBT), doubt=doubt)
    assert document["looked_for"] == {"times": 3, "again_at": "2026-11-24T06:00:00Z"}
    assert "again after 2026-11-24T06:00:00Z" in text
    for over in ({}, {"sweep": "NOTICE"}, {"outcome": "over"}):
        assert told(an_edit_in(State.IN_DOUBT), doubt=over)[0]["looked_for"] is None


def test_what_can_be_typed_next_is_whole() -> None:
    commands = [step["command"] for step in next_steps(an_edit_in(State.IN_DOUBT), "dropcut")]
    resolve = f"./dropcut resolve {'e' * 64}"
    assert commands == [f"{resolve} --adopt REQUEST_ID", f"{resolve} --not-billed", f"{resolve} --give-up"]
    assert [step["command"] for step in next_steps(an_edit_in(State.UNDELIVERED), "films")] == [
        f"./dropcut --stack films resolve {'e' * 64} --adopt", f"./dropcut --stack films resolve {'e' * 64} --give-up"
    ]  # fmt: skip


def test_what_has_no_result_is_not_offered_for_delivery() -> None:
    failed = an_edit_in(State.UNDELIVERED, reason="the provider failed it (capacity): busy", cause=Cause.CHARGED)
    assert [step["command"].split()[-1] for step in next_steps(failed, "dropcut")] == ["--give-up"]


WAITS = {
    Delay.DAY_LIMIT: "MaxUsdPerDay is $50.00",
    Delay.IN_FLIGHT_LIMIT: "5 other edits",
    Delay.SPENDING_OFF: "SpendingEnabled",
    Delay.CREDITS: "After 24 hours",
    Delay.BROKEN_OFF: "breaks off",
}


@pytest.mark.parametrize("delay", Delay)
def test_a_waiting_edit_shows_why_since_when_and_the_limit(delay: Delay) -> None:
    document, text = told(an_edit(delayed_by=str(delay), delayed_since=NOW))
    assert WAITS[delay] in text
    assert "since 2026-11-24T06:00:00Z" in text
    assert document["waits_for"]["limit"] == delay
    assert told(an_edit_in(State.FAILED, delayed_by=str(delay), notice=a_notice()))[0]["waits_for"] is None


def test_every_attempt_and_every_decision_is_told() -> None:
    edit = an_edit_in(State.FAILED, notice=a_notice("1", "IN_DOUBT"), notified_at="2026-11-24T06:10:00Z")
    decided, held = (
        Resolution(verdict=Decision.NOT_BILLED, who="anna", at=NOW, note="asked them"),
        an_edit_in(State.IN_DOUBT),
    )
    audit = {**audit_key(edit.edit_id, NOW), **decided.audit(held, decided.applied_to(held))}
    second = {**attempt_key(edit.edit_id, 2), "outcome": "capacity", "request_id": "r2", "charged_usd": Decimal(0)}
    document, text = told(edit, second, audit)
    assert [attempt["number"] for attempt in document["attempts"]] == [1, 2]
    assert "request r2, capacity" in text
    assert "not-billed by anna (asked them): IN_DOUBT -> FAILED" in text
    assert "IN_DOUBT, sent 2026-11-24T06:10:00Z" in text


def test_no_name_or_answer_moves_the_cursor() -> None:
    bad = "\x1b[2J\r\n"
    edit = an_edit_in(State.IN_DOUBT, drop=a_drop(f"a{bad}.mp4"), reason=bad, request={"prompt": bad * 40})
    text = told(edit)[1]
    assert all(line.isprintable() for line in text.splitlines())
    assert "\\x1b[2J" in text


def test_the_overview_has_each_edit_and_the_days_money() -> None:
    waiting = an_edit(edit_id="a" * 64, delayed_by="DAY_LIMIT", delayed_since=NOW)
    flying, held = an_edit_in(State.SUBMITTED, edit_id="b" * 64), an_edit_in(State.IN_DOUBT, edit_id="c" * 64)
    counted = {"committed_usd": Decimal("3.36"), "reserved_usd": Decimal("3.36"), "charged_usd": Decimal(0)}
    document = overview([waiting, flying, held], {"b" * 64}, counted, LIMITS, NOW + 7200)
    assert json.loads(json.dumps(document)) == document
    text = status_text.overview_text(document)
    assert [line.split("  ")[0] for line in text.splitlines()[:3]] == ["a" * 12, "b" * 12, "c" * 12]
    for said in ("PREPARED DAY_LIMIT", "IN_DOUBT held", "2 h", "$3.36 of $50.00", "1 of 5 (MaxEditsInFlight)"):
        assert said in text
    assert "A slot is taken" not in text


def test_a_place_that_no_open_edit_has_is_named() -> None:
    held = an_edit_in(State.IN_DOUBT)
    text = status_text.overview_text(overview([held], {held.edit_id, "f" * 64}, {}, LIMITS, NOW))
    assert text.count("A slot is taken by edit") == 2


def test_an_empty_overview_says_so_and_shows_the_switch() -> None:
    off = Limits(usd_per_day=Decimal(50), in_flight=5, spending=False)
    text = status_text.overview_text(overview([], set(), {}, off, NOW))
    assert text.startswith("No edit is open, delayed or held.")
    assert "Spending is switched off (SpendingEnabled)." in text
    assert "$0.00 of $50.00" in text
