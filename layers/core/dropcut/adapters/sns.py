"""SNS: send a notice."""

from __future__ import annotations

import json
from typing import Any

from dropcut.domain.model import Notice


class SnsTopic:
    def __init__(self, sns: Any, topic_arn: str) -> None:
        self._sns, self._arn = sns, topic_arn

    def publish(self, notice: Notice) -> None:
        """Send a notice exactly as the state machine's publish task does."""
        self._sns.publish(
            TopicArn=self._arn,
            Subject=notice.subject,
            MessageStructure="json",
            Message=json.dumps(notice.message, ensure_ascii=False),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": getattr(notice, name)}
                for name in ("status", "folder", "event_id")
            },
        )
