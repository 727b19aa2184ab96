"""`make volume`: hundreds of pairs dropped at the same moment are as many outputs, paid once each, every time."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from localcloud.cloud import CONCURRENCY
from tests.volume.flood import play


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.volume", description=__doc__)
    parser.add_argument("--pairs", type=int, default=300, help="how many (default: %(default)d)")
    limit = "functions that may run at once: 10 in a young account (default: %(default)d, as in others)"
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY, help=limit)
    parser.add_argument("--times", type=int, default=1, help="play it so often, each time in a new cloud")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    print(time.strftime("%H:%M:%S ") + text, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Play it; gives 0 if nothing was lost, held, or paid twice."""
    wanted, failed = options(arguments), 0
    for number in range(1, wanted.times + 1):
        workdir = Path(tempfile.mkdtemp(prefix="dropcut-volume-"))
        outcome = play(workdir, wanted.pairs, wanted.concurrency, say)
        print(outcome.table() + "\n", flush=True)
        if outcome.flawless:
            shutil.rmtree(workdir)
        else:
            failed += 1
            say(f"run {number} failed; logs in {workdir}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
