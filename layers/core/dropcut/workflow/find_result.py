"""The request record is gone, or never came to an end in its hour: ask the request history, by request id."""

from __future__ import annotations

from dataclasses import replace

from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Progress
from dropcut.domain.pauses import ASK_HISTORY_UNTIL, OVERDUE_AFTER, next_history_look
from dropcut.ports import Services
from dropcut.workflow.poll_edit import judge, overdue, read

WORTH_TELLING = 2  # looks in vain; most often the first one finds it
NEVER_SAID = "the provider did not say within seven days how the generation ended"


def find_result(services: Services, generation: Generation) -> Generation:
    """Return it as one look found it: `looking`, `overdue` (once), `completed`, `failed`, `try_again` or, after seven
    days, `lost`.
    """
    looks = generation.looks + 1
    pause = next_history_look(looks - 1)
    seen = replace(generation.after_the_pause(), outcome=Outcome.LOOKING, looks=looks, wait_seconds=pause)
    if judged := _ask(services, seen):
        return judged
    old = seen.age(services.clock())
    if old < ASK_HISTORY_UNTIL:
        no_news = looks < WORTH_TELLING or old < OVERDUE_AFTER or seen.told_overdue
        return seen if no_news else overdue(services, seen, old)
    edit = services.ledger.edit(seen.edit_id)
    if edit and edit.request_id == seen.request_id:
        services.ledger.advance(edit, edit.state, services.clock(), reason=NEVER_SAID)
    return replace(seen, outcome=Outcome.LOST)


def _ask(services: Services, seen: Generation) -> Generation | None:
    """Ask the history first; then the record once more, since one 404 of it must not end the asking."""
    past = read(services.provider.past, str(seen.request_id))
    if past and past.status == "COMPLETED" and not past.result_url:
        past = None  # the row has not fully landed, and only the file's address lets it be delivered
    if past and (judged := judge(services, seen, past)):
        return judged
    record = read(services.provider.status, str(seen.request_id))
    return judge(services, seen, record or Progress(status=""))
