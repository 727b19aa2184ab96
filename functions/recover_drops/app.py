"""Look through the inbox for pairs whose announcement was lost."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.observability import logger
from dropcut.workflow.recover_drops import recover_drops


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Any event in (the clock's says nothing), what was found out."""
    done = recover_drops(services())
    for reason in done.get("reasons", []):
        logger.error("a file could not be looked at", extra={"reason": reason})
    logger.info("recovered", extra={name: number for name, number in done.items() if name != "reasons"})
    return done
