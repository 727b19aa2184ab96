"""The commands that a page tells its reader to type, so that tests type them as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable

from checks.documents import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(`+)(?!`)((?:(?!\n\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
PROGRAM = re.compile(r"(?:\w+=\S* )*(?:make|sam|aws|pip|curl|git|python[\d.]*|\.workshop/\S+) \S")


def commands(page: str) -> list[str]:
    """Every command of a page once: the lines of its `sh` blocks, then those within sentences that add to them."""
    typed = [line for block in BLOCK.findall(page) for line in lines(block)]
    parts = [part.strip() for line in typed for part in line.split("&&")]
    for _, code in INLINE.findall(FENCED.sub("", page)):
        words = " ".join(code.split())
        if PROGRAM.match(words) and not only_named(words, parts):
            typed.append(words)
    return list(dict.fromkeys(typed))


def lines(block: str) -> list[str]:
    """What is typed before each Enter that ends a command: a line that ends in a backslash goes on in the next."""
    whole = block.replace("\\\n", " ")
    return [line.strip() for line in whole.splitlines() if line.strip() and not line.startswith("#")]


def only_named(words: str, parts: list[str]) -> bool:
    """True where a sentence names a command by its first words, as `sam build`, that a block has in full."""
    return not words.startswith("make ") and any(begins(part, [words]) for part in parts)


def readme(*beginnings: str) -> list[str]:
    """The README's commands that begin with one of these; whoever asks for them types them.

    `tests/unit/test_readme_commands.py` looks who asks, and is red where nobody does.
    """
    return [command for command in commands(README) if begins(command, beginnings)]


def begins(command: str, beginnings: Iterable[str]) -> bool:
    """True if a command begins with one of these, which end where a word ends."""
    return any(re.match(rf"{re.escape(words)}(?![\w-])", command) for words in beginnings)
