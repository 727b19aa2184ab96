"""Ask the request history for a result whose request record is gone."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.domain.generation import Generation
from dropcut.observability import logger
from dropcut.workflow.find_result import find_result


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.generation` out."""
    before = Generation.from_json(event["generation"])
    logger.append_keys(edit_id=before.edit_id)
    generation = find_result(services(), before).as_json()
    logger.info("asked the history", extra={name: generation.get(name) for name in ("outcome", "request_id", "looks")})
    return generation
