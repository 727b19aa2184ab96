"""The director's memory of a run: which visit a question comes from, which fault belongs, and when all is over."""

from __future__ import annotations

import threading
from typing import Any

from tests.faults.director import Watch
from tests.faults.fault import HOUR, HOUR_SECONDS, Fault

EFFECT: dict[str, Any] = {"kind": "effect", "phase": "before", "name": "s3:CopyObject", "call": 1, "attempt": 1}


def told(watch: Watch, *kinds: str) -> None:
    for kind in kinds:
        watch.hear({"kind": kind})


def test_a_visit_is_a_run_that_comes_to_this_call() -> None:
    watch = Watch("subject-1")
    scenes = [("submit_edit", "1"), ("poll_edit", "2"), ("submit_edit", "3"), ("submit_edit", "1")]
    for who, scene in scenes:
        watch.hear({**EFFECT, "who": who, "scene": scene})
    watch.hear({**EFFECT, "who": "submit_edit", "name": "sts:AssumeRole", "scene": "3"})
    assert [question["visit"] for question in watch.trace] == [1, 1, 2, 1, 1]


def test_a_state_is_visited_at_each_entry_and_apart_from_its_tasks() -> None:
    watch = Watch("subject-1")
    watch.hear({"kind": "state", "who": "PollEdit"})
    watch.hear({**EFFECT, "who": "PollEdit", "scene": "7"})
    watch.hear({"kind": "state", "who": "PollEdit"})
    assert [question["visit"] for question in watch.trace] == [1, 1, 2]


def test_a_fault_is_given_where_it_belongs_and_remembered_as_met() -> None:
    fault = Fault.parse("effect submit_edit.2 s3:CopyObject.1 before -> crash")
    watch = Watch("subject-1", (fault,))
    assert watch.hear({**EFFECT, "who": "submit_edit", "scene": "1"}) is None
    assert watch.met == set()
    assert watch.hear({**EFFECT, "who": "submit_edit", "scene": "2"}) is fault
    assert watch.met == {fault}


def test_a_run_rests_when_every_event_invocation_and_execution_is_over() -> None:
    watch = Watch("subject-1")
    assert not watch.rest(1, seconds=0)
    told(watch, "event announced", "invocation accepted", "event handled")
    watch.hear({"kind": "execution", "execution": "arn", "status": "RUNNING"})
    told(watch, "invocation over")
    assert not watch.rest(1, seconds=0)
    threading.Timer(0.05, watch.hear, [{"kind": "execution", "execution": "arn", "status": "FAILED"}]).start()
    assert watch.rest(1, seconds=5)
    assert not watch.rest(2, seconds=0), "a second upload was not announced yet"


def test_a_function_starts_afresh_where_it_is_recorded_and_where_it_is_to_fail() -> None:
    fault = Fault.parse("effect submit_edit.1 ssm:GetParameter.1 before -> crash")
    starts = {**EFFECT, "name": "invocation", "who": "submit_edit"}
    assert Watch("subject-1", recording=True).begins_afresh(starts)
    assert Watch("subject-1", (fault,)).begins_afresh(starts)
    assert not Watch("subject-1", (fault,)).begins_afresh({**starts, "who": "poll_edit"})
    assert not Watch("subject-1", (fault,)).begins_afresh({**starts, "phase": "after"})
    assert not Watch("subject-1", recording=True).begins_afresh({**starts, "execution": "arn"})


def test_the_first_of_two_is_held_until_the_second_gets_to_the_same_call() -> None:
    watch = Watch("subject-1", (Fault.parse("effect submit_edit.1 s3:CopyObject.1 before -> race"),))
    first, second = ({**EFFECT, "who": "submit_edit", "scene": scene} for scene in "12")
    assert watch.hear(first)
    assert not watch.wait_for_rival(first, seconds=0)
    threading.Timer(0.05, watch.hear, [second]).start()
    assert watch.wait_for_rival(first, seconds=5)
    assert watch.hear({**second, "scene": "3"}) is None, "once is enough"


def test_lambda_runs_no_function_of_an_execution_until_its_waits_add_up_to_an_hour() -> None:
    fault = Fault.parse(f"effect PollEdit.1 lambda:Invoke.1 before -> {HOUR}")
    watch = Watch("subject-1", (fault,))

    def invoke(state: str, execution: str = "a") -> Fault | None:
        known = {"who": state, "name": "lambda:Invoke", "execution": execution, "scene": f"{len(watch.trace)}"}
        return watch.hear({**EFFECT, **known})

    def wait(seconds: float) -> None:
        watch.hear({"kind": "pause", "execution": "a", "seconds": seconds})

    wait(500)
    assert invoke("SubmitEdit") is None
    assert invoke("PollEdit") is fault
    wait(HOUR_SECONDS - 1)
    assert invoke("PollEdit") is invoke("ReportFailure") is fault, "it is not one function that has no room"
    assert invoke("ReportFailure", "b") is None
    wait(1)
    assert invoke("PollEdit") is None


def test_limits_change_from_one_invocation_to_the_next() -> None:
    watch = Watch("subject-1")
    watch.variables = {"submit_edit": [{"SPENDING_ENABLED": "false"}, {}]}
    starts = {**EFFECT, "name": "invocation", "who": "submit_edit"}
    found = [watch.variables_for(starts) for _ in range(3)]
    assert found == [{"SPENDING_ENABLED": "false"}, {}, {"SPENDING_ENABLED": "false"}]
    for other in ({"who": "poll_edit"}, {"phase": "after"}, {"execution": "arn"}):
        assert watch.variables_for({**starts, **other}) == {}


def test_a_run_is_not_at_rest_while_somebody_works_on_it_from_outside() -> None:
    watch = Watch("subject-1")
    watch.busy(1)
    assert not watch.at_rest()
    assert watch.only_one_at_work(seconds=0)
    told(watch, "event announced")
    assert not watch.only_one_at_work(seconds=0)
    told(watch, "event handled")
    watch.busy(-1)
    assert watch.at_rest()


def test_what_was_heard_so_often_can_be_waited_for() -> None:
    watch = Watch("subject-1")
    told(watch, "event handled")
    assert watch.heard(0, kind="event handled")
    threading.Timer(0.05, told, [watch, "event handled"]).start()
    assert watch.heard(5, 2, kind="event handled")
    assert not watch.heard(0, 3, kind="event handled")


def test_where_each_execution_got_to_is_known() -> None:
    watch = Watch("subject-1")
    for execution, state in [("a", "PrepareEdit"), ("b", "PrepareEdit"), ("a", "Delivered")]:
        watch.hear({"kind": "state", "who": state, "execution": execution})
    assert watch.last_states() == {"Delivered", "PrepareEdit"}
