"""A piece of the product alone, against the fakes: `python -m tests.fakes invoke VERB [EVENT]` or `walk [--help]`."""

from __future__ import annotations

import os
import sys

from tests.fakes import invoke, walk

COMMANDS = {"invoke": invoke.main, "walk": walk.main}

if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    try:
        status = COMMANDS[sys.argv[1]](sys.argv[2:])
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)
