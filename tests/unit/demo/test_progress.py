"""The lines that tell what an edit is doing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud import progress as story
from localcloud.cloud import REPOSITORY
from localcloud.progress import Progress

READY = {"edit": {"verdict": "ready", "seconds": 4.0, "mode": "pro", "estimated_usd": 1.68}}
RUNNING = {**READY, "generation": {"request_id": "47411f110c6fa4fe", "polls": 1, "outcome": "running"}}
DELIVERED = {**RUNNING, "delivery": {"output_key": "trip/beach.mp4", "charged_usd": 1.26}}


class Telling:
    """A progress with a clock that stands still, and what it said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.progress = Progress(100.0, self.lines.append, clock=lambda: 112.3)

    def enter(self, name: str) -> None:
        self.events.append({"id": len(self.events) + 1, "stateEnteredEventDetails": {"name": name}})
        self.progress.feed(self.events)

    def leave(self, name: str, document: dict[str, Any]) -> None:
        details = {"name": name, "output": json.dumps(document)}
        self.events.append({"id": len(self.events) + 1, "stateExitedEventDetails": details})
        self.progress.feed(self.events)


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Telling:
    monkeypatch.setenv("COLUMNS", "100")
    return Telling()


def test_each_state_is_told_once_with_time_money_and_what_came_of_it(telling: Telling) -> None:
    for name, document in (("PrepareEdit", READY), ("PollEdit", RUNNING), ("DeliverEdit", DELIVERED)):
        telling.enter(name)
        telling.leave(name, document)
    telling.enter("Delivered")
    assert telling.lines == [
        "  12.3 s   ~$1.68  PrepareEdit      4.0 s in mode pro: at most $1.68",
        "  12.3 s   ~$1.68  PollEdit         look 1: running",
        "  12.3 s    $1.26  DeliverEdit      trip/beach.mp4 is in the outbox, and its manifest",
        "  12.3 s    $1.26  Delivered        done",
    ]


def test_waiting_is_told_when_it_begins_and_not_again_and_questions_are_not_told(telling: Telling) -> None:
    for _ in range(3):
        telling.enter("WaitForProvider")
        telling.leave("WaitForProvider", RUNNING)
        telling.enter("IsEditDone")
        telling.leave("IsEditDone", RUNNING)
    assert telling.lines == ["  12.3 s        -  WaitForProvider  the provider edits"]
    assert telling.progress.states.count("IsEditDone") == 3


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    telling = Telling()
    telling.leave("DeliverEdit", DELIVERED)
    assert all(len(line) <= columns for line in telling.lines)
    assert columns == 20 or "DeliverEdit" in telling.lines[0]


def test_what_the_machine_hands_on_may_be_anything(telling: Telling) -> None:
    for name in story.TASKS:
        telling.leave(name, {})
        telling.leave(name, {"edit": {"verdict": "new"}, "generation": {}, "delivery": {}, "failure": {}})
    assert len(telling.lines) == 2 * len(story.TASKS)


def test_every_state_that_is_told_is_a_state_of_the_machine_and_every_task_is_told() -> None:
    from samtranslator.yaml_helper import yaml_parse

    states = yaml_parse((REPOSITORY / "statemachine" / "edit_video.asl.yaml").read_text())["States"]
    assert set(story.TASKS) | set(story.WAITS) | set(story.ENDS) <= set(states)
    recorded = {name for name in states if name.startswith("Record")}  # bookkeeping after the message
    assert {name for name, state in states.items() if state["Type"] == "Task"} - recorded == set(story.TASKS)
