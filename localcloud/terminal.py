"""What the demo writes on: colour and movement only where a terminal shows them, and no line wider than its window."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Mapping
from typing import TextIO

NARROWEST, WIDEST, UNKNOWN = 20, 110, 100  # columns: of the least window, of the widest text, where there is no window
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
START_OF_LINE, CLEAR_TO_END = "\r", "\x1b[K"


class Terminal:
    """A stream to print on. ``moves``: a line can be rewritten; ``shows_pictures``: it has true colour."""

    def __init__(self, stream: TextIO, environment: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self._written = False  # a line that the next one replaces
        self.moves = stream.isatty() and environment.get("TERM", "dumb") != "dumb"
        self.colours = self.moves and not environment.get("NO_COLOR")
        self.shows_unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
        truly = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
        self.shows_pictures = self.colours and self.shows_unicode and truly

    @property
    def columns(self) -> int:
        """The width of the window as it is now."""
        return max(NARROWEST, shutil.get_terminal_size((UNKNOWN, 24)).columns)

    @property
    def text_columns(self) -> int:
        """The width of running text, which is hard to read if it is wider."""
        return min(self.columns, WIDEST)

    def say(self, text: str = "") -> None:
        """Print at once, in the place of the line that moves."""
        self.clear()
        print(text, file=self._stream, flush=True)

    def tell(self, text: str) -> None:
        """Print a sentence in lines that fit."""
        self.say("\n".join(wrap(plain(text), self.text_columns)))

    def live(self, text: str) -> None:
        """Rewrite the line that moves; nothing where lines cannot move."""
        if self.moves:
            # One column stays free: a full line would wrap, and could not be rewritten.
            print(START_OF_LINE + cut(text, self.columns - 1) + CLEAR_TO_END, end="", file=self._stream, flush=True)
            self._written = True

    def clear(self) -> None:
        """Take the line that moves away."""
        if self._written:
            print(START_OF_LINE + CLEAR_TO_END, end="", file=self._stream, flush=True)
            self._written = False

    def paint(self, text: str, *styles: str) -> str:
        """Return the text in some styles, or as it is where there is no colour."""
        if not self.colours or not text:
            return text
        return f"\x1b[{';'.join(STYLES[style] for style in styles)}m{text}\x1b[0m"


def plain(text: str) -> str:
    """Return the text with nothing in it that could steer a terminal, on one line."""
    return "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def width_of(text: str) -> int:
    """Return how many columns a text takes: two for the wide letters of East Asia, none for combining ones."""
    return sum(_columns(letter) for letter in text)


def cut(text: str, columns: int) -> str:
    """Return as much of the beginning as fits."""
    taken = 0
    for number, letter in enumerate(text):
        taken += _columns(letter)
        if taken > columns:
            return text[:number]
    return text


def wrap(text: str, columns: int, *, breaking: bool = True) -> list[str]:
    """Return the words of a text in lines that fit; a longer word is broken, or else has a line of its own."""
    lines = [""]
    for word in text.split():
        gap = " " if lines[-1] else ""
        if width_of(lines[-1] + gap + word) <= columns:
            lines[-1] += gap + word
            continue
        lines += [""] if lines[-1] else []
        while breaking and width_of(word) > columns:
            lines[-1:] = [cut(word, columns), ""]
            word = word[len(lines[-2]) :]  # noqa: PLW2901 - what is left of it
        lines[-1] = word
    return lines


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
