"""Faults are found by looking at a run, so a new call is a new point, and the same point is not played twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.simulator.catalogue import KINDS
from tests.faults.fault import HOUR
from tests.faults.points import DELETED, OF_A_STATE, REDRIVEN, Case, enumerate_cases, pairs, subset
from tests.faults.scenario import SHORT_WAYS
from tests.faults.situations import SCENARIOS, SHORT

Question = dict[str, Any]


def visit(who: str, *names: str, number: int = 1, **more: Any) -> list[Question]:
    """What a director hears of one run of a function."""
    calls: dict[str, int] = {}
    heard = []
    for name in names:
        calls[name] = calls.get(name, 0) + 1
        for phase in ("before", "after"):
            at = {"kind": "effect", "who": who, "visit": number, "scene": f"{who}-{number}", "attempt": 1}
            heard.append({**at, "name": name, "call": calls[name], "phase": phase, **more})
    return heard


def state(who: str, kind: str) -> Question:
    return {"kind": "state", "who": who, "visit": 1, "type": kind}


def whats(cases: list[Case], **wanted: Any) -> list[str]:
    """What goes wrong at the points with these values."""
    faults = [fault for case in cases for fault in case.faults if fault.kind != "provider"]
    return [f"{fault.phase} {fault.what}" for fault in faults if all(getattr(fault, k) == v for k, v in wanted.items())]


POST = "POST /v2/kling-o3-video2video-edit"
INVOKED = visit("poll_edit", "invocation")[0]
IN_ANY_STATE = [f"at {what}" for what in OF_A_STATE]
# What was heard of a run, and everything that can go wrong there.
HEARD: dict[str, tuple[list[Question], list[str]]] = {
    "a call that changes something": (
        visit("submit_edit", "dynamodb:UpdateItem"),
        [
            *("before crash", "before refused", "before broken", "before throttled"),
            *("after crash", "after lost", "after lost for good"),
        ],
    ),
    "a call that reads": (
        visit("poll_edit", "dynamodb:GetItem"),
        ["before crash", "before refused", "before broken", "before throttled", "after crash"],
    ),
    "a request to another host": (
        visit("poll_edit", "GET /v2/requests/{id}/status"),
        ["before crash", "before refused", "before broken", "after crash"],
    ),
    "an invocation": (
        visit("poll_edit", "invocation"),
        ["before crash", "before stall", "after crash", "after stall"],
    ),
    "an invocation that fails": (
        [INVOKED, {**INVOKED, "phase": "failed"}],
        ["before crash", "before stall", "failed crash", "failed stall"],
    ),
    "a task of the state machine": (
        visit("Notify", "invocation", "sns:Publish", execution="arn"),
        ["before refused", "before throttled", "before broken", "after lost"],
    ),
    "a task that calls a function": (
        visit("Poll", "lambda:Invoke", execution="arn"),
        ["before refused", "before throttled", f"before {HOUR}", "after lost"],
    ),
    "a state that waits": ([state("Wait", "Wait")], IN_ANY_STATE + [f"at {what}" for what in REDRIVEN]),
    "a state that is passed": ([state("Ask", "Choice")] * 2, IN_ANY_STATE),
    "an announcement": (
        [{"kind": "event", "who": "start_edit", "text": json.dumps({"object": {"key": "subject-1/beach.json"}})}],
        ["at event lost", "at event twice", "at event late"],
    ),
}


@pytest.mark.parametrize("heard", HEARD)
def test_everything_that_can_go_wrong_at_a_point_is_played(heard: str) -> None:
    trace, wanted = HEARD[heard]
    assert whats(enumerate_cases({"plain": trace})) == wanted


def test_a_new_call_is_a_point_of_its_own() -> None:
    before = enumerate_cases({"plain": visit("submit_edit", "s3:CopyObject")})
    after = enumerate_cases({"plain": visit("submit_edit", "s3:CopyObject", "s3:CopyObject", "sqs:SendMessage")})
    assert len(after) == 3 * len(before)
    assert {fault.call for case in after for fault in case.faults} == {1, 2}


def test_a_way_that_was_seen_before_is_not_played_again() -> None:
    once = visit("poll_edit", "dynamodb:GetItem", "dynamodb:UpdateItem")
    again = visit("poll_edit", "dynamodb:GetItem", "dynamodb:UpdateItem", number=2)
    assert enumerate_cases({"plain": once + again}) == enumerate_cases({"plain": once})
    other = visit("poll_edit", "dynamodb:GetItem", "s3:PutObject", "dynamodb:UpdateItem", number=2)
    new = enumerate_cases({"plain": once + other})[len(enumerate_cases({"plain": once})) :]
    assert {fault.name for case in new for fault in case.faults} == {"s3:PutObject", "dynamodb:UpdateItem"}


def test_files_are_deleted_only_before_the_request_is_sent() -> None:
    cases = enumerate_cases({"plain": [state("Settle", "Wait"), *visit("submit_edit", POST), state("Work", "Wait")]})
    gone = {who: {f"at {what}" for what in DELETED} & set(whats(cases, who=who)) for who in ("Settle", "Work")}
    assert gone == {"Settle": {f"at {what}" for what in DELETED}, "Work": set()}


def test_the_spender_dies_in_a_row_before_it_sends() -> None:
    trace = visit("submit_edit", "invocation", "s3:GetObject", "s3:CopyObject", POST)
    trace += visit("poll_edit", "invocation", "dynamodb:UpdateItem")
    cases = enumerate_cases({"plain": trace, "again": trace})
    dead = [(fault.who, fault.name) for case in cases for fault in case.faults if fault.what == "crash twenty times"]
    assert dead == [("submit_edit", "invocation"), ("submit_edit", "s3:CopyObject")]


def test_two_that_race_meet_before_each_call_of_both() -> None:
    both = visit("submit_edit", "s3:CopyObject") + visit("submit_edit", "s3:CopyObject", "sts:AssumeRole", number=2)
    cases = enumerate_cases({"entered twice": both}, races=["entered twice"])
    assert [str(case) for case in cases] == ["entered twice: effect submit_edit.1 s3:CopyObject.1 before -> race"]


def test_every_answer_of_the_simulator_is_played() -> None:
    cases = enumerate_cases({"plain": visit("poll_edit", "GET /v2/requests/{id}/status")})
    played = [(fault.name, fault.call) for case in cases for fault in case.faults if fault.kind == "provider"]
    assert {name for name, _ in played} == {f"poll/{kind}" for kind in KINDS["poll"]}
    assert [times for name, times in played if name == "poll/bad_gateway"] == [1, 4], "once, and for a while"


def test_a_case_is_read_back_from_its_text() -> None:
    trace = visit("submit_edit", "s3:CopyObject", POST)
    cases = enumerate_cases({"plain": trace})
    for case in [*cases, *pairs(cases, 10, seed=3)]:
        assert Case.parse(str(case)) == case
    assert Case.parse("plain: nothing").faults == ()


def test_a_pair_is_two_faults_of_one_scenario() -> None:
    traces = {"plain": visit("submit_edit", "s3:CopyObject"), "failed": visit("report_failure", "s3:PutObject")}
    cases = enumerate_cases(traces)
    drawn = pairs(cases, 12, seed=5)
    assert drawn == pairs(cases, 12, seed=5) != pairs(cases, 12, seed=6)
    assert len(set(drawn)) == 12
    singles = {(case.scenario, case.faults[0]) for case in cases}
    for case in drawn:
        first, second = case.faults
        assert first != second
        assert {(case.scenario, first), (case.scenario, second)} <= singles


def test_the_subset_has_every_crash_beside_the_submission() -> None:
    spender = visit("submit_edit", "dynamodb:GetItem", "dynamodb:UpdateItem", POST)
    others = [question for who in ("a", "b", "c") for question in visit(who, "dynamodb:UpdateItem", "s3:PutObject")]
    cases = enumerate_cases({"plain": spender + others})
    few = subset(cases)
    assert few == subset(cases)
    assert len(few) < len(cases) / 2
    assert {"a", "b", "c", "submit_edit", "provider"} <= {case.faults[0].who for case in few}
    crashes = {str(case.faults[0]) for case in few if case.faults[0].what == "crash"}
    for name in ("dynamodb:UpdateItem", POST):
        assert {f"effect submit_edit.1 {name}.1 {phase} -> crash" for phase in ("before", "after")} <= crashes


def test_the_subset_leaves_people_time_and_volume_to_a_list() -> None:
    task = visit("Poll", "invocation", "lambda:Invoke", execution="arn")
    trace = [{"kind": "state", "who": "Poll", "visit": 1, "type": "Task"}, *task]
    trace += visit("submit_edit", "invocation", "s3:CopyObject", POST)
    cases = enumerate_cases({"plain": trace})
    assert any(case.of_people for case in cases)
    assert not any(case.of_people for case in subset(cases))
    for case in SHORT:
        assert case.scenario in SHORT_WAYS or SCENARIOS[case.scenario].kind, "its usual end is known, or it has one"
        assert case.of_people
