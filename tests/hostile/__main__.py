"""A corpus of hostile clips: `python -m tests.hostile DIRECTORY` writes it, `--check` drops each clip."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hostile.corpus import CORPUS, Hostile
from tests.hostile.exam import End

MIB = 1 << 20
HEADINGS = f"{'clip':<34} {'bytes':>11} {'seconds':>7} {'MB':>5} {'+MB':>5}  end"


def main() -> int:
    """0 if every clip ended as it must."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", help="where the clips are written and kept")
    parser.add_argument(
        "--check", action="store_true", help="drop each clip, and compare its end with the expected one"
    )
    parser.add_argument("--only", default="", metavar="PATTERN", help="a pattern for names")
    wanted = parser.parse_args()
    if not (wanted.directory or wanted.check):
        parser.error("say where to write them, or --check")
    chosen = [clip for clip in CORPUS if re.search(wanted.only, clip.name)]
    if wanted.directory:
        wanted.directory.mkdir(parents=True, exist_ok=True)
        return _all(chosen, wanted.directory, wanted.check, keep=True)
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        return _all(chosen, Path(folder), wanted.check, keep=False)


def _all(chosen: list[Hostile], folder: Path, check: bool, keep: bool) -> int:
    if check:
        print(HEADINGS)
    wrong = 0
    for clip in chosen:
        path = folder / f"{clip.name}.mp4"
        size = clip.write(path)
        if check:
            wrong += not _check(clip, path, size)
        else:
            print(f"{path}  {size:,} bytes: {clip.end}")
        if not keep:
            path.unlink()
    if check:
        print(f"{len(chosen) - wrong} of {len(chosen)} ended as they must")
    return 1 if wrong else 0


def _check(clip: Hostile, path: Path, size: int) -> bool:
    """Drop one clip in a process of its own, so that its memory can be told, and print a line."""
    command = [sys.executable, "-m", "tests.hostile.exam", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{clip.name:<34} {size:>11,} {'':>7} {'':>5} {'':>5}  DIED: {done.stderr.strip()[-200:]}")
        return False
    seen = json.loads(done.stdout)
    end = End(**seen["end"])
    numbers = f"{seen['seconds']:>7.1f} {seen['own'] // MIB:>5} {seen['child'] // MIB:>5}"
    print(f"{clip.name:<34} {size:>11,} {numbers}  {end}", flush=True)
    if not end.is_as(clip.end):
        print(f"{'':>34} must end with: {clip.end}", flush=True)
    return end.is_as(clip.end)


if __name__ == "__main__":
    sys.exit(main())
