"""Which faults there are, found by enumeration: in what a fault-free run was seen to do, and in what the simulator can
play. Nothing here names a call or a state of the product."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.simulator.catalogue import KINDS, STAYING
from localcloud.simulator.routes import ROUTES
from tests.faults.fault import HEARD_LATE, HEARD_RUNNING, HOUR, IN_A_ROW, RACE, WEEK, Fault

Question = dict[str, Any]
WHATS = {  # at a call of a function; AWS's services turn callers away, other hosts have answers of their own
    "before": ("crash", "refused", "broken", "throttled"),
    "after": ("crash", "lost", "lost for good"),
    "amid": ("crash", "broken off"),  # a body that is being read
}
NOT_OVER_HTTP = ("throttled", "lost for good")  # nothing repeats a call to another host by itself
OF_A_CHANGE = ("lost", "lost for good")  # of something that was only read, the answer lost is the question refused
OF_A_SERVICE = ("broken", "throttled")  # one that is only read is so at its first call; at the next it is the same
READS = re.compile(r"\w+:(Get|Head|List|Query|Describe)\w*|GET .*")
OF_A_TASK = {"before": ("refused", "throttled", "broken"), "after": ("lost",)}
OF_AN_INVOCATION = dict.fromkeys(("before", "after", "failed"), ("crash", "stall"))
OF_A_STATE = ("abort", "time out", "second execution", "same sidecar", "new sidecar", "new clip", WEEK)
DELETED = ("clip deleted", "sidecar deleted")  # in time: what was bought is bought
REDRIVEN = ("stopped and redriven", HEARD_LATE, HEARD_RUNNING)  # where an execution stays for a while
STAYS = ("Task", "Wait")  # types of states
NOVEL = (HOUR, *IN_A_ROW, *DELETED, *REDRIVEN)  # of people, time and volume
OF_AN_EVENT = ("event lost", "event twice", "event late")
VITAL = re.compile(r"POST |dynamodb:(?!Get|Query)")
SHARE = 8  # one in so many is part of the subset
POINT = ("scene", "name", "call", "phase")
OFTEN = 4  # times in a row: more often than anything is repeated at once


@dataclass(frozen=True)
class Case:
    """One run to play; its text is what plays it again."""

    scenario: str
    faults: tuple[Fault, ...]

    @property
    def of_people(self) -> bool:
        """Whether all that goes wrong is of one of the kinds that no service is to be blamed for."""
        return all(fault.what in NOVEL for fault in self.faults)

    def __str__(self) -> str:
        return f"{self.scenario}: " + (" + ".join(map(str, self.faults)) or "nothing")

    @classmethod
    def parse(cls, text: str) -> Case:
        scenario, _, faults = text.partition(": ")
        return cls(scenario, tuple(Fault.parse(fault) for fault in faults.split(" + ") if fault != "nothing"))


def enumerate_cases(traces: dict[str, list[Question]], races: Collection[str] = ()) -> list[Case]:
    """One case for each single fault; a way through a function or a state is taken where it is first seen. In `races`
    two do the same at once, and the fault is that they meet."""
    seen: set[Any] = set()
    found = []
    for name, trace in traces.items():
        faults = races_of(trace) if name in races else faults_of(trace, seen)
        found += [Case(name, (fault,)) for fault in faults]
    return found


def races_of(trace: list[Question]) -> Iterator[Fault]:
    """A meeting before each call that two runs of a function have both made."""
    calls = [question for visit in visits(trace) for question in visit if "execution" not in question]
    for (who, name, call), times in Counter((at["who"], at["name"], at["call"]) for at in calls).items():
        if times > 1:
            yield Fault("effect", who, 1, name, call, "before", RACE)


def faults_of(trace: list[Question], seen: set[Any]) -> Iterator[Fault]:
    """The single faults of one scenario that are new."""
    came = {tuple(question[name] for name in POINT) for question in trace if question["kind"] == "effect"}
    for visit in visits(trace):
        way = tuple(question["name"] for question in visit)
        if any(name.startswith("POST ") for name in way):
            way += (str(visit[0]["visit"]),)  # who spends does it in another situation each time
        for question in visit:
            read = READS.fullmatch(question["name"])  # it changes nothing, so on another way it is the same point
            point = (question["who"], question["name"], question["call"], () if read else way)
            if point not in seen:
                seen.add(point)
                found = [fault for fault in at_effect(question) if at(question, fault.phase) in came]
                service = (question["who"], question["name"].partition(":")[0], "service")
                known = bool(read) and service in seen
                seen.add(service)
                yield from (fault for fault in found if not (known and fault.what in OF_A_SERVICE))
    sent = [number for number, question in enumerate(trace) if question.get("name", "").startswith("POST ")]
    for number, question in enumerate(trace):
        key = (question["kind"], question.get("who"), name_of_event(question))
        if question["kind"] in ("state", "event") and key not in seen:
            seen.add(key)
            yield from at_state_or_event(question, still_unsent=bool(sent) and number < sent[-1])
    yield from in_a_row(trace, seen)
    for stage in sorted({stage for question in trace if (stage := stage_of(question))} - seen):
        seen.add(stage)
        yield from at_provider(stage)


def at(question: Question, phase: str) -> tuple[Any, ...]:
    """The same point in another phase: a call that fails has no `after`."""
    return tuple({**question, "phase": phase}[name] for name in POINT)


def visits(trace: list[Question]) -> list[list[Question]]:
    """The effects of a run, one list for each run of a function or try of a task, in order of their beginnings."""
    found: dict[str, list[Question]] = {}
    for question in trace:
        if question["kind"] == "effect" and question["phase"] == "before" and question["attempt"] == 1:
            found.setdefault(question["scene"], []).append(question)
    return list(found.values())


def at_effect(question: Question) -> Iterator[Fault]:
    """What may go wrong at one call."""
    who, visit, name, call = (question[field] for field in ("who", "visit", "name", "call"))
    task = "execution" in question
    if task and name == "invocation":
        return
    possible = OF_AN_INVOCATION if name == "invocation" else OF_A_TASK if task else WHATS
    for phase, whats in possible.items():
        for what in (*whats, HOUR) if (name, phase) == ("lambda:Invoke", "before") else whats:
            known_otherwise = (" " in name and what in NOT_OVER_HTTP) or (READS.fullmatch(name) and what in OF_A_CHANGE)
            outage = name == "lambda:Invoke" and what == "broken"  # waited out for a week; an hour stands for it
            outage |= (who, what) == ("recheck_edits", "stall")  # its time limit is ten minutes
            if not (known_otherwise or outage):
                yield Fault("effect", who, visit, name, call, phase, what)


def name_of_event(question: Question) -> str:
    """The part of an event's text that tells it from others of its run: the key of its object, less the folder."""
    found = re.search(r'"key": *"[^/"]+/([^"]+)"', question.get("text", ""))
    return found.group(1) if found else ""


def in_a_row(trace: list[Question], seen: set[Any]) -> Iterator[Fault]:
    """The deaths of who spends, one after the other: as it begins, and before each change that it makes until the
    request leaves.
    """
    for visit in visits(trace):
        sent = next((number for number, question in enumerate(visit) if question["name"].startswith("POST ")), 0)
        for question in visit[:sent]:
            who, number, name, call = (question[field] for field in ("who", "visit", "name", "call"))
            if (who, name, call, "in a row") not in seen and not READS.fullmatch(name):
                seen.add((who, name, call, "in a row"))
                yield from (Fault("effect", who, number, name, call, "before", what) for what in IN_A_ROW)


def at_state_or_event(question: Question, *, still_unsent: bool) -> Iterator[Fault]:
    if question["kind"] == "state":
        stays = REDRIVEN if question.get("type") in STAYS else ()
        for what in (*OF_A_STATE, *(DELETED if still_unsent else ()), *stays):
            yield Fault("state", question["who"], question["visit"], "entry", 1, "at", what)
    else:
        for what in OF_AN_EVENT:
            yield Fault("event", question["who"], 1, name_of_event(question), 1, "at", what)


def stage_of(question: Question) -> str:
    """The stage of the simulator that a call reaches; empty for calls to AWS."""
    method, _, path = question.get("name", "").partition(" ")
    for stage, of_method, pattern, _ in ROUTES:
        if method == of_method and re.fullmatch(pattern, path):
            return stage if stage in KINDS else ""
    return ""


def at_provider(stage: str) -> Iterator[Fault]:
    """Every answer that the simulator can give there instead of the right one, once and for a while."""
    for kind in KINDS[stage]:
        for times in (1,) if kind in STAYING.get(stage, ()) else (1, OFTEN):
            yield Fault("provider", "provider", 1, f"{stage}/{kind}", times, "at", "answer")


def pairs(cases: list[Case], number: int, seed: int) -> list[Case]:
    """Two faults at once, of one scenario, drawn by the seed."""
    chance, found = random.Random(seed), set[Case]()
    single = [case for case in cases if len(case.faults) == 1]
    while single and len(found) < number:
        first = chance.choice(single)
        second = chance.choice([case for case in single if case.scenario == first.scenario])
        if first != second:
            found.add(Case(first.scenario, (*first.faults, *second.faults)))
    return sorted(found, key=str)


def subset(cases: list[Case]) -> list[Case]:
    """A few for two minutes, always the same: at each function, task, state and event in turn some of the things that
    can go wrong there, what could pay twice at the POST and the changes around it, every twelfth of the
    provider's answers. What people, time and volume do is chosen by hand (situations.SHORT)."""
    found: dict[str, Case] = {}
    cases = [case for case in cases if not case.of_people]
    for turn, who in enumerate(sorted({case.faults[0].who for case in cases})):
        mine = [case for case in cases if case.faults[0].who == who]
        whats = sorted({case.faults[0].what for case in mine})
        for step, what in enumerate(whats):
            of_kind = [case for case in mine if case.faults[0].what == what]
            few = of_kind[:: SHARE * 2] if what == "answer" else of_kind[(turn + step) % len(of_kind) :: len(of_kind)]
            if what == "answer" or (turn + step) % min(SHARE, len(whats)) == 0:
                found |= {str(case): case for case in few}
        found |= {str(case): case for case in mine if is_vital(case, cases[0].scenario)}
    return list(found.values())


def is_vital(case: Case, plain: str) -> bool:
    """A crash, a lost answer or a race at a submission or what is written about it, on the plain way or in a race."""
    fault = case.faults[0]
    if case.scenario != plain and fault.what != RACE:
        return False
    return fault.who == "submit_edit" and fault.what in ("crash", "lost", RACE) and bool(VITAL.match(fault.name))
