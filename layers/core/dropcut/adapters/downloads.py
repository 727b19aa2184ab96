"""Fetching a finished video: only from hosts on the allow-list, streamed, bounded, and never with the API key."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
import urllib3.util

from dropcut.domain.errors import DeliveryFailed, ResultHostUnknown

CONNECT, READ = 5, 30  # seconds; the second one between two chunks
CHUNK = 1024 * 1024
MOST_BYTES = 4 * 1024**3  # a 15 s clip is tens of MB; this only stops a runaway
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
NOT_VIDEO = ("text/", "application/json", "application/xml", "image/")


class WebResults:
    """`allowed` has host names (https on 443, public addresses only) or whole origins such as http://127.0.0.1:9000,
    which are taken at their word."""

    def __init__(self, allowed: list[str]) -> None:
        self._allowed = [place.rstrip("/").lower() for place in allowed]

    @contextmanager
    def open(self, url: str) -> Iterator[Iterator[bytes]]:
        """The bytes of a result. Raises ResultHostUnknown before anything is fetched, DeliveryFailed for a bad
        answer.
        """
        self.check(url)
        session = requests.Session()
        session.trust_env = False
        try:
            with session, session.get(url, stream=True, timeout=(CONNECT, READ), allow_redirects=False) as answer:
                if answer.status_code != 200:
                    raise DeliveryFailed(f"HTTP {answer.status_code} where the result should be")
                kind = answer.headers.get("content-type", "").lower()
                if kind.startswith(NOT_VIDEO):
                    raise DeliveryFailed(f"{kind.partition(';')[0]} where a video should be")
                yield _bounded(answer)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise DeliveryFailed(f"the result could not be read to its end ({type(error).__name__})") from None

    def check(self, url: str) -> None:
        """Raise ResultHostUnknown unless the address is one of the allowed places, read the same by two parsers."""
        try:
            parts, again = urlsplit(url), urllib3.util.parse_url(url)
            port = parts.port
        except (ValueError, urllib3.exceptions.LocationParseError):
            raise ResultHostUnknown("the result's address cannot be read") from None
        host = parts.hostname or ""
        strange = (
            not url.isascii() or re.search(r"[\s\x00-\x1f\\@]", url) or not HOST.fullmatch(host) or again.host != host
        )
        if strange:
            raise ResultHostUnknown("the result's address is not a plain web address")
        if f"{parts.scheme}://{parts.netloc}".lower() in self._allowed:
            return
        if parts.scheme != "https" or port not in (None, 443) or host not in self._allowed:
            raise ResultHostUnknown(f"{host} is not on the list of result hosts")
        _require_public(host)


def _require_public(host: str) -> None:
    """A name on the list must not lead inside: every address has to be a public one."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except OSError:
        raise DeliveryFailed(f"{host} has no address") from None
    mapped = ipaddress.ip_network("64:ff9b::/96")  # carries any IPv4 address, and counts as global
    for address in map(ipaddress.ip_address, found):
        if not address.is_global or address in mapped:
            raise ResultHostUnknown(f"{host} leads to an address that is not public")


def _bounded(answer: requests.Response) -> Iterator[bytes]:
    """The body in chunks, checked against the declared length, which urllib3 alone does not do for every body."""
    declared = answer.headers.get("content-length", "")
    plain = "content-encoding" not in answer.headers
    seen = 0
    for chunk in answer.iter_content(CHUNK):
        seen += len(chunk)
        if seen > MOST_BYTES:
            raise DeliveryFailed("the result is larger than any generation could be")
        yield chunk
    if plain and declared.isdigit() and seen != int(declared):
        raise DeliveryFailed(f"the result ended after {seen} of {declared} bytes")
