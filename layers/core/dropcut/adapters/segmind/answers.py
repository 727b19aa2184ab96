"""Reading the provider's answers. Shapes are partly unpublished, so every reader here is tolerant and none guesses.
None trusts: whatever the JSON is, a reader gives a value or says that it cannot be read.

Documented: field names of history rows (SDK 1.3.0) and `output`, `video.url`, `metrics.cost` of results. Not
documented: the envelope of a list, whether `request_body` is an object or its text, the exact result body of this
model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote, urlsplit

from dropcut.domain.model import HistoryRow, Progress
from dropcut.domain.text import printable, quote

MOST_DEPTH = 32  # of brackets in brackets; a row with its request as it was sent has five
LONGEST_TEXT = 8192  # characters of an address or a prompt; a presigned address has up to 2,000
LONGEST_ID, LONGEST_WORD = 200, 40  # characters of a request id, of a status
ENVELOPES = ("data", "results", "requests", "items", "generations")


def read_json(content: bytes | None) -> Any:
    """An answer's document. Raises ValueError for everything that is none, or that no program could take apart."""
    if content is None:
        raise ValueError("it is too long")
    try:
        document = json.loads(content)  # a number of thousands of digits is a ValueError, too
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [document]
    for _ in range(MOST_DEPTH):
        level = [item for one in level if isinstance(one, list | dict) for item in _items(one)]
    if level:
        raise ValueError("it is nested too deeply")
    return document


def _items(value: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def is_request_id(value: Any) -> bool:
    """Text that can be asked for again: half of a character, for instance, fits into no address."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()


def has_request_id(row: Any) -> bool:
    return isinstance(row, dict) and is_request_id(row.get("request_id"))


def is_listing(body: Any) -> bool:
    """Whether an answer is a list of rows at all, be it an empty one; a 200 that says "under maintenance" is none."""
    if isinstance(body, dict) and "request_id" not in body:
        return any(isinstance(body.get(name), list | dict) for name in ENVELOPES)
    return isinstance(body, list | dict)


def _word(value: Any) -> str:
    return printable(str(value or "")[:LONGEST_WORD]).upper()


def progress_of(body: Any) -> Progress:
    """A status or result body as Progress; a body without a status has the status ""."""
    if not isinstance(body, dict):
        return Progress(status="")
    metrics = body.get("metrics")
    return Progress(
        status=_word(body.get("status")),
        error=quote(str(body.get("error") or "")),
        charged_usd=money(metrics.get("cost")) if isinstance(metrics, dict) else None,
        result_url=_result_url(body),
    )


def _result_url(body: dict[str, Any]) -> str | None:
    video = body.get("video")
    places = [video.get("url") if isinstance(video, dict) else video, body.get("output"), body.get("url")]
    for place in places:
        first = place[0] if isinstance(place, list) and place else place
        url = first.get("url") if isinstance(first, dict) else first
        if address := _web_address(url):
            return address
    return None


def _web_address(value: Any) -> str | None:
    is_address = isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= LONGEST_TEXT
    return value if is_address else None


def money(value: Any) -> Decimal | None:
    """US dollars, or None for anything that is not a plain amount."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount.quantize(Decimal("0.000001")).normalize() + 0 if amount.is_finite() and 0 <= amount < 10_000 else None


def history_rows(body: Any) -> list[HistoryRow]:
    """The rows of a history answer in whatever envelope, one per request (several outputs give several rows)."""
    rows: dict[str, HistoryRow] = {}
    for raw in rows_in(body):
        if not has_request_id(raw):
            continue
        request_id = raw["request_id"]
        row, known = _row(request_id, raw), rows.get(request_id)
        if known is None or (row.video_url_path and not known.video_url_path):
            rows[request_id] = row
    return list(rows.values())


def _row(request_id: str, raw: dict[str, Any]) -> HistoryRow:
    request = _request(raw)
    return HistoryRow(
        request_id=request_id,
        video_url_path=_path(request.get("video_url")),
        progress=_past(raw),
        model=str(raw.get("model_name") or ""),
        prompt=str(request.get("prompt") or raw.get("prompt") or "")[:LONGEST_TEXT],
        created_at=_moment(raw.get("model_created") or raw.get("created_at")),
    )


def rows_in(body: Any) -> list[Any]:
    """The rows of a history answer as they come, whatever they are: their number says whether the page is full."""
    if isinstance(body, dict) and "request_id" not in body:
        body = next((body[name] for name in ENVELOPES if isinstance(body.get(name), (list, dict))), [])
    return body if isinstance(body, list) else [body]


def _request(row: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as far as it can be read: an object, or the text of one."""
    request = row.get("request_body") or row.get("parameters")
    if isinstance(request, str):
        try:
            request = json.loads(request)
        except (ValueError, RecursionError):
            return {}
    return request if isinstance(request, dict) else {}


def _moment(value: Any) -> float | None:
    """Epoch seconds of an ISO time, which is in UTC unless it says otherwise, or of a count of (milli)seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if 1e11 < value < 1e14 else value
        return float(seconds) if 0 <= seconds < 1e11 else None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _path(url: Any) -> str:
    if not isinstance(url, str) or len(url) > LONGEST_TEXT:
        return ""
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def _past(row: dict[str, Any]) -> Progress:
    return Progress(
        status=_word(row.get("model_status") or row.get("status")),
        error=quote(str(row.get("error") or "")),
        charged_usd=money(row.get("credits_deduction")),
        result_url=_web_address(row.get("generation_url")),
    )
