"""Messages quote other people's sentences, and end them once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dropcut.domain.model import Cause, Drop, State
from dropcut.intake.problem import Problem
from dropcut.notifications.endings import failed, held, rejected
from dropcut.notifications.envelope import email_text
from dropcut_cli.command import parser
from tests.fakes.examples import an_edit_in

DROP = Drop(
    drop_id="d" * 64,
    bucket="inbox",
    clip_key="trip/beach.mp4",
    clip_version="1",
    sidecar_key="trip/beach.json",
    sidecar_version="2",
)


def test_a_reason_that_is_a_sentence_gets_no_second_full_stop() -> None:
    said = [failed(DROP, None, State.FAILED, text, "outbox").summary for text in ("It broke.", "it broke")]
    assert [text.endswith((" paid: It broke.", " paid: it broke.")) for text in said] == [True, True]


def test_a_fix_ends_with_one_full_stop() -> None:
    problem = Problem("/mod", '"mod"', "is not a known field", 'if you mean "mode", write that')
    assert 'To mend it: if you mean "mode", write that.\n' in email_text(rejected(DROP, [problem], "outbox"))


@pytest.mark.parametrize("state", [State.IN_DOUBT, State.UNDELIVERED])
def test_the_message_of_a_held_edit_says_exactly_what_to_type(state: State) -> None:
    edit = an_edit_in(state)
    body = failed(edit.drop, edit, state, "a reason", "outbox")
    commands = [line.strip() for line in email_text(body).splitlines() if line.startswith("  ./dropcut ")]
    assert f"./dropcut status {edit.edit_id}" in commands
    adopted = edit.request_id or "REQUEST_ID"
    assert f"./dropcut resolve {edit.edit_id} --adopt {adopted}" in commands
    assert (f"./dropcut resolve {edit.edit_id} --not-billed" in commands) == (state is State.IN_DOUBT)
    assert commands[-1] == f"./dropcut resolve {edit.edit_id} --give-up"
    assert "Whoever runs Dropcut" in body.what_to_do or "whoever runs Dropcut" in body.what_to_do
    for command in commands:
        parser().parse_args(command.split()[1:])
    assert held(edit, edit.drop, "outbox").what_to_do == body.what_to_do, "dropped again, it says the same"


def test_what_was_charged_and_failed_is_not_promised_a_file() -> None:
    edit = an_edit_in(State.UNDELIVERED, reason="the provider failed it (capacity): busy", cause=Cause.CHARGED)
    for body in (failed(edit.drop, edit, edit.state, str(edit.reason), "outbox"), held(edit, edit.drop, "outbox")):
        assert body.status == "UNDELIVERED"
        assert "so there is no result" in body.summary
        assert "--adopt" not in body.what_to_do
        assert f"./dropcut resolve {edit.edit_id} --give-up" in body.what_to_do


def test_the_message_advises_waiting_for_late_rows_before_buying() -> None:
    edit = an_edit_in(State.IN_DOUBT)
    said = failed(edit.drop, edit, State.IN_DOUBT, "a reason", "outbox").what_to_do
    assert "hours late" in said
    assert said.index("after a day") < said.index("--not-billed")


def test_the_message_names_candidates_only_where_there_are_some() -> None:
    edit = an_edit_in(State.IN_DOUBT)
    alike = replace(edit, candidates=("r1", "r2"))
    assert "r1, r2" in failed(edit.drop, alike, State.IN_DOUBT, "a reason", "outbox").what_to_do
    assert "perhaps it" not in failed(edit.drop, edit, State.IN_DOUBT, "a reason", "outbox").what_to_do


def test_an_abandoned_edit_names_the_person_and_the_next_rerun() -> None:
    edit = an_edit_in(State.ABANDONED, reason="given up on 2026-11-24 by anna: lost", rerun=2)
    body = held(edit, edit.drop, "outbox")
    assert body.status == "ABANDONED"
    assert body.summary.endswith("nothing was bought now: given up on 2026-11-24 by anna: lost.")
    assert '"rerun": 3' in body.what_to_do
