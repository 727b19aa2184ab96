"""The state machine alone, over the real handlers and against the fakes: `make walk`, `make walk ARGS=--help`.

Nothing waits: time is simulated. Any debugger steps into the handlers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropcut.domain.errors import ProviderBusy, ProviderRefused, SubmissionUnknown
from dropcut.domain.model import Drop, Progress
from dropcut.notifications.envelope import dollars
from dropcut.observability import logger
from tests.fakes.examples import a_sidecar
from tests.fakes.machine import Caught, Machine
from tests.fakes.provider import TimedProvider
from tests.fakes.services import FakeServices, die
from tests.fakes.telling import Recorded, brief, scalars
from tests.fakes.worlds import FINISHED, a_world

SECONDS = 223  # the model's published average
EXPIRED = 4000  # seconds; the provider forgets a request after 3600
ROUNDS_SAID = 2  # of a loop
WIDTH = 110  # of what changed


def main(arguments: list[str]) -> int:
    """0 if it ended, green or red: that is what was to be seen."""
    options = _parse(arguments)
    world, drop = _prepare(options)
    seen = Recorded(world, {options.die_at}, die, options.late)
    with contextlib.nullcontext() if options.logs else _quiet():
        for _ in range(1 + options.again):
            _walk(world, seen, drop)
    if options.die_at > len(seen.calls):
        print(f"Nothing died: there were only {len(seen.calls)} calls.")
    return 0


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the handlers' log lines."""
    level = logger.log_level
    logger.setLevel("CRITICAL")
    try:
        yield
    finally:
        logger.setLevel(level)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes walk", description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--seconds", type=float, default=SECONDS, help="how long the provider takes (default: %(default)s)")
    add("--expire", action="store_const", dest="seconds", const=EXPIRED, help="longer than the provider remembers")
    add("--fail", metavar="TEXT", help="the provider fails each generation with that text; try: capacity")
    add("--refuse", action="store_true", help="the provider refuses the submission")
    add("--busy", type=int, default=0, metavar="N", help="the provider turns the submission away N times")
    add("--lose-answer", action="store_true", help="the submission is accepted, and its answer is lost")
    add("--lose-request", action="store_true", help="the submission is lost, and nobody can tell")
    add("--reject", action="store_true", help="the sidecar is full of mistakes")
    add("--sidecar", type=Path, metavar="FILE", help="a sidecar of your own")
    add("--die-at", type=int, default=0, metavar="N", help="the sandbox dies at its N-th call to the world")
    add("--late", action="store_true", help="with --die-at: after the call took effect")
    add("--again", action="store_true", help="the same files are dropped once more when it has ended")
    add("--logs", action="store_true", help="with the handlers' log lines between")
    options = parser.parse_args(arguments)
    if options.sidecar and not options.sidecar.is_file():
        parser.error(f"there is no file {options.sidecar}")
    return options


def _prepare(options: argparse.Namespace) -> tuple[FakeServices, Drop]:
    """A world in which a clip and its sidecar were dropped, with what was asked for in the way."""
    sidecar = options.sidecar.read_bytes() if options.sidecar else None
    world, drop = a_world(a_sidecar(prompt="", mode="ultra", lenght="5") if options.reject else sidecar)
    ending = Progress(status="FAILED", error=options.fail) if options.fail else FINISHED
    world.provider = TimedProvider(world.clock, options.seconds, ending)
    world.provider.loses_requests = options.lose_request
    world.provider.answers = [ProviderBusy("HTTP 429: Too Many Requests")] * options.busy
    if options.refuse:
        world.provider.answers.append(ProviderRefused("HTTP 400: the video is not supported"))
    if options.lose_answer or options.lose_request:
        world.provider.answers.append(SubmissionUnknown("HTTP 502 after the request was sent"))
    return world, drop


def _walk(world: FakeServices, seen: Recorded, drop: Drop) -> None:
    """Walk once, and say how it ended: for the machine, for the provider's account, for a person."""
    told, started = len(world.topic.published), world.clock.now
    print(f"{'time':>9}  {'state':<17}  what came of it\n")
    end = Narrated(world, seen.services(), seen=seen, started=started).run(drop)
    charged = sum(float(edit.charged_usd or 0) for edit in world.ledger.edits.values())
    print(f"{_clock(world.clock.now - started):>9}  {end}\n")
    print(f"Sent: {len(world.provider.submissions)}. Charged: {dollars(charged)}. Calls so far: {len(seen.calls)}.\n")
    for notice in world.topic.published[told:]:
        print(f"Subject: {notice['subject']}\n\n{notice['message']['email']}")


@dataclass(kw_only=True)
class Narrated(Machine):
    """Says each state when it is left: what it changed in the document, and what went wrong before."""

    seen: Recorded
    started: float = 0.0
    troubles: Counter[str] = field(default_factory=Counter)
    rounds: Counter[str] = field(default_factory=Counter)
    unsaid: int = 0

    def _step(self, state: dict[str, Any], document: dict[str, Any]) -> str:
        name, entered = self.entered[-1], self.world.clock.now
        before = scalars(document)
        following = super()._step(state, document)
        after = scalars(document)
        text = {
            "Wait": f"{self.world.clock.now - entered:g} s",
            "Choice": f"-> {following}",
            "Pass": "",
            "Task": _changes(before, after, (state.get("ResultPath") or "")[2:]) or _service(state),
        }[state["Type"]]
        self._say(entered, name, text, f"{name} {after.get('generation.outcome', '')}")
        return following

    def _call(self, state: dict[str, Any], document: dict[str, Any]) -> Any:
        try:
            return super()._call(state, document)
        except Caught as caught:
            said = json.loads(caught.cause)["errorMessage"] if caught.cause else self.seen.lines[-1]
            self.troubles[f"{caught.name}: {said}"] += 1
            raise

    def _say(self, entered: float, name: str, text: str, kind: str) -> None:
        """One line, and one for each trouble; of the rounds of a loop that are alike, the first ones and a count."""
        self.rounds[kind] += 1
        if self.rounds[kind] > ROUNDS_SAID and not self.troubles:
            self.unsaid += 1
            return
        if self.unsaid:
            print(f"{'...':>9}  {self.unsaid} more states like these")
            self.unsaid = 0
        troubles = [f"{what} ({times} times)" if times > 1 else what for what, times in self.troubles.items()]
        self.troubles.clear()
        first, *more = [*troubles, *([text] if text or not troubles else [])]
        print(f"{_clock(entered - self.started):>9}  {name:<17}  {first}".rstrip())
        for line in more:
            print(f"{'':11}{'':17}  {line}")


def _changes(before: dict[str, Any], after: dict[str, Any], key: str) -> str:
    """What a task changed in its part of the document; a message is read at the end."""
    mine = [place for place in after if place.startswith(f"{key}.") and not place.startswith(f"{key}.notice.")]
    changed = [
        f"{place.removeprefix(f'{key}.')} {brief(after[place])}" for place in mine if after[place] != before.get(place)
    ]
    text = f"{key}: {', '.join(changed)}" if changed else ""
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."


def _service(state: dict[str, Any]) -> str:
    """The service that a task calls without a function; nothing where it is one, which failed or changed nothing."""
    return str(state.get("Resource", "")).partition(":::")[2]


def _clock(seconds: float) -> str:
    """Simulated time since the drop: 0:02:30, or 7d 0:00:10."""
    days, rest = divmod(int(seconds), 86_400)
    return (f"{days}d " if days else "") + f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
