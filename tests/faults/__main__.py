"""`make faults`: every fault at every point of every way, one at a time and in pairs, and the score of it all."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import report, stories
from tests.faults.campaign import Campaign, Played, chosen
from tests.faults.points import Case, pairs, subset
from tests.faults.scenario import SHORT_WAYS, WAYS
from tests.faults.situations import SCENARIOS, SHORT, SITUATIONS
from tests.faults.stage import set_stage

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
CENT = 0.005  # dollars, below which sums are equal


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="draws the pairs")
    parser.add_argument("--pairs", type=int, default=100, help="runs with two faults")
    parser.add_argument("--only", metavar="PATTERN", help="a part of a case's text, a pattern for it, or all of it")
    parser.add_argument("--subset", action="store_true", help="two minutes: a few faults of every kind")
    parser.add_argument("--people", action="store_true", help="only what people, time and volume do")
    parser.add_argument("--jobs", type=int, default=16, help="edits at once")
    parser.add_argument("--concurrency", type=int, help="an account that runs only so many functions at once")
    parser.add_argument("--table", type=Path, help="write the score there, as Markdown")
    parser.add_argument("--page", action="store_true", help="write the score into docs/reliability.md")
    parser.add_argument("--stories", action="store_true", help="play three of the worst and tell them in full")
    parser.add_argument("--list", action="store_true", help="name the cases and play none")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    print(time.strftime("%H:%M:%S ") + text, file=sys.stderr, flush=True)


def spelled(pattern: str | None) -> Case | None:
    """The one case that a pattern spells in full, so that it needs no enumeration."""
    try:
        case = Case.parse(pattern or "")
    except ValueError:
        return None
    return case if case.scenario in SCENARIOS and str(case) == pattern else None


def play(campaign: Campaign, wanted: argparse.Namespace) -> list[Played]:
    if wanted.stories:
        return campaign.play(stories.CASES)
    if one := spelled(wanted.only):
        return campaign.play([Case(one.scenario, ()), one] if one.faults else [one])
    ways = [way.name for way in WAYS if (wanted.only or "").startswith(f"{way.name}:")]
    cases, quiet = campaign.record(ways or (SHORT_WAYS if wanted.subset else [way.name for way in WAYS]))
    cases = subset(cases) if wanted.subset else [*cases, *pairs(cases, wanted.pairs, wanted.seed)]
    cases = [case for case in cases if case.of_people] if wanted.people else cases
    cases += SHORT if wanted.subset else [Case(situation.name, ()) for situation in SITUATIONS]
    cases = chosen(cases, wanted.only) if wanted.only else cases
    say(f"{len(quiet)} ways recorded, {len(cases)} cases")
    if wanted.list:
        print("\n".join(map(str, cases)))
        return quiet
    return quiet + campaign.play(cases)


def main(arguments: list[str]) -> int:
    wanted, began = options(arguments), time.monotonic()
    workdir = Path(tempfile.mkdtemp(prefix="dropcut-faults-"))
    account = {"concurrency": wanted.concurrency} if wanted.concurrency else {}
    with set_stage(workdir, **account) as (stage, messages):
        campaign = Campaign(stage, messages, wanted.jobs, say)
        played = play(campaign, wanted)
        campaign.settle(played)
        books = campaign.judge(played)
        sums = books.money()
    failed = any(one.failed for one in played) or any(abs(days - edits) > CENT for _, days, edits in sums)
    score = [report.score_table(played), report.money_table(sums)]
    tables = [*score, report.faults_table(played), report.held_table(played)]
    if wanted.stories:
        print(stories.tell(played, books.accounts))
    print("\n".join([*tables, report.failures(played, wanted.seed), report.unmet(played)]))
    if wanted.page:
        PAGE.write_text(report.with_tables(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8")
    if wanted.table:
        wanted.table.write_text("\n".join(tables), encoding="utf-8")
    say(f"{len(played)} runs in {time.monotonic() - began:.0f} s" + (f"; logs in {workdir}" if failed else ""))
    if not failed:
        shutil.rmtree(workdir)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
