"""One delivery, as the function makes it, in a process whose memory can be looked at: RESULT_URL S3_URL."""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from dropcut.adapters.downloads import WebResults
from dropcut.adapters.s3 import S3Files
from dropcut.bootstrap import SIGNED
from dropcut.domain.model import State
from dropcut.workflow.deliver_edit import deliver_edit
from tests.contract.large_results import Delivery
from tests.fakes.examples import OUTBOX, an_edit_in
from tests.fakes.services import FakeServices


def world(result_url: str, s3_url: str) -> tuple[Any, str]:
    """Services whose buckets and results are real, and the finished edit that they know."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    paths = SIGNED.merge(Config(s3={"addressing_style": "path"}))
    s3 = boto3.client("s3", endpoint_url=s3_url, config=paths, **keys)
    services, edit = FakeServices(), an_edit_in(State.COMPLETED)
    services.ledger.edits[edit.edit_id] = edit
    services.provider.finish(url=result_url)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(result_url))
    services.files = cast(Any, S3Files(s3, None, workroom="workroom", outbox=OUTBOX))
    services.results = cast(Any, WebResults([origin]))
    return services, edit.edit_id


def memory() -> int:
    """Bytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def most_memory() -> int:
    """The most bytes that it held; ru_maxrss would count what the process that started it held."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def main() -> None:
    services, edit_id = world(*sys.argv[1:])
    before, began = memory(), time.monotonic()
    deliver_edit(services, services.ledger.edits[edit_id].drop, edit_id)
    taken = Delivery(
        size=services.ledger.edits[edit_id].output["size"],
        memory_before=before,
        memory_most=most_memory(),
        seconds=round(time.monotonic() - began, 2),
    )
    print(json.dumps(asdict(taken)))


if __name__ == "__main__":
    main()
