"""Segmind's v2 API: one paid POST, sent once, and reads that cost nothing.

Sources: Segmind's async inference page (submit, status, result; records live one hour), its SDK 1.3.0 (history), and
the error list of its documentation. A body whose `status` is COMPLETED or FAILED counts whatever the HTTP code.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote as url_quote

import requests
import urllib3.exceptions

from dropcut.adapters.segmind.answers import (
    has_request_id,
    history_rows,
    is_listing,
    is_request_id,
    progress_of,
    read_json,
    rows_in,
)
from dropcut.domain.dates import day_of
from dropcut.domain.errors import (
    InsufficientCredits,
    KeyUnreadable,
    ProviderBusy,
    ProviderRefused,
    ProviderUnreadable,
    SubmissionUnknown,
)
from dropcut.domain.model import HistoryRow, Progress
from dropcut.domain.pricing import MODEL
from dropcut.domain.text import quote

CONNECT, READ, SUBMIT_READ = 5, 25, 60  # seconds; the body of an answer has the same time, however slowly it drips
MOST_BYTES = 1024**2  # of an answer; 1 KB is usual
MOST_LISTED_BYTES = 8 * 1024**2  # of a page of the history, which repeats a hundred requests
CHUNK = 64 * 1024
LEAST_TO_ASK_AGAIN = 1 / 6  # of SUBMIT_READ; with less, the second answer would come when the function is dead
REFUSALS = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 410, 413, 415}
)  # "only HTTP 200 is charged": nothing was accepted
PAGES, MOST_PAGES, PER_PAGE = 10, 100, 100  # of the history; 100 is its largest page
BROKEN_OFF = (OSError, ValueError, urllib3.exceptions.HTTPError)  # requests' own errors are among them
UNSENT = (
    urllib3.exceptions.NewConnectionError,  # name resolution included
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)


class Answer(NamedTuple):
    """What the provider said; `content` is None where it is longer than any good answer."""

    status_code: int
    content: bytes | None


class SegmindProvider:
    """`api_key(fresh)` gives the key, read anew when `fresh`; keys go to the two configured hosts only."""

    def __init__(self, api_key: Callable[[bool], str], *, api_url: str, history_url: str) -> None:
        self._api_key, self._api, self._history = api_key, api_url.rstrip("/"), history_url.rstrip("/")

    def ready(self) -> None:
        self._api_key(False)

    def submit(self, request: dict[str, Any], video_url: str) -> str:
        """Buy one generation; gives its request id. Raises NotSent's kinds with proof, else SubmissionUnknown."""
        body, began = {**request, "video_url": video_url}, time.monotonic()
        answer = self._post(body, fresh=False, read=SUBMIT_READ)
        if answer.status_code == 401:  # the key was rotated: 401 proves that nothing was taken, so once more
            left = SUBMIT_READ - (time.monotonic() - began)
            if left < SUBMIT_READ * LEAST_TO_ASK_AGAIN:
                raise ProviderBusy("the provider took long to refuse the key")
            answer = self._post(body, fresh=True, read=left)
        if 200 <= answer.status_code < 300:
            return _request_id(answer)
        text = _error_text(answer)
        if answer.status_code == 429:
            raise ProviderBusy(f"the provider is rate limiting: {text}")
        if answer.status_code == 402 or (answer.status_code == 406 and "credit" in text.lower()):
            raise InsufficientCredits(text)
        if answer.status_code in REFUSALS:
            raise ProviderRefused(f"HTTP {answer.status_code}: {text}")
        raise SubmissionUnknown(f"HTTP {answer.status_code} after the request was sent")

    def status(self, request_id: str) -> Progress:
        return self._progress(f"{self._api}/v2/requests/{url_quote(request_id, safe='')}/status")

    def result(self, request_id: str) -> Progress:
        return self._progress(f"{self._api}/v2/requests/{url_quote(request_id, safe='')}")

    def past(self, request_id: str) -> Progress | None:
        """How one request of any age ended, or how far it is; None while it has no row."""
        found = self.row(request_id)
        return found.progress if found else None

    def row(self, request_id: str) -> HistoryRow | None:
        url = f"{self._history}/inference-request/request-history/{url_quote(request_id, safe='')}"
        answer = self._get(url)
        if answer.status_code == 404:
            return None
        rows = [row for row in history_rows(_history(answer)) if row.request_id == request_id]
        return rows[0] if rows else None

    def search(self, since: float) -> list[HistoryRow]:
        """This model's requests of the account from the day of `since` on, in flight and failed ones too."""
        return self.search_all(since)[0]

    def search_all(self, since: float, until: float | None = None, seconds: float = 0) -> tuple[list[HistoryRow], bool]:
        """The same, and whether these are all of them: False where older ones are on pages that were not read.

        `until` leaves out what was made after that day, so that the pages reach back further. Ten pages are read, and
        more of them for as long as `seconds` are not over.
        """
        ends = time.monotonic() + seconds
        rows: dict[str, HistoryRow] = {}
        understood = True  # no page was something else than a list, and no row of it hid whose it is
        for page in range(1, MOST_PAGES + 1):
            if page > PAGES and time.monotonic() >= ends:
                break
            from_date = day_of(since - 86400)  # a day earlier, for clocks and time zones; it ends today by default
            query = {"model_name": MODEL, "page": str(page), "per_page": str(PER_PAGE), "from_date": from_date}
            query |= {"to_date": day_of(until + 86400)} if until else {}
            answer = self._get(f"{self._history}/inference-request/request-history", query, MOST_LISTED_BYTES)
            body = _history(answer)
            listed, found = rows_in(body), {row.request_id: row for row in history_rows(body)}
            understood &= is_listing(body) and all(map(has_request_id, listed))
            if not found.keys() - rows.keys():  # a short page is not the last one: several outputs are one request
                # A full page again may be all that is ever shown; its rows are counted, not the requests they are of.
                return list(rows.values()), understood and len(listed) < PER_PAGE
            rows |= found
        return list(rows.values()), False

    def _post(self, body: dict[str, Any], *, fresh: bool, read: float) -> Answer:
        headers = {"x-api-key": self._api_key(fresh), "Connection": "close"}
        try:
            return _exchange("POST", f"{self._api}/v2/{MODEL}", read, MOST_BYTES, json=body, headers=headers)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request may have arrived
            if isinstance(error, requests.RequestException) and _never_left(error):
                raise ProviderBusy("the provider could not be reached") from None
            raise SubmissionUnknown(f"no answer to the submission ({type(error).__name__})") from None

    def _get(self, url: str, query: dict[str, str] | None = None, most: int = MOST_BYTES) -> Answer:
        try:
            for fresh in (False, True):
                headers = {"x-api-key": self._api_key(fresh)}
                answer = _exchange("GET", url, READ, most, params=query, headers=headers)
                if answer.status_code != 401:
                    break
        except KeyUnreadable as error:
            raise ProviderUnreadable(str(error)) from None
        except BROKEN_OFF as error:
            raise ProviderUnreadable(f"no answer ({type(error).__name__})") from None
        return answer

    def _progress(self, url: str) -> Progress:
        answer = self._get(url)
        if answer.status_code == 404:
            return Progress(status="GONE")
        body = _json(answer)
        progress = progress_of(body)
        if answer.status_code == 200 or progress.status in ("COMPLETED", "FAILED"):
            return progress
        raise ProviderUnreadable(f"HTTP {answer.status_code} from the provider")


class _Session(requests.Session):
    """Repeats nothing (requests' own default), follows nothing, takes no proxy or netrc from the environment."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # set here, for requests' own __init__ sets it to True

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[requests.Response]:
        """Not even look where a redirection leads: requests would read its body, of any length, to its end."""
        return iter(())


def _exchange(method: str, url: str, read: float, most: int, **more: Any) -> Answer:
    """Ask once, and read what comes up to a length and a time."""
    until = time.monotonic() + CONNECT + read
    more["headers"] |= {"Accept-Encoding": "identity"}
    with (
        _Session() as session,
        session.request(method, url, timeout=(CONNECT, read), allow_redirects=False, stream=True, **more) as answer,
    ):
        try:
            return Answer(answer.status_code, _body(answer, most, until))
        except BROKEN_OFF:
            return Answer(answer.status_code, None)  # what the status line says is said, whatever became of the body


def _body(answer: requests.Response, most: int, until: float) -> bytes | None:
    """The whole body; None where it is longer than `most`, or still coming at `until`."""
    content = bytearray()
    while chunk := answer.raw.read1(CHUNK, decode_content=True):  # what has come, be it one byte
        content += chunk
        if len(content) > most or time.monotonic() > until:
            return None
    return bytes(content)


def _never_left(error: requests.RequestException) -> bool:
    """Proof that no byte of the request was sent: the connection was never made."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, urllib3.exceptions.SSLError):  # a certificate is refused before anything is sent over it
        reason = reason.args[0] if reason.args else None
    return isinstance(reason, UNSENT)


def _request_id(answer: Answer) -> str:
    try:
        body = read_json(answer.content)
    except ValueError:
        raise SubmissionUnknown("accepted without JSON that can be read") from None
    request_id = body.get("request_id") if isinstance(body, dict) else None
    if not is_request_id(request_id):
        raise SubmissionUnknown("accepted without a request id")
    return str(request_id)


def _error_text(answer: Answer) -> str:
    """The provider's own words; error pages may be HTML."""
    try:
        body = read_json(answer.content)
    except ValueError:
        return "an answer that is not JSON"
    text = (body.get("error_description") or body.get("error") or "") if isinstance(body, dict) else ""
    return quote(str(text)) or "no reason given"


def _history(answer: Answer) -> Any:
    if answer.status_code != 200:
        raise ProviderUnreadable(f"HTTP {answer.status_code} from the request history")
    return _json(answer)


def _json(answer: Answer) -> Any:
    try:
        return read_json(answer.content)
    except ValueError:
        raise ProviderUnreadable(f"HTTP {answer.status_code} without JSON that can be read") from None
