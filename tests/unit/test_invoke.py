"""One handler with its sample event by one command: what is said, and what a wrong command is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import invoke
from tests.fakes.machine import REPOSITORY

OUTCOMES = {
    "deliver_edit": '"output_key": "trip/beach.mp4"',
    "find_result": '"outcome": "completed"',
    "find_submission": '"outcome": "submitted"',
    "poll_edit": '"outcome": "completed"',
    "inspect_clip": '"seconds": 4.0',
    "recheck_edits": '"found": 1',
    "recover_drops": '"recent": 1',
    "restore_output": '"how": "unchanged"',
    "settle_execution": '"told": "FAILED"',
    "prepare_edit": '"verdict": "ready"',
    "report_failure": '"status": "FAILED"',
    "start_edit": '"waiting": []',
    "submit_edit": '"outcome": "submitted"',
    "sweep_drops": '"told": 1',
}
Captured = pytest.CaptureFixture[str]


def test_the_command_prints_the_event_log_calls_and_answer() -> None:
    command = [sys.executable, "-m", "tests.fakes", "invoke", "poll_edit"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    parts = [
        "functions/poll_edit/app.py, given events/poll_edit.json",
        "generation  outcome submitted",
        '"message": "polled"',
        "provider.status(a8088873) -> COMPLETED $1.68",
        "ledger.complete(",
        '{\n  "outcome": "completed"',
    ]
    places = [done.stdout.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_every_function_has_an_outcome_here() -> None:
    assert sorted(OUTCOMES) == invoke.VERBS


@pytest.mark.parametrize("verb", OUTCOMES)
def test_each_sample_event_succeeds_in_its_own_world(verb: str, capsys: Captured) -> None:
    assert invoke.main([verb]) == 0
    said = capsys.readouterr().out
    assert OUTCOMES[verb] in said
    answer = said.split("It returns\n\n", 1)[1]
    assert isinstance(json.loads(answer), dict)


def test_a_missing_request_record_leaves_the_search_to_the_history(capsys: Captured) -> None:
    invoke.main(["find_result"])
    assert "provider.past(2bc14cf2) -> COMPLETED" in capsys.readouterr().out


def test_an_event_of_ones_own_is_what_the_handler_gets(tmp_path: Path, capsys: Captured) -> None:
    event = json.loads((REPOSITORY / "events" / "start_edit.json").read_text(encoding="utf-8"))
    event["detail"]["object"]["key"] = "holiday/100% sun.json"
    (tmp_path / "mine.json").write_text(json.dumps(event), encoding="utf-8")
    assert invoke.main(["start_edit", str(tmp_path / "mine.json")]) == 0
    assert "executions.start(drop of holiday/100% sun.mp4) -> True" in capsys.readouterr().out


def test_a_handler_error_has_the_name_the_machine_sees(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    assert invoke.main(["poll_edit", str(tmp_path / "empty.json")]) == 1
    assert "It raises KeyError: 'generation'" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], [""], ["poll"], ["pollEdit", "events/poll_edit.json"]])
def test_an_unknown_verb_is_answered_with_the_known_ones(arguments: list[str], capsys: Captured) -> None:
    assert invoke.main(arguments) == 2
    said = capsys.readouterr().err
    assert [verb for verb in invoke.VERBS if verb not in said] == []


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read: No such file"), ("{", "is no JSON: "), ("[1]", "holds no JSON object")],
)
def test_an_event_that_is_none_is_told_in_words(
    tmp_path: Path, capsys: Captured, content: str | None, told: str
) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert invoke.main(["poll_edit", str(path)]) == 2
    said = capsys.readouterr().err
    assert str(path) in said
    assert told in said
