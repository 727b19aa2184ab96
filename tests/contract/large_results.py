"""A result of any size, made while it is read, and a bucket that forgets what it is given: no disk, no memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localcloud.cloud import REPOSITORY
from tests.contract.web import serving

PIECE = bytes(1024 * 1024)
BEFORE = (
    b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x10moov" + bytes(8)
)  # two boxes, then the pictures


@dataclass(frozen=True)
class Delivery:
    """What one delivery took, in bytes and seconds."""

    size: int
    memory_before: int
    memory_most: int
    seconds: float

    @property
    def memory_grown(self) -> int:
        return self.memory_most - self.memory_before


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


class Origin(Quiet):
    """`/123` is a whole MP4 of 123 bytes; there need be no more of it at once than a piece."""

    def do_GET(self) -> None:
        size = int(self.path[1:])
        self.send_response(200)
        self.send_header("content-type", "video/mp4")
        self.send_header("content-length", str(size))
        self.end_headers()
        for piece in pieces(size):
            self.wfile.write(piece)


def pieces(size: int) -> Iterator[bytes]:
    """A long `mdat` (its size in eight bytes, as it must be beyond 4 GiB) after the other two boxes."""
    pictures = size - len(BEFORE)
    head = BEFORE + b"\x00\x00\x00\x01mdat" + pictures.to_bytes(8, "big")
    yield head
    left = size - len(head)
    while left > 0:
        yield PIECE[:left]
        left -= len(PIECE)


class Sink(Quiet):
    """As much of S3 as a delivery needs: nothing lies here, and whatever comes is counted and forgotten."""

    def do_HEAD(self) -> None:
        self._answer(404)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        begun = re.search(r"\?uploads\b", self.path)
        what, more = ("Initiate", "<UploadId>u</UploadId>") if begun else ("Complete", "<ETag>e</ETag>")
        self._answer(200, f"<{what}MultipartUploadResult>{more}</{what}MultipartUploadResult>".encode())

    def do_PUT(self) -> None:
        left = int(self.headers["content-length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, len(PIECE))))
        self._answer(200)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("etag", '"e"')
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def deliver(size: int) -> Delivery:
    """Deliver a result of that size in a process of its own."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (Origin, Sink)]
    with serving(servers[0]) as origin, serving(servers[1]) as sink:
        command = [sys.executable, "-m", "tests.contract.one_delivery", f"{origin}/{size}", sink]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return Delivery(**json.loads(done.stdout))
