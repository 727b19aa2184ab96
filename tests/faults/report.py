"""The score as a table, and what a person needs who wants to see a failed run again."""

from __future__ import annotations

import re
import shlex
from collections import Counter

from tests.faults.campaign import Played
from tests.faults.fault import Fault
from tests.faults.score import ENDS, HELD, RULES
from tests.faults.situations import SCENARIOS

LAST = 12  # questions of a failed run that are shown


def score_table(played: list[Played]) -> str:
    """The whole score, in Markdown."""
    scores = [one.score for one in played]
    ends = Counter(end for score in scores for end in score.ends)
    broken = Counter(finding.rule for one in played for finding in one.score.findings)
    faulted, delivered = [one for one in played if one.spoilt], ends["DELIVERED"]
    lines = [
        ("runs", str(len(played))),
        ("distinct runs with a fault", str(len({str(one.case) for one in faulted if not one.unmet}))),
        ("runs whose fault never came up", str(len([one for one in faulted if one.unmet]))),
        ("edits", str(sum(ends.values()))),
        *((f"... {end}", str(ends[end])) for end in ENDS),
        ("edits that still need a person", str(sum(ends[end] for end in HELD))),
        ("failures that were charged without a word", str(sum(score.beyond_knowing for score in scores))),
        ("generations billed", str(sum(score.billed for score in scores))),
        ("billed generations per delivered edit", ratio(sum(s.billed_for_delivered for s in scores), delivered)),
        *((rule, str(broken[rule])) for rule in RULES),
    ]
    return "\n".join(["| what | number |", "| --- | ---: |", *(f"| {what} | {number} |" for what, number in lines), ""])


def ratio(number: int, of: int) -> str:
    return f"{number / of:.3f}" if of else "none"


def faults_table(played: list[Played]) -> str:
    """How runs ended, by what went wrong in them."""
    rows: dict[str, Counter[str]] = {}
    for one in played:
        situation = [f"{kind}: {one.case.scenario}"] if (kind := SCENARIOS[one.case.scenario].kind) else []
        for what in situation + [named(fault) for fault in one.case.faults if not one.unmet]:
            ends = rows.setdefault(what, Counter())
            ends["runs"] += 1
            ends.update(one.score.ends or ["no edit"])
            ends["findings"] += len(one.score.findings)
    columns = ["runs", *ENDS, "no edit", "findings"]
    lines = [f"| {what} | " + " | ".join(str(rows[what][name]) for name in columns) + " |" for what in sorted(rows)]
    head = "| fault | " + " | ".join(columns) + " |"
    return "\n".join([head, "| --- |" + " ---: |" * len(columns), *lines, ""])


def named(fault: Fault) -> str:
    """What went wrong, without the place where."""
    return f"{fault.kind}: {fault.name if fault.kind == 'provider' else fault.what}"


def held_table(played: list[Played]) -> str:
    """Why edits wait for a person."""
    reasons = Counter(in_general(reason) for one in played for reason in one.score.held)
    lines = [f"| {reason} | {number} |" for reason, number in reasons.most_common()]
    return "\n".join(["| held for a person, because | edits |", "| --- | ---: |", *lines, ""])


def in_general(reason: str) -> str:
    """A reason without the address and the id that only this run has."""
    reason = re.sub(r'"?https?://[^\s"]*"?', "(address)", reason.replace("|", "/"))
    return re.sub(r"[0-9a-f]{16,}", "(id)", reason)


def money_table(sums: list[tuple[str, float, float]]) -> str:
    """Whether the days of the ledger say what its edits add up to."""
    lines = [f"| {name} | {days:.3f} | {edits:.3f} |" for name, days, edits in sums]
    return "\n".join(["| dollars | by the days | by the edits |", "| --- | ---: | ---: |", *lines, ""])


def with_tables(page: str, tables: list[str]) -> str:
    """A page in which each of these tables has taken the place of the one with the same head."""
    for table in tables:
        head = table.partition("\n")[0] + "\n"
        before, found, after = page.partition(head)
        if found:
            page = before + table.rstrip("\n") + "\n\n" + after.partition("\n\n")[2]
    return page


def failures(played: list[Played], seed: int) -> str:
    """Each run that broke a rule: which, how to play it again, and its way."""
    return "\n".join(story(one, seed) for one in played if one.failed)


def story(one: Played, seed: int) -> str:
    lines = [f"FAILED {one.case}"]
    lines += [f"  {finding.rule}: {finding.detail}" for finding in one.score.findings]
    only = shlex.quote(f"--seed {seed} --only {shlex.quote(str(one.case))}")
    lines.append(f"  again: make faults ARGS={only}")
    if one.run:
        states = [question["who"] for question in one.run.watch.trace if question["kind"] == "state"]
        lines.append("  way: " + " ".join(states))
        asked = [question for question in one.run.watch.trace if question["kind"] == "effect"][-LAST:]
        lines += [f"    {asked_for['who']} {asked_for['phase']} {asked_for['name']}" for asked_for in asked]
    return "\n".join(lines)


def unmet(played: list[Played]) -> str:
    """The faults that were to be played and never came up."""
    single = [one for one in played if len(one.case.faults) == 1]  # of two, the first may keep the second from coming
    return "\n".join(f"never came up: {one.case}" for one in single if one.unmet)
