"""Reads what a topic says, as its subscribers get it: the JSON for machines, the attributes, the text for e-mail.

with watch_topic(cloud, topic_arn) as watch:
    message = watch.wait_for(lambda m: m.attributes["status"] == "DELIVERED", seconds=30)
"""

from __future__ import annotations

import email
import email.policy
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from localcloud.cloud import Cloud

ADDRESS = "reader@example.com"


@dataclass(frozen=True)
class Message:
    """One notification."""

    id: str
    subject: str
    attributes: dict[str, str]
    body: str  # what SQS, HTTP and Lambda subscribers get
    text: str  # what e-mail subscribers get
    mail: Path  # the .eml file with that text

    @property
    def document(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body)


class TopicWatch:
    """A queue and an e-mail address subscribed to one topic; keeps every message in `messages`, oldest first."""

    def __init__(self, cloud: Cloud, topic_arn: str) -> None:
        self.messages: list[Message] = []
        self._cloud = cloud
        self._sqs, self._sns = cloud.client("sqs"), cloud.client("sns")
        self._queue = self._sqs.create_queue(QueueName=f"watch-{uuid.uuid4().hex[:12]}")["QueueUrl"]
        wanted = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        queue_arn = wanted["Attributes"]["QueueArn"]
        self._sqs.set_queue_attributes(
            QueueUrl=self._queue, Attributes={"Policy": json.dumps(allow_topic(topic_arn, queue_arn))}
        )
        endpoints = {"email": ADDRESS, "sqs": queue_arn}
        self._subscriptions = [
            self._sns.subscribe(TopicArn=topic_arn, Protocol=protocol, Endpoint=endpoint)["SubscriptionArn"]
            for protocol, endpoint in endpoints.items()
        ]

    def receive(self, seconds: float = 0.0) -> list[Message]:
        """The messages that came since the last call; waits up to `seconds` (whole ones, 20 at most) for the first."""
        new: list[Message] = []
        wait = min(20, int(seconds))
        while True:
            answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
            batch = answer.get("Messages", [])
            for received in batch:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=received["ReceiptHandle"])
                new.append(self._message(json.loads(received["Body"])))
            if not batch:
                self.messages += new
                return new
            wait = 0

    def _message(self, envelope: dict[str, Any]) -> Message:
        mail = self._cloud.workdir / "mail" / f"{envelope['MessageId']}.eml"
        return Message(
            id=envelope["MessageId"],
            subject=envelope.get("Subject") or "",
            attributes={name: given["Value"] for name, given in envelope.get("MessageAttributes", {}).items()},
            body=envelope["Message"],
            text=mail_text(mail),
            mail=mail,
        )

    def wait_for(self, wanted: Callable[[Message], bool], seconds: float = 30.0) -> Message:
        """The first message, old or new, that is wanted; AssertionError, with what came instead, where none comes."""
        deadline = time.monotonic() + seconds
        while True:
            found = next((message for message in self.messages if wanted(message)), None)
            if found:
                return found
            if time.monotonic() > deadline:
                said = "\n".join(f"  {m.attributes} {m.body}" for m in self.messages) or "  nothing"
                raise AssertionError(f"The message did not come within {seconds} s. What came:\n{said}")
            self.receive(1.0)

    def close(self) -> None:
        """Unsubscribe and delete the queue."""
        for subscription in self._subscriptions:
            self._sns.unsubscribe(SubscriptionArn=subscription)
        self._sqs.delete_queue(QueueUrl=self._queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def watch_topic(cloud: Cloud, topic_arn: str) -> TopicWatch:
    """Subscribe to a topic; only what is published from now on is seen."""
    return TopicWatch(cloud, topic_arn)


def allow_topic(topic_arn: str, queue_arn: str) -> dict[str, Any]:
    """The queue policy without which SNS drops the message silently, here and in AWS."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def mail_text(path: Path, patience_seconds: float = 2.0) -> str:
    """The text of a written mail; it is written just after the message reaches the queue."""
    deadline = time.monotonic() + patience_seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    if not path.exists():
        return ""
    content = email.message_from_bytes(path.read_bytes(), policy=email.policy.default).get_content()
    return str(content).removesuffix("\n")
