"""`make debug` says in words what is wrong with it before it starts anything."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from localcloud.cloud import A_DAY, REPOSITORY
from tests.e2e import debugging

TEST = "tests/e2e/test_names.py"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no function to be debugged to the next test."""
    monkeypatch.delenv(debugging.VARIABLE, raising=False)
    monkeypatch.setattr(debugging, "debugger_folder", lambda: Path("/debugger"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "usage: make debug VERB=poll_edit"),
        (["poll_edit"], "usage: make debug VERB=poll_edit"),
        (["polledit", TEST], "There is no function 'polledit'. VERB is one of deliver_edit, "),
        (["poll_edit", "tests/e2e/test_nowhere.py::test_x"], "There is no test 'tests/e2e/test_nowhere.py::test_x'"),
    ],
)
def test_a_wrong_command_is_told_in_words(arguments: list[str], told: str, capsys: Captured) -> None:
    assert debugging.main(arguments) == 2
    assert told in capsys.readouterr().err


def test_a_missing_debugger_is_explained(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(debugging, "debugger_folder", lambda: None)
    assert debugging.main(["poll_edit", TEST]) == 2
    assert "`make dev` puts one there" in capsys.readouterr().err


def test_the_debugged_test_runs_alone_without_a_timeout(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    ran: list[list[str]] = []

    def run(arguments: list[str]) -> int:
        ran.append(arguments)
        return 0

    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(pytest, "main", run)
    assert debugging.main(["find_submission", TEST]) == 0
    assert ran == [["-s", "--timeout=0", TEST]]
    wanted = debugging.debugged()
    assert wanted
    assert wanted.logical_id == "FindSubmissionFunction"
    assert [folder.removeprefix(str(REPOSITORY)) for folder in wanted.sources] == [
        "/functions/find_submission",
        "/layers/core",
    ]
    assert debugging.patience(90) == A_DAY


def test_a_usual_run_debugs_nothing() -> None:
    assert debugging.debugged() is None
    assert debugging.patience(90) == 90


def test_a_taken_port_is_left_to_whoever_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(debugging, "USUAL_PORT", taken.getsockname()[1])
        assert debugging._free_port() != taken.getsockname()[1]
