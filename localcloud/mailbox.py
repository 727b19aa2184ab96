"""A notification as it reads in a mailbox: the headers that a mail program shows, and the text."""

from __future__ import annotations

import email
import email.policy
import email.utils
from datetime import datetime
from pathlib import Path

from localcloud.messages import Message


def as_mail(message: Message) -> str:
    """Return the mail that came, as text."""
    sender, receiver, date = _envelope(message.mail)
    headers = {"From": sender, "To": receiver, "Subject": message.subject, "Date": date}
    return "\n".join(f"{name + ':':<9}{value}" for name, value in headers.items()) + f"\n\n{message.text}\n"


def _envelope(mail: Path) -> tuple[str, str, str]:
    """Return who sent it, to whom and when: the time of its file, if it does not say."""
    parsed = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    written = email.utils.format_datetime(datetime.fromtimestamp(mail.stat().st_mtime).astimezone())
    return str(parsed["From"]), str(parsed["To"]), str(parsed["Date"] or written)
