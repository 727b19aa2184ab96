"""What `make` says and hands on before any Python of ours runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from checks.documents import REPOSITORY


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("python", "words"),
    [("no-such-python", "No no-such-python on PATH"), ("false", "false does not run as a Python")],
)
def test_an_interpreter_that_cannot_be_used_is_told_in_words(python: str, words: str) -> None:
    done = make("setup", f"PYTHON={python}")
    assert done.returncode != 0
    assert words in done.stderr
    assert "make" in done.stderr, "what to type instead"


def test_an_old_interpreter_is_told_what_is_needed(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    pretending = "import sys; sys.version_info = (3, 9, 0); exec(sys.argv[1])"
    old.write_text(f"#!/bin/sh\nexec python3 -c '{pretending}' \"$2\"\n")
    old.chmod(0o755)
    done = make("setup", f"PYTHON={old}")
    assert done.returncode != 0
    assert "This is Python 3.9; Dropcut needs 3.11" in done.stderr


@pytest.mark.parametrize("words", ['a "quoted" $5 word, it\'s $(here)', ""])
def test_words_for_the_demo_reach_it_unchanged(words: str, tmp_path: Path) -> None:
    listing = tmp_path / "listing.mk"
    listing.write_text("listing:\n\t@env\n")
    shown = make("-f", "Makefile", "-f", str(listing), "listing", f"PROMPT={words}").stdout.splitlines()
    assert f"DROPCUT_DEMO_PROMPT={words}" in shown


def test_what_is_not_given_to_the_demo_is_not_there(tmp_path: Path) -> None:
    listing = tmp_path / "listing.mk"
    listing.write_text("listing:\n\t@env\n")
    shown = make("-f", "Makefile", "-f", str(listing), "listing").stdout
    assert "DROPCUT_DEMO_" not in shown


def test_help_names_every_target(tmp_path: Path) -> None:
    phony = next(line for line in (REPOSITORY / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    said = make("help").stdout
    assert [name for name in phony.split()[1:] if f"make {name} " not in said] == []
