"""`python -m localcloud up`, as a person meets it: what it prints can be typed, and Ctrl-C puts everything away."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import REPOSITORY

PATIENCE_SECONDS = 150.0  # an edit takes 8 s; this is for a machine that is busy with something else

pytestmark = pytest.mark.timeout(400)


class Terminal:
    """One run of the command, and what it has printed so far."""

    def __init__(self, *arguments: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localcloud", "up", *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.lines.extend(output)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def wait_for(self, wanted: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        status = self.process.wait(timeout=20)
        self._reader.join()
        return status


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    running = Terminal("--workdir", str(tmp_path_factory.mktemp("up")))
    running.wait_for("Ctrl-C stops everything.")
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)


def printed(terminal: Terminal, beginning: str) -> list[str]:
    return [line.strip() for line in terminal.text.splitlines() if line.strip().startswith(beginning)]


def test_what_it_prints_can_be_typed_and_the_notification_appears(terminal: Terminal) -> None:
    exports = dict(pair.split("=", 1) for pair in shlex.split(printed(terminal, "export ")[0])[1:])
    uploads = printed(terminal, ".workshop/dev/bin/python -c")
    assert len(uploads) == 2
    for command in uploads:
        _, *arguments = shlex.split(command)
        environment = {"PATH": os.defpath, **exports}
        subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, env=environment, check=True, timeout=60)
    terminal.wait_for("status=DELIVERED")
    assert re.search(r"Output: +s3://\S+/trip/beach.mp4", terminal.text)


def test_a_signal_puts_everything_away(terminal: Terminal) -> None:
    found = re.search(r"cloud +http://127.0.0.1:(\d+)", terminal.text)
    assert found
    assert terminal.end(signal.SIGINT) == 0
    assert "nothing is left running" in terminal.text
    port = found.group(1)
    commands = [path for path in Path("/proc").glob("[0-9]*/cmdline") if f'"port": {port},' in read(path)]
    assert commands == []


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def test_help_says_what_each_command_does() -> None:
    command = [sys.executable, "-m", "localcloud", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, text=True, timeout=60)
    assert "up" in done.stdout
    assert "demo" in done.stdout
