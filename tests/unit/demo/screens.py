"""A terminal that remembers what it shows, as wide and as able as a test wants it."""

from __future__ import annotations

import io
import re

import pytest

from localcloud.terminal import Terminal

RICH = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


class Screen(io.TextIOWrapper):
    """A stream that is a terminal or none, in UTF-8 or another encoding."""

    def __init__(self, tty: bool, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="replace", newline="")
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    def shown(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode(self.encoding)


def a_screen(
    monkeypatch: pytest.MonkeyPatch,
    *,
    tty: bool = False,
    columns: int = 100,
    encoding: str = "utf-8",
    environment: dict[str, str] | None = None,
) -> tuple[Terminal, Screen]:
    """A terminal and what it is shown on."""
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = Screen(tty, encoding)
    return Terminal(screen, RICH if environment is None else environment), screen


def without_colour(text: str) -> str:
    """What a person reads."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
