"""Faults are found by looking at a run, so a new call is a new point, and the same point is not played twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.simulator.catalogue import KINDS
from tests.faults.fault import HOUR, Fault
from tests.faults.points import DELETED, REDRIVEN, Case, enumerate_cases, pairs, stage_of, subset
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


def whats(cases: list[Case], **wanted: Any) -> list[str]:
    """What goes wrong at the points with these values."""
    faults = [fault for case in cases for fault in case.faults]
    return [f"{fault.phase} {fault.what}" for fault in faults if all(getattr(fault, k) == v for k, v in wanted.items())]


def test_a_call_that_changes_something_may_fail_before_it_and_after_it() -> None:
    cases = enumerate_cases({"plain": visit("submit_edit", "dynamodb:UpdateItem")})
    assert whats(cases, name="dynamodb:UpdateItem") == [
        "before crash",
        "before refused",
        "before broken",
        "before throttled",
        "after crash",
        "after lost",
        "after lost for good",
    ]


def test_of_a_call_that_only_reads_a_lost_answer_is_nothing_new() -> None:
    cases = enumerate_cases({"plain": visit("poll_edit", "dynamodb:GetItem", "GET /v2/requests/{id}/status")})
    assert whats(cases, name="dynamodb:GetItem")[-1] == "after crash"
    assert whats(cases, name="GET /v2/requests/{id}/status") == [
        "before crash",
        "before refused",
        "before broken",
        "after crash",
    ]


def test_the_second_call_of_a_name_and_a_new_call_are_points_of_their_own() -> None:
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


def test_an_invocation_may_be_lost_or_stall_before_and_after_the_handler() -> None:
    cases = enumerate_cases({"plain": visit("poll_edit", "invocation")})
    assert whats(cases) == ["before crash", "before stall", "after crash", "after stall"]


def test_a_phase_that_never_came_is_no_point() -> None:
    failing = [question for question in visit("poll_edit", "invocation") if question["phase"] == "before"]
    failing.append({**failing[0], "phase": "failed"})
    assert "after crash" not in whats(enumerate_cases({"plain": failing}))
    assert "failed crash" in whats(enumerate_cases({"plain": failing}))


def test_a_task_of_the_machine_fails_as_a_service_does_and_cannot_crash() -> None:
    cases = enumerate_cases({"plain": visit("Notify", "invocation", "sns:Publish", execution="arn")})
    assert whats(cases) == ["before refused", "before throttled", "before broken", "after lost"]


def test_lambda_can_turn_away_a_task_s_function_for_an_hour_and_no_other_call() -> None:
    heard = visit("Poll", "invocation", "lambda:Invoke", execution="arn") + visit(
        "Tell", "sns:Publish", execution="arn"
    )
    cases = enumerate_cases({"plain": heard})
    assert [fault.name for case in cases for fault in case.faults if fault.what == HOUR] == ["lambda:Invoke"]


def test_files_are_deleted_only_while_something_may_still_be_sent() -> None:
    states = [{"kind": "state", "who": who, "visit": 1, "type": "Wait"} for who in ("Settle", "Work")]
    trace = [states[0], *visit("submit_edit", "POST /v2/kling-o3-video2video-edit"), states[1]]
    cases = enumerate_cases({"plain": trace})
    deleted = {what for what in whats(cases, who="Settle") if what.removeprefix("at ") in DELETED}
    assert deleted == {f"at {what}" for what in DELETED}
    assert not {f"at {what}" for what in DELETED} & set(whats(cases, who="Work"))


def test_an_execution_is_redriven_only_where_it_stays() -> None:
    kinds = {"Wait": True, "Task": True, "Choice": False, "Succeed": False}
    trace = [{"kind": "state", "who": name, "visit": 1, "type": name} for name in kinds]
    cases = enumerate_cases({"plain": trace})
    redriven = {name: {f"at {what}" for what in REDRIVEN} <= set(whats(cases, who=name)) for name in kinds}
    assert redriven == kinds


def test_who_spends_dies_in_a_row_at_each_change_before_the_request_leaves() -> None:
    trace = visit("submit_edit", "invocation", "s3:GetObject", "s3:CopyObject", "POST /v2/kling-o3-video2video-edit")
    trace += visit("poll_edit", "invocation", "dynamodb:UpdateItem")
    cases = enumerate_cases({"plain": trace, "again": trace})
    dead = [(fault.who, fault.name) for case in cases for fault in case.faults if fault.what == "crash twenty times"]
    assert dead == [("submit_edit", "invocation"), ("submit_edit", "s3:CopyObject")]


def test_two_that_do_the_same_meet_before_each_call_that_both_make() -> None:
    both = visit("submit_edit", "s3:CopyObject") + visit("submit_edit", "s3:CopyObject", "sts:AssumeRole", number=2)
    cases = enumerate_cases({"entered twice": both}, races=["entered twice"])
    assert [str(case) for case in cases] == ["entered twice: effect submit_edit.1 s3:CopyObject.1 before -> race"]


def test_every_state_and_every_announcement_has_faults_of_its_own() -> None:
    state = {"kind": "state", "who": "Wait", "visit": 1}
    event = {"kind": "event", "who": "start_edit", "text": json.dumps({"object": {"key": "subject-1/beach.json"}})}
    cases = enumerate_cases({"plain": [state, event, state]})
    assert "at abort" in whats(cases, kind="state")
    assert whats(cases, kind="event", name="beach.json") == ["at event lost", "at event twice", "at event late"]
    assert len({str(case) for case in cases}) == len(cases)


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("POST /v2/kling-o3-video2video-edit", "submit"),
        ("GET /v2/requests/{id}/status", "poll"),
        ("GET /generations/{id}.mp4", "download"),
        ("dynamodb:GetItem", ""),
        ("GET /somewhere/else/entirely", ""),
    ],
)
def test_a_call_shows_which_answers_of_the_provider_matter(name: str, stage: str) -> None:
    assert stage_of({"name": name}) == stage


def test_every_answer_that_the_simulator_can_give_is_played() -> None:
    cases = enumerate_cases({"plain": visit("poll_edit", "GET /v2/requests/{id}/status")})
    played = {fault.name for case in cases for fault in case.faults if fault.kind == "provider"}
    assert played == {f"poll/{kind}" for kind in KINDS["poll"]}


def test_a_case_is_read_back_from_its_text() -> None:
    trace = visit("submit_edit", "s3:CopyObject", "POST /v2/kling-o3-video2video-edit")
    cases = enumerate_cases({"plain": trace})
    for case in [*cases, *pairs(cases, 10, seed=3)]:
        assert Case.parse(str(case)) == case
    assert Case.parse("plain: nothing").faults == ()


def test_pairs_depend_on_the_seed_alone_and_have_two_faults_of_one_scenario() -> None:
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


def test_the_subset_has_every_function_and_every_crash_beside_the_submission() -> None:
    spender = visit("submit_edit", "dynamodb:GetItem", "dynamodb:UpdateItem", "POST /v2/kling-o3-video2video-edit")
    others = [question for who in ("a", "b", "c") for question in visit(who, "dynamodb:UpdateItem", "s3:PutObject")]
    cases = enumerate_cases({"plain": spender + others})
    few = subset(cases)
    assert few == subset(cases)
    assert len(few) < len(cases) / 2
    assert {"a", "b", "c", "submit_edit", "provider"} <= {case.faults[0].who for case in few}
    crashes = {str(case.faults[0]) for case in few if case.faults[0].what == "crash"}
    for name in ("dynamodb:UpdateItem", "POST /v2/kling-o3-video2video-edit"):
        assert {f"effect submit_edit.1 {name}.1 {phase} -> crash" for phase in ("before", "after")} <= crashes


def test_the_subset_leaves_people_time_and_volume_to_a_list() -> None:
    task = visit("Poll", "invocation", "lambda:Invoke", execution="arn")
    trace = [{"kind": "state", "who": "Poll", "visit": 1, "type": "Task"}, *task]
    trace += visit("submit_edit", "invocation", "s3:CopyObject", "POST /v2/kling-o3-video2video-edit")
    cases = enumerate_cases({"plain": trace})
    assert any(case.of_people for case in cases)
    assert not any(case.of_people for case in subset(cases))
    for case in SHORT:
        assert case.scenario in SHORT_WAYS or SCENARIOS[case.scenario].kind, "its usual end is known, or it has one"
        assert case.of_people


def test_a_fault_of_the_providers_is_played_once_and_for_a_while() -> None:
    cases = enumerate_cases({"plain": visit("poll_edit", "GET /v2/requests/{id}/status")})
    times = [fault.call for case in cases for fault in case.faults if fault.name == "poll/bad_gateway"]
    assert times == [1, 4]
    assert Fault.parse("provider provider.1 poll/bad_gateway.4 at -> answer").call == 4
