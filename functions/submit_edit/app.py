"""Buy one generation. The only function that can spend."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.domain.generation import Generation
from dropcut.intake.execution_input import drop_in
from dropcut.observability import logger
from dropcut.workflow.submit_edit import submit_edit


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.generation` out. Errors say what is known about the money."""
    drop, edit_id = drop_in(event), event["edit"]["edit_id"]
    logger.append_keys(drop_id=drop.drop_id, edit_id=edit_id)
    before = Generation.from_json(event.get("generation", {}))
    generation = submit_edit(services(), drop, edit_id, before).as_json()
    logger.info("submitted", extra={name: generation.get(name) for name in ("outcome", "request_id", "attempt")})
    return generation
