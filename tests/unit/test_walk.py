"""The state machine alone, told state by state: what each option puts in its way, and how it ends then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dropcut.observability import logger
from tests.fakes import walk
from tests.fakes.machine import REPOSITORY, definition

Captured = pytest.CaptureFixture[str]


def told(capsys: Captured, *arguments: str) -> str:
    assert walk.main(list(arguments)) == 0
    return capsys.readouterr().out


def states_in(said: str) -> list[str]:
    """The states that were named, in order."""
    words = [line.split() for line in said.splitlines() if line.startswith(" ")]
    return [line[1] for line in words if len(line) > 1 and line[1] in definition()["States"]]


def test_a_walk_names_timed_states_and_ends_with_the_message() -> None:
    command = [sys.executable, "-m", "tests.fakes", "walk"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert states_in(done.stdout)[:6] == [
        "IsTakenUpAgain", "WaitForSettling", "InspectClip", "PrepareEdit", "IsEditReady", "SubmitEdit",
    ]  # fmt: skip
    assert "0:02:30  PollEdit           generation: outcome running, polls 1" in done.stdout
    assert "0:03:57  DeliverEdit        ending: how delivered, output_key trip/beach.mp4" in done.stdout
    assert "Sent: 1. Charged: $1.68." in done.stdout
    assert "Subject: Dropcut DELIVERED: beach.mp4" in done.stdout
    assert done.stdout.splitlines()[0].split() == ["time", "state", "what", "came", "of", "it"]


@pytest.mark.parametrize(
    ("option", "through", "status", "sent"),
    [
        (["--seconds", "100"], "IsEditDone", "DELIVERED", 1),
        (["--lose-answer"], "FindSubmission", "DELIVERED", 1),
        (["--lose-request"], "WaitForHistory", "IN_DOUBT", 1),
        (["--busy", "2"], "SubmitEdit", "DELIVERED", 3),
        (["--refuse"], "ReportFailure", "FAILED", 1),
        (["--fail", "capacity"], "WaitForCapacity", "FAILED", 3),
        (["--fail", "content policy"], "ReportFailure", "FAILED", 1),
        (["--expire"], "FindResult", "DELIVERED", 1),
        (["--reject"], "EndWithoutBuying", "REJECTED", 0),
        (["--die-at", "7"], "PrepareEdit", "DELIVERED", 1),
    ],
)
def test_each_obstacle_leads_through_its_states_to_its_end(
    capsys: Captured, option: list[str], through: str, status: str, sent: int
) -> None:
    said = told(capsys, *option)
    assert through in states_in(said)
    assert f"Subject: Dropcut {status}: beach.mp4" in said
    assert f"Sent: {sent}." in said


def test_an_error_is_told_where_it_happens_and_how_often(capsys: Captured) -> None:
    assert "SubmitEdit         ProviderBusy: HTTP 429: Too Many Requests (2 times)" in told(capsys, "--busy", "2")


def test_a_sandbox_dies_at_the_call_that_was_named(capsys: Captured) -> None:
    said = told(capsys, "--die-at", "15")
    (line,) = [line for line in said.splitlines() if "the sandbox dies" in line]
    assert "SubmitEdit         Sandbox.Timedout: ledger.reserve(" in line


def test_a_submission_lost_with_its_sandbox_is_never_sent_again(capsys: Captured) -> None:
    calls = range(14, 28)
    (said,) = [text for text in (told(capsys, "--die-at", str(at), "--late") for at in calls)
               if "Sandbox.Timedout: provider.submit" in text]  # fmt: skip
    assert "FindSubmission" in states_in(said)
    assert "Sent: 1. Charged: $1.68." in said


def test_a_call_that_does_not_come_is_said(capsys: Captured) -> None:
    assert "Nothing died: there were only" in told(capsys, "--die-at", "9999")


def test_dropping_again_buys_nothing(capsys: Captured) -> None:
    said = told(capsys, "--again")
    assert said.count("Sent: 1. Charged: $1.68.") == 2
    assert "Subject: Dropcut UNCHANGED: beach.mp4" in said


def test_a_sidecar_of_ones_own_is_what_is_read(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"prompt": "a noir film", "mode": "std"}', encoding="utf-8")
    assert "mode std" in told(capsys, "--sidecar", str(path))
    with pytest.raises(SystemExit):
        walk.main(["--sidecar", str(tmp_path / "missing.json")])
    assert "there is no file" in capsys.readouterr().err


def test_similar_rounds_of_a_loop_are_only_counted(capsys: Captured) -> None:
    said = told(capsys, "--expire")
    assert "more states like these" in said
    assert len(said.splitlines()) < 75


def test_log_lines_are_left_out_and_the_level_is_put_back(capsys: Captured) -> None:
    level = logger.log_level
    told(capsys)
    assert logger.log_level == level
    command = [sys.executable, "-m", "tests.fakes", "walk"]
    for options, logged in (([], False), (["--logs"], True)):
        done = subprocess.run([*command, *options], cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert ('"message": "polled"' in done.stdout) == logged
