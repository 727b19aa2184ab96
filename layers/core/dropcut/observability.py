"""One logger for all functions. Whatever is written passes through redaction first."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger

from dropcut.redaction import redact


def _redacted(record: dict[str, Any]) -> str:
    return redact(json.dumps(record, default=str))


logger = Logger(service="dropcut", json_serializer=_redacted, utc=True)
