"""Runs an end-to-end test whose one function waits for your debugger: `make debug VERB=poll_edit TEST=...`.

The function runs from this repository's files, so a breakpoint needs no path mapping, and no time-out ends it while you
look: not the function's, not the state machine's, not the test's. How to attach: docs/development.md.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from localcloud.cloud import A_DAY, REPOSITORY, WORKSHOP, Cloud, Debugged

VARIABLE = "DROPCUT_DEBUG"  # from the command to the fixtures of the run that it starts
USUAL_PORT = 5678  # debugpy's own
VERBS = sorted(path.parent.name for path in REPOSITORY.glob("functions/*/app.py"))
USAGE = "usage: make debug VERB=poll_edit TEST=tests/e2e/test_names.py::test_a_clip_may_lie_in_no_folder"


def debugged() -> Debugged | None:
    """The function that is looked into in this run of the tests; None in any usual run."""
    given = os.environ.get(VARIABLE)
    return Debugged(**json.loads(given)) if given else None


def patience(seconds: float) -> float:
    """How long a test waits: as long as given, or as long as somebody looks at variables."""
    return A_DAY if debugged() else seconds


def announce(cloud: Cloud) -> None:
    """Say on the terminal whenever the function begins to wait for a debugger."""
    wanted = debugged()
    if wanted:
        threading.Thread(target=_watch, args=(cloud, wanted), daemon=True).start()


def _watch(cloud: Cloud, wanted: Debugged) -> None:
    said = 0
    while cloud.is_running():
        logs = cloud.workdir.glob(f"lambda-*-{wanted.logical_id}-*.log")
        waits = sum(log.read_text(errors="replace").count("waiting for a debugger on") for log in logs)
        if waits > said:
            said = waits
            print(f"\n{wanted.logical_id} waits for your debugger on 127.0.0.1:{wanted.port}", flush=True)
        time.sleep(0.2)


def main(arguments: list[str]) -> int:
    """Check what was asked for, then run the test in this process, with its output on the terminal."""
    problem = _problem(arguments)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    verb, *tests = arguments
    sources = [REPOSITORY / "functions" / verb, REPOSITORY / "layers" / "core"]
    wanted = Debugged(
        logical_id=verb.title().replace("_", "") + "Function",
        sources=[str(folder) for folder in sources],
        libraries=str(debugger_folder()),
        port=_free_port(),
    )
    os.environ[VARIABLE] = json.dumps(asdict(wanted))
    print(f"functions/{verb}/app.py and layers/core/ run as they are here; no time-out ends them.", flush=True)
    return int(pytest.main(["-s", "--timeout=0", *tests]))


def _problem(arguments: list[str]) -> str:
    """What is wrong with the command line, in words, or nothing."""
    if len(arguments) < 2:
        return f"{USAGE}\nVERB is one of {', '.join(VERBS)}; TEST is a test of tests/e2e."
    verb, *tests = arguments
    if verb not in VERBS:
        return f"There is no function {verb!r}. VERB is one of {', '.join(VERBS)}."
    missing = [test for test in tests if not (REPOSITORY / test.partition("::")[0]).exists()]
    if missing:
        return f"There is no test {missing[0]!r}.\n{USAGE}"
    return "" if debugger_folder() else "There is no debugger in the workshop yet. `make dev` puts one there."


def debugger_folder() -> Path | None:
    """The folder that holds debugpy; None before `make dev` was run."""
    return next((WORKSHOP / "debug" / "lib").glob("python3.*/site-packages"), None)


def _free_port() -> int:
    """The port that editors expect, or a free one where that is taken."""
    for port in (USUAL_PORT, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as server:
                return int(server.getsockname()[1])
        except OSError:
            continue
    raise AssertionError("no port of this machine is free")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
