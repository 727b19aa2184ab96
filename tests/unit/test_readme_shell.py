"""The shell that tests type the README's commands into fails where a person would see a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readme.shell import Shell, environment_of_a_person


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Shell(tmp_path, environment_of_a_person()) as shell:
        yield shell


def test_a_command_that_fails_is_shown_with_what_it_said(shell: Shell) -> None:
    with pytest.raises(AssertionError, match=r"ls nothing\nended with [12]:\n.*nothing"):
        shell.enter("ls nothing")
    with pytest.raises(AssertionError, match="ended with 1"):
        shell.enter("false && echo never")


def test_variables_and_the_folder_stay_from_line_to_line(shell: Shell, tmp_path: Path) -> None:
    shell.enter("mkdir inner && cd inner    # a comment, as the README has")
    shell.enter("read -rs SECRET", blindly="open $sesame")
    assert shell.enter('echo "$SECRET"; pwd') == f"open $sesame\n{tmp_path / 'inner'}\n"


def test_questions_are_answered_by_their_words_and_all_others_by_enter(shell: Shell) -> None:
    asking = "for name in One Two; do printf '\\tParameter %s [old]: ' $name; read -r word; echo \"<$word>\"; done"
    assert shell.enter(asking, answers={"Parameter Two": "new"}).split() == [
        *("Parameter", "One", "[old]:", "<>"),
        *("Parameter", "Two", "[old]:", "<new>"),
    ]


def test_only_whole_words_in_capitals_are_replaced(shell: Shell) -> None:
    assert shell.enter("echo s3://INBOX/INBOXES", INBOX="mine") == "s3://mine/INBOXES\n"


def test_what_a_make_above_was_told_does_not_reach_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAKEFLAGS", "TEST", "ARGS", "PROMPT", "DROPCUT_DEMO_PROMPT"):
        monkeypatch.setenv(name, "something")
    assert "something" not in environment_of_a_person().values()
