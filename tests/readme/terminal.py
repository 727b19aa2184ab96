"""A command that stands until it is told to go, as a person leaves it in a terminal of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 150.0  # for a machine that is busy with something else


class Terminal:
    """One run of a command, and what it has shown so far."""

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str]) -> None:
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            self._lines.extend(output)

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def wait_for(self, wanted: str) -> str:
        """All that was shown until these words came."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self.text:
            assert self._process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)
        return self.text

    def press_control_c(self) -> str:
        """Interrupt everything that runs in this terminal, wait for its end, and give all that was shown."""
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(timeout=30)
        self._reader.join()
        return self.text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(timeout=30)
        self._reader.join()
