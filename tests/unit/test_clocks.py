"""The functions that run by the clock end before their time limits, and a run that fails is heard of."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from checks.documents import TEMPLATE, load, resources, strings_in
from dropcut.observability import logger
from dropcut.workflow import recover_drops, sweep_drops
from tests.fakes.examples import INBOX
from tests.fakes.machine import call_handler
from tests.fakes.services import FakeServices
from tests.unit.test_sweep_drops import busy_world

NAMES = load(TEMPLATE)
FUNCTIONS = resources(NAMES, "AWS::Serverless::Function")


def properties(verb: str) -> dict[str, Any]:
    found: dict[str, Any] = FUNCTIONS["".join(word.capitalize() for word in verb.split("_")) + "Function"]["Properties"]
    return found


@pytest.mark.parametrize(
    ("verb", "run", "to_end"),
    [("sweep_drops", sweep_drops.RUN_SECONDS, 30), ("recover_drops", recover_drops.RUN_SECONDS, 120)],
)
def test_a_run_can_finish_its_work_before_the_function_timeout(verb: str, run: float, to_end: float) -> None:
    assert run + to_end <= properties(verb)["Timeout"]


def test_a_run_has_time_left_to_use_what_it_listed() -> None:
    assert recover_drops.LIST_SECONDS < recover_drops.RUN_SECONDS


def test_every_asynchronous_function_has_a_queue_for_its_failures() -> None:
    unheard = [
        name
        for name, body in FUNCTIONS.items()
        if body["Properties"].get("Events")
        and "LostEventsQueue" not in strings_in(body["Properties"].get("EventInvokeConfig", {}))
    ]
    assert unheard == []


def test_the_inbox_is_looked_through_soon_after_the_first_drops() -> None:
    clock = properties("recover_drops")["Events"]["Clock"]["Properties"]
    assert clock["Schedule"] == "rate(15 minutes)"
    assert "five minutes" in NAMES["Outputs"]["FirstDrop"]["Value"]


def refuse(*_: object) -> None:
    raise PermissionError("AccessDenied")


def a_stack_that_may_do_nothing() -> FakeServices:
    world = busy_world()
    for key in ("beach.mp4", "beach.json"):
        world.files.put(INBOX, key, b"x")
    world.clock.now += 3600
    world.topic.publish = refuse  # type: ignore[method-assign, assignment]
    world.files.head = refuse  # type: ignore[method-assign, assignment]
    return world


@pytest.mark.parametrize("verb", ["sweep_drops", "recover_drops"])
def test_each_row_and_file_that_failed_is_logged_as_an_error(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    answer = call_handler(verb, a_stack_that_may_do_nothing(), {})
    logged = [json.loads(line) for line in written.getvalue().splitlines()]
    errors = [line for line in logged if line["level"] == "ERROR"]
    assert len(errors) == answer["failed"] > 0
    assert all("AccessDenied" in line["reason"] for line in errors)
