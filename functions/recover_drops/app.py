"""Look through the inbox for pairs whose announcement was lost."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.observability import log_run, logger
from dropcut.workflow.recover_drops import recover_drops


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Any event in (the clock's says nothing), what was found out."""
    done = recover_drops(services())
    log_run("recovered", done, trouble="a file could not be looked at")
    return done
