"""What is typed, what is asked, and what the shell is told by the exit status."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from checks.documents import REPOSITORY
from dropcut.domain.model import State
from dropcut_cli import command
from dropcut_cli.errors import Refused
from dropcut_cli.lookup import Found
from tests.fakes.examples import a_notice, an_edit_in
from tests.fakes.services import FakeServices

EDIT = an_edit_in(State.IN_DOUBT, notice=a_notice(), event_id="1")
GIVE_UP = ("resolve", EDIT.edit_id, "--give-up")


class Terminal(io.StringIO):
    """Somebody sits there, and types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    world = FakeServices()
    world.ledger.edits[EDIT.edit_id] = EDIT
    lookup = SimpleNamespace(find=lambda term: Found(EDIT.edit_id if term == EDIT.edit_id else None, {}))
    monkeypatch.setattr(command, "open_stack", lambda _: SimpleNamespace(services=world, lookup=lookup, who="anna"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return world


def state(world: FakeServices) -> State:
    return world.ledger.edits[EDIT.edit_id].state


def test_a_dry_run_answers_on_stdout_and_writes_nothing(
    world: FakeServices, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*GIVE_UP, "--dry-run"]) == 0
    assert "state: IN_DOUBT -> ABANDONED" in capsys.readouterr().out
    assert world.ledger.edits[EDIT.edit_id] == EDIT
    assert world.ledger.audits == {}


def test_without_a_terminal_it_needs_yes(world: FakeServices, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*GIVE_UP]) == 2
    assert state(world) is State.IN_DOUBT
    assert "--yes" in capsys.readouterr().err
    assert command.main([*GIVE_UP, "--yes"]) == 0
    assert state(world) is State.ABANDONED
    said = capsys.readouterr()
    assert "The edit is ABANDONED" in said.out
    assert "IN_DOUBT -> ABANDONED" in said.err, "what is written is shown, but it is not the answer"


def test_a_young_submission_is_unbilled_only_with_early(
    world: FakeServices, capsys: pytest.CaptureFixture[str]
) -> None:
    not_billed = ("resolve", EDIT.edit_id, "--not-billed")
    for more in (("--dry-run",), ("--yes",)):
        assert command.main([*not_billed, *more]) == 1
        said = capsys.readouterr()
        assert ("--early" in said.err, said.out) == (True, "")
    assert command.main([*not_billed, "--early", "--dry-run"]) == 0
    assert "pays twice" in capsys.readouterr().out
    assert state(world) is State.IN_DOUBT
    assert command.main([*not_billed, "--early", "--yes"]) == 0
    assert state(world) is State.FAILED
    assert command.main([*GIVE_UP, "--early", "--yes"]) == 2
    assert "belongs to --not-billed" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "status", "becomes"), [
    ("y\n", 0, State.ABANDONED), ("YES\n", 0, State.ABANDONED), ("n\n", 1, State.IN_DOUBT), ("\n", 1, State.IN_DOUBT),
    ("", 1, State.IN_DOUBT),
])  # fmt: skip
def test_a_terminal_is_asked_once_and_yes_means_yes(
    world: FakeServices, monkeypatch: pytest.MonkeyPatch, typed: str, status: int, becomes: State
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert command.main([*GIVE_UP]) == status
    assert state(world) is becomes


@pytest.mark.parametrize("typed", [
    (), ("resolve",), ("resolve", "x"), ("resolve", "x", "--adopt", "r", "--give-up"), ("status", "x", "y"), ("sweep",)
])  # fmt: skip
def test_a_typing_error_is_told_apart_from_a_refusal(typed: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main(list(typed))
    assert left.value.code == 2


def test_a_drop_without_an_edit_has_nothing_to_resolve(world: FakeServices, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["resolve", "trip/beach.mp4", "--give-up", "--yes"]) == 1
    assert "came to no edit" in capsys.readouterr().err


def test_an_edit_that_is_delivered_is_refused(world: FakeServices, capsys: pytest.CaptureFixture[str]) -> None:
    world.ledger.edits[EDIT.edit_id] = replace(EDIT, state=State.DELIVERED)
    assert command.main([*GIVE_UP, "--yes"]) == 1
    assert "The edit is DELIVERED" in capsys.readouterr().err


TROUBLE: list[tuple[BaseException, int, str]] = [
    (Refused("in words"), 1, "in words"),
    (NoCredentialsError(), 1, "no AWS credentials"),
    (NoRegionError(), 1, "AWS_DEFAULT_REGION"),
    (ClientError({"Error": {"Code": "AccessDenied", "Message": "you may not"}}, "Scan"), 1, "you may not"),
    (KeyboardInterrupt(), 130, "Stopped"),
]


@pytest.mark.parametrize(("trouble", "status", "words"), TROUBLE, ids=lambda value: type(value).__name__)
def test_trouble_is_told_in_words_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: BaseException, status: int, words: str
) -> None:
    def open_stack(_: str) -> Any:
        raise trouble

    monkeypatch.setattr(command, "open_stack", open_stack)
    assert command.main(["status"]) == status
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


def test_the_stack_is_named_by_option_or_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def open_stack(name: str) -> Any:
        asked.append(name)
        raise Refused("enough")

    monkeypatch.setattr(command, "open_stack", open_stack)
    monkeypatch.delenv("DROPCUT_STACK", raising=False)
    command.main(["status"])
    command.main(["--stack", "one", "status"])
    command.main(["status", "--stack", "two"])
    monkeypatch.setenv("DROPCUT_STACK", "three")
    command.main(["status"])
    assert asked == ["dropcut", "one", "two", "three"]


def test_without_its_workshop_the_script_says_what_to_type(tmp_path: Path) -> None:
    script = tmp_path / "dropcut"
    script.write_bytes((REPOSITORY / "dropcut").read_bytes())
    script.chmod(0o755)
    done = subprocess.run([str(script)], env={"PATH": os.defpath}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"make -C {tmp_path} setup" in done.stderr


def test_the_script_runs_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(REPOSITORY / "dropcut"), "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "status" in done.stdout
