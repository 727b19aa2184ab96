"""How heavy are a hundred generations at once? Measured against a single one, in the same run, on this machine.

    .workshop/dev/bin/python benchmarks/hundred_generations.py [--seconds 5] [--mode pro]

Every scenario has a provider simulator of its own with an empty cache, and a customer that submits everything at once
and polls until the end. The model's own time is set to nothing, so that what remains is the simulator's work.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this file is run as it stands

from benchmarks.measuring import Usage, encode_seconds, usage
from localcloud.clips import make_clip
from localcloud.simulator import Simulator, start_simulator

CUSTOMERS = 8  # threads that submit and poll
PAUSE = 0.25  # seconds between two looks at what is not finished
QUICK: dict[str, Any] = {"queue_seconds": 0.0, "generation_seconds": 0.0, "credits": 10_000.0}


class Shelf(SimpleHTTPRequestHandler):
    """Hands out the clip; a path of its own gives every copy other bytes behind the same pictures."""

    def do_GET(self) -> None:
        name, _, number = self.path.removeprefix("/").partition("/")
        body = Path(self.directory, name).read_bytes()
        if number:
            body += (16).to_bytes(4, "big") + b"free" + number.rjust(8).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Scenario:
    """What is submitted: the prompt and the clip of each number."""

    name: str
    count: int
    prompt: Callable[[int], str]
    clip: Callable[[int], str]
    settings: Mapping[str, Any] = field(default_factory=dict)


class Rush:
    """A customer who submits everything at once and polls until the end."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._session = requests.Session()
        self._session.headers["x-api-key"] = simulator.api_key
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=CUSTOMERS))

    def submit(self, body: dict[str, str]) -> str:
        """Submit one; return where its status is."""
        url = f"{self._simulator.url}/v2/kling-o3-video2video-edit"
        return str(self._session.post(url, json=body, timeout=60).json()["status_url"])

    def status(self, url: str) -> str:
        """Look once."""
        return str(self._session.get(url, timeout=60).json()["status"])

    def run(self, bodies: list[dict[str, str]]) -> None:
        """Submit all and return once all are completed and billed."""
        with self._session, ThreadPoolExecutor(CUSTOMERS) as pool:
            left = list(pool.map(self.submit, bodies))
            while left:
                states = list(pool.map(self.status, left))
                if "FAILED" in states:
                    raise SystemExit("a generation failed")
                left = [url for url, state in zip(left, states, strict=True) if state != "COMPLETED"]
                time.sleep(PAUSE if left else 0)
        if len(self._simulator.bill()["generations"]) != len(bodies):
            raise SystemExit("not all of them were billed")


def play(scenario: Scenario, shelf: str, mode: str, folder: Path) -> Usage:
    """Run a scenario to its end and return what it took."""
    bodies = [
        {"prompt": scenario.prompt(n), "video_url": shelf + scenario.clip(n), "mode": mode}
        for n in range(scenario.count)
    ]
    settings = QUICK | dict(scenario.settings)
    with start_simulator(folder / "work", cache=folder / "cache", **settings) as simulator:
        before, started = usage(simulator.pid), time.monotonic()
        Rush(simulator).run(bodies)
        took, after = time.monotonic() - started, usage(simulator.pid)
    encodes = len(list(folder.glob("cache/*.mp4")))
    return Usage(took, after.cpu_seconds - before.cpu_seconds, after.peak_bytes, encodes)


def scenarios(clip: str, many: int) -> list[Scenario]:
    """What is measured, the single generation first."""
    noir, same, other = (lambda _: "a noir film"), (lambda _: clip), (lambda n: f"{clip}/{n}")
    return [
        Scenario("one generation", 1, noir, same),
        Scenario(f"{many}, all equal", many, noir, same),
        Scenario(f"{many} prompts, one clip", many, lambda n: f"edit it like number {n}", same),
        Scenario(f"{many} clips, editing=copy", many, noir, other, {"editing": "copy"}),
        Scenario(f"{many} clips, one prompt", many, noir, other),
    ]


def report(name: str, took: Usage, one: float) -> str:
    """Return a row of the table; `one` is the wall time of a single generation."""
    peak = "not measured" if took.peak_bytes is None else f"{took.peak_bytes / 1e6:.0f} MB"
    row = f"{name:28}{took.wall_seconds:8.2f} s{took.cpu_seconds:14.2f} s{peak:>15}{took.encodes:9}"
    return f"{row}{took.wall_seconds / one:12.1f} x"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the clip (5)")
    parser.add_argument("--mode", choices=("std", "pro"), default="std", help="(std)")
    parser.add_argument("--at-once", type=int, default=100, help="how many generations (100)")
    options = parser.parse_args()
    clip = make_clip(seconds=options.seconds)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Shelf, directory=str(clip.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"clip: {options.seconds:g} s of 1280x720, mode {options.mode}")
    print(f"{'one bare ffmpeg re-encode':28}{encode_seconds(clip, options.seconds):8.2f} s")
    print(f"{'':28}{'wall':>10}{'simulator CPU':>16}{'its peak RSS':>15}{'encodes':>9}   of one generation")
    one = 0.0
    for scenario in scenarios(clip.name, options.at_once):
        with tempfile.TemporaryDirectory(prefix="hundred-") as folder:
            took = play(scenario, f"http://127.0.0.1:{server.server_port}/", options.mode, Path(folder))
        one = one or took.wall_seconds
        print(report(scenario.name, took, one), flush=True)
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
