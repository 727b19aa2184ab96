"""Look by the clock for what events did not bring."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.observability import log_run, logger
from dropcut.workflow.sweep_drops import sweep_drops


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A scheduled event in, of which nothing is used; what was done out."""
    done = sweep_drops(services())
    log_run("swept", done, trouble="a row could not be swept")
    return done
