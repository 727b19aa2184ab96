"""What goes back over the wire, and the provider's standing texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class FileRange:
    """A stretch of a file followed by a few bytes of its own, sent without loading it."""

    path: Path
    tail: bytes
    start: int
    stop: int  # exclusive

    def __len__(self) -> int:
        return self.stop - self.start

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes from start to stop."""
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(self.start)
            left = min(self.stop, size) - self.start
            while left > 0 and (piece := file.read(min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece
        if self.stop > size:
            yield self.tail[max(0, self.start - size) : self.stop - size]


@dataclass(frozen=True)
class Reply:
    """An answer, and how it is to be spoilt on the way."""

    status: int
    body: bytes | FileRange = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)  # a content-length among them is a lie
    delay: float = 0.0  # real seconds before the first byte
    drop: bool = False  # close the connection and say nothing
    reset: bool = False  # the same, with a TCP reset
    cut_at: int | None = None  # stop after so many bytes of the body
    declare_length: bool = True  # without it the end of the body is the end of the connection
    drip: float = 0.0  # real seconds between two pieces
    note: str = ""  # for the log


def as_json(value: Any, status: int = 200, **more: Any) -> Reply:
    """Return a JSON answer."""
    return Reply(status, json.dumps(value).encode(), **more)


def refusal(status: int, text: str, **more: Any) -> Reply:
    """Return the provider's error envelope."""
    return as_json({"error": text}, status, **more)


def page(status: int, **more: Any) -> Reply:
    """Return an HTML page as an edge proxy sends it; that of a 405 is documented, those of 5xx are inferred."""
    title = f"{status} {HTTPStatus(status).phrase}"
    lines = [
        "<html>",
        f"<head><title>{title}</title></head>",
        "<body>",
        f"<center><h1>{title}</h1></center>",
        "</body>",
        "</html>",
    ]
    return Reply(status, "\r\n".join([*lines, ""]).encode(), "text/html", **more)


# Documented or captured, word by word. What is not among them is a guess where it is written.
NO_KEY = "Missing Authorization or x-api-key in header"
BAD_KEY = "Unauthorized. API key is invalid or may have expired..."
BAD_CONTENT_TYPE = "Invalid content type"
RATE_LIMITED = "rate_limit_exceeded"


def no_credits(balance: float, needed: float | None = None) -> str:
    """Return the text of a refusal for lack of credits: seen without the need, documented with it."""
    need = "" if needed is None else f", this request needs {needed}"
    return f"Insufficient credits. You have {balance} credits{need}."


def not_found(request_id: str) -> Reply:
    """Return what an unknown and a forgotten request id get alike."""
    return refusal(404, f"Request {request_id} not found")
