"""Ask the provider once how far a generation is."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.domain.generation import Generation
from dropcut.observability import logger
from dropcut.workflow.poll_edit import poll_edit


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.generation` out."""
    before = Generation.from_json(event["generation"])
    logger.append_keys(edit_id=before.edit_id)
    generation = poll_edit(services(), before).as_json()
    logger.info("polled", extra={name: generation.get(name) for name in ("outcome", "request_id", "polls")})
    return generation
