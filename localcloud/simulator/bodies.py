"""What a request carries, however its body is sent and whatever form it has: JSON, or the fields of a form."""

from __future__ import annotations

import email
import email.policy
import json
import re
from email.message import Message
from io import BufferedIOBase
from typing import Any, NoReturn

from localcloud.simulator.exchange import Request

DRAINED = 10  # times the largest body: more than that is not worth reading to refuse it kindly
PIECE_BYTES = 1024 * 1024
LINE_BYTES = 1024  # of a chunk's size, its extensions included
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
LISTS = ("image_urls", "elements", "reference_image_urls", "data_urls")  # the parameters that are no text
BOOLEANS = {"true": True, "false": False}


class BodyRefused(ValueError):
    """A body that is not taken, with the status to answer; the texts are guesses."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_body(headers: Message, stream: BufferedIOBase, most: int) -> bytes:
    """Read a body to its end, so that a refusal is heard too; raises BodyRefused."""
    coding = headers.get("transfer-encoding", "identity").strip().lower()
    if coding == "chunked":
        return _chunked(stream, most)
    length = headers.get("content-length", "0").strip()
    if coding != "identity" or not re.fullmatch(r"[0-9]+", length):
        raise BodyRefused(400, "The request body must come with its length or in chunks")
    if int(length) > most:
        _skip(stream, min(int(length), DRAINED * most))
        raise _too_large(most)
    return stream.read(int(length))


def document(request: Request) -> Any:
    """Return what a body says, as JSON would say it, or None where it says nothing."""
    try:
        if request.headers.get_content_type() == "multipart/form-data":
            return _form(request)
        return _strict_json(request.body)
    except (ValueError, RecursionError):
        return None


def _chunked(stream: BufferedIOBase, most: int) -> bytes:
    body, total = bytearray(), 0
    while size := _chunk_size(stream):
        total += size
        if total > DRAINED * most:
            break
        if total > most:
            _skip(stream, size)
        else:
            body += stream.read(size)
        if stream.readline(3) != b"\r\n":
            raise BodyRefused(400, "The request body is not chunked as it says")
    else:
        while stream.readline(LINE_BYTES).strip():
            pass  # trailers
    if total > most:
        raise _too_large(most)
    return bytes(body)


def _chunk_size(stream: BufferedIOBase) -> int:
    line = stream.readline(LINE_BYTES).partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", line):
        raise BodyRefused(400, "The request body is not chunked as it says")
    return int(line, 16)


def _skip(stream: BufferedIOBase, left: int) -> None:
    while left > 0 and (piece := stream.read(min(left, PIECE_BYTES))):
        left -= len(piece)


def _too_large(most: int) -> BodyRefused:
    return BodyRefused(413, f"The request body must be at most {most} bytes")


def _strict_json(body: bytes) -> Any:
    """Read JSON as other languages do: no NaN, and no half of a surrogate pair, which nothing can write as UTF-8."""
    value = json.loads(body.decode(), parse_constant=_no_constant)
    if SURROGATE.search(body):
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _form(request: Request) -> dict[str, Any]:
    """Read a form's fields; that each has its JSON value as text, and a list its items one by one, is a guess."""
    head = b"content-type: " + request.headers["content-type"].encode() + b"\r\n\r\n"
    form = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    if not form.is_multipart():
        raise ValueError("no form")
    found: dict[str, list[str]] = {}
    for part in form.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise ValueError("no field")
        found.setdefault(name, []).append(content.decode())
    return {name: _value(name, values) for name, values in found.items()}


def _value(name: str, values: list[str]) -> Any:
    if name in LISTS:
        read = [_strict_json(value.encode()) if value.startswith(("[", "{")) else value for value in values]
        return read[0] if len(read) == 1 and isinstance(read[0], list) else read
    return BOOLEANS.get(values[-1], values[-1]) if name == "keep_audio" else values[-1]
