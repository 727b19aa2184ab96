"""A service that takes connections and never answers is given up in time: before Lambda ends the function."""

from __future__ import annotations

import ast
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from checks.documents import TEMPLATE, load
from dropcut import bootstrap
from dropcut.adapters.mediainfo import probe
from dropcut.adapters.segmind import client
from dropcut.bootstrap import BULK, INSPECTING, PLAIN, SIGNED, Services
from dropcut.domain.errors import KeyUnreadable
from dropcut.settings import Settings
from dropcut.workflow.submit_edit import LATEST_SEND
from tests.fakes.examples import NOW, a_drop, a_notice

SOON = 0.05  # seconds
ENVIRONMENT = {
    "LEDGER_TABLE": "ledger",
    "OUTBOX_BUCKET": "outbox",
    "WORKROOM_BUCKET": "workroom",
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:edit",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
    "CLIP_READER_ROLE_ARN": "arn:aws:iam::123456789012:role/reader",
    "API_KEY_PARAMETER": "/dropcut/key",
    "INSPECT_CLIP_FUNCTION": "inspect",
    "PROVIDER_URL": "http://127.0.0.1:9",
    "PROVIDER_HISTORY_URL": "http://127.0.0.1:9",
}
CONFIGURATIONS = ("PLAIN", "SIGNED", "BULK", "INSPECTING")
CALLS: dict[str, tuple[Config, Callable[[Services], object]]] = {
    "dynamodb, an edit": (PLAIN, lambda services: services.ledger.edit("e")),
    "dynamodb, a note": (PLAIN, lambda services: services.journal.note_told("t", NOW)),
    "step functions": (PLAIN, lambda services: services.executions.status("x")),
    "sns": (PLAIN, lambda services: services.topic.publish(a_notice())),
    "sts": (PLAIN, lambda services: services.files.share("e/1/clip.mp4")),
    "ssm": (PLAIN, lambda services: services.provider.ready()),
    "s3, a head": (SIGNED, lambda services: services.files.head("inbox", "a.mp4")),
    "s3, a small file": (SIGNED, lambda services: services.files.write_json("outbox", "a.json", "{}", {}, None)),
    "lambda, an inspection": (INSPECTING, lambda services: services.inspector(a_drop())),
    "s3, a copy": (BULK, lambda services: services.files.freeze("inbox", "a.mp4", "v", "e/1/clip.mp4", "video/mp4")),
    "s3, an upload": (BULK, lambda services: services.files.upload("a.mp4", iter([b"x"]), {}, None)),
}


def attempts(config: Any) -> int:
    return int(config.retries["total_max_attempts"])


def bound(config: Any) -> float:
    """The seconds after which a call with this configuration gives up a service that never answers."""
    pauses = sum(min(2**n, 20) for n in range(attempts(config) - 1))
    return float(attempts(config) * (config.connect_timeout + config.read_timeout) + pauses)


class Hung:
    """Takes every connection and says nothing; `taken` counts them."""

    def __init__(self) -> None:
        self.taken: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                self.taken.append(self._listening.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        for one in (self._listening, *self.taken):
            one.close()


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hung]:
    """Every service of AWS is one that never answers, and all that is waited for is short."""
    server = Hung()
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**keys, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    short = Config(connect_timeout=SOON, read_timeout=SOON)
    for name in CONFIGURATIONS:
        monkeypatch.setattr(bootstrap, name, getattr(bootstrap, name).merge(short))
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    boto3.DEFAULT_SESSION = None
    yield server
    boto3.DEFAULT_SESSION = None
    server.close()


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_hangs_is_given_up_after_its_attempts(hung: Hung, call: str) -> None:
    config, ask = CALLS[call]
    with pytest.raises((BotoCoreError, KeyUnreadable)):
        ask(Services(Settings(ENVIRONMENT)))
    for _ in range(100):
        if len(hung.taken) == attempts(config):
            break
        time.sleep(SOON)
    assert len(hung.taken) == attempts(config), "the configuration in the table is the one that it has"


def test_every_client_is_built_with_one_of_these_configurations() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    builders = [call for call in calls if call.func.attr in ("client", "resource")]  # type: ignore[attr-defined]
    assert len(builders) >= 6
    for call in builders:
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert given.get("config") in CONFIGURATIONS, ast.unparse(call)


def timeout(function: str) -> float:
    return float(load(TEMPLATE)["Resources"][f"{function}Function"]["Properties"]["Timeout"])


WORK = 10  # seconds, of a function that only looks and writes


@pytest.mark.parametrize(
    ("function", "seconds"),
    [
        *((name, WORK + bound(SIGNED) + bound(PLAIN)) for name in ("StartEdit", "ReportFailure", "SettleExecution")),
        ("InspectClip", 40 + probe.PATIENCE + bound(SIGNED)),
        ("PrepareEdit", WORK + bound(SIGNED) + bound(PLAIN)),
        ("PrepareEdit", WORK + bound(INSPECTING)),
        ("SubmitEdit", LATEST_SEND + bound(PLAIN) + client.CONNECT + client.SUBMIT_READ + bound(PLAIN)),
        ("SubmitEdit", bound(BULK)),
        ("PollEdit", client.CONNECT + client.READ + bound(PLAIN)),
        ("FindResult", 2 * (client.CONNECT + client.READ) + bound(PLAIN)),
        ("FindSubmission", client.CONNECT + client.READ + bound(PLAIN)),
        ("DeliverEdit", bound(BULK) + bound(PLAIN)),
        ("RestoreOutput", bound(BULK) + bound(PLAIN)),
    ],
)
def test_a_function_outlives_a_call_that_hangs(function: str, seconds: float) -> None:
    assert seconds < timeout(function)
