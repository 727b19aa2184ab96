"""docs/reliability.md keeps a score in which no rule is broken, and its three cases are those that can be played."""

from __future__ import annotations

import re

import pytest

from checks.documents import REPOSITORY
from tests.faults.__main__ import options
from tests.faults.scenario import WAYS
from tests.faults.score import ENDS, RULES
from tests.faults.situations import SCENARIOS
from tests.faults.stories import CASES, STORIES

PAGE = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
SCORE = dict(re.findall(r"^\| ([^|`:]+?) \| ([\d.]+) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("rule", RULES)
def test_the_score_says_that_no_run_broke_the_rule(rule: str) -> None:
    assert SCORE[rule] == "0"


def test_the_score_is_of_many_runs_and_adds_up() -> None:
    assert SCORE["billed generations per delivered edit"] == "1.000"
    assert int(SCORE["distinct runs with a fault"]) >= 400
    assert int(SCORE["edits"]) == sum(int(SCORE[f"... {end}"]) for end in ENDS)


def test_the_page_tells_each_story_with_its_case() -> None:
    told = dict(re.findall(r"^### (.+)\n\n`(.+)`$", PAGE, re.MULTILINE))
    assert told == STORIES
    assert {case.scenario for case in CASES} <= SCENARIOS.keys()


def test_the_page_counts_the_ways_and_shows_commands() -> None:
    assert f"({len(WAYS)} of them:" in PAGE
    typed = re.findall(r'^make faults ARGS="(.+?)"', PAGE, re.MULTILINE)
    assert len(typed) >= 4
    for arguments in typed:
        options(arguments.split())


def test_the_page_keeps_nothing_of_one_run() -> None:
    assert re.findall(r"subject-[0-9a-f]|127\.0\.0\.1", PAGE) == []
