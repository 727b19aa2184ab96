"""Says on the console when an event lies in the dead-letter queue: nothing else would, and nothing comes of it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.terminal import plain

NAMED = 10  # letters at most, for as many come at once


class DeadLetters:
    """One queue, looked at again and again; the letters stay in it."""

    def __init__(self, cloud: Cloud, queue_url: str) -> None:
        self._sqs, self._queue, self._workdir = cloud.client("sqs"), queue_url, cloud.workdir
        self._known: set[str] = set()
        self._told = 0

    def news(self) -> str:
        """Return what to print where there are more letters than at the last look, else nothing."""
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=wanted)["Attributes"]
        number, before = sum(int(found[name]) for name in wanted), self._told
        self._told = number
        return announcement(number, self._unknown(), self._workdir) if number > before else ""

    def _unknown(self) -> list[str]:
        """The bodies of letters that were not shown yet; they are only looked at, so that a person can take them."""
        looked = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=NAMED, VisibilityTimeout=0)
        new = [letter for letter in looked.get("Messages", []) if letter["MessageId"] not in self._known]
        self._known |= {letter["MessageId"] for letter in new}
        return [letter["Body"] for letter in new]


def announcement(number: int, bodies: list[str], workdir: Path) -> str:
    """Return how many letters there are, what the new ones are about, and what to do."""
    what = "1 event lies" if number == 1 else f"{number} events lie"
    lines = [f"--- {time.strftime('%H:%M:%S')}  {what} in the dead-letter queue, and nothing comes of it"]
    lines += [f"  {plain(about(body))}" for body in bodies]
    lines += [f"  The functions' logs have the reason: {workdir}/lambda-*.log", "  Then upload the file again.", ""]
    return "\n".join(lines)


def about(body: str) -> str:
    """Return what a letter is about and what its function complained of, as far as it says."""
    letter = json.loads(body)
    event, failure = letter.get("requestPayload", letter), letter.get("responsePayload") or {}
    function = str((letter.get("requestContext") or {}).get("functionArn", "")).rpartition(":")[2]
    complaint = ": ".join(str(failure[name]) for name in ("errorType", "errorMessage") if failure.get(name))
    return ", ".join(part for part in (subject(event), function, complaint[:200]) if part)


def subject(event: Any) -> str:
    """Return the file or the execution that an event is about, or else what kind of event it is."""
    detail = event.get("detail") or {}
    return str((detail.get("object") or {}).get("key") or detail.get("executionArn") or event.get("detail-type", "?"))
