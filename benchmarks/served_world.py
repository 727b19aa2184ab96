"""A world of tests/fakes behind HTTP: AWS and the provider as a function meets them, each answering at once.

It says what is in the world and accepts every write, without noting it: the same world serves any number of
invocations of a good path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from boto3.dynamodb.types import TypeSerializer

from dropcut.adapters.dynamodb.table import attribute, doubt_key, edit_attributes, edit_key, wait_key
from dropcut.domain.model import HistoryRow, ObjectFacts, Progress
from tests.fakes.services import FakeServices

DAY = 86_400
MADE = 30 * DAY  # seconds before the world's now: when its table was made
KEY = "SG_0123456789abcdef"


class Answer(NamedTuple):
    """One answer over HTTP."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    """One request, as far as the answers depend on it."""

    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: bytes


@contextmanager
def served(world: FakeServices) -> Iterator[str]:
    """The address at which everything in the world answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or an answer waits 40 ms for the acknowledgement of its own headers

        def answer(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = _answer(world, address, Request(self.command, unquote(url.path), query, self.headers, body))
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body)

        do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = answer

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        address = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield address
        finally:
            server.shutdown()


def _answer(world: FakeServices, address: str, request: Request) -> Answer:
    """What the service says whose signature the request carries; the provider and its results take none."""
    signed = request.headers.get("Authorization", "")
    if not signed:
        return _provider(world, address, request)
    service = signed.split("/")[3]  # Credential=<key>/<day>/<region>/<service>/aws4_request
    if service == "s3":
        return _s3(world, request)
    if service in ("sts", "sns"):
        return Answer(_query(world, service).encode())
    target = request.headers["X-Amz-Target"].rpartition(".")[2]
    document = json.loads(request.body)
    if target == "DescribeExecution":
        return Answer(json.dumps({"__type": "ExecutionDoesNotExist"}).encode(), 400)
    return Answer(json.dumps(_json(world, target, document)).encode())


def _json(world: FakeServices, target: str, asked: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB, SSM and Step Functions."""
    now = world.clock()
    if target == "GetParameter":
        return {"Parameter": {"Name": asked["Name"], "Type": "SecureString", "Value": KEY}}
    if target == "StartExecution":
        return {"executionArn": "arn", "startDate": now}
    if target == "DescribeTable":
        return {"Table": {"CreationDateTime": now - MADE}}
    if target not in ("GetItem", "Query"):
        return {}
    rows = _rows(world)
    if target == "Query":
        values = [value["S"] for value in asked["ExpressionAttributeValues"].values() if "S" in value]
        return {"Items": [_typed(row) for row in rows if row.get("sweep") in values]}
    key = {name: value["S"] for name, value in asked["Key"].items()}
    return next(({"Item": _typed(row)} for row in rows if row["pk"] == key["pk"] and row["sk"] == key["sk"]), {})


def _rows(world: FakeServices) -> list[dict[str, Any]]:
    """The world's edits, halves and doubts, as the ledger's table has them."""
    edits = [{**edit_key(edit.edit_id), **edit_attributes(edit)} for edit in world.ledger.edits.values()]
    halves = [{**wait_key(half.bucket, half.key), **attribute(asdict(half))} for half in world.journal.halves.values()]
    doubts = [{**doubt_key(edit_id), "looks": row.looks} for edit_id, row in world.ledger.doubts.items()]
    return [*edits, *({**row, "sweep": "WAIT"} for row in halves), *({**row, "sweep": "DOUBT"} for row in doubts)]


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in row.items()}


def _query(world: FakeServices, service: str) -> str:
    if service == "sns":
        return "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    ends = datetime.fromtimestamp(world.clock() + 3600, UTC).isoformat()
    keys = "".join(f"<{name}>k</{name}>" for name in names) + f"<Expiration>{ends}</Expiration>"
    result = f"<AssumeRoleResult><Credentials>{keys}</Credentials></AssumeRoleResult>"
    return f"<AssumeRoleResponse>{result}</AssumeRoleResponse>"


def _s3(world: FakeServices, request: Request) -> Answer:
    bucket, _, key = request.path.lstrip("/").partition("/")
    if "list-type" in request.query:
        return _listing(world, bucket, request.query)
    if request.method in ("PUT", "POST", "DELETE"):
        return _written(request)
    version = request.query.get("versionId")
    facts = world.files.head(bucket, key, version)
    if facts is None:
        return Answer(b"<Error><Code>NoSuchKey</Code></Error>", 404)
    data = world.files.read(bucket, key, facts.version, facts.size)
    return Answer(data, headers=_headers(facts))


def _headers(facts: ObjectFacts) -> dict[str, str]:
    modified = format_datetime(datetime.fromtimestamp(facts.modified, UTC), usegmt=True)
    metadata = {f"x-amz-meta-{name}": value for name, value in facts.metadata.items()}
    return {"ETag": facts.etag, "x-amz-version-id": facts.version, "Last-Modified": modified, **metadata}


def _listing(world: FakeServices, bucket: str, query: dict[str, str]) -> Answer:
    found = world.files.keys(bucket, query.get("prefix", ""), folder_only="delimiter" in query)
    entries = []
    for key in found:
        facts = world.files.head(bucket, key)
        modified = datetime.fromtimestamp(facts.modified if facts else 0, UTC).isoformat()
        entries.append(f"<Contents><Key>{escape(key)}</Key><LastModified>{modified}</LastModified></Contents>")
    return Answer(f"<ListBucketResult>{''.join(entries)}</ListBucketResult>".encode())


def _written(request: Request) -> Answer:
    """That it is done, whatever it is: a copy, an object, a part of an upload, its beginning or its end."""
    inside = '<UploadId>u</UploadId><ETag>"w"</ETag><LastModified>2026-11-24T06:00:00Z</LastModified>'
    is_document = request.method == "POST" or "x-amz-copy-source" in request.headers
    body = f"<Result>{inside}</Result>".encode() if is_document else b""
    return Answer(body, 204 if request.method == "DELETE" else 200, {"ETag": '"w"', "x-amz-version-id": "w"})


def _provider(world: FakeServices, address: str, request: Request) -> Answer:
    """The provider's status, result and history, and the result's bytes."""
    if request.path == "/result.mp4":
        return Answer(world.results.body, headers={"Content-Type": "video/mp4"})
    if request.method == "POST":
        return _said({"request_id": "request-1", "status": "QUEUED"})
    if "/request-history" in request.path:
        rows = [_past(row, address) for row in world.provider.rows.values()]
        return _said({"data": rows})
    request_id = request.path.removesuffix("/status").rpartition("/")[2]
    progress = world.provider.status(request_id)
    return _said(_progress(progress, address)) if progress.status != "GONE" else _said({"error": "not found"}, 404)


def _said(document: dict[str, Any], status: int = 200) -> Answer:
    return Answer(json.dumps(document).encode(), status, {"Content-Type": "application/json"})


def _progress(progress: Progress, address: str) -> dict[str, Any]:
    cost = None if progress.charged_usd is None else float(progress.charged_usd)
    video = {"url": f"{address}/result.mp4"} if progress.result_url else None
    return {"status": progress.status, "metrics": {"cost": cost}, "video": video}


def _past(row: HistoryRow, address: str) -> dict[str, Any]:
    return {
        "request_id": row.request_id,
        "model_status": row.progress.status,
        "credits_deduction": None if row.progress.charged_usd is None else float(row.progress.charged_usd),
        "generation_url": f"{address}/result.mp4" if row.progress.result_url else None,
        "request_body": {"video_url": f"https://workroom.example{row.video_url_path}"},
    }
