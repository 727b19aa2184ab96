"""How an edit can end, with everything that must then be true of files, messages, ledger and bill."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from localcloud.cloud import REPOSITORY
from localcloud.messages import Message
from tests.e2e.stand import Row, Stand

ASK = {"prompt": "Make it an alien planet", "mode": "std"}
PRICE = 0.945  # US dollars: three seconds of std


def valid(document: Any, name: str) -> Any:
    """The document, after holding it against a published schema."""
    schema = json.loads((REPOSITORY / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def assert_delivered(stand: Stand, prefix: str, *, attempt: int = 1, usd: float = PRICE) -> Row:
    """Green, whole, billed once, and said once; gives the manifest."""
    assert [run.status for run in stand.finish(prefix)] == ["SUCCEEDED"]
    manifest, video = stand.outbox(prefix)
    document: Row = valid(stand.document(manifest), "manifest")
    assert len(stand.read(video)) == document["output"]["size"]
    assert document["attempt"] == attempt
    (billed,) = stand.bill(prefix)
    assert (billed["request_id"], billed["usd"]) == (document["request_id"], usd)
    (edit,) = stand.edits(prefix)
    assert (edit["state"], edit["request_id"]) == ("DELIVERED", document["request_id"])
    assert valid(stand.message(prefix).document, "notification")["status"] == "DELIVERED"
    return document


def assert_ended(stand: Stand, prefix: str, status: str, *, billed: int = 0) -> Message:
    """Red, nothing but the error file in the outbox, and said once; gives the message."""
    assert [(run.status, run.error) for run in stand.finish(prefix)] == [("FAILED", "Failed")]
    (error,) = stand.outbox(prefix)
    document = valid(stand.document(error), "error")
    message = stand.message(prefix)
    said = valid(message.document, "notification")
    assert {document["status"], said["status"], message.attributes["status"]} == {status}
    assert document["summary"] == said["summary"]
    assert said["summary"] in message.text
    (edit,) = stand.edits(prefix)
    assert edit["state"] == status
    assert len(stand.bill(prefix)) == billed
    return message
