"""awslambdaric's extension module in Python, for machines that its wheels have no build for (macOS, musl on ARM).

The four calls of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html that awslambdaric makes. Loaded by
`lambda_worker.py`, in the interpreter of `.workshop/lambda`.
"""

from __future__ import annotations

import http.client
import os
from email.message import Message

VERSION = "/2018-06-01/runtime/invocation/"
_connection: http.client.HTTPConnection | None = None
_user_agent = ""


def initialize_client(user_agent: str) -> None:
    """Called once, when awslambdaric is imported."""
    global _user_agent  # noqa: PLW0603  (the extension module keeps it in a global too)
    _user_agent = user_agent


def next() -> tuple[bytes, Message]:  # noqa: A001  (the extension's name)
    """Wait for an invocation: its payload and headers."""
    return _call("GET", "next", b"", {})


def post_invocation_result(request_id: str, payload: bytes, content_type: str, _: str | None = None) -> None:
    """Hand in what the handler returned."""
    _call("POST", f"{request_id}/response", payload, {"Content-Type": content_type})


def post_error(request_id: str, error: str, _fault: str, _: str | None = None) -> None:
    """Hand in what the handler raised; the copy for X-Ray has no reader here."""
    _call("POST", f"{request_id}/error", error.encode(), {"Content-Type": "application/json"})


def _call(method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[bytes, Message]:
    """One request on the connection that is kept; RuntimeError, as the extension raises, where it is refused."""
    global _connection  # noqa: PLW0603  (one connection a process)
    if _connection is None:
        _connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    _connection.request(method, VERSION + path, body or None, {"User-Agent": _user_agent, **headers})
    answer = _connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"the Lambda Runtime API answered {answer.status} to {path}: {content[:200]!r}")
    return content, answer.headers
