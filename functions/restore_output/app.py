"""Put an output back that was paid before and is gone from its place."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.intake.execution_input import drop_in
from dropcut.observability import logger
from dropcut.workflow.restore_output import restore_output


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.ending` out."""
    drop, edit_id = drop_in(event), event["edit"]["edit_id"]
    logger.append_keys(drop_id=drop.drop_id, edit_id=edit_id)
    ending = restore_output(services(), drop, edit_id)
    logger.info("restored", extra={"how": ending["how"]})
    return ending
