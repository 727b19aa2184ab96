"""The ways that an edit can take, one scenario each: what is dropped, how the provider behaves, what comes after.

Played without a fault, a scenario shows the points on its way; played with one, it must still end well.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.director import Watch
from tests.faults.fault import Fault
from tests.faults.stage import ASK, Stage

PATIENCE = 300.0  # seconds; a delivery tried again for a week takes half a minute alone, and minutes in company


class Hung(Exception):
    """A run that did not come to rest in time; the text is its way so far."""


class Run:
    """One edit being played in a folder of its own."""

    def __init__(self, stage: Stage, faults: tuple[Fault, ...], *, recording: bool) -> None:
        self.stage, self.about = stage, f"subject-{secrets.token_hex(5)}"
        self.watch = stage.director.watch(Watch(self.about, faults, recording=recording))
        self._uploads = 0
        for fault in faults:
            if fault.kind == "provider":
                self.provider(fault.name, times=fault.call)

    def provider(self, name: str, **more: Any) -> None:
        """Let the provider answer this run badly: `download/empty`."""
        stage, _, kind = name.partition("/")
        self.stage.provider.inject({"stage": stage, "kind": kind, "match": {"caller": self.about}, **more})

    def played(self, waiting: list[dict[str, Any]]) -> list[Fault]:
        """The provider's faults of this run that were played, given those that still wait."""
        left = {
            (f"{one['stage']}/{one['kind']}", one["times"])
            for one in waiting
            if one["match"].get("caller") == self.about
        }
        mine = [fault for fault in self.watch.faults if fault.kind == "provider"]
        return [fault for fault in mine if (fault.name, fault.call) not in left]

    def put(self, name: str, body: bytes) -> None:
        self._uploads += 1
        self.stage.put(f"{self.about}/{name}", body)

    def delete(self, name: str) -> None:
        self.stage.delete(f"{self.about}/{name}")

    def find(self, *turns: dict[str, str]) -> None:
        """Let the function that submits find other variables from now on, these in turn; without any, its usual ones.

        To this run, limits are then changed as a person changes them.
        """
        self.watch.variables = {"submit_edit": list(turns)} if turns else {}

    def tried(self, times: int) -> None:
        """Wait until it was tried so often to submit."""
        ended = {"kind": "effect", "who": "submit_edit", "name": "invocation", "phase": "after"}
        if not self.watch.heard(PATIENCE, times, **ended):
            raise Hung(f"it was not tried {times} times to submit")

    def redrive(self) -> None:
        """Press the console's button on each execution that did not end well."""
        for arn, status in list(self.watch.executions.items()):
            if status in ("FAILED", "ABORTED"):
                self.stage.redrive(arn)
        self.rest()

    def rest(self) -> None:
        """Wait until nothing more will happen by itself."""
        if not self.watch.rest(self._uploads, PATIENCE):
            ways = {arn[-8:]: self.stage.history(arn) for arn in self.watch.executions}
            raise Hung(f"{self.watch.executions}, {ways}, last heard: {self.watch.trace[-1:]}")

    def drop(self, sidecar: Any = ASK, clip: bytes = b"") -> None:
        """Upload the clip, and when that was taken note of its sidecar."""
        self.put("beach.mp4", clip or self.stage.clip)
        self.rest()
        self.put("beach.json", json.dumps(sidecar).encode())
        self.rest()

    def drop_and_look_away(self) -> None:
        """Upload both halves, and wait only until their execution runs."""
        self.put("beach.mp4", self.stage.clip)
        self.rest()
        self.put("beach.json", json.dumps(ASK).encode())
        self.watch.begun(PATIENCE)

    def enter_again(self) -> None:
        """Start the document of each execution once more under a new name."""
        for arn in list(self.watch.executions):
            self.stage.start_again(arn)
        self.rest()

    def later(self, clock_ahead: int = 0) -> None:
        """Hours pass for this run's rows; the sweep comes by, and once more, as it does every five minutes."""
        for _ in range(2):
            with self.stage.alone:
                self.stage.age(self.about)
                self.stage.sweep(self.about, clock_ahead)
            self.rest()


Play = Callable[[Run], None]


def drop(run: Run) -> None:
    run.drop()


def drop_together(run: Run) -> None:
    run.put("beach.json", json.dumps(ASK).encode())
    run.put("beach.mp4", run.stage.clip)
    run.rest()


def drop_twins(run: Run) -> None:
    """Two edits that differ in nothing but the clip's name."""
    for name in ("beach", "coast"):
        run.put(f"{name}.mp4", run.stage.clip)
        run.put(f"{name}.json", json.dumps(ASK).encode())
    run.rest()


def drop_nonsense(run: Run) -> None:
    run.drop({"prompt": ""}, b"no video")


def drop_half(run: Run) -> None:
    run.put("beach.mp4", run.stage.clip)
    run.rest()
    run.later()


def drop_twice(run: Run) -> None:
    run.drop()
    run.drop()


def drop_twice_at_once(run: Run) -> None:
    run.drop_and_look_away()
    run.put("beach.json", json.dumps(ASK).encode())
    run.rest()


def enter_twice_at_once(run: Run) -> None:
    run.drop_and_look_away()
    run.enter_again()


def enter_twice(run: Run) -> None:
    run.drop()
    run.enter_again()


def drop_nonsense_then_sense(run: Run) -> None:
    drop_nonsense(run)
    run.drop()


def wait_for_the_sweep(run: Run) -> None:
    run.drop()
    run.later()


@dataclass(frozen=True)
class Scenario:
    """`provider` and `trouble` belong to the way itself; the fault of a run comes on top. In a race two do the same.

    What has a `kind` is itself what goes wrong, and nothing comes on top; `ends` are those of its edits, where only one
    end is right.
    """

    name: str
    play: Play = drop
    provider: tuple[dict[str, Any], ...] = ()
    trouble: tuple[str, ...] = ()
    races: bool = False
    kind: str = ""
    ends: tuple[str, ...] | None = None

    def run(self, stage: Stage, faults: tuple[Fault, ...] = ()) -> Run:
        """Play it to its end, and gather every call on the way where nothing is to go wrong. Raises Hung."""
        run = Run(stage, (*faults, *map(Fault.parse, self.trouble)), recording=not faults)
        for known in self.provider:
            run.provider(**known)
        self.play(run)
        return run


def answer(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


UNSENT = "effect NotifyEnding.1 sns:Publish.1 before -> broken"
HEARD_TWICE = "event start_edit.1 beach.json.1 at -> event twice"
UNHEARD = "event start_edit.1 beach.json.1 at -> event lost"
WAYS = (
    Scenario("plain"),
    Scenario("both halves at once", drop_together),
    Scenario("refused files", drop_nonsense),
    Scenario("answer lost", provider=(answer("submit/answer_lost"),)),
    Scenario("answer lost, never seen again", provider=(answer("submit/answer_lost"), answer("history/never"))),
    Scenario("twins, answers lost", drop_twins, (answer("submit/answer_lost", times=2),)),
    Scenario(
        "twins, one never seen again", drop_twins, (answer("submit/answer_lost", times=2), answer("history/never"))
    ),
    Scenario("no credits", provider=(answer("submit/no_credits"),)),
    Scenario("rate limited", provider=(answer("submit/rate_limited"),)),
    Scenario("failed", provider=(answer("submit/failed", reason="moderation"),)),
    Scenario("no capacity at first", provider=(answer("submit/failed", reason="capacity"),)),
    Scenario("record forgotten", provider=(answer("poll/record_expired"),)),
    Scenario(
        "record forgotten, row late", provider=(answer("poll/record_expired"), answer("history/late", seconds=6.0))
    ),
    Scenario("result withheld", provider=(answer("download/forbidden", times=1000),)),
    Scenario("message unsent", wait_for_the_sweep, trouble=(UNSENT,)),
    Scenario("half", drop_half),
    Scenario("sidecar unannounced", wait_for_the_sweep, trouble=(UNHEARD,)),
    Scenario("announced twice", trouble=(HEARD_TWICE,), races=True),
    Scenario("dropped twice at once", drop_twice_at_once, races=True),
    Scenario("entered twice at once", enter_twice_at_once, races=True),
    Scenario("dropped again when delivered", drop_twice),
    Scenario("entered again when delivered", enter_twice),
    Scenario("dropped again when refused", drop_nonsense_then_sense),
    Scenario("dropped again when failed", drop_twice, (answer("submit/failed", reason="moderation"),)),
    Scenario("entered again when failed", enter_twice, (answer("submit/failed", reason="moderation"),)),
    Scenario("dropped again when in doubt", drop_twice, (answer("submit/server_error"),)),
    Scenario("entered again when in doubt", enter_twice, (answer("submit/server_error"),)),
    Scenario("dropped again when undelivered", drop_twice, (answer("download/forbidden", times=17),)),
    Scenario("entered again when undelivered", enter_twice, (answer("download/forbidden", times=17),)),
)
SHORT_WAYS = (  # one of each kind, and those that only a lost mark or a lost condition would spoil
    "plain",
    "refused files",
    "answer lost",
    "twins, answers lost",
    "failed",
    "record forgotten",
    "half",
    "entered twice at once",
    "dropped again when delivered",
)
