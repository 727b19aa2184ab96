"""SNS as a subscriber meets it: e-mail becomes a file, and a message that SNS refuses is refused.

MiniStack drops messages for e-mail subscriptions, and takes subjects and attributes that SNS does not.
"""

from __future__ import annotations

import json
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from ministack.services import sns

SUBJECT = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,98}")  # ASCII, no control characters, under 100 long
_stock_fanout = sns._fanout
_stock_publish = sns._publish


def problem_with(params: dict[str, Any]) -> str | None:
    """What SNS refuses about a Publish, in its words, or None."""
    subject = sns._p(params, "Subject")
    if subject and not SUBJECT.fullmatch(subject):
        return "Invalid parameter: Subject"
    if sns._p(params, "MessageStructure") == "json" and not has_default(sns._p(params, "Message")):
        return "Invalid parameter: Message Structure - No default entry in JSON message body"
    for name, attribute in sns._parse_message_attributes(params).items():
        if not (attribute.get("StringValue") or attribute.get("BinaryValue")):
            return (
                f"Invalid parameter: Message Reason: The message attribute '{name}' must contain non-empty message "
                f"attribute value for message attribute type '{attribute.get('DataType', 'String')}'."
            )
    return None


def has_default(message: Any) -> bool:
    """True if a structured message has the text that every protocol falls back on."""
    try:
        return isinstance(json.loads(message)["default"], str)
    except (ValueError, KeyError, TypeError):
        return False


def publish(params: dict[str, Any]) -> Any:
    """Publish, unless SNS would not."""
    problem = problem_with(params)
    if problem:
        return sns._error("ParameterValueInvalid" if "attribute" in problem else "InvalidParameter", problem, 400)
    return _stock_publish(params)


def write_mail(folder: Path, address: str, message_id: str, subject: str, text: str) -> None:
    """One .eml file a message, named by its id; an e-mail program opens it."""
    folder.mkdir(exist_ok=True)
    mail = EmailMessage()
    mail["From"] = "AWS Notifications <no-reply@sns.amazonaws.com>"
    mail["To"] = address
    mail["Subject"] = subject or "AWS Notification Message"
    mail["X-Message-Id"] = message_id
    mail.set_content(text)
    unfinished = folder / f".{message_id}"
    unfinished.write_bytes(bytes(mail))
    unfinished.rename(folder / f"{message_id}.eml")


def install(workdir: Path) -> None:
    """Put these in place of MiniStack's; it looks the names up at every call."""

    def fanout(
        topic_arn: str,
        msg_id: str,
        message: str,
        subject: str = "",
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **rest: Any,
    ) -> None:
        _stock_fanout(topic_arn, msg_id, message, subject, message_structure, message_attributes, **rest)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        text = sns._resolve_message_for_protocol(message, message_structure, "email")
        for subscription in topic["subscriptions"]:
            if subscription["protocol"] == "email" and sns._matches_filter_policy(
                subscription, message_attributes or {}, text
            ):
                write_mail(workdir / "mail", subscription["endpoint"], msg_id, subject, text)

    sns._fanout = fanout
    sns._publish = publish
