"""Look up a submission whose outcome is unknown. Never sends anything."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.domain.generation import Generation
from dropcut.intake.execution_input import drop_in
from dropcut.observability import logger
from dropcut.workflow.find_submission import find_submission


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.generation` out."""
    drop, edit_id = drop_in(event), event["edit"]["edit_id"]
    logger.append_keys(drop_id=drop.drop_id, edit_id=edit_id)
    before = Generation.from_json(event.get("generation", {}))
    generation = find_submission(services(), drop, edit_id, before).as_json()
    logger.info("looked for a submission", extra={name: generation.get(name) for name in ("outcome", "request_id")})
    return generation
