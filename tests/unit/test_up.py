"""`make up` asks for commands that exist on the machine where it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localcloud import __main__ as command
from localcloud import up
from localcloud.dead_letters import announcement


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without an `aws` on PATH, and a workshop without a SAM CLI."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(up, "WORKSHOP", tmp_path / "workshop")
    return tmp_path / "workshop"


def program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)


def test_the_aws_command_of_the_machine_is_asked_for(workshop: Path, tmp_path: Path) -> None:
    program(tmp_path / "aws")
    program(workshop / "sam" / "bin" / "aws")
    assert up.aws_command() == "aws"


def test_without_one_the_workshops_is_asked_for(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(workshop / "sam" / "bin" / "aws")
    monkeypatch.chdir(workshop.parent)
    assert up.aws_command() == "workshop/sam/bin/aws"


def test_without_both_none_is_asked_for(workshop: Path) -> None:
    assert up.aws_command() is None
    commands = up.to_type(None, "in", "out", Path("my work/a.mp4"), Path("my work/a.json"))
    assert not any("aws" in command for command in commands)
    assert "'my work/a.mp4' in trip/a.mp4" in commands[0]
    assert "'my work/a.json' in trip/a.json" in commands[1]
    assert "out trip/a.mp4 edited/a.mp4" in commands[2]


@pytest.mark.parametrize(
    ("letter", "said"),
    [
        ({"detail-type": "Object Created", "detail": {"object": {"key": "a\x1b[2J.mp4"}}}, "a\ufffd[2J.mp4"),
        ({"detail-type": "Step Functions Execution", "detail": {"executionArn": "arn:x"}}, "arn:x"),
        ({"requestPayload": {"detail-type": "Scheduled Event", "detail": {}}}, "Scheduled Event"),
    ],
    ids=["of a rule", "of an execution", "of a clock"],
)
def test_a_dead_letter_of_any_kind_says_what_it_is_about(letter: dict[str, Any], said: str) -> None:
    assert f"  {said}\n" in announcement(1, [json.dumps(letter)], Path("logs"))


def test_help_says_what_each_command_does(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["localcloud", "--help"])
    with pytest.raises(SystemExit):
        command.main()
    shown = " ".join(capsys.readouterr().out.split())
    assert "up start the cloud and the provider simulator" in shown
    assert "demo drop a clip and its sidecar" in shown
