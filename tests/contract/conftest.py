"""The real things that the adapters talk to: DynamoDB, S3 and the rest in the embedded cloud, and web servers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from checks.documents import TEMPLATE, load
from dropcut.bootstrap import PLAIN
from localcloud.cloud import ADMINISTRATOR, Cloud, start_cloud

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with start_cloud(tmp_path_factory.mktemp("cloud"), wait_scale=0.01) as running:
        yield running


@pytest.fixture(scope="session")
def dynamodb(cloud: Cloud) -> Any:
    keys = {"aws_access_key_id": ADMINISTRATOR["AWS_ACCESS_KEY_ID"]}
    keys["aws_secret_access_key"] = ADMINISTRATOR["AWS_SECRET_ACCESS_KEY"]
    return boto3.resource("dynamodb", endpoint_url=cloud.endpoint, region_name=cloud.region, config=PLAIN, **keys)


@pytest.fixture
def table(dynamodb: Any) -> Any:
    """An empty ledger table, as the template defines it."""
    properties = load(TEMPLATE)["Resources"]["LedgerTable"]["Properties"]
    wanted = {"BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"}
    definition = {name: value for name, value in properties.items() if name in wanted}
    return dynamodb.create_table(TableName=f"ledger-{next(_numbers)}", **definition)


@dataclass
class Answer:
    """What a server says to one request; `cut` leaves so many bytes off the body that was declared."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    declares_length: bool = True
    cut: int = 0


class Scripted(ThreadingHTTPServer):
    """A web server that gives prepared answers, the last one again and again, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = [Answer()]
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may hang up whenever it likes."""


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((f"{self.command} {self.path}", headers, body))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.declares_length:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) - answer.cut])
        self.close_connection = True

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def clip() -> Path:
    from localcloud.clips import make_clip

    return make_clip(seconds=3)
