"""Dropcut as the people around it see it: files in, files and messages out, the ledger, the executions, the bill.

Everything goes through AWS's own APIs and the provider's account, by clients and names that the stand is given; so the
same tests can look at a stack in an AWS account, where `cloud` gives that account's clients.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from localcloud.cloud import Cloud
from localcloud.executions import Execution, describe_execution, states_entered
from localcloud.messages import Message, TopicWatch
from localcloud.simulator import Simulator
from tests.e2e.debugging import patience

Row = dict[str, Any]
Found = TypeVar("Found")
PATIENCE = patience(90.0)  # seconds; an edit takes about two here, this is for a machine that is busy
GLANCE = 0.25  # seconds between two looks, each of which costs the stand about as much as a step of an edit


def eventually(probe: Callable[[], Found], what: str, seconds: float = PATIENCE) -> Found:
    """The first true answer of `probe`; AssertionError when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(GLANCE)
    return found


class Stand:
    """One deployed stack. Tests share it: each works under a prefix of its own and looks at nothing else."""

    def __init__(self, cloud: Cloud, outputs: dict[str, str], provider: Simulator, watch: TopicWatch) -> None:
        self.cloud, self.outputs, self.provider, self.watch = cloud, outputs, provider, watch
        self.inbox, self.outbox_bucket = outputs["InboxBucket"], outputs["OutboxBucket"]
        self._uploads: list[str] = []
        self._handled: dict[str, str] = {}
        self._ended: dict[str, Execution] = {}
        self._log_read_until = 0

    # ---- what a person does --------------------------------------------------------------------------------------

    def put(self, key: str, content: bytes | Path) -> str:
        """Upload one file into the inbox; gives its version."""
        body = content.read_bytes() if isinstance(content, Path) else content
        self._uploads.append(key)
        return str(self.cloud.client("s3").put_object(Bucket=self.inbox, Key=key, Body=body)["VersionId"])

    def announce(self, key: str) -> None:
        """Count an upload that was made by other means than `put`."""
        self._uploads.append(key)

    def drop(self, clip_key: str, clip: bytes | Path, sidecar: Row | bytes, sidecar_key: str = "") -> None:
        """Upload a clip and its sidecar at once, as a browser does that uploads a folder."""
        text = sidecar if isinstance(sidecar, bytes) else json.dumps(sidecar).encode()
        sidecar_key = sidecar_key or clip_key.rpartition(".")[0] + ".json"
        halves: list[tuple[str, bytes | Path]] = [(clip_key, clip), (sidecar_key, text)]
        together([lambda key=key, body=body: self.put(key, body) for key, body in halves])  # type: ignore[misc]

    # ---- what a person sees --------------------------------------------------------------------------------------

    def executions(self, prefix: str) -> list[Execution]:
        """The executions of drops under a prefix, oldest first."""
        pages = self.cloud.client("stepfunctions").get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=self.outputs["EditStateMachineArn"]):
            for listed in page["executions"]:
                arn = listed["executionArn"]
                if arn not in self._ended or self._ended[arn].status == "RUNNING":
                    self._ended[arn] = describe_execution(self.cloud, arn)
        mine = [run for run in self._ended.values() if key_of(run).startswith(prefix)]
        return sorted(mine, key=lambda run: run.started)

    def finish(self, prefix: str, seconds: float = PATIENCE) -> list[Execution]:
        """Wait until every upload under a prefix was taken note of and every execution that came of it has ended."""
        uploads = len([key for key in self._uploads if key.startswith(prefix)])
        eventually(lambda: self._announcements(prefix) >= uploads, f"{uploads} uploads under {prefix!r} handled")
        deadline = time.monotonic() + seconds
        while running := [run for run in self.executions(prefix) if run.status == "RUNNING"]:
            paths = [states_entered(self.cloud, run.arn) for run in running]
            assert time.monotonic() < deadline, f"not ended after {seconds:.0f} s: {paths}"
            time.sleep(GLANCE)
        return self.executions(prefix)

    def _announcements(self, prefix: str) -> int:
        """How many uploads under a prefix start_edit says that it has handled."""
        for line in self.log_lines(self._log_read_until - 5000):
            with_key = line["message"] if '"announced"' in line["message"] else "{}"
            if key := json.loads(with_key).get("key"):
                self._handled[line["message"]] = key  # a line names its invocation
            self._log_read_until = max(self._log_read_until, line["timestamp"])
        return len([key for key in self._handled.values() if key.startswith(prefix)])

    def log_lines(self, since: int = 0) -> list[Row]:
        """The events of the functions' log group from that millisecond on."""
        pages = self.cloud.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self.outputs["FunctionLogGroup"], startTime=max(0, since))
        return [event for page in found for event in page["events"]]

    def messages(self, prefix: str) -> list[Message]:
        """What was said so far about files under a prefix."""
        self.watch.receive()
        return [message for message in self.watch.messages if about(message).startswith(prefix)]

    def message(self, prefix: str) -> Message:
        """The one message about the end of what lies under a prefix; that it takes long may have been said before."""
        found = [message for message in self.messages(prefix) if message.attributes["status"] != "OVERDUE"]
        assert len(found) == 1, [message.body for message in found]
        return found[0]

    def statuses(self, prefix: str) -> list[str]:
        """What the messages about files under a prefix say in one word, in their order."""
        return [message.attributes["status"] for message in self.messages(prefix)]

    def outbox(self, prefix: str) -> list[str]:
        """The keys in the outbox under a prefix, in order."""
        pages = self.cloud.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.outbox_bucket, Prefix=prefix)
        return sorted(entry["Key"] for page in found for entry in page.get("Contents", []))

    def read(self, key: str) -> bytes:
        """An object of the outbox."""
        answer = self.cloud.client("s3").get_object(Bucket=self.outbox_bucket, Key=key)
        with answer["Body"] as body:
            return bytes(body.read())

    def document(self, key: str) -> Any:
        """A JSON object of the outbox, such as a manifest or an error file."""
        return json.loads(self.read(key))

    # ---- what an accountant sees ---------------------------------------------------------------------------------

    def ledger(self) -> list[Row]:
        """Every row of the ledger."""
        pages = self.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["LedgerTable"])
        from boto3.dynamodb.types import TypeDeserializer

        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in row.items()} for page in pages for row in page["Items"]]

    def edits(self, prefix: str) -> list[Row]:
        """The ledger's rows about edits of clips under a prefix, oldest drop first; `edit_id` is added."""
        rows = [row for row in self.ledger() if row["sk"] == "EDIT" and row["drop"]["clip_key"].startswith(prefix)]
        rows = [{**row, "edit_id": row["pk"].removeprefix("EDIT#")} for row in rows]
        return sorted(rows, key=lambda row: row["drop"]["dropped_at"])

    def places(self) -> set[str]:
        """The edits that hold a slot at the provider."""
        return {name for row in self.ledger() if row["pk"] == "FLIGHT" for name in row.get("places", ())}

    def bill(self, prefix: str) -> list[Row]:
        """What the provider billed for clips under a prefix."""
        return self._of(prefix, self.provider.bill()["generations"])

    def posts(self, prefix: str) -> list[Row]:
        """The submissions that reached the provider for clips under a prefix, accepted or not."""
        return self._of(prefix, self.provider.requests())

    def _of(self, prefix: str, entries: list[Row]) -> list[Row]:
        ids = [edit["edit_id"] for edit in self.edits(prefix)]
        return [entry for entry in entries if any(edit_id in entry["video_url"] for edit_id in ids)]


def about(message: Message) -> str:
    """The key that a message is about, or nothing."""
    place = message.document["clip"] or message.document["sidecar"]
    return str(place["key"]) if place else ""


def key_of(run: Execution) -> str:
    """The clip of an execution; a person may have started one with other words."""
    drop = run.input.get("drop")
    return str(drop["clip_key"]) if drop else ""


def together(tasks: list[Callable[[], object]]) -> None:
    """Do things at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(tasks))
    failed: list[BaseException] = []

    def run(task: Callable[[], object]) -> None:
        try:
            start.wait(10)
            task()
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed


def unique(word: str) -> str:
    """A prefix that no other test uses."""
    return f"{word}-{uuid.uuid4().hex[:8]}"
