"""The lines that tell what an edit is doing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud import progress as story
from localcloud.cloud import REPOSITORY
from localcloud.progress import Progress
from tests.unit.demo.screens import a_screen, without_colour

READY = {"edit": {"verdict": "ready", "seconds": 4.0, "mode": "pro", "estimated_usd": 1.68}}
RUNNING = {**READY, "generation": {"request_id": "47411f110c6fa4fe", "polls": 1, "outcome": "running"}}
DELIVERED = {**RUNNING, "ending": {"output_key": "trip/beach.mp4", "charged_usd": 1.26}}


class Telling:
    """A progress with a clock that a test moves, and what it said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **screen: Any) -> None:
        self.terminal, self.screen = a_screen(monkeypatch, **screen)
        self.events: list[dict[str, Any]] = []
        self.now = 100.0
        self.progress = Progress(self.terminal, speed=30, typical=200, clock=lambda: self.now)
        self.now = 112.3

    @property
    def lines(self) -> list[str]:
        return self.screen.shown().splitlines()

    def enter(self, name: str) -> None:
        self.events.append({"id": len(self.events) + 1, "stateEnteredEventDetails": {"name": name}})
        self.progress.feed(self.events)

    def leave(self, name: str, document: dict[str, Any]) -> None:
        details = {"name": name, "output": json.dumps(document)}
        self.events.append({"id": len(self.events) + 1, "stateExitedEventDetails": details})
        self.progress.feed(self.events)


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Telling:
    return Telling(monkeypatch)


def test_each_state_is_told_once_with_time_and_money(telling: Telling) -> None:
    for name, document in (("PrepareEdit", READY), ("PollEdit", RUNNING), ("DeliverEdit", DELIVERED)):
        telling.enter(name)
        telling.leave(name, document)
    telling.enter("Delivered")
    assert telling.lines == [
        "  12.3 s   ~$1.68  PrepareEdit      4.0 s in mode pro: at most $1.68",
        "  12.3 s   ~$1.68  PollEdit         the provider says: running",
        "  12.3 s    $1.26  DeliverEdit      trip/beach.mp4 is in the outbox, and its manifest",
        "  12.3 s    $1.26  Delivered        done",
    ]


@pytest.mark.parametrize(
    ("inspection", "told"),
    [({"clip": {"width": 720, "height": 1280}}, "a clip of 720x1280 pixels"), ({"problem": "x"}, "not right")],
)
def test_an_inspection_is_told_by_its_answer(telling: Telling, inspection: dict[str, Any], told: str) -> None:
    telling.leave("InspectClip", {"inspection": inspection})
    assert told in telling.lines[0]


def test_waiting_is_told_once_and_questions_never(telling: Telling) -> None:
    for _ in range(3):
        telling.enter("WaitForProvider")
        telling.leave("WaitForProvider", RUNNING)
        telling.enter("IsEditDone")
        telling.leave("IsEditDone", RUNNING)
    assert telling.lines == ["  12.3 s        -  WaitForProvider  the provider edits"]
    assert telling.progress.states.count("IsEditDone") == 3


def test_a_repeated_answer_of_the_provider_is_told_once(telling: Telling) -> None:
    for outcome in ("running", "running", "running", "completed"):
        telling.leave("PollEdit", {**RUNNING, "generation": {"outcome": outcome}})
    assert [line.split()[-1] for line in telling.lines] == ["running", "completed"]


@pytest.mark.parametrize(
    ("columns", "shown"), [(100, "━━━━━━━━━━────────── 99 of about 200 s"), (40, "99 of about 200 s")]
)
def test_while_the_provider_edits_a_line_moves_in_its_seconds(
    monkeypatch: pytest.MonkeyPatch, columns: int, shown: str
) -> None:
    telling = Telling(monkeypatch, tty=True, columns=columns)
    telling.progress.tick()
    assert telling.screen.shown().endswith("on its way ...\x1b[K")
    telling.leave("SubmitEdit", RUNNING)
    telling.now += 3.3
    telling.progress.tick()
    assert telling.screen.shown().endswith(f"{shown}\x1b[K")
    telling.now += 30
    telling.progress.tick()
    assert telling.screen.shown().endswith("999 s, any moment\x1b[K")


def test_a_pipe_sees_the_lines_only(telling: Telling) -> None:
    telling.progress.tick()
    assert telling.lines == []


def test_colour_changes_nothing_else_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    telling = Telling(monkeypatch, tty=True)
    telling.enter("Rejected")
    assert "\x1b[1;33mRejected" in telling.lines[0]
    assert without_colour(telling.lines[0]) == "  12.3 s        -  Rejected         refused before anything was spent"


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    telling = Telling(monkeypatch, columns=columns)
    telling.leave("DeliverEdit", DELIVERED)
    assert all(len(line) <= columns for line in telling.lines)
    assert columns == 20 or "DeliverEdit" in telling.lines[0]


def test_what_the_machine_hands_on_may_be_anything(telling: Telling) -> None:
    for name in story.TASKS:
        telling.leave(name, {})
        telling.leave(name, {"edit": {"verdict": "new"}, "generation": {}, "ending": {}})
    assert {line.split()[3] for line in telling.lines} == set(story.TASKS)


def test_every_task_of_the_machine_is_told() -> None:
    from samtranslator.yaml_helper import yaml_parse

    states = yaml_parse((REPOSITORY / "statemachine" / "edit_video.asl.yaml").read_text())["States"]
    assert set(story.TASKS) | set(story.WAITS) | set(story.ENDS) <= set(states)
    recorded = {name for name in states if name.startswith("Record")}  # bookkeeping after the message
    assert {name for name, state in states.items() if state["Type"] == "Task"} - recorded == set(story.TASKS)
