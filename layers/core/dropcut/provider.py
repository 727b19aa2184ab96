"""Segmind's v2 API: one paid POST, sent once, and reads that cost nothing.

Sources: Segmind's async inference page (submit, status, result; records live one hour), its SDK 1.3.0 (history), and
the error list of its documentation. A body whose `status` is COMPLETED or FAILED counts whatever the HTTP code.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import quote as url_quote

import requests
import urllib3.exceptions

from dropcut.documents import MODEL, day_of
from dropcut.errors import (
    InsufficientCredits,
    KeyUnreadable,
    ProviderBusy,
    ProviderRefused,
    ProviderUnreadable,
    SubmissionUnknown,
)
from dropcut.history import history_rows, progress_of
from dropcut.model import HistoryRow, Progress
from dropcut.redaction import quote

CONNECT, READ, SUBMIT_READ = 5, 30, 60  # seconds
REFUSALS = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 410, 413, 415}
)  # "only HTTP 200 is charged": nothing was accepted
PAGES, PER_PAGE = 10, 100  # of the history; 100 is its largest page
UNSENT = (
    urllib3.exceptions.NewConnectionError,  # name resolution included
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)


class SegmindProvider:
    """`api_key(fresh)` gives the key, read anew when `fresh`; keys go to the two configured hosts only."""

    def __init__(self, api_key: Callable[[bool], str], *, api_url: str, history_url: str) -> None:
        self._api_key, self._api, self._history = api_key, api_url.rstrip("/"), history_url.rstrip("/")

    def ready(self) -> None:
        self._api_key(False)

    def submit(self, request: dict[str, Any], video_url: str) -> str:
        """Buy one generation; gives its request id. Raises NotSent's kinds with proof, else SubmissionUnknown."""
        answer = self._post({**request, "video_url": video_url}, fresh=False)
        if answer.status_code == 401:  # the key was rotated: 401 proves that nothing was taken, so once more
            answer = self._post({**request, "video_url": video_url}, fresh=True)
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
        rows = [row for row in _history(answer) if row.request_id == request_id]
        return rows[0] if rows else None

    def search(self, since: float) -> list[HistoryRow]:
        """This model's requests of the account from the day of `since` on, in flight and failed ones too."""
        return self.search_all(since)[0]

    def search_all(self, since: float, until: float | None = None) -> tuple[list[HistoryRow], bool]:
        """The same, and whether these are all of them: False where older ones are on pages that were not read.

        `until` leaves out what was made after that day, so that the pages reach back further.
        """
        rows: dict[str, HistoryRow] = {}
        for page in range(1, PAGES + 1):
            from_date = day_of(since - 86400)  # a day earlier, for clocks and time zones; it ends today by default
            query = {"model_name": MODEL, "page": str(page), "per_page": str(PER_PAGE), "from_date": from_date}
            query |= {"to_date": day_of(until + 86400)} if until else {}
            answer = self._get(f"{self._history}/inference-request/request-history", query)
            listed = _history(answer)
            found = {row.request_id: row for row in listed}
            if not found.keys() - rows.keys():  # a short page is not the last one: several outputs are one request
                return list(rows.values()), len(listed) < PER_PAGE  # a full page again may be all that is ever shown
            rows |= found
        return list(rows.values()), False

    def _post(self, body: dict[str, Any], *, fresh: bool) -> requests.Response:
        headers = {"x-api-key": self._api_key(fresh), "Connection": "close"}
        try:
            with _session() as session:
                return session.post(
                    f"{self._api}/v2/{MODEL}",
                    json=body,
                    headers=headers,
                    timeout=(CONNECT, SUBMIT_READ),
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            if _never_left(error):
                raise ProviderBusy("the provider could not be reached") from None
            raise SubmissionUnknown(f"no answer to the submission ({type(error).__name__})") from None

    def _get(self, url: str, query: dict[str, str] | None = None) -> requests.Response:
        try:
            for fresh in (False, True):
                with _session() as session:
                    headers = {"x-api-key": self._api_key(fresh)}
                    answer = session.get(
                        url, params=query, headers=headers, timeout=(CONNECT, READ), allow_redirects=False
                    )
                if answer.status_code != 401:
                    break
        except KeyUnreadable as error:
            raise ProviderUnreadable(str(error)) from None
        except requests.RequestException as error:
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


def _session() -> requests.Session:
    """A session that repeats nothing (requests' own default) and takes no proxy or netrc from the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


def _never_left(error: requests.RequestException) -> bool:
    """Proof that no byte of the request was sent: the connection was never made."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, urllib3.exceptions.SSLError):  # a certificate is refused before anything is sent over it
        reason = reason.args[0] if reason.args else None
    return isinstance(reason, UNSENT)


def _request_id(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        raise SubmissionUnknown("accepted without JSON") from None
    request_id = body.get("request_id") if isinstance(body, dict) else None
    if not isinstance(request_id, str) or not request_id or len(request_id) > 200:
        raise SubmissionUnknown("accepted without a request id")
    return request_id


def _error_text(answer: requests.Response) -> str:
    """The provider's own words; error pages may be HTML."""
    try:
        body = answer.json()
    except ValueError:
        return "an answer that is not JSON"
    text = (body.get("error_description") or body.get("error") or "") if isinstance(body, dict) else ""
    return quote(str(text)) or "no reason given"


def _history(answer: requests.Response) -> list[HistoryRow]:
    if answer.status_code != 200:
        raise ProviderUnreadable(f"HTTP {answer.status_code} from the request history")
    return history_rows(_json(answer))


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise ProviderUnreadable(f"HTTP {answer.status_code} without JSON") from None
