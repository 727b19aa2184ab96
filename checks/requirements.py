"""Locks what is installed: `--write` resolves again, otherwise says which lock is older than what it was made from.

Resolving again gives newer versions every day, so freshness is judged by a digest of the sources that each lock carries
in its first line, never by resolving.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
UV = REPOSITORY / ".workshop" / "uv" / "bin" / "uv"
OLDEST_PYTHON = "3.11"

# Lock: its sources, then the locks whose versions it must agree with. In the order of making.
LOCKS: dict[str, tuple[list[str], list[str]]] = {
    "localcloud/requirements/uv.txt": (["localcloud/requirements/uv.in"], []),
    "layers/core/requirements.txt": (["layers/core/pyproject.toml"], []),
    "layers/mediainfo/requirements.txt": (["layers/mediainfo/requirements.in"], []),
    "localcloud/requirements/lambda.txt": (["localcloud/requirements/lambda.in"], []),
    "localcloud/requirements/dev.txt": (
        ["localcloud/requirements/dev.in", "layers/core/pyproject.toml", "layers/mediainfo/requirements.in"],
        ["layers/core/requirements.txt", "layers/mediainfo/requirements.txt", "localcloud/requirements/lambda.txt"],
    ),
    "localcloud/requirements/sam.txt": (["localcloud/requirements/sam.in"], []),
    "localcloud/requirements/debug.txt": (["localcloud/requirements/debug.in"], []),
}


def first_line(sources: list[str]) -> str:
    """The line that a lock made from these sources, as they are now, begins with."""
    digest = hashlib.sha256(b"".join((REPOSITORY / source).read_bytes() for source in sources)).hexdigest()
    return f'# Made by "make requirements" from {", ".join(sources)} (sha256 {digest}).\n'


def stale_locks() -> list[str]:
    """The locks that are missing or whose sources have changed since."""
    return [
        lock
        for lock, (sources, _) in LOCKS.items()
        if not (REPOSITORY / lock).is_file()
        or not (REPOSITORY / lock).read_text(encoding="utf-8").startswith(first_line(sources))
    ]


def resolve(sources: list[str], agree_with: list[str]) -> str:
    """Every version and hash that satisfies the sources on all supported Pythons; no index and no path in it."""
    # A layer's hashes come from the public index alone: whatever this machine adds stays out of the lock.
    command = [str(UV), "pip", "compile", "--quiet", "--no-config", "--generate-hashes", "--universal"]
    command += ["--python-version", OLDEST_PYTHON, "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--no-emit-find-links"]
    for lock in agree_with:
        command += ["--constraint", lock]
    env = {name: value for name, value in os.environ.items() if name != "UV_FIND_LINKS"}
    env["UV_PYTHON_DOWNLOADS"] = "never"
    return subprocess.run(
        [*command, *sources], cwd=REPOSITORY, env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def write_locks() -> None:
    """Resolve every lock again, to the newest versions that its sources allow."""
    for lock, (sources, agree_with) in LOCKS.items():
        print(f"locking {lock}", file=sys.stderr, flush=True)
        (REPOSITORY / lock).write_text(first_line(sources) + resolve(sources, agree_with), encoding="utf-8")


def main() -> int:
    if "--write" in sys.argv[1:]:
        write_locks()
    stale = stale_locks()
    for lock in stale:
        print(f"{lock} is older than what it is made from: run `make requirements`")
    if not stale:
        print(f"requirements: {len(LOCKS)} locks match their sources")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
