"""What the campaign prints: a score that adds up, and a command that plays a failed run again."""

from __future__ import annotations

import shlex

from tests.faults import report
from tests.faults.__main__ import options, spelled
from tests.faults.campaign import Played, chosen
from tests.faults.points import Case
from tests.faults.score import TWICE, Finding, Score

CRASH = Case.parse("plain: effect submit_edit.1 POST /v2/kling-o3-video2video-edit.1 after -> crash")
ABORT = Case.parse("plain: state PollEdit.1 entry.1 at -> abort")


def well(case: Case) -> Played:
    return Played(case, score=Score(["DELIVERED"], billed=1, billed_for_delivered=1))


def bad(case: Case) -> Played:
    twice = Score(["DELIVERED"], billed=2, billed_for_delivered=2, findings=[Finding(TWICE, "as r1 and r2")])
    return Played(case, score=twice)


def number(table: str, what: str) -> str:
    (line,) = [line for line in table.splitlines() if line.startswith(f"| {what} |")]
    return line.split("|")[2].strip()


def test_the_score_counts_what_was_billed_for_what_was_delivered() -> None:
    table = report.score_table([well(CRASH), well(CRASH)])
    assert number(table, "billed generations per delivered edit") == "1.000"
    assert number(table, TWICE) == "0"
    worse = report.score_table([well(CRASH), bad(CRASH)])
    assert number(worse, "billed generations per delivered edit") == "1.500"
    assert number(worse, TWICE) == "1"


def test_a_failed_run_names_the_command_that_replays_it() -> None:
    text = report.failures([well(CRASH), bad(CRASH)], seed=7)
    (command,) = [line for line in text.splitlines() if "make faults" in line]
    arguments = shlex.split(shlex.split(command)[-1].removeprefix("ARGS="))
    wanted = options(arguments)
    assert wanted.seed == 7
    assert spelled(wanted.only) == CRASH


def test_a_run_without_its_fault_is_not_counted() -> None:
    assert number(report.score_table([well(CRASH)]), "distinct runs with a fault") == "0"
    assert str(CRASH) in report.unmet([well(CRASH)])


def test_a_situation_is_named_by_its_kind() -> None:
    one = Played(Case("answer lost, row after a day", ()), score=Score(["IN_DOUBT"], billed=1))
    assert "| time: answer lost, row after a day | 1 | 0 | 0 | 1 | 0 | 0 | 0 |" in report.faults_table([one])
    table = report.score_table([one, well(CRASH)])
    assert number(table, "distinct runs with a fault") == "1"
    assert number(table, "edits that still need a person") == "1"


def test_a_page_gets_new_tables_and_keeps_its_words() -> None:
    page = "# Page\n\n| what | number |\n| --- | ---: |\n| runs | 1 |\n\nWords.\n\n| other | number |\n| --- | ---: |\n"
    new = "| what | number |\n| --- | ---: |\n| runs | 2 |\n"
    assert report.with_tables(page, [new, "| unknown |\n"]) == page.replace("| runs | 1 |", "| runs | 2 |")


def test_a_case_is_chosen_by_text_or_pattern() -> None:
    assert chosen([CRASH, ABORT], "submit_edit") == chosen([CRASH, ABORT], "effect * crash") == [CRASH]
    assert spelled("effect * crash") is None
    assert spelled(None) is None
