"""An execution ended badly: settle what it left open."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.observability import logger
from dropcut.workflow.settle_execution import began_with_a_drop, from_status_change, settle_execution


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A "Step Functions Execution Status Change" of EventBridge in; what was told out."""
    if not began_with_a_drop(event["detail"]):
        logger.warning("it was started by hand, with something else than a drop")
        return {"told": ""}
    drop, edit_id, status, cause = from_status_change(event["detail"])
    logger.append_keys(drop_id=drop.drop_id)
    told = settle_execution(services(), drop, edit_id, status, cause, event["detail"]["name"])
    logger.info("settled", extra={"status": status, "told": told})
    return {"told": told}
