"""Drops many pairs at the same moment into one embedded cloud, with no net below it, and counts what came of them."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.cloud import REPOSITORY
from localcloud.standing import Standing, stand_up

CLIP = REPOSITORY / "tests" / "golden" / "clips" / "ntsc-3s.mp4"  # 6 kB: the number counts here, not the size
SIDECAR = json.dumps({"prompt": "Make it night", "mode": "std"}).encode()
UPLOADERS = 16  # at once
QUIET_SECONDS = 120.0  # without a change, and nothing more will happen: no pause lasts a tenth of it here
LOOK_SECONDS, TELL_SECONDS = 1.0, 10.0
WAIT_SCALE = 0.01  # a minute of the state machine, and of Lambda's queue, lasts 0.6 s
PARAMETERS = {"MaxUsdPerDay": "1000000", "MaxEditsInFlight": "1000", "FirstWaitSeconds": "60", "SettleSeconds": "60"}
PROVIDER: dict[str, Any] = {"editing": "copy", "generation_seconds": 0.5, "queue_seconds": 0.1, "credits": 1_000_000.0}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What came of so many pairs."""

    pairs: int
    outputs: int
    manifests: int
    error_files: int
    bills: int
    billed_twice: int  # edits that were billed more than once
    never_started: int  # pairs whose announcements were lost
    dead_letters: int
    executions: Counter[str]  # by status
    edits: Counter[str]  # by state
    drop_seconds: float
    wall_seconds: float
    peak_bytes: int | None  # of the cloud, its workers and the simulator together

    @property
    def flawless(self) -> bool:
        """Whether each pair became one output, one manifest and one bill, and nothing else happened."""
        once = {self.outputs, self.manifests, self.bills, self.executions["SUCCEEDED"], self.edits["DELIVERED"]}
        never = (self.error_files, self.billed_twice, self.never_started, self.dead_letters)
        return once == {self.pairs} == {self.executions.total(), self.edits.total()} and not any(never)

    def table(self) -> str:
        """Return the outcome in Markdown."""
        rows = {
            "pairs dropped": self.pairs,
            "outputs": self.outputs,
            "manifests": self.manifests,
            "error files": self.error_files,
            "generations billed": self.bills,
            "edits billed twice": self.billed_twice,
            "pairs that never started": self.never_started,
            "dead letters": self.dead_letters,
            "executions": in_words(self.executions),
            "edits": in_words(self.edits),
            "dropped within": f"{self.drop_seconds:.1f} s",
            "wall time": f"{self.wall_seconds:.0f} s",
            "peak memory": "not measured" if self.peak_bytes is None else f"{self.peak_bytes / 1e6:.0f} MB",
        }
        lines = [f"| {what} | {number} |" for what, number in rows.items()]
        return "\n".join(["| what | number |", "| --- | ---: |", *lines])


def in_words(counted: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counted.items())) or "none"


def play(workdir: Path, pairs: int, concurrency: int, say: Say) -> Outcome:
    """Stand everything up, drop the pairs, wait until nothing more happens, and count."""
    with stand_up(workdir, parameters=PARAMETERS, provider=PROVIDER, concurrency=concurrency) as standing:
        standing.cloud.set_wait_scale(WAIT_SCALE)
        silence_the_clock(standing)
        with watched_memory(standing.cloud.pid, standing.provider.pid) as peak:
            began = time.monotonic()
            drop(standing, pairs)
            drop_seconds = time.monotonic() - began
            say(f"{pairs} pairs dropped in {drop_seconds:.1f} s")
            ended = wait_until_quiet(standing, pairs, say)
            return count(standing, pairs, drop_seconds, ended - began, peak())


def silence_the_clock(standing: Standing) -> None:
    """Let nobody look for what was lost: here nothing may be lost in the first place."""
    events = standing.cloud.client("events")
    for rule in events.list_rules()["Rules"]:
        if rule.get("ScheduleExpression"):
            events.disable_rule(Name=rule["Name"])


def drop(standing: Standing, pairs: int) -> None:
    """Upload every clip and every sidecar, many at once."""
    s3, inbox, clip = standing.cloud.client("s3"), standing.outputs["InboxBucket"], CLIP.read_bytes()
    halves = ((".mp4", clip), (".json", SIDECAR))
    files = [(f"flood/{number:04}{suffix}", body) for number in range(pairs) for suffix, body in halves]
    with ThreadPoolExecutor(UPLOADERS) as pool:
        list(pool.map(lambda file: s3.put_object(Bucket=inbox, Key=file[0], Body=file[1]), files))


def wait_until_quiet(standing: Standing, pairs: int, say: Say) -> float:
    """Wait until everything has ended, or nothing has changed for long; return when the last change was seen."""
    seen, changed, told = (0, 0, 0), time.monotonic(), time.monotonic()
    while time.monotonic() - changed < QUIET_SECONDS:
        statuses, letters = executions(standing), dead_letters(standing)
        now = (statuses.total(), statuses["RUNNING"], letters)
        if now != seen:
            seen, changed = now, time.monotonic()
        if statuses.total() == pairs and not statuses["RUNNING"]:
            break
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            say(f"{now[0]} of {pairs} started, {now[1]} of them run, {letters} dead letters")
        time.sleep(LOOK_SECONDS)
    return changed


def count(standing: Standing, pairs: int, drop_seconds: float, wall_seconds: float, peak: int | None) -> Outcome:
    """Look at all that is left."""
    suffixes = Counter(key.partition(".")[2] for key in outbox(standing))
    charges = standing.provider.bill()["generations"]
    bills = Counter(charge["video_url"].rsplit("/", 3)[1] for charge in charges)  # .../<edit_id>/<attempt>/clip.mp4
    ended = executions(standing)
    return Outcome(
        pairs=pairs,
        outputs=suffixes["mp4"],
        manifests=suffixes["manifest.json"],
        error_files=suffixes["error.json"],
        bills=len(charges),
        billed_twice=len([edit for edit, times in bills.items() if times > 1]),
        never_started=pairs - ended.total(),
        dead_letters=dead_letters(standing),
        executions=ended,
        edits=edits(standing),
        drop_seconds=drop_seconds,
        wall_seconds=wall_seconds,
        peak_bytes=peak,
    )


def executions(standing: Standing) -> Counter[str]:
    """Return how many executions there are of each status."""
    pages = standing.cloud.client("stepfunctions").get_paginator("list_executions")
    found = pages.paginate(stateMachineArn=standing.outputs["EditStateMachineArn"])
    return Counter(listed["status"] for page in found for listed in page["executions"])


def dead_letters(standing: Standing) -> int:
    """Return how many events lie in the dead-letter queue."""
    wanted = {"QueueUrl": standing.outputs["LostEventsQueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"]}
    return int(standing.cloud.client("sqs").get_queue_attributes(**wanted)["Attributes"]["ApproximateNumberOfMessages"])


def outbox(standing: Standing) -> list[str]:
    """Return the keys in the outbox."""
    pages = standing.cloud.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=standing.outputs["OutboxBucket"])
    return [entry["Key"] for page in found for entry in page.get("Contents", [])]


def edits(standing: Standing) -> Counter[str]:
    """Return how many edits the ledger has in each state."""
    pages = standing.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=standing.outputs["LedgerTable"])
    return Counter(row["state"]["S"] for page in pages for row in page["Items"] if row["sk"]["S"] == "EDIT")


@contextlib.contextmanager
def watched_memory(*pids: int) -> Iterator[Callable[[], int | None]]:
    """Measure the memory of these processes and their children once a second; gives what returns the most so far."""
    most, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            most[0] = max(most[0], memory(pids))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: most[0] or None
    finally:
        over.set()
        thread.join()


def memory(pids: tuple[int, ...]) -> int:
    """Return the resident bytes of processes and their children; 0 where there is no /proc."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # it has ended
            fields = dict(re.findall(r"^(Pid|PPid|VmRSS):\s+(\d+)", status.read_text(), re.MULTILINE))
            if int(fields["Pid"]) in pids or int(fields["PPid"]) in pids:
                total += int(fields.get("VmRSS", 0)) * 1024
    return total
