"""One request as it arrived, and the faults that any stage can be answered with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import parse_qs, urlsplit

from localcloud.simulator.faults import Fault
from localcloud.simulator.replies import BAD_KEY, NO_KEY, RATE_LIMITED, Reply, page, refusal


@dataclass(frozen=True)
class Request:
    """A request with its body read."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        """Return the path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> Mapping[str, str]:
        """Return the query; the last of several values counts."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


def key_refusal(request: Request, api_key: str) -> Reply | None:
    """Return the 401 that a missing or wrong key gets; a bearer token is never accepted."""
    given = request.headers.get("x-api-key")
    if given is None and "authorization" not in request.headers:
        return refusal(401, NO_KEY)
    return None if given == api_key else refusal(401, BAD_KEY)


def moment(seconds: float) -> str:
    """Return a moment in real time as this service writes it; the format is a guess: ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rate_refusal(reset_at: float) -> Reply:
    """Return the 429: without Retry-After (documented), with a header that is documented for v1 only."""
    return refusal(429, RATE_LIMITED, headers={"x-rate-limit-reset-at-utc": moment(reset_at)})


def on_another_host(url: str) -> str:
    """Return the same place under the machine's other name, which is a host that nobody was told of."""
    return url.replace("127.0.0.1", "localhost")


def replacement(fault: Fault | None) -> Reply | None:
    """Return the answer that takes the place of the right one, if this fault is of that kind."""
    if fault is None:
        return None
    pages = {"bad_gateway": 502, "unavailable": 503, "gateway_timeout": 504}
    if fault.kind in pages:
        return page(pages[fault.kind], note=fault.kind)
    if fault.kind == "rate_limited":
        return replace(rate_refusal(time.time() + fault.seconds), note=fault.kind)
    texts = {
        "server_error": (500, "Internal server error"),
        "not_found": (404, "Not found"),
        "unauthorized": (401, BAD_KEY),
    }
    if fault.kind in texts:
        return refusal(*texts[fault.kind], note=fault.kind)
    return Reply(0, reset=True, note=fault.kind) if fault.kind == "reset" else None


def spoilt(reply: Reply, fault: Fault | None) -> Reply:
    """Return the right answer, late or cut, if this fault is of that kind."""
    if fault is None:
        return reply
    if fault.kind == "slow":
        return replace(reply, delay=fault.seconds, note=fault.kind)
    if fault.kind == "truncated":
        return replace(reply, cut_at=len(reply.body) // 2, note=fault.kind)
    return reply
