"""What a person may decide about a held edit, and what it then is."""

from __future__ import annotations

from typing import Any

import pytest

from dropcut.domain.model import HELD, State
from dropcut.domain.resolutions import ALLOWED, Decision, Resolution, changes
from dropcut.notifications.endings import resolved
from tests.fakes.examples import NOW, OUTBOX, a_drop, a_notice, an_edit_in


def a(verdict: Decision, **more: Any) -> Resolution:
    return Resolution(verdict=verdict, who="anna", at=NOW, **more)


@pytest.mark.parametrize("verdict", Decision)
def test_only_what_is_held_can_be_decided_about(verdict: Decision) -> None:
    assert ALLOWED[verdict] <= HELD
    for state in set(State) - ALLOWED[verdict]:
        with pytest.raises(ValueError):
            a(verdict).applied_to(an_edit_in(state))


def test_nobody_may_say_that_an_answered_request_was_not_billed() -> None:
    assert State.UNDELIVERED not in ALLOWED[Decision.NOT_BILLED]


@pytest.mark.parametrize(("note", "said"), [("", "by anna"), ("the row never came", "by anna: the row never came")])
def test_the_reason_names_day_person_and_note(note: str, said: str) -> None:
    after = a(Decision.GIVE_UP, note=note).applied_to(an_edit_in(State.IN_DOUBT))
    assert after.reason == f"given up on 2026-11-24 {said}"


TOLD: dict[str, Any] = {"notice": a_notice("1"), "event_id": "1", "notified_at": "2026-11-24T06:00:00Z"}


@pytest.mark.parametrize(
    ("verdict", "status", "to_do"),
    [(Decision.NOT_BILLED, "FAILED", "To buy it, upload"), (Decision.GIVE_UP, "ABANDONED", '"rerun": 1')],
)
def test_an_edit_ended_by_a_person_has_its_own_message(verdict: Decision, status: str, to_do: str) -> None:
    after = a(verdict, note="they said so").applied_to(an_edit_in(State.IN_DOUBT, **TOLD))
    body, again = (resolved(after, at, OUTBOX) for at in (NOW, NOW + 9))
    assert (body.status, body.drop_id) == (status, a_drop().drop_id)
    assert len({body.event_id, again.event_id, "1"}) == 3
    assert "they said so" in body.summary
    assert to_do in body.what_to_do


@pytest.mark.parametrize("verdict", Decision)
def test_every_end_is_told(verdict: Decision) -> None:
    if verdict is Decision.ADOPT:
        return
    with pytest.raises(ValueError, match="somebody has to be told"):
        a(verdict).require(None)


def test_an_edit_that_goes_on_has_no_message_yet() -> None:
    after = a(Decision.ADOPT, request_id="r", execution="x-2").applied_to(an_edit_in(State.IN_DOUBT, **TOLD))
    assert (after.notice, after.event_id, after.notified_at) == (None, None, None)


def test_a_person_vouches_for_a_request_until_it_is_proven() -> None:
    def vouched_by(state: State, request_id: str, **more: Any) -> str | None:
        changes = {"vouched_by": more.pop("vouched_by", None)}
        return a(Decision.ADOPT, request_id=request_id, **more).applied_to(an_edit_in(state, **changes)).vouched_by

    assert vouched_by(State.IN_DOUBT, "r7") == "anna"
    assert vouched_by(State.IN_DOUBT, "r7", proven=True) is None
    assert vouched_by(State.UNDELIVERED, "request-1") is None, "the submission was answered with it"
    assert vouched_by(State.UNDELIVERED, "request-1", vouched_by="bert") == "anna", "it was no answer"
    assert vouched_by(State.UNDELIVERED, "request-1", vouched_by="bert", proven=True) is None


@pytest.mark.parametrize("verdict", Decision)
def test_no_decision_touches_what_an_edit_is_or_what_was_charged(verdict: Decision) -> None:
    before = an_edit_in(State.IN_DOUBT)
    after = a(verdict, request_id="r", execution="x-2").applied_to(before)
    fixed = {"edit_id", "drop", "clip", "request", "estimated_usd", "charged_usd", "attempt", "owner", "reserved_day"}
    assert not fixed & changes(before, after).keys()
