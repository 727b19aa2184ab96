"""The only code that can spend. Reserve, freeze, write the intent, POST once, write the answer.

Every exit tells what is known: a return means that a request id is in the ledger (or that nothing was to be bought),
NotSent and its kinds mean that nothing was accepted, anything else means unknown, and find_submission looks it up.
"""

from __future__ import annotations

from typing import Any

from dropcut.decisions import OnSubmit, on_submit
from dropcut.errors import ClipNotShared, NotSent, ProviderBusy, SubmissionUnknown
from dropcut.identity import mark, split
from dropcut.model import Drop, Edit, State
from dropcut.ports import Services

LEAST_SHARED = 50 * 60  # seconds; a queued generation may fetch the clip late
CONTENT_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime"}


def submit_edit(services: Services, drop: Drop, edit_id: str, tries: int = 0) -> dict[str, Any]:
    """Gives `$.generation`: what the provider is now doing for this edit. Safe to enter again at any point."""
    edit = services.ledger.edit(edit_id)
    if edit is None:
        raise LookupError(f"there is no edit {edit_id} in the ledger")
    step = on_submit(edit, drop.drop_id)
    if step is OnSubmit.LEAVE:
        return {"outcome": "left", "edit_id": edit_id}
    if step is OnSubmit.UNKNOWN:
        raise SubmissionUnknown("an earlier run of this step may have sent the request")
    if step is OnSubmit.OPEN_ATTEMPT:
        edit = services.ledger.reserve(edit, drop.drop_id, services.clock())
    if step is not OnSubmit.ADOPT:
        edit = _buy(services, edit, drop)
    return generation(edit, services.first_wait_seconds, tries)


def _buy(services: Services, edit: Edit, drop: Drop) -> Edit:
    services.provider.ready()
    key = mark(edit.edit_id, edit.attempt, split(drop.clip_key).suffix)
    content_type = CONTENT_TYPES[split(key).suffix]
    services.files.freeze(drop.bucket, drop.clip_key, drop.clip_version, key, content_type)
    shared = services.files.share(key)
    if shared.expires_at - services.clock() < LEAST_SHARED:
        raise ClipNotShared("the credentials that would sign the clip's address end too soon")
    now = services.clock()
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
