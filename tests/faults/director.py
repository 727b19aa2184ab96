"""Hears of every effect, state and event of every edit, and says where something goes wrong.

The embedded cloud and its workers ask over a loopback socket, a line of JSON each way (localcloud/fault_hooks.py). Each
run has a `Watch` of its own, found by the folder that it works in.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

from localcloud.fault_hooks import CLOCK, VARIABLES
from tests.faults.fault import HOUR, HOUR_SECONDS, Fault, verdict

RACE_SECONDS = 3.0  # how long the first waits for the second
GATE_SECONDS = 300.0  # how long somebody is held at a closed gate
Variables = dict[str, str]
Question = dict[str, Any]
Power = Callable[["Watch", Question], None]


class Watch:
    """One run as the director sees it: what goes wrong in it, what happened in it, and whether it is at rest."""

    def __init__(self, about: str, faults: tuple[Fault, ...] = (), *, recording: bool = False) -> None:
        self.about, self.faults, self.recording = about, faults, recording
        self.met: set[Fault] = set()
        self.trace: list[Question] = []
        self.executions: dict[str, str] = {}  # ARN to status
        self.clock_ahead = 0  # seconds by which the clock of its functions was put forward
        self.variables: dict[str, list[Variables]] = {}  # by verb: what its invocations find instead, in turn
        self.events, self.walk = threading.Event(), threading.Event()  # gates for announcements and at states; open
        self.events.set()
        self.walk.set()
        self._turns: Counter[str] = Counter()
        self._waited: Counter[str] = Counter()  # seconds that an execution waited, as its state machine has them
        self._throttled: dict[str, float] = {}  # how far its waiting must be until Lambda runs its functions again
        self._visits: dict[tuple[Any, ...], list[str]] = {}
        self._open = 0  # events and asynchronous invocations under way
        self._announced = 0
        self._changed = threading.Condition()

    def hear(self, question: Question) -> Fault | None:
        """Keep a question for the record; gives the fault that belongs here."""
        with self._changed:
            self._keep_count(question)
            if question["kind"] in ("effect", "state"):
                question["visit"] = self._visit(question)
            self.trace.append(question)
            found = next((fault for fault in self.faults if fault.belongs(question, fault in self.met)), None)
            if found:
                self.met.add(found)
                if found.what == HOUR:
                    execution = question["execution"]
                    self._throttled.setdefault(execution, self._waited[execution] + HOUR_SECONDS)
            found = self._throttling(question) or found
            self._changed.notify_all()
        return found

    def _keep_count(self, question: Question) -> None:
        kind = question["kind"]
        self._open += kind in ("event announced", "invocation accepted")
        self._open -= kind in ("event handled", "invocation over")
        self._announced += kind == "event announced"
        if kind == "execution":
            self.executions[question["execution"]] = question["status"]
        if kind == "pause":
            self._waited[question["execution"]] += question["seconds"]

    def _throttling(self, question: Question) -> Fault | None:
        """The fault because of which Lambda turns this invocation of a task away, whichever function it is of."""
        if question.get("name") != "lambda:Invoke" or question["phase"] != "before":
            return None
        execution = question.get("execution", "")
        if self._waited[execution] >= self._throttled.get(execution, 0):
            return None
        return next(fault for fault in self.faults if fault.what == HOUR)

    def variables_for(self, question: Question) -> Variables:
        """What an invocation that begins finds in its environment instead of the usual values."""
        starts = question["kind"] == "effect" and (question["name"], question["phase"]) == ("invocation", "before")
        turns = self.variables.get(question.get("who", ""), []) if starts and "execution" not in question else []
        if not turns:
            return {}
        self._turns[question["who"]] += 1
        return turns[(self._turns[question["who"]] - 1) % len(turns)]

    def _visit(self, question: Question) -> int:
        """How many runs of this function have come to this call, or how often this state was entered, this time
        counted: not how many runs there were, since how often a provider is polled depends on the machine's mood."""
        point = tuple(question.get(name) for name in ("kind", "who", "name", "call"))
        scenes = self._visits.setdefault(point, [])
        scene = question.get("scene") or f"entry {len(scenes)}"
        if scene not in scenes:
            scenes.append(scene)
        return scenes.index(scene) + 1

    def begins_afresh(self, question: Question) -> bool:
        """Whether a function is to start as a new sandbox does, so that all of its calls are made: where it is being
        recorded, and where one of them is to go wrong."""
        if question["kind"] != "effect" or "execution" in question:
            return False
        starts = (question["name"], question["phase"]) == ("invocation", "before")
        return starts and (self.recording or any(fault.who == question["who"] for fault in self.faults))

    def rest(self, announcements: int, seconds: float) -> bool:
        """Wait until so many uploads were announced and all that came of them is over; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._announced >= announcements and self.at_rest(), seconds)

    def at_rest(self) -> bool:
        return self._open == 0 and "RUNNING" not in self.executions.values()

    def wait_for_rival(self, question: Question, seconds: float = RACE_SECONDS) -> bool:
        """Hold somebody at a point until somebody else gets to the same one; False if nobody does."""
        point = ("who", "name", "call", "phase")

        def came(other: Question) -> bool:
            same = other["kind"] == "effect" and all(other[name] == question[name] for name in point)
            return same and other["scene"] != question["scene"]

        with self._changed:
            return self._changed.wait_for(lambda: any(map(came, self.trace)), seconds)

    def heard(self, seconds: float, times: int = 1, **facts: Any) -> bool:
        """Wait until so many questions with these facts were heard; False if that takes longer."""

        def came() -> bool:
            return sum(all(heard.get(name) == fact for name, fact in facts.items()) for heard in self.trace) >= times

        with self._changed:
            return self._changed.wait_for(came, seconds)

    def busy(self, change: int) -> None:
        """Somebody begins (1) or ends (-1) to work on this run from outside, so that it is not at rest meanwhile."""
        with self._changed:
            self._open += change
            self._changed.notify_all()

    def only_one_at_work(self, seconds: float) -> bool:
        """Wait until no event and no invocation is under way but the work of who asks."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 1, seconds)

    def begun(self, seconds: float) -> bool:
        """Wait until an execution runs."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self.executions), seconds)

    def last_states(self) -> set[str]:
        """Where each execution got to."""
        entered = {heard["execution"]: heard["who"] for heard in self.trace if heard["kind"] == "state"}
        return set(entered.values())


class Director:
    """Listens on a free loopback port; `verbs` names functions by their ARNs' last parts, `powers` are what it can do
    itself."""

    def __init__(self) -> None:
        self.verbs: dict[str, str] = {}
        self.powers: dict[str, Power] = {}
        self._watches: dict[str, Watch] = {}
        director = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(json.dumps(director.answer(json.loads(line))).encode() + b"\n")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                """A worker that was killed leaves its line broken; that is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def watch(self, watch: Watch) -> Watch:
        self._watches[watch.about] = watch
        return watch

    def answer(self, question: Question) -> dict[str, Any]:
        """What is to happen; the director does itself what only needs a hand from outside."""
        watch = self._watches.get(question["about"])
        if watch is None:
            return {}
        if "who" in question:
            question["who"] = self.verbs.get(question["who"].rpartition(":")[2], question["who"])
        fault = watch.hear({**question, "at": time.monotonic()})
        gates = {"event": watch.events, "state": watch.walk}
        if gate := gates.get(question["kind"]):
            gate.wait(GATE_SECONDS)
        if fault is None:
            ahead: dict[str, Any] = {CLOCK: watch.clock_ahead} if watch.clock_ahead else {}
            ahead |= {VARIABLES: changed} if (changed := watch.variables_for(question)) else {}
            return ahead | ({"do": "forget"} if watch.begins_afresh(question) else {})
        if fault.what in self.powers:
            self._use(self.powers[fault.what], watch, question, fault)
            return {}
        return verdict(fault, question)

    def _use(self, power: Power, watch: Watch, question: Question, fault: Fault) -> None:
        """What cannot be done was not met: the run then proves nothing, and the report says so."""
        try:
            power(watch, question)
        except Exception:  # noqa: BLE001 - whatever AWS refuses
            watch.met.discard(fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
