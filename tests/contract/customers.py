"""Customers of the provider simulator."""

from __future__ import annotations

import time

from dropcut.adapters.segmind.client import SegmindProvider
from dropcut.domain.model import Progress
from dropcut.intake.mp4 import BoxWalker
from localcloud.simulator import Simulator
from tests.fakes.examples import PROVIDERS_EXAMPLE

REQUEST = {**PROVIDERS_EXAMPLE, "mode": "std", "duration": "3"}
OFTEN = {"timeout": 30.0, "interval": 0.05}  # seconds; how the official SDK is told to wait
VIDEO_URL = "http://127.0.0.1:9/e1/1/clip.mp4?X-Amz-Signature=topsecret"


class Keys:
    """The API key as SSM would give it; `asked` has the `fresh` of every reading."""

    def __init__(self, *keys: str) -> None:
        self._keys, self.asked = list(keys), []

    asked: list[bool]

    def __call__(self, fresh: bool) -> str:
        self.asked.append(fresh)
        return self._keys[min(self.asked.count(True), len(self._keys) - 1)]


def client(simulator: Simulator, *keys: str) -> SegmindProvider:
    return SegmindProvider(
        Keys(*(keys or (simulator.api_key,))), api_url=simulator.url, history_url=simulator.url + "/"
    )


def ended(provider: SegmindProvider, request_id: str) -> Progress:
    for _ in range(600):
        progress = provider.status(request_id)
        if progress.status in ("COMPLETED", "FAILED"):
            return progress
        time.sleep(0.03)
    raise AssertionError("it never ended")


def is_video(content: bytes) -> bool:
    boxes = BoxWalker()
    boxes.feed(content)
    return boxes.what_is_wrong() is None
