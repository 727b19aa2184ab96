"""The request record is gone, or never came to an end in its hour: ask the request history, by request id."""

from __future__ import annotations

from typing import Any

from dropcut.errors import ProviderUnreadable
from dropcut.ports import Services
from dropcut.waiting import ASK_HISTORY_UNTIL, next_history_look
from dropcut.workflow.poll_edit import judge


def find_result(services: Services, generation: dict[str, Any]) -> dict[str, Any]:
    """Gives `$.generation` with the outcome `completed`, `failed`, `looking` or, after seven days, `lost`."""
    waited = generation["waited_seconds"] + generation["wait_seconds"]
    looks = generation["looks"] + 1
    seen = {**generation, "looks": looks, "waited_seconds": waited, "wait_seconds": next_history_look(looks - 1)}
    try:
        progress = services.provider.past(generation["request_id"])
    except ProviderUnreadable:
        progress = None
    # A completed row without its file's address has not fully landed; only the address lets it be delivered.
    if progress and not (progress.status == "COMPLETED" and not progress.result_url):
        outcome = judge(services, seen, progress)
        if outcome:
            return outcome
    age = max(services.clock() - generation["submitted_at"], waited)
    return {**seen, "outcome": "lost" if age >= ASK_HISTORY_UNTIL else "looking"}
