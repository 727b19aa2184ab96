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
from tests.faults.fault import PASSING
from tests.faults.points import Case, enumerate_cases
from tests.faults.scenario import Hung, Run
from tests.faults.score import HUNG, OTHERWISE, Finding, Score, judge
from tests.faults.situations import SCENARIOS
from tests.faults.stage import CLOCK_STEP, WEEK_SECONDS, Stage

RECOVERY_SECONDS = 300  # for one look through all files; a quarter of that is usual after the whole campaign
READERS = 4  # of videos, manifests and the provider's files, when all is over
SWEEPS = 3  # after everything else, so far apart in time that nothing is too young for the next
DAY_SECONDS = 24 * 3600
FOR_EVER = 1e9  # provider seconds
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
    def spoilt(self) -> bool:
        """Whether anything was to go wrong."""
        return bool(self.case.faults or SCENARIOS[self.case.scenario].kind)

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
        """Play all of them, some at once, to where nothing more happens by itself; gives them in their order. They
        begin in a mixed one, always the same, since those of one way that wait for the sweep would wait for each other.
        """
        mixed, done = random.Random(len(cases)).sample(range(len(cases)), len(cases)), dict[int, Played]()
        with ThreadPoolExecutor(self._jobs) as pool:
            for number, played in zip(mixed, pool.map(self._play, [cases[number] for number in mixed]), strict=True):
                done[number] = played
                if len(done) % 50 == 0:
                    self._say(f"{len(done)} of {len(cases)} played")
        return [done[number] for number in range(len(cases))]

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
        """Let hours and days pass: the sweep comes by, and what it starts comes to rest. The provider's time goes on
        too, so that rows land, but for the week: the files are still to be looked at.
        """
        if any(one.unheard for one in played) and not self._stage.recover(CLOCK_STEP, RECOVERY_SECONDS):
            self._say(f"the inbox was not looked through within {RECOVERY_SECONDS} s")
        passed = 0
        hours = [step * CLOCK_STEP for step in range(1, SWEEPS + 1)]
        for ahead in (*hours, DAY_SECONDS + CLOCK_STEP, WEEK_SECONDS + CLOCK_STEP):
            if ahead < WEEK_SECONDS:
                self._stage.provider.advance(ahead - passed)
                passed = ahead
            self._stage.sweep("everybody", ahead)
            for one in played:
                if one.run and not one.problem:
                    try:
                        one.run.rest()
                    except Hung as problem:
                        one.problem = str(problem)

    def judge(self, played: list[Played]) -> Books:
        """Open the books and give every run its score; gives the books."""
        self._stage.provider.settings(record_seconds=FOR_EVER)  # what it made can be asked for again
        books = Books(self._stage, self._messages)
        for one in played:
            if one.run:
                account = books.accounts[one.run.about]
                account.trace = one.run.watch.trace
                account.uploads = [upload for upload in self._stage.uploads if upload.key.startswith(one.run.about)]
        waiting = self._stage.provider.faults()["waiting"]
        runs = [one.run for one in played]
        with ThreadPoolExecutor(READERS) as pool:
            scores = list(pool.map(lambda run: judge(books, run.about) if run else Score(), runs))
        for one, score in zip(played, scores, strict=True):
            one.score = score
            if one.run:
                one.run.watch.met |= set(one.run.played(waiting))
            if one.problem:
                one.score.findings.append(Finding(HUNG, one.problem))
        compare_ends(played)
        return books


def compare_ends(played: list[Played]) -> None:
    """Add a finding where an edit ended otherwise than it had to, or somebody was told so: otherwise than without a
    fault that only passes, or than the one end that is right.
    """
    usual = {one.case.scenario: one.score for one in played if not one.case.faults}
    for one in played:
        right = SCENARIOS[one.case.scenario].ends
        wanted = None if right is None else Score(list(right), told=one.score.told)
        if one.case.faults:
            passes = all(fault.what in PASSING for fault in one.case.faults) and not one.unmet
            wanted = usual.get(one.case.scenario) if passes else None
        if wanted and sorted(one.score.ends) != sorted(wanted.ends):
            said = f"{one.score.ends or 'no edit'}, not {wanted.ends or 'no edit'}"
            one.score.findings.append(Finding(OTHERWISE, said))
        elif wanted and one.score.told != wanted.told:
            said = f"somebody was told {sorted(one.score.told)}, not {sorted(wanted.told)}"
            one.score.findings.append(Finding(OTHERWISE, said))


def chosen(cases: list[Case], pattern: str) -> list[Case]:
    """The cases that have a pattern somewhere in their text."""
    return [case for case in cases if fnmatch.fnmatchcase(str(case), f"*{pattern}*")]
