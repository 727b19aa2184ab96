"""The director's memory of a run: which visit a question comes from, which fault belongs, and when all is over."""

from __future__ import annotations

import threading
from typing import Any

from tests.faults.director import Watch
from tests.faults.fault import Fault

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


def test_a_run_rests_when_everything_is_over() -> None:
    watch = Watch("subject-1")
    assert not watch.rest(1, seconds=0)
    told(watch, "event announced", "invocation accepted", "event handled")
    watch.hear({"kind": "execution", "execution": "arn", "status": "RUNNING"})
    told(watch, "invocation over")
    assert not watch.rest(1, seconds=0)
    threading.Timer(0.05, watch.hear, [{"kind": "execution", "execution": "arn", "status": "FAILED"}]).start()
    assert watch.rest(1, seconds=5)
    assert not watch.rest(2, seconds=0), "a second upload was not announced yet"


def test_the_first_of_two_waits_for_its_rival() -> None:
    watch = Watch("subject-1", (Fault.parse("effect submit_edit.1 s3:CopyObject.1 before -> race"),))
    first, second = ({**EFFECT, "who": "submit_edit", "scene": scene} for scene in "12")
    assert watch.hear(first)
    assert not watch.wait_for_rival(first, seconds=0)
    threading.Timer(0.05, watch.hear, [second]).start()
    assert watch.wait_for_rival(first, seconds=5)
    assert watch.hear({**second, "scene": "3"}) is None, "once is enough"


def test_a_run_that_is_worked_on_does_not_rest() -> None:
    watch = Watch("subject-1")
    watch.busy(1)
    assert not watch.at_rest()
    assert watch.only_one_at_work(seconds=0)
    told(watch, "event announced")
    assert not watch.only_one_at_work(seconds=0)
    told(watch, "event handled")
    watch.busy(-1)
    assert watch.at_rest()
