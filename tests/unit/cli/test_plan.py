"""Every rule of `dropcut resolve`: what it would write, and every reason for which it writes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.dates import iso
from dropcut.domain.identity import mark
from dropcut.domain.model import OPEN, Cause, Edit, HistoryRow, Progress, State
from dropcut.domain.resolutions import Decision, changes
from dropcut_cli.errors import Refused
from dropcut_cli.evidence import Facts
from dropcut_cli.plan import Plan, Wish, plan_resolution
from tests.fakes.examples import NOW, OUTBOX, a_drop, a_notice, an_edit_in

WHO = "arn:aws:iam::123456789012:user/anna"
TOLD = {"notice": a_notice("1", "IN_DOUBT"), "event_id": "1"}
ADOPT = Wish(verdict=Decision.ADOPT, request_id="r7", note="seen")
NOT_BILLED, GIVE_UP = Wish(verdict=Decision.NOT_BILLED), Wish(verdict=Decision.GIVE_UP)
OURS = "/workroom/" + mark("e" * 64, 1)
DAY = 86_400


def held(state: State = State.IN_DOUBT, **more: Any) -> Edit:
    return an_edit_in(state, **{**TOLD, **more})


def facts(**more: Any) -> Facts:
    looked_up = {"execution": f"{a_drop().drop_id}-2", "known": True, "rows": ()}
    return Facts(**{"who": WHO, "now": NOW + DAY + 0.12345, "outbox": OUTBOX, **looked_up, **more})


def a_row(path: str = "", prompt: str = "", request_id: str = "r7") -> HistoryRow:
    progress = Progress(status="COMPLETED")
    return HistoryRow(request_id=request_id, video_url_path=path, prompt=prompt, created_at=NOW, progress=progress)


def plan(edit: Edit, wish: Wish, **more: Any) -> Plan:
    return plan_resolution(edit, wish, facts(**more))


def why_not(edit: Edit, wish: Wish, **more: Any) -> str:
    with pytest.raises(Refused) as refusal:
        plan(edit, wish, **more)
    return str(refusal.value)


@pytest.mark.parametrize("wish", [ADOPT, NOT_BILLED, GIVE_UP], ids=lambda wish: wish.verdict)
def test_the_plan_tells_every_change_and_its_audit(wish: Wish) -> None:
    planned = plan(held(), wish)
    text = "\n".join(planned.lines())
    assert "only if the edit is still IN_DOUBT in attempt 1" in text
    for name, (_, value) in changes(planned.edit, planned.after).items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"    {name}: ")]
        assert (
            name == "notice" or value is None or line.endswith(f" -> {iso(value) if name == 'submitted_at' else value}")
        )
    assert "..." not in text, "nothing is cut"
    assert len(max(text.splitlines(), key=len)) < 500, "no document is printed raw"
    assert f"state: IN_DOUBT -> {planned.after.state}" in text
    assert f"DOUBT#{'e' * 64} DOUBT" in text
    assert f"EDIT#{'e' * 64} AUDIT#2026-11-25T06:00:00.123Z" in text
    for fact in (f"who: {WHO}", f"what: {wish.verdict}", f"note: {wish.note or 'none'}"):
        assert f"    {fact}\n" in text
    if wish is not ADOPT:
        assert planned.after.notice
        told = planned.after.notice.as_json()
        assert f"notice: the message IN_DOUBT -> the message {planned.after.state}\n" in text
        shown = text.partition("s3://outbox/trip/beach.error.json")[2].replace("\n  ", "\n")
        for part in (told["subject"], told["message"]["email"].rstrip()):
            assert part in shown, "whole, as it will be read"


def test_adopting_starts_an_execution_that_owns_the_edit() -> None:
    described_by_another = held(drop=a_drop(clip_version="c9"))
    planned = plan(described_by_another, ADOPT, row=a_row(OURS))
    text = "\n".join(planned.lines())
    assert planned.drop == replace(a_drop(clip_version="c9"), drop_id=a_drop().drop_id)
    assert f"an execution {a_drop().drop_id}-2 is started with:" in text
    assert json.dumps({"drop": planned.drop.as_json(), "edit": {"edit_id": "e" * 64}}) in text
    assert "takes a slot" in text
    assert len(planned.resolution.execution) <= 80, "Step Functions takes no longer name"


def test_only_what_was_not_billed_releases_money() -> None:
    assert "DAY#2026-11-24 MONEY\n    reserved_usd, committed_usd: -1.68" in "\n".join(plan(held(), NOT_BILLED).lines())
    for wish in (ADOPT, GIVE_UP):
        assert "reserved_usd" not in "\n".join(plan(held(), wish).lines())


def test_an_undelivered_edit_knows_its_own_request() -> None:
    adopted = plan(held(State.UNDELIVERED), Wish(verdict=Decision.ADOPT)).resolution
    assert adopted.request_id == "request-1"
    assert adopted.proven is False
    assert "request-1; r7 is another" in why_not(held(State.UNDELIVERED), ADOPT)
    vouched = plan(held(State.UNDELIVERED, vouched_by="bert"), ADOPT, row=a_row(OURS))
    assert vouched.after.request_id == "r7", "somebody's word may be corrected"


def test_an_edit_in_doubt_knows_only_candidates() -> None:
    nameless = Wish(verdict=Decision.ADOPT)
    assert why_not(held(), nameless).startswith("Which request?")
    assert "Perhaps one of these: r8, r9." in why_not(held(candidates=("r8", "r9")), nameless)


@pytest.mark.parametrize("typed", ["two words", "r7\n", "r" * 201])
def test_what_is_no_request_id_is_not_asked_about(typed: str) -> None:
    assert "no request id" in why_not(held(), Wish(verdict=Decision.ADOPT, request_id=typed))


def test_evidence_is_told_for_what_it_is() -> None:
    assert "Confirmed" in plan(held(), ADOPT, row=a_row(OURS)).evidence
    unsure = plan(held(), ADOPT, row=a_row("/elsewhere.mp4", "a noir film")).evidence
    assert "Not confirmed" in unsure
    assert 'made 2026-11-24T06:00:00Z with the prompt "a noir film"' in unsure
    assert "Not confirmed" in plan(held(), ADOPT, row=None).evidence
    assert "could not be asked" in plan(held(), ADOPT, known=None).evidence


AGAINST: dict[str, tuple[dict[str, Any], str]] = {
    "another edit's attempt has it": ({"holders": frozenset({"e" * 64, "f" * 64})}, f"another edit: {'f' * 64}"),
    "its address names another edit": ({"row": a_row("/w/" + mark("f" * 64, 1))}, f"sent for edit {'f' * 64}"),
    "its address names another attempt": ({"row": a_row("/w/" + mark("e" * 64, 2))}, "attempt 2"),
    "the provider knows no such request": ({"known": False}, "knows no request r7"),
    "the last execution still runs": ({"running": True}, "has not ended yet"),
}


@pytest.mark.parametrize("what", AGAINST)
def test_a_request_that_something_speaks_against_is_not_adopted(what: str) -> None:
    found, words = AGAINST[what]
    assert words in why_not(held(), ADOPT, **found)


@pytest.mark.parametrize("state", [state for state in State if state not in (State.IN_DOUBT, State.UNDELIVERED)])
@pytest.mark.parametrize("wish", [ADOPT, NOT_BILLED, GIVE_UP], ids=lambda wish: wish.verdict)
def test_an_edit_that_is_not_held_cannot_be_resolved(wish: Wish, state: State) -> None:
    told = why_not(an_edit_in(state, **TOLD), wish)
    assert f"The edit is {state}" in told
    assert ("goes on by itself" in told) == (state in OPEN)


def test_an_accepted_request_cannot_be_called_unbilled() -> None:
    assert "accepted this edit as request request-1" in why_not(held(State.UNDELIVERED), NOT_BILLED)


def test_an_end_that_is_still_being_told_is_waited_for() -> None:
    for wish in (ADOPT, NOT_BILLED, GIVE_UP):
        assert "Wait a minute" in why_not(an_edit_in(State.IN_DOUBT), wish)


def test_a_request_in_the_history_is_offered_for_adoption() -> None:
    other = a_row("/w/" + mark("f" * 64, 1), request_id="r6")
    refusal = why_not(held(), NOT_BILLED, rows=(other, a_row(OURS)), stack="films")
    assert "request r7" in refusal
    assert refusal.endswith(f"\n\n  ./dropcut --stack films resolve {'e' * 64} --adopt r7")
    assert why_not(held(), replace(NOT_BILLED, early=True), rows=(a_row(OURS),)).startswith(
        "The provider's history has"
    )


def test_an_incomplete_history_calls_nothing_unbilled() -> None:
    for early in (False, True):
        wish = replace(NOT_BILLED, early=early)
        assert "could not be read" in why_not(held(), wish, rows=None)
        many = tuple(a_row(request_id=f"r{n}") for n in range(999))
        assert "more than the 999 requests that were read" in why_not(held(), wish, rows=many, whole=False)


def test_a_submission_of_today_is_unbilled_only_on_purpose() -> None:
    young = {"now": NOW + DAY - 1}
    refusal = why_not(held(), NOT_BILLED, **young)
    assert "rows may land hours late" in refusal
    assert "after 2026-11-25T06:00:00Z" in refusal
    assert "--early" in refusal
    early = plan(held(), replace(NOT_BILLED, early=True), **young)
    assert early.lines()[-1].endswith("if its row still lands, dropping the files again pays twice.")
    assert "less than a day" not in plan(held(), NOT_BILLED, now=NOW + DAY).evidence


def test_candidates_are_named_before_an_edit_is_called_unbilled() -> None:
    alike = a_row("", "a noir film", request_id="r8")
    text = "\n".join(plan(held(), NOT_BILLED, rows=(alike,)).lines())
    assert "Looked up: the provider's history has no request with this attempt's path." in text
    assert "which may be it without the path: r8." in text


def test_a_request_without_its_mark_is_somebodys_word() -> None:
    assert f"vouched_by: none -> {WHO}" in "\n".join(plan(held(), ADOPT, row=a_row("/elsewhere.mp4")).lines())
    assert "vouched_by" not in "\n".join(plan(held(), ADOPT, row=a_row(OURS)).lines())


def test_a_charged_failure_has_nothing_to_adopt() -> None:
    failed = held(State.UNDELIVERED, reason="the provider failed it (capacity): busy", cause=Cause.CHARGED)
    assert "no result to deliver" in why_not(failed, Wish(verdict=Decision.ADOPT))
    assert plan(failed, GIVE_UP).after.state is State.ABANDONED


def test_a_note_is_a_note_and_no_book() -> None:
    assert "500 are the most" in why_not(held(), replace(GIVE_UP, note="x" * 501))
    assert plan(held(), replace(GIVE_UP, note="a\x1b[31mb")).resolution.note == "a\\x1b[31mb"
