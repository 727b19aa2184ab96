"""Settle a bad ending and compose its message."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.intake.execution_input import drop_in
from dropcut.observability import logger
from dropcut.workflow.report_failure import report_failure


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.ending` out."""
    drop, edit_id = drop_in(event), event.get("edit", {}).get("edit_id")
    logger.append_keys(drop_id=drop.drop_id, edit_id=edit_id)
    ending = report_failure(services(), drop, edit_id, event.get("error", {}))
    logger.warning("failed", extra={"status": ending["status"]})
    return ending
