"""What no call can be blamed for: people who change their minds, rows that come late, limits that come and go.

Each is a way of its own, played once and as it is; the faults of tests/faults/points.py do not come on top.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.faults.points import Case
from tests.faults.scenario import WAYS, Play, Run, Scenario, answer, drop, drop_nonsense, drop_twins
from tests.faults.stage import ASK_ANEW

HOUR, DAY = 3600.0, 86_400.0
PRICE = 1.26  # US dollars, of the campaign's clip
OFF, NO_ROOM, NO_MONEY = {"SPENDING_ENABLED": "false"}, {"MAX_EDITS_IN_FLIGHT": "0"}, {"MAX_USD_PER_DAY": "1"}
AN_HOUR_FOR_CREDITS = {"CREDIT_WAIT_HOURS": "1"}
SEEN_WAITING = 2  # tries after which it surely waits
REFUSALS = 6  # for want of credits, until they are there
Change = Callable[[Run], None]
WAITS: dict[str, tuple[dict[str, str], tuple[dict[str, Any], ...]]] = {  # why it waits: variables, answers
    "spending is off": (OFF, ()),
    "there is no room": (NO_ROOM, ()),
    "the day is spent": (NO_MONEY, ()),
    "there are no credits": ({}, (answer("submit/no_credits", times=REFUSALS),)),
}
CHANGES: dict[str, Change] = {
    "clip replaced": lambda run: run.put("beach.mp4", run.stage.other_clip),
    "sidecar replaced": lambda run: run.put("beach.json", json.dumps(ASK_ANEW).encode()),
    "clip deleted": lambda run: run.delete("beach.mp4"),
    "sidecar deleted": lambda run: run.delete("beach.json"),
}


def change_while_waiting(limit: dict[str, str], change: Change) -> Play:
    """Let it wait, change the files, and only then let it go on."""

    def play(run: Run) -> None:
        if limit:
            run.find(limit)
        run.drop_and_look_away()
        run.tried(SEEN_WAITING)
        change(run)
        run.find()
        run.rest()

    return play


def turns_without_end(*turns: dict[str, str]) -> Play:
    """Let the limits of this run change from one try to the next, until its patience is over."""

    def play(run: Run) -> None:
        run.find(*turns)
        run.drop()

    return play


def in_turn(*turns: dict[str, str], tries: int) -> Play:
    """Let the limits of this run change from one try to the next, so many times, and then be wide again."""

    def play(run: Run) -> None:
        run.find(*turns)
        run.drop_and_look_away()
        run.tried(tries)
        run.find()
        run.rest()

    return play


def redriven(first: Play) -> Play:
    """Let it end badly, and press the console's button."""

    def play(run: Run) -> None:
        first(run)
        run.redrive()

    return play


def no_credits(times: int) -> tuple[dict[str, Any], ...]:
    return (answer("submit/no_credits", times=times),)


def failed(reason: str, *more: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return (answer("submit/failed", reason=reason), *more)


CHARGED, NO_ROW = answer("submit/cost_differs", usd=PRICE), answer("history/never")
LATE, NO_COST = answer("history/late", seconds=1.0), answer("history/null_cost")


def lost_until(seconds: float, times: int = 1) -> tuple[dict[str, Any], ...]:
    """The answer is lost, and the row comes so much later."""
    return answer("submit/answer_lost", times=times), answer("history/late", seconds=seconds, times=times)


SITUATIONS = (
    *(
        Scenario(
            f"{change} while {why}",
            change_while_waiting(limit, CHANGES[change]),
            answers,
            kind="people",
            ends=("FAILED",) if "deleted" in change else None,
        )
        for why, (limit, answers) in WAITS.items()
        for change in CHANGES
    ),
    Scenario(
        "limit and credits in turn", in_turn(OFF, {}, tries=13), no_credits(6), kind="volume", ends=("DELIVERED",)
    ),
    Scenario(
        "room, money and credits in turn",
        in_turn(NO_ROOM, NO_MONEY, {}, tries=16),
        no_credits(5),
        kind="volume",
        ends=("DELIVERED",),
    ),
    Scenario(
        "limit and credits in turn, beyond all patience",
        turns_without_end(OFF, AN_HOUR_FOR_CREDITS),
        no_credits(30),
        kind="volume",
        ends=("FAILED",),
    ),
    Scenario("failed and charged", drop, failed("capacity", CHARGED), kind="money", ends=("UNDELIVERED",)),
    Scenario("refused and charged", drop, failed("moderation", CHARGED), kind="money", ends=("UNDELIVERED",)),
    Scenario(
        "failed and charged, row late", drop, failed("capacity", CHARGED, LATE), kind="money", ends=("UNDELIVERED",)
    ),
    Scenario("failed and charged, no row", drop, failed("capacity", CHARGED, NO_ROW), kind="money", ends=("FAILED",)),
    Scenario("failed, no row", drop, failed("capacity", NO_ROW), kind="money", ends=("FAILED",)),
    Scenario("failed, row without a cost", drop, failed("capacity", NO_COST), kind="money", ends=("FAILED",)),
    Scenario("failed, row says 0", drop, failed("capacity"), kind="money", ends=("DELIVERED",)),
    Scenario("answer lost, row after an hour", drop, lost_until(HOUR), kind="time", ends=("DELIVERED",)),
    Scenario("answer lost, row after a day", drop, lost_until(DAY), kind="time", ends=("DELIVERED",)),
    Scenario(
        "twins, answers lost, rows after a day",
        drop_twins,
        lost_until(DAY, times=2),
        kind="time",
        ends=("DELIVERED", "DELIVERED"),
    ),
    Scenario("redriven when refused", redriven(drop_nonsense), kind="people", ends=()),
    Scenario(
        "redriven when failed",
        redriven(drop),
        (answer("submit/failed", reason="moderation"),),
        kind="people",
        ends=("FAILED",),
    ),
    Scenario("redriven when in doubt", redriven(drop), (answer("submit/server_error"),), kind="people"),
    Scenario("redriven when undelivered", redriven(drop), (answer("download/forbidden", times=60),), kind="people"),
)
SCENARIOS = {scenario.name: scenario for scenario in (*WAYS, *SITUATIONS)}
SHORT = [  # of people, time and volume; what make test plays
    Case.parse(text)
    for text in (
        "plain: effect PollEdit.1 lambda:Invoke.1 before -> throttled for an hour",
        "plain: effect submit_edit.1 invocation.1 before -> crash four times",
        "plain: state WaitForProvider.1 entry.1 at -> redriven, then heard",
        "sidecar replaced while spending is off: nothing",
        "failed and charged: nothing",
        "answer lost, row after a day: nothing",
    )
]
