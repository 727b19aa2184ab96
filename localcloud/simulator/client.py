"""Starts the simulator as a process of its own and talks to its control surface."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from localcloud.loopback import direct

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class SimulatorFailed(RuntimeError):
    """The simulator did not start, or refused a control request; the text says why."""


class Simulator:
    """A running simulator; ``url`` serves all of the provider's hosts. Also a context manager."""

    def __init__(self, process: subprocess.Popen[str], url: str, api_key: str, log: Path) -> None:
        self._process = process
        self.url = url
        self.pid = process.pid
        self.api_key = api_key
        self.log = log

    def bill(self) -> dict[str, Any]:
        """Return generations (request_id, video_url, mode, seconds, usd), total_usd, credits and free_credits."""
        return dict(self._get("bill"))

    def requests(self) -> list[dict[str, Any]]:
        """Return every submission: time, path, headers (redacted), video_url, accepted, status, request_id, fault."""
        return list(self._get("requests"))

    def inject(self, fault: dict[str, Any] | Sequence[dict[str, Any]]) -> None:
        """Queue a fault, such as ``{"stage": "submit", "kind": "answer_lost"}``, or several."""
        self._post("faults", fault)

    def clear_faults(self) -> None:
        """Drop the faults that wait; one that stays with a generation already goes on."""
        self._post("faults/clear", {})

    def faults(self) -> dict[str, Any]:
        """Return the faults that wait and those played."""
        return dict(self._get("faults"))

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings while it runs; return them all."""
        return dict(self._post("settings", changes))

    def advance(self, seconds: float) -> None:
        """Move the provider's clock forward by so many provider seconds."""
        self._post("clock", {"advance": seconds})

    def reset(self, **changes: Any) -> None:
        """Forget everything, return to the settings of the start, then make ``changes``."""
        self._post("reset", changes)

    def health(self) -> dict[str, Any]:
        """Return the state of its generations and how often each kind of request came."""
        return dict(self._get("health"))

    def stop(self) -> None:
        """End the process; it is gone on return."""
        if self._process.stdin:
            self._process.stdin.close()  # it ends when its standard input does
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _get(self, name: str) -> Any:
        return self._call(urllib.request.Request(f"{self.url}/__sim/{name}"))

    def _post(self, name: str, value: Any) -> Any:
        return self._call(urllib.request.Request(f"{self.url}/__sim/{name}", json.dumps(value).encode(), method="POST"))

    def _call(self, request: urllib.request.Request) -> Any:
        try:
            with direct().open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise SimulatorFailed(error.read().decode(errors="replace")) from None


def start_simulator(
    workdir: Path,
    *,
    api_key: str = "SG_0123456789abcdef",
    credits: float = 100.0,  # noqa: A002 - the provider's word
    time_scale: float = 1.0,
    port: int = 0,
    cache: Path | None = None,
    **settings: Any,
) -> Simulator:
    """Start a simulator that ends with this process; its log is ``workdir/simulator.log``. Raises SimulatorFailed.

    ``cache`` is where equal edits are kept, if not with everybody else's. ``settings`` are those of
    localcloud.simulator.settings.Settings, such as ``generation_seconds=100``.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    log = workdir / "simulator.log"
    words = ["--key", api_key, "--credits", str(credits), "--time-scale", str(time_scale), "--port", str(port)]
    words += ["--workdir", str(workdir.resolve()), *(["--cache", str(cache.resolve())] if cache else [])]
    words += [f"--set={name}={json.dumps(value)}" for name, value in settings.items()]
    process = _start(words, log)
    overdue = threading.Timer(START_SECONDS, process.kill)
    overdue.start()
    line = process.stdout.readline() if process.stdout else ""
    overdue.cancel()
    if not line:
        Simulator(process, "", api_key, log).stop()
        reason = log.read_text(errors="replace")[-800:].strip() or "no reason given"
        raise SimulatorFailed(f"the simulator did not start: {reason}")
    return Simulator(process, json.loads(line)["url"], api_key, log)


def _start(words: list[str], log: Path) -> subprocess.Popen[str]:
    with log.open("a") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud.simulator", "--child", *words],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
