"""Where the demo writes: colour and movement for a terminal that has them, plain text for everything else."""

from __future__ import annotations

import pytest

from localcloud.terminal import cut, plain, width_of, wrap
from tests.unit.demo.screens import RICH, a_screen


def test_a_pipe_gets_plain_text_and_nothing_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, screen = a_screen(monkeypatch)
    terminal.live("12 of 200 s")
    terminal.say(terminal.paint("done", "bold", "green"))
    assert screen.shown() == "done\n"
    assert not terminal.shows_pictures


@pytest.mark.parametrize(
    ("environment", "moves", "colours", "pictures"),
    [
        (RICH, True, True, True),
        ({**RICH, "COLORTERM": "24bit"}, True, True, True),
        ({"TERM": "xterm"}, True, True, False),
        ({**RICH, "NO_COLOR": "1"}, True, False, False),
        ({**RICH, "NO_COLOR": ""}, True, True, True),
        ({**RICH, "TERM": "dumb"}, False, False, False),
        ({"COLORTERM": "truecolor"}, False, False, False),
    ],
)
def test_a_terminal_gets_what_it_says_that_it_can_show(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], moves: bool, colours: bool, pictures: bool
) -> None:
    terminal, _ = a_screen(monkeypatch, tty=True, environment=environment)
    assert (terminal.moves, terminal.colours, terminal.shows_pictures) == (moves, colours, pictures)
    assert ("\x1b" in terminal.paint("x", "bold")) == colours


def test_a_terminal_that_cannot_show_blocks_gets_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not a_screen(monkeypatch, tty=True, encoding="latin-1")[0].shows_pictures


def test_the_moving_line_never_wraps_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal, screen = a_screen(monkeypatch, tty=True, columns=30)
    terminal.live("x" * 80)
    terminal.live("short")
    terminal.say("kept")
    assert screen.shown() == f"\r{'x' * 29}\x1b[K\rshort\x1b[K\r\x1b[Kkept\n"


def test_text_of_a_stranger_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[2Jb\nc\x07\u202e") == "a\ufffd[2Jb c\ufffd\ufffd"


@pytest.mark.parametrize("columns", [8, 20, 40])
@pytest.mark.parametrize(
    "text", ["snow is falling on the bay", "雪が湾に降っている " * 3, "s3://" + "x" * 90, "", "é" * 30]
)
def test_wrapped_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(width_of(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_path_in_a_complaint_stays_whole() -> None:
    assert wrap("There is no /a/very/long/path", 10, breaking=False) == ["There is", "no", "/a/very/long/path"]


def test_a_cut_counts_columns_and_not_letters() -> None:
    assert cut("雪snow", 3) == "雪s"
    assert cut("e\N{COMBINING ACUTE ACCENT}tude", 2) == "e\N{COMBINING ACUTE ACCENT}t"
