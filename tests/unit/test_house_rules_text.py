"""House rules about the repository as a whole: nothing of one person's machine in it, and locks that can be trusted."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from checks.documents import REPOSITORY
from checks.requirements import LOCKS, stale_locks

MADE_HERE = {".git", ".workshop", ".aws-sam", "demo-output", "__pycache__", ".mypy_cache", ".ruff_cache"}
MADE_HERE |= {".pytest_cache", ".hypothesis"}

ONE_MACHINE = re.compile(r"(?<![\w.-])/(?:root|home/\w+|Users/\w+)(?:/|\b)")
A_REGISTRY = re.compile(
    r"(?:[p]ypi\.(?:org|python\.org)|[p]ythonhosted\.org|registry\.[n]pmjs\.org|[c]rates\.io|proxy\.[g]olang\.org)",
    re.IGNORECASE,
)


def tracked_files() -> Iterator[Path]:
    """The repository's own files: what git tracks, or, in an unpacked archive, whatever was not made here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        yield from (REPOSITORY / name for name in listed.stdout.split("\0") if name and (REPOSITORY / name).is_file())
        return
    for path in REPOSITORY.rglob("*"):
        if path.is_file() and not MADE_HERE & set(path.relative_to(REPOSITORY).parts):
            yield path


def lines_like(pattern: re.Pattern[str]) -> list[str]:
    """`file:line` of every match in the repository's text files."""
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        name = path.relative_to(REPOSITORY)
        found += [f"{name}:{number}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    return found


def test_no_file_names_a_package_registry() -> None:
    assert lines_like(A_REGISTRY) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_like(ONE_MACHINE) == []


def test_every_lock_carries_hashes_and_matches_its_sources() -> None:
    assert stale_locks() == []
    for lock in LOCKS:
        text = (REPOSITORY / lock).read_text(encoding="utf-8")
        pins = re.findall(r"^[\w.-]+==[^\n]*", text, re.MULTILINE)
        assert pins, lock
        assert all(pin.rstrip().endswith("\\") for pin in pins), f"{lock} pins without a hash"


def test_boto3_stays_the_lambda_runtimes_own() -> None:
    for layer in ("layers/core", "layers/mediainfo"):
        assert not re.search(
            r"^(boto3|botocore)\b", (REPOSITORY / layer / "requirements.txt").read_text(), re.MULTILINE
        )


def test_ignored_files_are_not_tracked() -> None:
    assert [str(path) for path in tracked_files() if MADE_HERE & set(path.relative_to(REPOSITORY).parts)] == []
