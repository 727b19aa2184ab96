"""An upload was announced: start the edit that it completes."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.observability import logger
from dropcut.workflow.start_edit import start_edit


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An S3 "Object Created" event from EventBridge in, whose keys are not encoded; what was started out."""
    bucket, key = event["detail"]["bucket"]["name"], event["detail"]["object"]["key"]
    outcome = start_edit(services(), bucket, key)
    logger.info("announced", extra={"bucket": bucket, "key": key, **outcome})
    return dict(outcome)
