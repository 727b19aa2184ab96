"""A fault's text is its point: it can be read back, and it comes up there and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.fault import HOUR, Fault, verdict

TEXTS = [
    "effect submit_edit.1 dynamodb:TransactWriteItems.2 after -> crash",
    "effect submit_edit.2 POST /v2/kling-o3-video2video-edit.1 before -> refused",
    "effect deliver_edit.1 GET /generations/{id}.mp4.1 after -> lost",
    "effect poll_edit.1 invocation.1 failed -> stall",
    "state WaitForProvider.1 entry.1 at -> new sidecar",
    "event start_edit.1 beach.json.1 at -> event twice",
    "provider provider.1 download/cut_short.4 at -> answer",
    "event settle_execution.1 .1 at -> event late",
    "effect submit_edit.2 invocation.1 before -> crash four times",
    f"effect PollEdit.1 lambda:Invoke.1 before -> {HOUR}",
]


def asked(fault: str, **more: Any) -> dict[str, Any]:
    """The question at the point of a fault."""
    one = Fault.parse(fault)
    known = {name: getattr(one, name) for name in ("kind", "who", "visit", "name", "call", "phase")}
    return {**known, "attempt": 1, "text": '{"key": "subject-1/beach.json"}', **more}


@pytest.mark.parametrize("text", TEXTS)
def test_a_fault_is_read_back_from_its_own_text(text: str) -> None:
    assert str(Fault.parse(text)) == text


@pytest.mark.parametrize("text", ["", "nothing", "effect submit_edit -> crash", "plain: " + TEXTS[0]])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no fault"):
        Fault.parse(text)


@pytest.mark.parametrize("text", TEXTS[:6])
def test_a_fault_comes_up_at_its_own_point(text: str) -> None:
    assert Fault.parse(text).belongs(asked(text), met=False)


@pytest.mark.parametrize(
    "elsewhere",
    [{"who": "poll_edit"}, {"visit": 2}, {"name": "s3:CopyObject"}, {"call": 1}, {"phase": "before"}, {"attempt": 2}],
)
def test_a_fault_comes_up_nowhere_else(elsewhere: dict[str, Any]) -> None:
    assert not Fault.parse(TEXTS[0]).belongs(asked(TEXTS[0], **elsewhere), met=False)


def test_deaths_in_a_row_are_so_many_and_no_more() -> None:
    text = "effect submit_edit.2 invocation.1 before -> crash four times"
    fault = Fault.parse(text)
    dead = [visit for visit in range(1, 9) if fault.belongs(asked(text, visit=visit), met=visit > 2)]
    assert dead == [2, 3, 4, 5]
    assert verdict(fault, asked(text)) == {"do": "kill"}


def test_a_state_is_spoilt_once_however_often_it_is_entered() -> None:
    assert not Fault.parse(TEXTS[4]).belongs(asked(TEXTS[4]), met=True)
