"""Understand a drop before it costs anything."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.intake.execution_input import drop_in
from dropcut.observability import logger
from dropcut.workflow.prepare_edit import prepare_edit


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.edit` out."""
    drop = drop_in(event)
    logger.append_keys(drop_id=drop.drop_id)
    edit = prepare_edit(services(), drop, event.get("inspection"))
    logger.info("prepared", extra={"verdict": edit["verdict"], "edit_id": edit.get("edit_id")})
    return edit
