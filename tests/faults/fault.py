"""What can go wrong, where, and how it is written: a fault's text names its point and plays it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Question = dict[str, Any]
TEXT = re.compile(
    r"(?P<kind>effect|state|event|provider) (?P<who>\S+?)\.(?P<visit>\d+) (?P<name>.*)\.(?P<call>\d+) "
    r"(?P<phase>before|after|amid|failed|at) -> (?P<what>.+)"
)
ALWAYS = ("broken",)  # not only at the visit that is named, but at each from then on
SPENDER, A_WHILE = (
    "submit_edit",
    20,
)  # what it cannot begin it tries for a week, so its services come back after so many
HOUR = "throttled for an hour"  # Lambda runs no function of this execution, for so long by the state machine's waits
HOUR_SECONDS = 3600
IN_A_ROW = {"crash four times": 4, "crash twenty times": 20}  # at so many visits, from the one that is named on
WEEK = "a week later"  # and a day: longer than the provider keeps a result
RACE = "race"  # at whichever visit gets there first
HEARD_LATE = "redriven, then heard"  # it is stopped and redriven, and only then the news of its end is handled
HEARD_RUNNING = "heard while running"  # old news of its end is handled again
PASSING = (HOUR, HEARD_LATE, HEARD_RUNNING, *IN_A_ROW)  # whoever waits ends as if nothing had happened
EVERY_ATTEMPT = ("refused", "throttled", "lost for good", *ALWAYS)  # what the SDK repeats is spoilt too
THROTTLES = {  # status and code with which a service turns calls away; it did nothing then
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "lambda": (429, "TooManyRequestsException"),
    "s3": (503, "SlowDown"),
    "sns": (400, "Throttling"),
    "sqs": (400, "RequestThrottled"),
    "ssm": (400, "ThrottlingException"),
    "stepfunctions": (400, "ThrottlingException"),
    "sts": (400, "Throttling"),
}
FAILURES = {"lambda": "ServiceException", "dynamodb": "InternalServerError", "sns": "InternalError"}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: at which call of which name, and which time that somebody comes to it."""

    kind: str  # effect, state, event or provider
    who: str  # a function by its verb, a state by its name, "provider"
    visit: int
    name: str
    call: int
    phase: str  # before, after, amid (a body), failed (an invocation's error on its way out), at
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.who}.{self.visit} {self.name}.{self.call} {self.phase} -> {self.what}"

    @classmethod
    def parse(cls, text: str) -> Fault:
        """The fault that a text such as `effect submit_edit.1 s3:CopyObject.1 after -> crash` names."""
        found = TEXT.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} names no fault")
        kind, who, visit, name, call, phase, what = found.groups()
        return cls(kind, who, int(visit), name, int(call), phase, what)

    def belongs(self, question: Question, met: bool) -> bool:
        """Whether it is to be played where this question comes from."""
        if question["kind"] != self.kind or question.get("who") != self.who:
            return False
        if met and (self.kind != "effect" or self.what == RACE):
            return False
        if self.kind == "event":
            return self.name in question["text"]
        later = question["visit"] > self.visit and (
            (self.what in ALWAYS and self.who != SPENDER)
            or question["visit"] < self.visit + IN_A_ROW.get(self.what, A_WHILE if self.what in ALWAYS else 1)
        )
        if not (question["visit"] == self.visit or later or self.what == RACE):
            return False
        if self.kind == "state":
            return True
        at = (question["name"], question["call"], question["phase"])
        return at == (self.name, self.call, self.phase) and (question["attempt"] == 1 or self.what in EVERY_ATTEMPT)


def verdict(fault: Fault, question: Question) -> Question:
    """What the hook is told to do. A task of the state machine hears of trouble as an error of the service."""
    service = question.get("name", "").partition(":")[0]
    if fault.what in ("throttled", HOUR):
        status, code = THROTTLES[service]
        return {"do": "answer", "status": status, "code": code}
    if "execution" in question and fault.what in ("refused", "lost", "lost for good", "broken"):
        return {"do": "answer", "status": 500, "code": FAILURES.get(service, "InternalServerError")}
    done: dict[str, Question] = {
        "crash": {"do": "kill"},
        **{what: {"do": "kill"} for what in IN_A_ROW},
        "stall": {"do": "stall"},
        "refused": {"do": "refuse"},
        "broken": {"do": "refuse"},
        "lost": {"do": "lose"},
        "lost for good": {"do": "lose"},
        "broken off": {"do": "lose"},
        "event lost": {"do": "lose"},
        "event twice": {"do": "double"},
        "event late": {"seconds": 3.0},
        "time out": {"do": "time out"},
    }
    return done[fault.what]
