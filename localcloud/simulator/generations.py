"""The provider's memory of what was submitted."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localcloud.simulator.ranges import Servable

if TYPE_CHECKING:
    from localcloud.simulator.faults import Fault

TERMINAL = ("COMPLETED", "FAILED")


def without_query(url: object) -> str:
    """Return a URL that may be shown: a presigned query is a secret."""
    if not isinstance(url, str):
        return repr(url)[:80] if url is not None else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a url)"
    return parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]).geturl()


@dataclass(frozen=True)
class Output:
    """A finished file; its tail makes every generation's bytes its own although equal edits are made once."""

    file: Servable
    made: float  # provider seconds


@dataclass
class Generation:
    """One accepted submission."""

    slug: str
    body: dict[str, Any]
    mode: str
    created: float  # provider seconds
    queue_seconds: float
    work_seconds: float
    request_id: str = field(default_factory=lambda: secrets.token_hex(16))
    created_at: float = field(default_factory=time.time)
    status: str = "QUEUED"
    started: float | None = None
    finished: float | None = None
    error: str | None = None
    cost: float | None = None
    remaining: float | None = None
    output: Output | None = None
    faults: dict[str, Fault] = field(default_factory=dict)  # those that stay with this record, by kind
    cancelled: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)  # finished or cancelled

    @property
    def video_url(self) -> str:
        """Return the clip's URL as sent, or nothing."""
        return str(self.body.get("video_url", ""))

    @property
    def shown_url(self) -> str:
        """Return the clip's URL without its query."""
        return without_query(self.body.get("video_url"))

    @property
    def done(self) -> bool:
        """Say whether nothing more will happen."""
        return self.status in TERMINAL

    def cancel(self) -> None:
        """Let nothing more happen."""
        self.cancelled.set()
        self.over.set()

    def metrics(self) -> dict[str, Any]:
        """Return the provider's metrics: none before the end, no money on a failure."""
        if not self.done or self.finished is None:
            return {}
        started = self.finished if self.started is None else self.started
        times = {
            "inference_time": round(self.finished - started, 6),
            "queue_time": round(started - self.created, 6),
            "total_time": round(self.finished - self.created, 6),
        }
        return times if self.status == "FAILED" else {"cost": self.cost, "remaining_credits": self.remaining, **times}


def unique_tail(request_id: str) -> bytes:
    """Return an MP4 ``free`` box with the request id: players skip it, checksums do not."""
    payload = request_id.encode()
    return (8 + len(payload)).to_bytes(4, "big") + b"free" + payload
