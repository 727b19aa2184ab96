"""Plays many cases at once in one embedded cloud, lets time pass, and judges them all."""

from __future__ import annotations

import fnmatch
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from localcloud.messages import TopicWatch
from tests.faults.books import Books
from tests.faults.points import Case, enumerate_cases
from tests.faults.scenario import SCENARIOS, Hung, Run
from tests.faults.score import HUNG, Finding, Score, judge
from tests.faults.stage import CLOCK_STEP, WEEK_SECONDS, Stage

RECOVERY_SECONDS = 120  # for one look through all files
QUIET_SECONDS = 15  # without a new execution, after which it is taken to be over: half a pair never starts one
SWEEPS = 3  # after everything else, so far apart in time that nothing is too young for the next
Say = Callable[[str], None]


@dataclass
class Played:
    """A case that was played."""

    case: Case
    run: Run | None = None
    problem: str = ""
    seconds: float = 0.0
    score: Score = field(default_factory=Score)

    @property
    def unmet(self) -> list[str]:
        """The faults that did not come up; a run without its faults proves nothing."""
        met = self.run.watch.met if self.run else set()
        return [str(fault) for fault in self.case.faults if fault not in met]

    @property
    def unheard(self) -> bool:
        """Whether an upload was announced to nobody, so that only a look through the inbox finds it."""
        dead_letter = self.run is not None and any(heard.get("failed") for heard in self.run.watch.trace)
        return dead_letter or any(fault.what == "event lost" for fault in self.case.faults)

    @property
    def failed(self) -> bool:
        return bool(self.score.findings)


class Campaign:
    """Cases played on one stage."""

    def __init__(self, stage: Stage, messages: TopicWatch, jobs: int, say: Say) -> None:
        self._stage, self._messages, self._jobs, self._say = stage, messages, jobs, say

    def record(self, scenarios: Iterable[str]) -> tuple[list[Case], list[Played]]:
        """Play scenarios without a fault; gives every case that they show, and how they went."""
        quiet = self.play([Case(name, ()) for name in scenarios])
        traces = {played.case.scenario: played.run.watch.trace for played in quiet if played.run}
        return enumerate_cases(traces, [name for name, scenario in SCENARIOS.items() if scenario.races]), quiet

    def play(self, cases: list[Case]) -> list[Played]:
        """Play all of them, some at once, to where nothing more happens by itself; in a mixed order, always the same,
        since those of one way that wait for the sweep would wait for each other.
        """
        done: list[Played] = []
        with ThreadPoolExecutor(self._jobs) as pool:
            for played in pool.map(self._play, random.Random(len(cases)).sample(cases, len(cases))):
                done.append(played)
                if len(done) % 50 == 0:
                    self._say(f"{len(done)} of {len(cases)} played")
        return done

    def _play(self, case: Case) -> Played:
        played, began = Played(case), time.monotonic()
        try:
            played.run = SCENARIOS[case.scenario].run(self._stage, case.faults)
        except Hung as problem:
            played.problem = str(problem)
        except Exception as problem:  # noqa: BLE001 - one broken run must not end the others; it is reported
            played.problem = f"{type(problem).__name__}: {problem}"
        played.seconds = time.monotonic() - began
        return played

    def settle(self, played: list[Played]) -> None:
        """Let hours pass: the sweep comes by, and what it starts comes to rest."""
        self._recover([one for one in played if one.unheard and one.run])
        for ahead in (*(step * CLOCK_STEP for step in range(1, SWEEPS + 1)), WEEK_SECONDS + CLOCK_STEP):
            self._stage.sweep("everybody", ahead)
            for one in played:
                if one.run and not one.problem:
                    try:
                        one.run.rest()
                    except Hung as problem:
                        one.problem = str(problem)

    def _recover(self, unheard: list[Played]) -> None:
        """Files that nobody announced are found, and their edits come to rest."""
        if unheard:
            self._stage.recover(CLOCK_STEP)
        waiting, deadline, quiet = len(unheard), time.monotonic() + RECOVERY_SECONDS, time.monotonic() + QUIET_SECONDS
        while waiting and time.monotonic() < min(deadline, quiet):
            time.sleep(0.5)
            left = len([one for one in unheard if one.run and not one.run.watch.executions])
            if left < waiting:
                waiting, quiet = left, time.monotonic() + QUIET_SECONDS

    def judge(self, played: list[Played]) -> Books:
        """Open the books and give every run its score; gives the books."""
        books = Books(self._stage, self._messages)
        waiting = self._stage.provider.faults()["waiting"]
        for one in played:
            if one.run:
                one.run.watch.met |= set(one.run.played(waiting))
                one.score = judge(books, one.run.about)
            if one.problem:
                one.score.findings.append(Finding(HUNG, one.problem))
        return books


def chosen(cases: list[Case], pattern: str) -> list[Case]:
    """The cases that have a pattern somewhere in their text."""
    return [case for case in cases if fnmatch.fnmatchcase(str(case), f"*{pattern}*")]
