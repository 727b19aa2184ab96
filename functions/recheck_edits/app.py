"""Look again for edits that are in doubt."""

from __future__ import annotations

from typing import Any

from dropcut.bootstrap import services
from dropcut.observability import log_run, logger
from dropcut.workflow.recheck_edits import recheck_edits


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A scheduled event in, of which nothing is used; what was found out."""
    done = recheck_edits(services())
    log_run("rechecked", done, trouble="an edit in doubt could not be looked for")
    return done
