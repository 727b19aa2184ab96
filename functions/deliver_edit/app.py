"""Copy a finished video into the outbox, whole or not at all."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.intake.execution_input import drop_in
from dropcut.observability import count_charge, logger
from dropcut.workflow.deliver_edit import deliver_edit


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The state machine's document in; `$.ending` out."""
    drop, edit_id = drop_in(event), event["edit"]["edit_id"]
    logger.append_keys(drop_id=drop.drop_id, edit_id=edit_id)
    ending = deliver_edit(services(), drop, edit_id)
    logger.info("delivered", extra={"output_key": ending["output_key"]})
    count_charge(ending)
    return ending
