"""A provider that does what it is told, and a place where its results lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from dropcut.domain.errors import NotSent, ProviderUnreadable
from dropcut.domain.model import HistoryRow, Progress
from dropcut.domain.pricing import MODEL
from dropcut.ports import Clock

REMEMBERED_SECONDS, DAY = 3600, 86_400
RESULT_URL = "https://results.example/output.mp4"


class FakeProvider:
    """`answers` are what the next submissions raise, in order. One that is no NotSent is accepted all the same, unless
    `loses_requests`; `failing_reads` are the names of reads that fail."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._time = clock  # without one, rows have no time
        self.submissions: list[tuple[dict[str, Any], str]] = []
        self.answers: list[Exception] = []
        self.unreadable_key: Exception | None = None
        self.loses_requests = False
        self.failing_reads: set[str] = set()
        self.most_rows = 1000  # that one search shows
        self.ends_at_once: Progress | None = None  # what becomes of every generation
        self.rows: dict[str, HistoryRow] = {}
        self.records: dict[str, Progress] = {}

    def ready(self) -> None:
        if self.unreadable_key:
            raise self.unreadable_key

    def submit(self, request: dict[str, Any], video_url: str) -> str:
        self.submissions.append((request, video_url))
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, NotSent):
            raise answer
        request_id = f"request-{len(self.submissions)}"
        if not (answer and self.loses_requests):
            self.know(request_id, urlsplit(video_url).path)
            made = self._time() if self._time else None
            row = replace(self.rows[request_id], model=MODEL, prompt=str(request["prompt"]), created_at=made)
            self.rows[request_id] = row
        if answer:
            raise answer
        return request_id

    def know(self, request_id: str, video_url_path: str, status: str = "PENDING") -> None:
        """A submission that the provider has accepted."""
        self.records[request_id] = Progress(status="PROCESSING")
        self.rows[request_id] = _row(request_id, video_url_path, status)
        if self.ends_at_once:
            self.set(request_id, self.ends_at_once)

    def finish(self, request_id: str = "request-1", cost: str | None = "1.68", url: str | None = RESULT_URL) -> None:
        charged = None if cost is None else Decimal(cost)
        self.set(request_id, Progress(status="COMPLETED", charged_usd=charged, result_url=url))

    def fail(self, error: str, request_id: str = "request-1", cost: str | None = None) -> None:
        charged = None if cost is None else Decimal(cost)
        self.set(request_id, Progress(status="FAILED", error=error, charged_usd=charged))

    def set(self, request_id: str, progress: Progress) -> None:
        """What both the record and the history say from now on. A failure's record names no cost, its row says 0."""
        self.records[request_id] = progress
        known = self.rows.get(request_id) or _row(request_id, "", "")
        free = progress.status == "FAILED" and progress.charged_usd is None
        self.rows[request_id] = replace(known, progress=replace(progress, charged_usd=Decimal(0)) if free else progress)

    def past_says(self, request_id: str = "request-1", **facts: Any) -> None:
        """What the history alone says, and the record does not."""
        row = self.rows[request_id]
        self.rows[request_id] = replace(row, progress=replace(row.progress, **facts))

    def forget(self, request_id: str = "request-1") -> None:
        """The hour is over: the record is gone, the history is not."""
        self.records.pop(request_id, None)

    def status(self, request_id: str) -> Progress:
        self._read("status")
        return self.records.get(request_id, Progress(status="GONE"))

    def result(self, request_id: str) -> Progress:
        self._read("result")
        return self.records.get(request_id, Progress(status="GONE"))

    def past(self, request_id: str) -> Progress | None:
        row = self.row(request_id)
        return row.progress if row else None

    def row(self, request_id: str) -> HistoryRow | None:
        self._read("past")
        return self.rows.get(request_id)

    def search(self, since: float) -> list[HistoryRow]:
        return self.search_all(since)[0]

    def search_all(self, since: float, until: float | None = None, seconds: float = 0) -> tuple[list[HistoryRow], bool]:
        """A row without a time is of any day. Newest first, and no more than `most_rows`, or a few more with time."""
        self._read("search")
        first, last = since - DAY, float("inf") if until is None else until + 2 * DAY  # whole days, and one more
        rows = [row for row in self.rows.values() if row.created_at is None or first <= row.created_at < last]
        rows.sort(key=lambda row: row.created_at or 0, reverse=True)
        most = self.most_rows * (2 if seconds else 1)
        return rows[:most], len(rows) <= most

    def _read(self, name: str) -> None:
        if name in self.failing_reads:
            raise ProviderUnreadable("no answer")


class TimedProvider(FakeProvider):
    """Takes its time over each generation, and forgets a request after an hour, as the real one does."""

    def __init__(self, clock: Clock, seconds: float, ending: Progress) -> None:
        super().__init__()
        self._clock, self._seconds, self._ending = clock, seconds, ending
        self._submitted: dict[str, float] = {}

    def know(self, request_id: str, video_url_path: str, status: str = "PENDING") -> None:
        super().know(request_id, video_url_path, status)
        self._submitted[request_id] = self._clock()

    def _read(self, name: str) -> None:
        super()._read(name)
        for request_id, submitted in self._submitted.items():
            if self._clock() - submitted >= self._seconds:
                self.set(request_id, self._ending)
            if self._clock() - submitted >= REMEMBERED_SECONDS:
                self.forget(request_id)


def _row(request_id: str, video_url_path: str, status: str) -> HistoryRow:
    return HistoryRow(request_id=request_id, video_url_path=video_url_path, progress=Progress(status=status))


class FakeResults:
    """The place where results lie: one body for every address, in small pieces, or an error."""

    def __init__(self, body: bytes = b"") -> None:
        self.body = body
        self.opened: list[str] = []
        self.error: Exception | None = None

    @contextmanager
    def open(self, url: str) -> Iterator[Iterator[bytes]]:
        self.opened.append(url)
        if self.error:
            raise self.error
        yield (self.body[start : start + 7] for start in range(0, len(self.body), 7))
