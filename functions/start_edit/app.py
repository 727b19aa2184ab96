"""An upload was announced: start the edit that it completes."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent

from dropcut.bootstrap import services
from dropcut.observability import logger
from dropcut.workflow.start_edit import start_edit


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An S3 "Object Created" event from EventBridge in, whose keys are not encoded; what was started out."""
    detail = S3EventBridgeNotificationEvent(event).detail
    bucket, key = detail.bucket.name, detail.object["key"]  # `.key` would decode it, and spoil "+" and "%25"
    outcome = start_edit(services(), bucket, key)
    logger.info("announced", extra={"bucket": bucket, "key": key, **outcome})
    return dict(outcome)
