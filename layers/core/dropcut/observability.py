"""One logger for all functions, whose every line passes through redaction first, and the metrics of money."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from dropcut.domain.text import redact


def _redacted(record: dict[str, Any]) -> str:
    return redact(json.dumps(record, default=str))


logger = Logger(service="dropcut", json_serializer=_redacted, utc=True)


def log_run(said: str, done: dict[str, Any], trouble: str) -> None:
    """Log what a run by the clock did, and each thing that it could not do."""
    for reason in done.get("reasons", []):
        logger.error(trouble, extra={"reason": reason})
    logger.info(said, extra={name: number for name, number in done.items() if name != "reasons"})


def count_charge(ending: dict[str, Any]) -> None:
    """What an edit cost, and how far that is from its estimate, in US dollars; nothing while it is not known."""
    charged, estimated = ending.get("charged_usd"), ending.get("estimated_usd")
    if charged is None or estimated is None:
        return
    for name, value in {"ChargedUsd": charged, "CostDriftUsd": charged - estimated}.items():
        with single_metric(name=name, unit=MetricUnit.NoUnit, value=value, namespace="Dropcut"):
            pass
