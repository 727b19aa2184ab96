"""The official SDK and our own client behind one face, so that the same scenario can be played by either."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any, Protocol

import httpx
from segmind import AsyncJob, SegmindClient, SegmindError

from dropcut.adapters.downloads import WebResults
from dropcut.domain.errors import NotSent
from dropcut.domain.model import Progress
from dropcut.domain.pricing import MODEL
from localcloud.simulator import Simulator
from tests.contract.customers import REQUEST, client


class Customer(Protocol):
    """Somebody who buys from the provider; `refusals` is what it raises when it is turned away."""

    refusals: type[Exception]

    def submit(self, video_url: str, **changes: Any) -> str: ...
    def status(self, request_id: str) -> Progress: ...
    def result(self, request_id: str) -> Progress: ...
    def past(self, request_id: str) -> Progress | None: ...
    def with_path(self, path: str) -> list[str]:
        """The ids of the requests in the history whose clip has that path."""

    def fetch(self, url: str) -> bytes: ...


class OfTheSdk:
    """`segmind` 1.3.0 as its users use it: what it returns is indexed, not searched."""

    refusals: type[Exception] = SegmindError

    def __init__(self, sdk: SegmindClient) -> None:
        self._sdk = sdk
        self._jobs: dict[str, AsyncJob] = {}

    def submit(self, video_url: str, **changes: Any) -> str:
        job = self._sdk.submit_async(MODEL, **{**REQUEST, "video_url": video_url, **changes})
        self._jobs[job.request_id] = job
        return str(job.request_id)

    def status(self, request_id: str) -> Progress:
        return _progress(self._jobs[request_id].status)

    def result(self, request_id: str) -> Progress:
        return _progress(self._jobs[request_id].result)

    def past(self, request_id: str) -> Progress | None:
        try:
            row = self._sdk.generations.get(request_id)
        except SegmindError as error:
            if error.status == 404:
                return None
            raise
        cost = row["credits_deduction"]
        return Progress(
            status=row["model_status"],
            error=row["error"] or "",
            charged_usd=None if cost is None else Decimal(str(cost)),
            result_url=row["generation_url"],
        )

    def with_path(self, path: str) -> list[str]:
        rows = self._sdk.generations.history(model_name=MODEL)["data"]
        return [row["request_id"] for row in rows if path in row["request_body"]["video_url"]]

    def fetch(self, url: str) -> bytes:
        return httpx.get(url).raise_for_status().content


def _progress(ask: Any) -> Progress:
    try:
        body = ask()
    except SegmindError as error:
        if error.status == 404:
            return Progress(status="GONE")
        raise
    cost = body["metrics"].get("cost")
    return Progress(
        status=body["status"],
        error=body.get("error") or "",
        charged_usd=None if cost is None else Decimal(str(cost)),
        result_url=body["video"]["url"] if "video" in body else None,
    )


class OfOurs:
    """dropcut.adapters.segmind and dropcut.adapters.downloads, as the functions use them."""

    refusals: type[Exception] = NotSent

    def __init__(self, simulator: Simulator) -> None:
        provider = client(simulator)
        self.status, self.result, self.past = provider.status, provider.result, provider.past
        self._provider, self._results = provider, WebResults([simulator.url])

    def submit(self, video_url: str, **changes: Any) -> str:
        return self._provider.submit({**REQUEST, **changes}, video_url)

    def with_path(self, path: str) -> list[str]:
        return [row.request_id for row in self._provider.search(time.time()) if path in row.video_url_path]

    def fetch(self, url: str) -> bytes:
        with self._results.open(url) as chunks:
            return b"".join(chunks)
