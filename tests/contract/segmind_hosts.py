"""Lets the simulator answer for Segmind's hosts inside this process, as three lines in a hosts file would.

The official SDK has its hosts written into it, so the mapping lies below it, in httpx's transport: what is meant for
one of them goes to the simulator, with its own Host header and over a real connection. The one thing that is not as in
reality is TLS. Nothing else can be reached, and every request is noted under the host that it was for.
"""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

API, HISTORY, STORAGE = "api.segmind.com", "api.spotprod.segmind.com", "workflows-api.segmind.com"


class LeftThisMachine(AssertionError):
    """A request was on its way to somebody who is not the simulator."""


class SegmindHosts:
    """The mapping, for as long as the test's monkeypatch lasts; `asked` has `METHOD host/path` of every request."""

    def __init__(self, simulator_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self._simulator = urlsplit(simulator_url)
        self._resolve = socket.getaddrinfo
        send = httpx.HTTPTransport.handle_request
        monkeypatch.setattr(
            httpx.HTTPTransport, "handle_request", lambda transport, request: send(transport, self._mapped(request))
        )
        monkeypatch.setattr(socket, "getaddrinfo", self._only_the_simulator)

    @property
    def hosts(self) -> set[str]:
        """The hosts that were asked so far."""
        return {line.partition(" ")[2].partition("/")[0] for line in self.asked}

    def _mapped(self, request: httpx.Request) -> httpx.Request:
        url = request.url
        self.asked.append(f"{request.method} {url.netloc.decode()}{url.path}")
        if (url.scheme, url.host) not in {("https", host) for host in (API, HISTORY, STORAGE)}:
            return request
        here = url.copy_with(scheme="http", host=self._simulator.hostname, port=self._simulator.port)
        # The headers are taken over as they are: Host was written when the request was made.
        return httpx.Request(
            request.method, here, headers=request.headers, stream=request.stream, extensions=request.extensions
        )

    def _only_the_simulator(self, host: str, port: int, *more: Any, **named: Any) -> Any:
        if (host, port) != (self._simulator.hostname, self._simulator.port):
            raise LeftThisMachine(f"{host}:{port} is not the simulator")
        return self._resolve(host, port, *more, **named)
