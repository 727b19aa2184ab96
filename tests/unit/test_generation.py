"""The account of a generation travels as JSON, between functions of this version and of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Delay, State
from dropcut.domain.patience import Patience
from tests.fakes.examples import NOW, a_generation, an_edit_in, handed_on

COUNTERS = {"attempt", "tries", "polls", "looks", "wait_seconds", "waited_seconds", "searches", "unreadable"}
PATIENT = Patience(seconds={"limits": 1000, "credits": 60}, told=("DAY_LIMIT", "CREDITS"), delays=9, returns=2)
NOTICE = {"subject": "Dropcut OVERDUE: beach.mp4", "message": {"default": "{}"}}


@pytest.mark.parametrize("outcome", Outcome)
def test_an_account_is_read_as_it_was_written(outcome: Outcome) -> None:
    account = a_generation(outcome=outcome, patience=PATIENT, notice=NOTICE, failure="", told_overdue=True)
    assert handed_on(account) == account
    assert handed_on(Generation()) == Generation()


def test_counters_are_written_where_they_are_nothing_too() -> None:
    """Release 0.1.0 looks them up, and the state machine reads the pause."""
    document = Generation(outcome=Outcome.DELAYED).as_json()
    assert {name: document[name] for name in COUNTERS} == dict.fromkeys(COUNTERS, 0)
    assert None not in document.values()
    assert "failure" not in document, "0.1.0 and later ask whether it is there"


def test_an_account_that_waits_says_what_the_first_release_reads() -> None:
    waits = Generation(outcome=Outcome.DELAYED, delayed_by=Delay.DAY_LIMIT, patience=PATIENT).as_json()
    legacy = {name: waits[name] for name in ("delayed_by", "delayed_seconds", "told", "delays")}
    assert legacy == {"delayed_by": "DAY_LIMIT", "delayed_seconds": 1000, "told": "CREDITS", "delays": 9}
    assert "delays" not in a_generation(patience=PATIENT).as_json()


def test_what_the_first_release_counted_is_the_patience_with_that_reason() -> None:
    counted = {"delayed_by": "CREDITS", "delayed_seconds": 34, "told": "CREDITS", "delays": 1, "returns": 2}
    patience = Patience(seconds={"credits": 34}, told=("CREDITS",), delays=1, returns=2)
    assert Generation.from_json(counted) == Generation(delayed_by="CREDITS", patience=patience)
    known = counted | {"patience": PATIENT.as_json()}
    assert Generation.from_json(known).patience == PATIENT, "a later function has counted on"


def test_a_word_of_a_later_version_is_no_outcome() -> None:
    account = Generation.from_json({"outcome": "a later word", "edit_id": "e1", "a_later_field": 1})
    assert account == Generation(edit_id="e1")


def test_a_submission_carries_over_only_the_tries_and_the_patience() -> None:
    before = a_generation(searches=3, asked=2, failure="capacity", told_overdue=True, polls=7, patience=PATIENT)
    edit = replace(an_edit_in(State.SUBMITTED), attempt=2, request_id="request-2")
    account = before.submitted(edit, first_wait=150)
    assert account == a_generation(attempt=2, request_id="request-2", tries=2, patience=PATIENT)


def test_a_pause_is_counted_once_and_its_notice_sent_once() -> None:
    account = a_generation(waited_seconds=100, wait_seconds=20, notice=NOTICE).after_the_pause()
    assert (account.waited_seconds, account.notice) == (120, None)
    assert account.age(NOW + 10) == 120, "the clock may have jumped back"
    assert account.age(NOW + 999) == 999
