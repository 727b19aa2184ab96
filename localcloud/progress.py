"""Tells the story of an execution while it happens: a line a state, with the time, the money and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.terminal import Terminal, cut, plain, width_of

NARROW = 24  # characters that a detail needs to be worth showing
BAR, WIDE_ENOUGH = 20, 64  # characters of the bar, and of a window that has room for it
MOOD = {"Delivered": ("green",), "Unchanged": ("green",), "Rejected": ("yellow",), "Failed": ("red",)}


class Progress:
    """Feeds on the events of an execution and prints each state once it says something new.

    A cost with ~ is the estimate, the higher reading of the price; without it is what the provider charged.
    `typical` is how many seconds the provider takes as a rule, of its own time, which runs `speed` times faster.
    """

    def __init__(
        self, terminal: Terminal, speed: float, typical: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.states: list[str] = []  # entered, in order
        self.document: dict[str, Any] = {}  # what the last state handed on
        self._terminal = terminal
        self._speed = speed
        self._typical = typical
        self._clock = clock
        self._started = clock()
        self._submitted: float | None = None
        self._seen = 0
        self._told: dict[str, str] = {}  # the last detail of each state

    def line(self, name: str, detail: str = "") -> None:
        """Print one line, cut to the width of the window."""
        if self._told.get(name) == detail:
            return
        self._told[name] = detail
        head = self._head()
        room = self._terminal.columns - width_of(head)
        text = f"{name:<16} {plain(detail)}" if detail and room - 17 >= NARROW else name
        shown = cut(text, room)
        named, rest = shown[: len(name)], shown[len(name) :]
        self._terminal.say(head + self._terminal.paint(named, "bold", *MOOD.get(name, ())) + rest)

    def tick(self) -> None:
        """Let a terminal see that something goes on."""
        if self._submitted is None or "DeliverEdit" in self.states:
            self._terminal.live(f"{self._head()}{self.place()} ...")
            return
        passed = (self._clock() - self._submitted) * self._speed
        told = (
            f"{passed:.0f} of about {self._typical:.0f} s" if passed < self._typical else f"{passed:.0f} s, any moment"
        )
        self._terminal.live(f"{self._head()}{self._bar(passed / self._typical)}{told}")

    def place(self) -> str:
        """Return the name of the state that it is in."""
        return self.states[-1] if self.states else "on its way"

    def _bar(self, share: float) -> str:
        if self._terminal.columns < WIDE_ENOUGH:
            return ""
        rich = self._terminal.shows_unicode
        full, empty = ("\N{BOX DRAWINGS HEAVY HORIZONTAL}", "\N{BOX DRAWINGS LIGHT HORIZONTAL}") if rich else ("#", "-")
        done = min(BAR, round(share * BAR))
        return full * done + empty * (BAR - done) + " "

    def _head(self) -> str:
        return f"{self._clock() - self._started:6.1f} s  {self.cost():>7}  "

    def cost(self) -> str:
        """Return what the edit costs as far as is known."""
        charged = self.document.get("ending", {}).get("charged_usd")
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
        if name in WAITS:
            self.line(name, WAITS[name])
        elif name in ENDS:
            self.line(name, ENDS[name])

    def _exit(self, name: str, output: Any) -> None:
        if isinstance(output, dict):
            self.document = output
        if name == "SubmitEdit":
            self._submitted = self._clock()
        if name in TASKS:
            self.line(name, TASKS[name](self.document))


def _inspected(document: dict[str, Any]) -> str:
    clip = document.get("inspection", {}).get("clip")
    return f"a clip of {clip['width']}x{clip['height']} pixels" if clip else "the clip is not right"


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
    return f"the provider says: {generation.get('outcome', '?')}"


def _found(document: dict[str, Any]) -> str:
    return str(document.get("generation", {}).get("outcome", ""))


def _delivered(document: dict[str, Any]) -> str:
    return f"{document.get('ending', {}).get('output_key', 'the video')} is in the outbox, and its manifest"


def _reported(document: dict[str, Any]) -> str:
    return f"the error file is written: {document.get('ending', {}).get('status', 'why')}"


def _news(document: dict[str, Any]) -> str:
    late = document.get("generation", {}).get("outcome") == "overdue"
    return "a message says that it takes long" if late else "a message says why it waits"


TASKS: dict[str, Callable[[dict[str, Any]], str]] = {
    "InspectClip": _inspected,
    "PrepareEdit": _prepared,
    "SubmitEdit": _submitted,
    "FindSubmission": _found,
    "PollEdit": _polled,
    "FindResult": _found,
    "DeliverEdit": _delivered,
    "RestoreOutput": lambda _: "the paid output is back in the outbox",
    "ReportFailure": _reported,
    "NotifyEnding": lambda _: "the message is sent",
    "NotifyDelay": _news,
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
