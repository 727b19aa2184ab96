"""Find out what a clip is, with no right but to read it."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.intake.execution_input import drop_in
from dropcut.observability import logger
from dropcut.workflow.inspect_clip import inspect_clip


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.inspection` out."""
    drop = drop_in(event)
    logger.append_keys(drop_id=drop.drop_id)
    inspection = inspect_clip(services(), drop)
    logger.info("inspected", extra={"problem": inspection.get("problem")})
    return inspection
