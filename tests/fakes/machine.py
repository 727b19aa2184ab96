"""Walks the real state machine over the real handlers in memory: retries, catches, choices and waits included.

Waits and retry pauses only move the clock. Service integrations are played on the fakes.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from dropcut.domain.model import Drop, Notice
from tests.fakes.services import FakeServices

REPOSITORY = Path(__file__).resolve().parents[2]
MOST_STEPS = 9000  # of three states each: a week for room and a week for credits, in pauses of ten minutes
MOST_DATA = 256 * 1024  # bytes, of any state's document
FUNCTION_ARN = "FunctionArn}"


CURRENT = REPOSITORY / "statemachine" / "edit_video.asl.yaml"
EARLIER = sorted((REPOSITORY / "tests" / "releases").glob("*/edit_video.asl.yaml"))  # running executions keep theirs


@functools.cache
def definition(path: Path = CURRENT) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@functools.cache
def handler_module(folder: str) -> Any:
    """functions/<folder>/app.py, as Lambda loads it."""
    spec = importlib.util.spec_from_file_location(f"handler_{folder}", REPOSITORY / "functions" / folder / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call_handler(folder: str, services: Any, event: Any) -> Any:
    """What functions/<folder>/app.py answers to an event, with these services in place of the real ones."""
    module = handler_module(folder)
    module.services = lambda: services
    context = SimpleNamespace(
        function_name=folder, memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="invocation"
    )
    return module.lambda_handler(event, context)


class Caught(Exception):
    """A step failed: the error as Step Functions sees it."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name)
        self.name, self.cause = name, cause


@dataclass
class Machine:
    """One execution. `services` is what the handlers are given: the world, or the world with something in the way."""

    world: FakeServices
    services: Any
    path: Path = CURRENT  # of the state machine's definition
    entered: list[str] = field(default_factory=list)

    def run(self, drop: Drop, **more: Any) -> str:
        """The name of the state that it ends in; `more` is what else the execution's input has."""
        return self.walk({"drop": drop.as_json(), **more})

    def walk(self, document: dict[str, Any]) -> str:
        """The same for an input that somebody wrote by hand."""
        states, name = definition(self.path)["States"], definition(self.path)["StartAt"]
        for _ in range(MOST_STEPS):
            self.entered.append(name)
            state = states[name]
            if state["Type"] in ("Succeed", "Fail"):
                return str(name)
            name = self._step(state, document)
            assert len(json.dumps(document).encode()) < MOST_DATA
        raise AssertionError(f"it walks in circles: {self.entered[-20:]}")

    def _step(self, state: dict[str, Any], document: dict[str, Any]) -> str:
        if state["Type"] == "Wait":
            self.world.clock.now += state.get("Seconds") or _at(document, state["SecondsPath"])
        if state["Type"] == "Choice":
            matches = (one for one in state["Choices"] if _holds(one, document))
            return str(next(matches, {"Next": state["Default"]})["Next"])
        if "Parameters" in state and state["Type"] == "Pass":
            filled = {name.removesuffix(".$"): _at(document, path) for name, path in state["Parameters"].items()}
            document.clear()
            document.update(filled)
        return self._task(state, document) if state["Type"] == "Task" else str(state["Next"])

    def _task(self, state: dict[str, Any], document: dict[str, Any]) -> str:
        retried: dict[int, int] = {}
        while True:
            try:
                result = self._call(state, json.loads(json.dumps(document)))
            except Caught as caught:
                rule = _first(state.get("Retry", []), caught.name)
                number = retried.get(id(rule), 0)
                if rule and number < rule.get("MaxAttempts", 3):
                    retried[id(rule)] = number + 1
                    self.world.clock.now += pause(rule, number)
                    continue
                catcher = _first(state.get("Catch", []), caught.name)
                if not catcher:
                    raise
                document[catcher["ResultPath"][2:]] = {"Error": caught.name, "Cause": caught.cause}
                return str(catcher["Next"])
            if state["ResultPath"]:
                document[state["ResultPath"][2:]] = json.loads(json.dumps(result))
            return str(state["Next"])

    def _call(self, state: dict[str, Any], document: dict[str, Any]) -> Any:
        resource = state["Resource"]
        try:
            if resource.endswith(FUNCTION_ARN):
                return self._invoke(resource.removeprefix("${").removesuffix(FUNCTION_ARN), document)
            if resource.endswith("sns:publish"):
                self.services.topic.publish(Notice.from_json(_notice(document, state["Parameters"]["Subject.$"])))
            else:
                notice = _notice(document, state["Parameters"]["Key"]["pk"]["S.$"])
                self.services.journal.notice_sent(Notice.from_json(notice), self.world.clock())
        except Exception as error:
            raise Caught(type(error).__name__, json.dumps({"errorMessage": str(error)})) from error
        except BaseException as error:  # the sandbox died
            raise Caught("Sandbox.Timedout", "") from error
        return None

    def _invoke(self, verb: str, document: dict[str, Any]) -> Any:
        folder = "".join(f"_{c.lower()}" if c.isupper() else c for c in verb).lstrip("_")
        return call_handler(folder, self.services, document)


def pause(rule: dict[str, Any], number: int) -> float:
    """The seconds before a retrier's next try, after so many of its own. Jitter is drawn evenly, so half is usual."""
    grown = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** min(number, 200)
    usual = 0.5 if rule.get("JitterStrategy") == "FULL" else 1.0
    return float(min(grown, rule.get("MaxDelaySeconds", grown))) * usual


def _at(document: Any, path: str) -> Any:
    return functools.reduce(lambda value, name: value[name], path.removeprefix("$.").split("."), document)


def _holds(rule: dict[str, Any], document: Any) -> bool:
    """One rule of a Choice."""
    try:
        found = _at(document, rule["Variable"])
    except (KeyError, TypeError):  # nothing there, or nothing that could have it
        return not rule.get("IsPresent", True)
    return bool(rule["IsPresent"] if "IsPresent" in rule else found == rule["StringEquals"])


def _notice(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The notice that a path like `$.ending.notice.subject` leads through."""
    return dict(_at(document, path.rpartition(".")[0]))


def _first(rules: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((rule for rule in rules if {name, "States.ALL"} & set(rule["ErrorEquals"])), None)
