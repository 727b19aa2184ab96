"""A customer of the simulated provider, and a web server that hands out the customer's clips."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from localcloud.clips import make_clip
from localcloud.simulator import Simulator, start_simulator

SLUG = "kling-o3-video2video-edit"
QUICK: dict[str, Any] = {"generation_seconds": 0.3, "queue_seconds": 0.05, "history_seconds": 0.0}


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@dataclass
class Customer:
    """Does by hand what a client does."""

    simulator: Simulator
    clip_url: str
    signature: str = "?X-Amz-Signature=topsecret"

    @property
    def headers(self) -> dict[str, str]:
        return {"x-api-key": self.simulator.api_key}

    def body(self, **changes: Any) -> dict[str, Any]:
        known = {"prompt": "a noir film", "video_url": self.clip_url + self.signature, "mode": "std", "duration": "3"}
        return {name: value for name, value in (known | changes).items() if value is not None}

    def post(self, slug: str = SLUG, version: str = "v2", **changes: Any) -> requests.Response:
        url = f"{self.simulator.url}/{version}/{slug}"
        return requests.post(url, json=self.body(**changes), headers=self.headers, timeout=20)

    def submit(self, **changes: Any) -> str:
        response = self.post(**changes)
        assert response.status_code == 200, response.text
        return str(response.json()["request_id"])

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.simulator.url + path, headers=self.headers, timeout=10, **more)

    def status(self, request_id: str) -> requests.Response:
        return self.get(f"/v2/requests/{request_id}/status")

    def result(self, request_id: str) -> dict[str, Any]:
        return dict(self.get(f"/v2/requests/{request_id}").json())

    def wait(self, request_id: str, seconds: float = 30) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            body = self.status(request_id).json()
            if body["status"] in ("COMPLETED", "FAILED"):
                return dict(body)
            time.sleep(0.03)
        raise AssertionError(f"not done after {seconds} s: {body}")

    def finished_url(self, **changes: Any) -> str:
        request_id = self.submit(**changes)
        assert self.wait(request_id)["status"] == "COMPLETED"
        return str(self.result(request_id)["output"])

    def inject(self, stage: str, kind: str, **more: Any) -> None:
        self.simulator.inject({"stage": stage, "kind": kind, **more})

    def accepted(self) -> list[bool]:
        return [bool(entry["accepted"]) for entry in self.simulator.requests()]

    def rows(self, query: str = "") -> list[dict[str, Any]]:
        return list(self.get(f"/inference-request/request-history{query}").json()["data"])


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which its files are served."""
    folder = tmp_path_factory.mktemp("shelf")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for a file of tests."""
    with start_simulator(tmp_path_factory.mktemp("simulator"), **QUICK) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    """The same one, with nothing remembered."""
    running.reset()
    return running


@pytest.fixture
def customer(simulator: Simulator, shelf: tuple[Path, str]) -> Customer:
    """A customer with a good clip of three seconds with sound."""
    folder, address = shelf
    if not (folder / "beach.mp4").exists():
        make_clip(folder / "beach.mp4", seconds=3)
    return Customer(simulator, f"{address}/beach.mp4")
