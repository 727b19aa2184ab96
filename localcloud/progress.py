"""Tells the story of an execution while it happens: a line a state, with the time, the money and what came of it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable
from typing import Any

NARROW = 24  # characters that a detail needs to be worth showing


class Progress:
    """Feeds on the events of an execution and prints each state once it says something new.

    A cost with ~ is the estimate, the higher reading of the price; without it is what the provider charged.
    """

    def __init__(self, started: float, say: Callable[[str], None], clock: Callable[[], float] = time.time) -> None:
        self.states: list[str] = []  # entered, in order
        self.document: dict[str, Any] = {}  # what the last state handed on
        self._started = started
        self._say = say
        self._clock = clock
        self._seen = 0
        self._entered: dict[str, int] = {}

    def line(self, name: str, detail: str = "") -> None:
        """Print one line, cut to the width of the terminal."""
        width = shutil.get_terminal_size((100, 24)).columns
        text = f"{self._clock() - self._started:6.1f} s  {self.cost():>7}  {name:<16}"
        if detail and width - len(text) - 1 >= NARROW:
            text = f"{text} {detail}"[:width]
        self._say(text.rstrip()[:width])

    def cost(self) -> str:
        """Return what the edit costs as far as is known."""
        charged = self.document.get("delivery", {}).get("charged_usd")
        if charged is not None:
            return f"${charged:.2f}"
        estimated = self.document.get("edit", {}).get("estimated_usd")
        return "-" if estimated is None else f"~${estimated:.2f}"

    def feed(self, events: Iterable[dict[str, Any]]) -> None:
        """Take in the events so far; those seen before are passed over."""
        for event in events:
            if event["id"] <= self._seen:
                continue
            self._seen = event["id"]
            entered, exited = event.get("stateEnteredEventDetails"), event.get("stateExitedEventDetails")
            if entered:
                self._enter(entered["name"])
            elif exited:
                self._exit(exited["name"], json.loads(exited.get("output") or "{}"))

    def _enter(self, name: str) -> None:
        self.states.append(name)
        self._entered[name] = self._entered.get(name, 0) + 1
        if name.startswith("WaitFor") and self._entered[name] == 1 and name in WAITS:
            self.line(name, WAITS[name])
        elif name in ENDS:
            self.line(name, ENDS[name])

    def _exit(self, name: str, output: Any) -> None:
        if isinstance(output, dict):
            self.document = output
        if name in TASKS:
            self.line(name, TASKS[name](self.document))


def _prepared(document: dict[str, Any]) -> str:
    edit = document.get("edit", {})
    if edit.get("verdict") == "ready":
        return f"{edit['seconds']:.1f} s in mode {edit['mode']}: at most ${edit['estimated_usd']:.2f}"
    return {"rejected": "refused; nothing is paid", "settled": "edited before; nothing is bought"}.get(
        str(edit.get("verdict")), str(edit.get("verdict", ""))
    )


def _submitted(document: dict[str, Any]) -> str:
    return f"sent once; the provider calls it {str(document.get('generation', {}).get('request_id'))[:8]}"


def _polled(document: dict[str, Any]) -> str:
    generation = document.get("generation", {})
    return f"look {generation.get('polls', '?')}: {generation.get('outcome', '?')}"


def _found(document: dict[str, Any]) -> str:
    return str(document.get("generation", {}).get("outcome", ""))


def _delivered(document: dict[str, Any]) -> str:
    return f"{document.get('delivery', {}).get('output_key', 'the video')} is in the outbox, and its manifest"


def _reported(document: dict[str, Any]) -> str:
    return str(document.get("failure", {}).get("status", ""))


TASKS: dict[str, Callable[[dict[str, Any]], str]] = {
    "PrepareEdit": _prepared,
    "SubmitEdit": _submitted,
    "FindSubmission": _found,
    "PollEdit": _polled,
    "FindResult": _found,
    "DeliverEdit": _delivered,
    "RestoreOutput": lambda _: "the paid output is back in the outbox",
    "ReportFailure": _reported,
    "NotifyDelivered": lambda _: "the message is sent",
    "NotifyRejected": lambda _: "the message is sent",
    "NotifyUnchanged": lambda _: "the message is sent",
    "NotifyFailure": lambda _: "the message is sent",
    "NotifyDelayed": lambda _: "a message says why it waits",
    "NotifyOverdue": lambda _: "a message says that it takes long",
}
WAITS = {
    "WaitForSubmitEdit": "the answer was lost; the outcome is looked up, not bought again",
    "WaitForHistory": "the provider's history is not up to date yet",
    "WaitForProvider": "the provider edits",
    "WaitForRoom": "a limit or the credits leave no room; nothing was sent",
    "WaitForCapacity": "the provider was full and billed nothing; tried again soon",
    "WaitForResult": "the request record is gone; the history will know",
}
ENDS = {
    "Delivered": "done",
    "Unchanged": "nothing to do",
    "Superseded": "newer files came meanwhile",
    "Rejected": "refused before anything was spent",
    "Failed": "the error file says what is known",
}
