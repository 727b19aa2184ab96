"""What was asked of the simulator: every submission, and how often each request came; no keys, no queries."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

KEPT = 10_000
SECRET_HEADERS = {"x-api-key", "authorization", "cookie"}


class Journal:
    """The submissions in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._posts: list[dict[str, Any]] = []
        self._counts: Counter[str] = Counter()

    def post(self, path: str, headers: Mapping[str, str], video_url: str, prompt: str) -> dict[str, Any]:
        """Write down a POST that arrived; the entry is completed by whoever answers it."""
        entry: dict[str, Any] = {
            "time": time.time(),
            "path": path,
            "headers": {name.lower(): _shown(name, value) for name, value in headers.items()},
            "video_url": video_url,
            "prompt": prompt[:200],
            "accepted": False,
            "status": None,
            "request_id": None,
            "fault": None,
        }
        with self._lock:
            self._posts.append(entry)
            del self._posts[:-KEPT]
        return entry

    def count(self, kind: str) -> None:
        """Count an exchange."""
        with self._lock:
            self._counts[kind] += 1

    def posts(self) -> list[dict[str, Any]]:
        """Return the POSTs, oldest first."""
        with self._lock:
            return [dict(entry) for entry in self._posts]

    def counts(self) -> dict[str, int]:
        """Return how many exchanges of each kind there were."""
        with self._lock:
            return dict(self._counts)


def _shown(name: str, value: str) -> str:
    return "(redacted)" if name.lower() in SECRET_HEADERS else value
