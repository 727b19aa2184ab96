"""Ask the provider once how far a generation is."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.observability import logger
from dropcut.workflow.poll_edit import poll_edit


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.generation` out."""
    logger.append_keys(edit_id=event["generation"]["edit_id"])
    generation = poll_edit(services(), event["generation"])
    logger.info("polled", extra={name: generation.get(name) for name in ("outcome", "request_id", "polls")})
    return generation
