"""What can be seen from outside when everything is over: the ledger, the bill, the messages, the outbox; by folder."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections import defaultdict
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from localcloud.fault_hooks import SUBJECT
from localcloud.loopback import direct
from localcloud.messages import TopicWatch
from tests.faults.stage import Stage, Upload

Row = dict[str, Any]
UNPAID = ("PREPARED", "FAILED")  # states in which nothing is reserved


class Account:
    """All that is known of one folder."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.objects: list[Row] = []  # every version in the outbox
        self.messages: list[Row] = []
        self.posts: list[Row] = []  # submissions that reached the provider
        self.bill: list[Row] = []
        self.trace: list[Row] = []  # what the director heard
        self.uploads: list[Upload] = []

    @property
    def edits(self) -> list[Row]:
        return [row for row in self.rows if row["sk"] == "EDIT"]

    @property
    def drops(self) -> list[Row]:
        return [row for row in self.rows if row["sk"].startswith("DROP#")]


class Books:
    """Reads everything once."""

    def __init__(self, stage: Stage, watch: TopicWatch) -> None:
        self._stage = stage
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self._read_ledger()
        self._read_outbox()
        watch.receive()
        for message in watch.messages:
            self._of(message.body).messages.append(message.document)
        owners = {row["pk"].removeprefix("EDIT#"): about for about, own in self.accounts.items() for row in own.edits}
        for post in stage.provider.requests():
            self.accounts[owner_of(post, owners)].posts.append(post)
        for charge in stage.provider.bill()["generations"]:
            self.accounts[owner_of(charge, owners)].bill.append(charge)

    def _of(self, text: str) -> Account:
        found = SUBJECT.search(text)
        return self.accounts[found.group() if found else ""]

    def _read_ledger(self) -> None:
        read = TypeDeserializer().deserialize
        pages = self._stage.cloud.client("dynamodb").get_paginator("scan")
        for page in pages.paginate(TableName=self._stage.outputs["LedgerTable"]):
            for item in page["Items"]:
                self._of(json.dumps(item)).rows.append({name: read(value) for name, value in item.items()})

    def _read_outbox(self) -> None:
        pages = self._stage.cloud.client("s3").get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._stage.outputs["OutboxBucket"]):
            for version in page.get("Versions", []):
                self._of(version["Key"]).objects.append(version)

    def money(self) -> list[tuple[str, float, float]]:
        """Two sums of the ledger's days, each beside what the edits add up to."""
        edits = [row for account in self.accounts.values() for row in account.edits]
        days = [row for row in self.accounts[""].rows if row["pk"].startswith("DAY#")]
        unsettled = [row for row in edits if row["state"] not in UNPAID and "charged_usd" not in row]
        sums = {"reserved_usd": (unsettled, "estimated_usd"), "charged_usd": (edits, "charged_usd")}
        return [
            (name, float(sum(day.get(name, 0) for day in days)), float(sum(row.get(field, 0) for row in rows)))
            for name, (rows, field) in sums.items()
        ]

    @property
    def places(self) -> set[str]:
        """The edits that hold one of the places at the provider."""
        return {edit for row in self.accounts[""].rows if row["pk"] == "FLIGHT" for edit in row.get("places", ())}

    def content(self, version: Row) -> bytes:
        """The bytes of one version in the outbox."""
        answer = self._stage.cloud.client("s3").get_object(
            Bucket=self._stage.outputs["OutboxBucket"], Key=version["Key"], VersionId=version["VersionId"]
        )
        with answer["Body"] as body:
            return bytes(body.read())

    def can_be_known(self, request_id: str) -> bool:
        """Whether the provider says of a request what it charged: its row is there. A failure's record never does."""
        provider = self._stage.provider
        url = f"{provider.url}/inference-request/request-history/{request_id}"
        request = urllib.request.Request(url, headers={"x-api-key": provider.api_key})
        try:
            with direct().open(request, timeout=30):
                return True
        except urllib.error.URLError:
            return False

    def made(self, request_id: str) -> str | None:
        """The hash of the file that the provider made for a request; None where it does not give it away any more."""
        provider = self._stage.provider
        for path, field in (
            (f"/v2/requests/{request_id}", "output"),
            (f"/inference-request/request-history/{request_id}", "generation_url"),
        ):
            request = urllib.request.Request(provider.url + path, headers={"x-api-key": provider.api_key})
            try:
                with direct().open(request, timeout=30) as answer:
                    url = find(json.load(answer), field)
                with direct().open(url, timeout=30) as answer:
                    return hashlib.sha256(answer.read()).hexdigest()
            except (urllib.error.URLError, ValueError, TypeError):
                continue
        return None


def owner_of(entry: Row, owners: dict[str, str]) -> str:
    """The folder of a submission or a charge: the edit's id is part of the clip's address."""
    return next((about for edit, about in owners.items() if edit in entry["video_url"]), "")


def find(document: Any, field: str) -> str:
    """The first value of a field, however deep it lies."""
    if isinstance(document, dict):
        if isinstance(document.get(field), str):
            return str(document[field])
        document = list(document.values())
    for inner in document if isinstance(document, list) else []:
        if found := find(inner, field):
            return found
    return ""
