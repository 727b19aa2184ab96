"""The only code that can spend. Reserve, freeze, write the intent, POST once, write the answer.

Every exit tells what is known: a return means that a request id is in the ledger (or that nothing was to be bought),
NotSent and its kinds mean that nothing was accepted, anything else means unknown, and find_submission looks it up.
"""

from __future__ import annotations

from typing import Any

from dropcut import news
from dropcut.decisions import OnSubmit, on_submit
from dropcut.errors import (
    ClipNotShared,
    InsufficientCredits,
    LimitReached,
    NotSent,
    ProviderBusy,
    SubmissionUnknown,
)
from dropcut.identity import mark, split
from dropcut.model import Delay, Drop, Edit, State
from dropcut.notices import Notice
from dropcut.ports import Services
from dropcut.table import edit_key
from dropcut.waiting import longest_delay, next_try, worth_telling

LATEST_SEND = 12  # seconds after the function began; later, it might be ended before the answer is written down
LEAST_SHARED = 50 * 60  # seconds; a queued generation may fetch the clip late
CONTENT_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime"}


def submit_edit(services: Services, drop: Drop, edit_id: str, before: dict[str, Any]) -> dict[str, Any]:
    """Gives `$.generation`: what the provider is now doing for this edit, or why it was not sent yet (`delayed`).

    `before` is what `$.generation` was. Safe to enter again at any point.
    """
    began, edit = services.clock(), services.ledger.edit(edit_id)
    if edit is None:
        raise LookupError(f"there is no edit {edit_id} in the ledger")
    step = on_submit(edit, drop.drop_id)
    if step is OnSubmit.LEAVE:
        return {"outcome": "left", "edit_id": edit_id}
    if step is OnSubmit.UNKNOWN:
        raise SubmissionUnknown("an earlier run of this step may have sent the request")
    if step is not OnSubmit.ADOPT:
        try:
            edit = _buy(services, _open_attempt(services, edit, drop), drop, began)
        except LimitReached as limit:
            return _delayed(services, drop, edit_id, limit, limit.delay, before)
        except InsufficientCredits as refusal:
            return _delayed(services, drop, edit_id, refusal, Delay.CREDITS, before)
    return generation(edit, services.first_wait_seconds, int(before.get("tries", 0)))


def _open_attempt(services: Services, edit: Edit, drop: Drop) -> Edit:
    """An attempt of this drop that may be sent; raises LimitReached."""
    if not services.limits.spending:
        if edit.state is State.RESERVED:  # provably not sent
            services.ledger.close_unpaid(edit, "spending was switched off", services.clock())
        raise LimitReached(Delay.SPENDING_OFF)
    if edit.state is State.RESERVED:
        return edit
    return services.ledger.reserve(edit, drop.drop_id, services.limits, services.clock())


def _delayed(
    services: Services, drop: Drop, edit_id: str, why: NotSent, delay: Delay, before: dict[str, Any]
) -> dict[str, Any]:
    """Nothing was sent, and later there may be room. One message says so; after too long the reason is final."""
    edit, now = services.ledger.edit(edit_id), services.clock()
    if edit is None or on_submit(edit, drop.drop_id) is not OnSubmit.OPEN_ATTEMPT:
        return {"outcome": "left", "edit_id": edit_id}
    edit = services.ledger.delay(edit, delay, now)
    counted = before.get("delayed_seconds", 0) if delay.goes_on(before.get("delayed_by")) else 0
    waited = max(counted, now - (edit.delayed_since or now))
    if waited >= longest_delay(delay, services.limits.credit_wait_hours):
        raise why
    delays = int(before.get("delays", 0)) + 1
    pause, told = next_try(delays, drop.drop_id), before.get("told") == delay
    again = {"outcome": "delayed", "edit_id": edit_id, "tries": int(before.get("tries", 0)), "delays": delays}
    again |= {"told": before.get("told"), "wait_seconds": pause, "delayed_by": delay, "delayed_seconds": waited + pause}
    if told or not worth_telling(delay, waited):
        return again
    body = news.delayed(edit, drop, delay, services.limits)
    notice = Notice(**edit_key(edit_id), body=body).as_json()
    return {**again, "outcome": "delayed_news", "told": delay, "notice": notice}


def _buy(services: Services, edit: Edit, drop: Drop, began: float) -> Edit:
    services.provider.ready()
    key = mark(edit.edit_id, edit.attempt, split(drop.clip_key).suffix)
    content_type = CONTENT_TYPES[split(key).suffix]
    services.files.freeze(drop.bucket, drop.clip_key, drop.clip_version, key, content_type)
    shared = services.files.share(key)
    if shared.expires_at - services.clock() < LEAST_SHARED:
        raise ClipNotShared("the credentials that would sign the clip's address end too soon")
    now = services.clock()
    if now - began > LATEST_SEND:
        raise ProviderBusy(f"it took {now - began:.0f} s to prepare the request, which left too little time to send it")
    edit = services.ledger.advance(edit, State.SUBMITTING, now, sent_at=round(now, 3))
    try:
        request_id = services.provider.submit(edit.request, shared.url)
    except ProviderBusy:
        services.ledger.advance(edit, State.RESERVED, services.clock(), sent_at=None)
        raise
    except NotSent as refusal:
        services.ledger.close_unpaid(edit, str(refusal), services.clock())
        raise
    return accept(services, edit, request_id)


def accept(services: Services, edit: Edit, request_id: str) -> Edit:
    """Write the answer down. If that fails the submission is unknown to the ledger, never unsent."""
    try:
        facts = {"request_id": request_id, "submitted_at": edit.sent_at}
        return services.ledger.advance(edit, State.SUBMITTED, services.clock(), **facts)
    except Exception as error:  # whatever it was, the money is spent: say the id, so that a log line can save it
        raise SubmissionUnknown(f"accepted as {request_id}, not written: {type(error).__name__}") from error


def generation(edit: Edit, first_wait: int, tries: int) -> dict[str, Any]:
    """The state machine's account of a generation; small, and grown by each poll."""
    return {
        "outcome": "submitted",
        "edit_id": edit.edit_id,
        "request_id": edit.request_id,
        "attempt": edit.attempt,
        "tries": tries + 1,
        "submitted_at": edit.submitted_at,
        "polls": 0,
        "looks": 0,
        "wait_seconds": first_wait,
        "waited_seconds": 0,
    }
