"""Ask the provider once how far a generation is. Reads cost nothing; a failed read is simply made again later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dropcut.domain.decisions import (
    MAX_TRIES,
    Billing,
    FailureClass,
    billing,
    classify_failure,
)
from dropcut.domain.errors import ProviderUnreadable
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.model import Cause, Edit, Progress, State
from dropcut.domain.pauses import OVERDUE_AFTER, POLL_UNTIL, SEARCHES, VISIBLE_AFTER, next_poll
from dropcut.notifications import updates
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services

YET_CHARGED = "; yet it charged for it"
UNCONFIRMED = "its history did not confirm that this was free"
TRY_AGAIN_AFTER = 60  # seconds, after the provider failed for lack of capacity


def poll_edit(services: Services, generation: Generation) -> Generation:
    """Return it as one look found it: `running`, `overdue` (once), `completed`, `failed`, `try_again` or `gone`."""
    polls = generation.polls + 1
    seen = replace(generation.after_the_pause(), outcome=Outcome.RUNNING, polls=polls, wait_seconds=next_poll(polls))
    old = seen.age(services.clock())
    try:
        progress = services.provider.status(str(seen.request_id))
    except ProviderUnreadable as error:
        progress = Progress(status="UNREADABLE", error=str(error))
    if judged := judge(services, seen, progress):
        return judged
    if old >= POLL_UNTIL or (progress.status == "GONE" and old >= VISIBLE_AFTER):
        return replace(seen, outcome=Outcome.GONE, looks=0, wait_seconds=0)
    running = replace(seen, provider_status=progress.status[:40])
    return running if old < OVERDUE_AFTER or seen.told_overdue else overdue(services, running, old)


def overdue(services: Services, running: Generation, old: float) -> Generation:
    """Return the same with one message to say that it takes long."""
    edit = services.ledger.edit(running.edit_id)
    if edit is None:
        return running
    notice = as_notice(updates.overdue(edit, int(old // 60)))
    return replace(running, outcome=Outcome.OVERDUE, told_overdue=True, notice=notice.as_json())


def judge(services: Services, seen: Generation, progress: Progress) -> Generation | None:
    """Write a final answer of the provider into the ledger; None while there is none. Unknown words are not final.

    Where its history has still to confirm a failure, the outcome of `seen` stays: the caller's word for looking again.
    """
    if progress.status not in ("COMPLETED", "FAILED"):
        if seen.failure is None:
            return None
        progress = Progress(status="FAILED", error=seen.failure)  # said before; the history is asked again
    edit = services.ledger.edit(seen.edit_id)
    if edit is None or edit.request_id != seen.request_id or edit.state not in (State.SUBMITTED, State.COMPLETED):
        return replace(seen, outcome=Outcome.FAILED)  # it was closed before, by an earlier run or by a person
    if progress.status == "COMPLETED":
        services.ledger.complete(edit, progress.charged_usd, services.clock())
        return replace(seen, outcome=Outcome.COMPLETED)
    return _failed(services, seen, edit, progress)


def _failed(services: Services, seen: Generation, edit: Edit, progress: Progress) -> Generation | None:
    """The provider calls it failed. Whether that was free, only its history proves."""
    kind = classify_failure(progress.error)
    reason = f"the provider failed it ({kind}): {progress.error or 'no reason given'}"
    charged = progress.charged_usd or edit.charged_usd
    if edit.vouched_by and not edit.charged_usd:
        return _in_doubt_again(services, seen, edit, reason, charged=bool(charged))
    answer = progress if charged else read(services.provider.past, str(edit.request_id))
    said = Billing.CHARGED if charged else billing(answer)
    if said is Billing.UNFINISHED:
        return None
    if said is Billing.UNKNOWN:
        return _ask_again(services, seen, edit, progress, reason)
    if said is not Billing.FREE:  # against its word that failures are free
        edit = services.ledger.complete(edit, answer.charged_usd if answer else None, services.clock())
        return _charged(services, seen, edit, reason, has_result=said is Billing.HAS_RESULT)
    services.ledger.close_unpaid(edit, reason, services.clock())
    may_try = kind is FailureClass.CAPACITY and 0 < seen.tries < MAX_TRIES  # a number that is not known never buys
    if may_try and not edit.execution:  # what was resumed is never bought without being dropped again
        return replace(seen, outcome=Outcome.TRY_AGAIN, wait_seconds=TRY_AGAIN_AFTER)
    return replace(seen, outcome=Outcome.FAILED)


def _charged(services: Services, seen: Generation, edit: Edit, reason: str, *, has_result: bool) -> Generation:
    """Have what is paid delivered where there is a result after all, else hold it."""
    if has_result:
        return replace(seen, outcome=Outcome.COMPLETED)
    why = {"reason": reason + YET_CHARGED, "cause": Cause.CHARGED}
    services.ledger.advance(edit, State.UNDELIVERED, services.clock(), **why)
    return replace(seen, outcome=Outcome.FAILED)


def read(ask: Callable[[str], Progress | None], request_id: str) -> Progress | None:
    """What the provider answers about a request; None where it cannot be read."""
    try:
        return ask(request_id)
    except ProviderUnreadable:
        return None


def _ask_again(services: Services, seen: Generation, edit: Edit, progress: Progress, reason: str) -> Generation:
    """Look once more, as long as for a lost answer; then it is over, and no attempt follows by itself."""
    asked = seen.asked + 1
    if asked <= len(SEARCHES):
        return replace(seen, failure=progress.error, asked=asked, wait_seconds=SEARCHES[asked - 1])
    reason = f"{reason}; look up request {edit.request_id} with the provider, for {UNCONFIRMED}"
    services.ledger.close_unpaid(edit, reason, services.clock(), Cause.UNCONFIRMED)
    return replace(seen, outcome=Outcome.FAILED)


def _in_doubt_again(services: Services, seen: Generation, edit: Edit, reason: str, *, charged: bool) -> Generation:
    """The request was perhaps another's, so that its failure says nothing of what this attempt may cost."""
    said = f"request {edit.request_id} was adopted without proof that it is this attempt's, and {reason}"
    why = {"reason": said + YET_CHARGED, "cause": Cause.CHARGED} if charged else {"reason": said}
    fresh = dict.fromkeys(("request_id", "submitted_at", "vouched_by"))
    services.ledger.advance(edit, State.IN_DOUBT, services.clock(), **why, **fresh)
    return replace(seen, outcome=Outcome.FAILED)
