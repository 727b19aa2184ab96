"""The request record is gone, or never came to an end in its hour: ask the request history, by request id."""

from __future__ import annotations

from typing import Any

from dropcut.domain.model import Progress
from dropcut.domain.pauses import ASK_HISTORY_UNTIL, OVERDUE_AFTER, age, next_history_look
from dropcut.ports import Services
from dropcut.workflow.poll_edit import judge, overdue, read

WORTH_TELLING = 2  # looks in vain; most often the first one finds it
NEVER_SAID = "the provider did not say within seven days how the generation ended"


def find_result(services: Services, generation: dict[str, Any]) -> dict[str, Any]:
    """Gives `$.generation`; outcome `completed`, `failed`, `looking`, `overdue` (once) or, after seven days, `lost`."""
    waited = generation.get("waited_seconds", 0) + generation.get("wait_seconds", 0)
    looks = generation.get("looks", 0) + 1
    kept = {name: value for name, value in generation.items() if name != "notice"}
    seen = {**kept, "looks": looks, "waited_seconds": waited, "wait_seconds": next_history_look(looks - 1)}
    outcome = _ask(services, seen)
    if outcome:
        return outcome
    old = age(generation, waited, services.clock())
    if old < ASK_HISTORY_UNTIL:
        looking = {**seen, "outcome": "looking"}
        no_news = looks < WORTH_TELLING or old < OVERDUE_AFTER or seen.get("told_overdue")
        return looking if no_news else overdue(services, looking, old)
    edit = services.ledger.edit(generation["edit_id"])
    if edit and edit.request_id == generation["request_id"]:
        services.ledger.advance(edit, edit.state, services.clock(), reason=NEVER_SAID)
    return {**seen, "outcome": "lost"}


def _ask(services: Services, seen: dict[str, Any]) -> dict[str, Any] | None:
    """The history first; then the record once more, since one 404 of it must not end the asking."""
    past = read(services.provider.past, seen["request_id"])
    if past and past.status == "COMPLETED" and not past.result_url:
        past = None  # the row has not fully landed, and only the file's address lets it be delivered
    outcome = judge(services, seen, past) if past else None
    if outcome is None:
        record = read(services.provider.status, seen["request_id"])
        outcome = judge(services, seen, record or Progress(status=""))
    if outcome and outcome["outcome"] == "running":  # a failure is not confirmed yet: the machine's way back to here
        return {**outcome, "outcome": "looking"}
    return outcome
