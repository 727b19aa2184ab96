"""Asks a director before and after every effect that a process has on the world, and does what it answers.

Loaded into the Lambda workers and into the embedded cloud, only where a cloud is started with a director. The product's
code knows nothing of it: the hooks are in botocore, in requests and in AWS's runtime client. An effect is named by what
it does (`dynamodb:UpdateItem`, `POST /v2/kling-o3-video2video-edit`) and by which call of that name it is, so that a
new call is a new point the day it is written. Needs the standard library alone: a worker has little else.
"""

from __future__ import annotations

import contextvars
import functools
import importlib.util
import itertools
import json
import os
import queue
import re
import signal
import socket
import sys
import threading
import time
import types
import urllib.parse
from collections import Counter
from typing import Any

VARIABLE = "LOCALCLOUD_DIRECTOR"  # where it listens on loopback, as host:port
SUBJECT = re.compile(r"subject-[0-9a-f]{10}")  # a folder of this name, wherever it appears, says whose effect it is
CLOCK = "clock_ahead"  # seconds, in an event or an answer: the function believes that it is so much later
VARIABLES = "variables"  # in an answer: what this one invocation finds in its environment instead
SDK_PAUSES = 0.05  # of their length: the state machine's are scaled too
NOBODY_LISTENS = 9  # the port of the discard service, which has not been in use for decades
Answer = dict[str, Any]
_lines: queue.LifoQueue[Any] = queue.LifoQueue()
_scenes = itertools.count()
_usual: dict[str, str] = {}  # the values of the variables that are changed just now


class Scene:
    """One run of a function or one try of a task; its effects are counted by their names."""

    def __init__(self, who: str, text: str, **more: str) -> None:
        found = SUBJECT.search(text)
        self.about = found.group() if found else ""
        self._known = {"about": self.about, "who": who, "scene": f"{os.getpid()}-{next(_scenes)}", **more}
        self._calls: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return str(self._known["scene"])

    def number(self, name: str, attempt: int = 1) -> int:
        """Which call of this name this is, from 1; a repetition by the SDK is the same call."""
        self._calls[name] += attempt == 1
        return self._calls[name]

    def ask(self, phase: str, name: str, call: int = 1, attempt: int = 1, **more: str) -> Answer:
        """What is to happen at this point; nothing where it is about nobody."""
        if not self.about:
            return {}
        return ask(
            {"kind": "effect", **self._known, "phase": phase, "name": name, "call": call, "attempt": attempt, **more}
        )


scene: contextvars.ContextVar[Scene | None] = contextvars.ContextVar("scene", default=None)
NOBODY = Scene("", "")


def here() -> Scene:
    """Whose effect it is that comes now."""
    return scene.get() or NOBODY


def ask(question: Answer) -> Answer:
    """Put one question to the director; without one, everything goes on as it would."""
    try:
        line = _line()
        line.write(json.dumps(question).encode() + b"\n")
        line.flush()
        answer = json.loads(line.readline())
    except (OSError, ValueError):
        return {}
    _lines.put(line)
    return dict(answer)


def _line() -> Any:
    """A connection to the director: one that nobody uses just now, or a new one."""
    try:
        return _lines.get_nowait()
    except queue.Empty:
        host, _, port = os.environ[VARIABLE].rpartition(":")
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection.makefile("rwb")


def obey(answer: Answer) -> None:
    """End as a lost sandbox ends, never go on, or forget; anything else is for the caller to do."""
    if answer.get("do") == "forget":
        forget()
    if answer.get("do") == "kill":
        os.killpg(os.getpid(), signal.SIGKILL)
    if answer.get("do") == "stall":
        threading.Event().wait()


def replace(owner: Any, **pieces: Any) -> None:
    """Put pieces in place of those that must exist, so that an upgrade that moves them is noticed at once."""
    for name, piece in pieces.items():
        if not hasattr(owner, name):
            raise AttributeError(f"{owner.__name__} has no {name} to replace")
        setattr(owner, name, piece)


def watch_body(raw: Any, name: str, call: int) -> None:
    """Ask amid the first reading of a body, when a little of it has come; nothing is handed over shorter than it is."""
    stock, where, beginning = raw.read, here(), 4096

    def interrupt(first: bytes) -> bytes:
        answer = where.ask("amid", name, call)
        obey(answer)
        if answer.get("do") == "lose":
            raise importlib.import_module("urllib3.exceptions").ProtocolError("the director said so")
        return first

    def read(amt: int | None = None, *given: Any, **more: Any) -> Any:
        raw.read = stock
        first = interrupt(stock(beginning if amt is None else min(amt, beginning), *given, **more))
        return first + stock(None if amt is None else amt - len(first), *given, **more)

    raw.read = read
    if stock_some := getattr(raw, "read1", None):  # which gives what there is, so a little is as good

        def read_some(amt: int | None = None, *given: Any, **more: Any) -> Any:
            raw.read1 = stock_some
            return interrupt(stock_some(beginning if amt is None else min(amt, beginning), *given, **more))

        raw.read1 = read_some


def forget() -> None:
    """Be a new sandbox without the start of one: empty what outlives an invocation, keys and clients among it."""
    root, cached = os.path.dirname(os.environ["LAMBDA_TASK_ROOT"]), type(functools.cache(forget))  # noqa: PTH120
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", "")).startswith(root):
            for value in list(vars(module).values()):
                if isinstance(value, cached):
                    value.cache_clear()


def change_variables(wanted: dict[str, str]) -> None:
    """Let one invocation find other variables, as if they had been changed for it alone. Only those that the function
    has; an answer without any takes the usual ones back.
    """
    wanted = {name: value for name, value in wanted.items() if name in os.environ}
    if wanted or _usual:
        os.environ.update(_usual)
        _usual.clear()
        _usual.update({name: os.environ[name] for name in wanted})
        os.environ.update(wanted)
        forget()


def event_of(operation: str, body: Any) -> dict[str, str]:
    """Which event a message tells of, where one is published: the attribute of that name."""
    if operation != "sns:Publish":
        return {}
    text = body.decode() if isinstance(body, bytes) else str(body)
    fields = {name: values[0] for name, values in urllib.parse.parse_qs(text).items()}
    named = next((name for name, value in fields.items() if value == "event_id"), "")
    value = fields.get(named.removesuffix("Name") + "Value.StringValue", "")
    return {"event_id": value} if value else {}


class ErrorBody:
    """The body of an AWS service's error, in the words of its protocol, as botocore's transport reads it."""

    def __init__(self, code: str, protocol: str) -> None:
        error = f"<Error><Code>{code}</Code><Message>told so</Message></Error>"
        wrapped = f"<ErrorResponse>{error}</ErrorResponse>" if "query" in protocol else error
        as_json = json.dumps({"__type": code, "message": "told so"})
        self._content = as_json if "json" in protocol else wrapped

    def stream(self) -> Any:
        yield self._content.encode()


def hook_botocore() -> None:
    """Every HTTP exchange with an AWS service is an effect; `attempt` counts what the SDK repeats by itself."""
    from botocore import endpoint, exceptions, loaders, session
    from botocore.awsrequest import AWSResponse

    replace(endpoint, time=types.SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * SDK_PAUSES)))
    replace(session, create_loader=functools.cache(loaders.create_loader))  # a new sandbox need not read them again
    stock, stock_send, told = endpoint.Endpoint._do_get_response, endpoint.Endpoint._send, threading.local()
    lost = {"refuse": exceptions.EndpointConnectionError, "lose": exceptions.ReadTimeoutError}

    def exchange(self: Any, request: Any, operation: Any, context: Any) -> Any:
        where, name = here(), f"{operation.service_model.service_name}:{operation.name}"
        attempt = context.get("retries", {}).get("attempt", 1)
        call, event = where.number(name, attempt), event_of(name, request.body)
        result: Any = None
        for phase in ("before", "after"):
            answer = where.ask(phase, name, call, attempt, **event)
            obey(answer)
            if answer.get("do") in lost:
                return None, lost[answer["do"]](endpoint_url=request.url, error="the director said so")
            if answer.get("do") == "answer":
                body = ErrorBody(answer["code"], operation.service_model.resolved_protocol)
                told.response = AWSResponse(request.url, answer["status"], {}, body)
                return stock(self, request, operation, context)
            result = result or stock(self, request, operation, context)
        if result[0] and operation.has_streaming_output:
            watch_body(result[0][0].raw, name, call)
        return result

    def send(self: Any, request: Any) -> Any:
        return told.__dict__.pop("response", None) or stock_send(self, request)

    replace(endpoint.Endpoint, _do_get_response=exchange, _send=send)


def hook_requests() -> None:
    """Every HTTP exchange with anybody else is an effect, named by its method and path without ids."""
    if importlib.util.find_spec("requests") is None:  # no layer of this function has it
        return
    from requests import adapters, exceptions

    stock = adapters.HTTPAdapter.send

    def send(self: Any, request: Any, **more: Any) -> Any:
        where = here()
        route = re.sub(r"/[0-9a-f]{16,}", "/{id}", request.path_url.partition("?")[0])
        name = f"{request.method} {route}"
        call = where.number(name)
        request.headers.update({"x-simulator-caller": where.about, "x-simulator-scene": where.name})
        answer = where.ask("before", name, call)
        obey(answer)
        if answer.get("do") == "refuse":
            request.url = f"http://127.0.0.1:{NOBODY_LISTENS}/"
        response = stock(self, request, **more)
        answer = where.ask("after", name, call)
        obey(answer)
        if answer.get("do") == "lose":
            response.close()
            raise exceptions.ReadTimeout("told so")
        watch_body(response.raw, name, call)
        return response

    replace(adapters.HTTPAdapter, send=send)


def hook_runtime_client() -> None:
    """An invocation is an effect too: it may be lost before the handler runs, or after it has done its work."""
    Client: Any = importlib.import_module("awslambdaric.lambda_runtime_client").BaseLambdaRuntimeClient  # noqa: N806

    who, clock, ahead = os.environ["AWS_LAMBDA_FUNCTION_NAME"], time.time, [0.0]
    stock_next, stock_result, stock_error = (
        Client.wait_next_invocation,
        Client.post_invocation_result,
        Client.post_invocation_error,
    )

    def wait_next_invocation(self: Any) -> Any:
        request = stock_next(self)
        text = request.event_body.decode() if isinstance(request.event_body, bytes) else request.event_body
        found = re.search(rf'"{CLOCK}": *(\d+)', text)
        ahead[0] = float(found.group(1)) if found else 0.0
        scene.set(Scene(who, text))
        answer = here().ask("before", "invocation")
        ahead[0] += float(answer.get(CLOCK, 0))
        change_variables(answer.get(VARIABLES, {}))
        obey(answer)
        return request

    def post_invocation_result(self: Any, *given: Any, **more: Any) -> Any:
        obey(here().ask("after", "invocation"))
        return stock_result(self, *given, **more)

    def post_invocation_error(self: Any, *given: Any, **more: Any) -> Any:
        obey(here().ask("failed", "invocation"))
        return stock_error(self, *given, **more)

    time.time = lambda: clock() + ahead[0]
    replace(
        Client,
        wait_next_invocation=wait_next_invocation,
        post_invocation_result=post_invocation_result,
        post_invocation_error=post_invocation_error,
    )
