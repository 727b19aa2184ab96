"""What a person may decide about a held edit, and what it then is."""

from __future__ import annotations

from typing import Any

import pytest

from dropcut.model import HELD, State
from dropcut.resolutions import ALLOWED, Resolution, Verdict, changes
from tests.fakes.examples import NOW, an_edit_in


def a(verdict: Verdict, **more: Any) -> Resolution:
    return Resolution(verdict=verdict, who="anna", at=NOW, **more)


@pytest.mark.parametrize("verdict", Verdict)
def test_only_what_is_held_can_be_decided_about(verdict: Verdict) -> None:
    assert ALLOWED[verdict] <= HELD
    for state in set(State) - ALLOWED[verdict]:
        with pytest.raises(ValueError):
            a(verdict).applied_to(an_edit_in(state))


def test_that_a_request_which_the_provider_answered_was_not_billed_is_nobodys_to_say() -> None:
    assert State.UNDELIVERED not in ALLOWED[Verdict.NOT_BILLED]


@pytest.mark.parametrize(("note", "said"), [("", "by anna"), ("the row never came", "by anna: the row never came")])
def test_the_reason_names_day_person_and_note(note: str, said: str) -> None:
    after = a(Verdict.GIVE_UP, note=note).applied_to(an_edit_in(State.IN_DOUBT))
    assert after.reason == f"given up on 2026-11-24 {said}"


def test_the_message_about_the_end_stays_unless_the_edit_goes_on() -> None:
    """It may still have to be sent; an edit that goes on will have another end."""
    told = an_edit_in(State.IN_DOUBT, notice="{}", event_id="1", output=None)
    assert a(Verdict.GIVE_UP).applied_to(told).event_id == "1"
    assert a(Verdict.NOT_BILLED).applied_to(told).event_id == "1"
    assert a(Verdict.ADOPT, request_id="r", execution="x-2").applied_to(told).event_id is None


@pytest.mark.parametrize("verdict", Verdict)
def test_no_decision_touches_what_an_edit_is_or_what_was_charged(verdict: Verdict) -> None:
    before = an_edit_in(State.IN_DOUBT)
    after = a(verdict, request_id="r", execution="x-2").applied_to(before)
    fixed = {"edit_id", "drop", "clip", "request", "estimated_usd", "charged_usd", "attempt", "owner", "reserved_day"}
    assert not fixed & changes(before, after).keys()
