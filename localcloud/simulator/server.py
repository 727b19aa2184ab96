"""The HTTP server: standard library, because faults need the bare socket."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from localcloud.simulator.bodies import BodyRefused, read_body
from localcloud.simulator.exchange import Request
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, refusal
from localcloud.simulator.routes import answer

IDLE_SECONDS = 60.0
DRIP_BYTES_MIN = 1024


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface and gives each connection a thread."""

    daemon_threads = True
    request_queue_size = 128  # a hundred submissions at once

    def __init__(self, provider: Provider, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.provider = provider
        provider.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep a client that went away out of the log."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Turns bytes into a Request and a Reply into bytes."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Server

    def __getattr__(self, name: str) -> Any:
        """Hear every verb: http.server has a method for each, and a 501 of its own for all others."""
        if name.startswith("do_"):
            return self._exchange
        raise AttributeError(name)

    def _exchange(self) -> None:
        try:
            body = read_body(self.headers, self.rfile, self.server.provider.settings.max_body_bytes)
        except BodyRefused as refused:
            self.close_connection = True
            self._send(refusal(refused.status, str(refused)))
            return
        reply = answer(self.server.provider, Request(self.command, self.path, self.headers, body))
        self._log(reply)
        if reply.delay:
            time.sleep(reply.delay)
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.drop or reply.reset:
            self._hang_up(reply.reset)
            return
        if reply.cut_at is not None or not reply.declare_length or "content-length" in reply.headers:
            self.close_connection = True
        self.wfile.write(self._head(reply))
        if self.command == "HEAD":
            return
        left = len(reply.body) if reply.cut_at is None else reply.cut_at
        for piece in _pieces(reply):
            self.wfile.write(piece[:left])
            left -= len(piece)
            if left <= 0:
                break
            if reply.drip:
                time.sleep(reply.drip)

    def _head(self, reply: Reply) -> bytes:
        headers = {
            "date": self.date_time_string(),
            "server": "simulator",
            "content-type": reply.content_type,
            **({"content-length": str(len(reply.body))} if reply.declare_length else {}),
            **reply.headers,
        }
        if self.close_connection:
            headers["connection"] = "close"
        lines = [
            f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
            *(f"{k}: {v}" for k, v in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def _hang_up(self, reset: bool) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            if reset:  # lingering for zero seconds makes the kernel send RST
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

    def _log(self, reply: Reply) -> None:
        path = urlsplit(self.path).path
        outcome = "no answer" if reply.drop or reply.reset else str(reply.status)
        if not path.startswith("/__sim/"):
            moment = time.strftime("%H:%M:%S")
            print(f"{moment} {self.command} {path} {outcome} {reply.note}".rstrip(), file=sys.stderr, flush=True)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the standard line would show the query."""


def _pieces(reply: Reply) -> Iterator[bytes]:
    whole = [reply.body] if isinstance(reply.body, bytes) else reply.body.pieces()
    if not reply.drip:
        yield from whole
        return
    step = max(DRIP_BYTES_MIN, len(reply.body) // 20)
    for piece in whole:
        yield from (piece[at : at + step] for at in range(0, len(piece), step))
