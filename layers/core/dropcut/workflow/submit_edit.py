"""The only code that can spend. Reserve, freeze, write the intent, POST once, write the answer.

Every exit tells what is known: a return means that a request id is in the ledger (or that nothing was to be bought),
NotSent and its kinds mean that nothing was accepted, anything else means unknown, and find_submission looks it up.
"""

from __future__ import annotations

from dropcut.domain.decisions import OnSubmit, on_submit
from dropcut.domain.errors import (
    ClipNotShared,
    FilesChanged,
    InsufficientCredits,
    LedgerConflict,
    LimitReached,
    NotSent,
    ProviderBusy,
    SubmissionUnknown,
)
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.identity import mark
from dropcut.domain.keys import split
from dropcut.domain.model import Cause, Delay, Drop, Edit, State
from dropcut.domain.text import printable
from dropcut.ports import Services
from dropcut.workflow.delays import delay_edit
from dropcut.workflow.inbox import FileChanges, changed_files, names_like

LATEST_SEND = 30  # seconds after the function began; later, it might be ended before the answer is written down
LEAST_SHARED = 50 * 60  # seconds; a queued generation may fetch the clip late
REPLACED = "its files were replaced before it was sent, and the newer ones are an edit of their own"
RELIES = ("IN_FLIGHT", "EDIT")  # outcomes of a drop that leaves the buying of its edit to whoever has an attempt open
CONTENT_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime"}


def submit_edit(services: Services, drop: Drop, edit_id: str, before: Generation) -> Generation:
    """Return what the provider is now doing for this edit, why it was not sent yet (`delayed`), or why it never will be
    (`superseded`, `called_off`, `left`).

    `before` is the account of the last step, empty for the first. Safe to enter again at any point.
    """
    began, edit = services.clock(), services.ledger.edit(edit_id)
    if edit is None:
        raise LookupError(f"there is no edit {edit_id} in the ledger")
    step = on_submit(edit, drop.drop_id)
    if step is OnSubmit.LEAVE:
        return before.afresh(edit_id, Outcome.LEFT)
    if step is OnSubmit.UNKNOWN:
        raise SubmissionUnknown("an earlier run of this step may have sent the request")
    if step is not OnSubmit.GO_ON:
        try:
            _require_current_files(services, drop, edit_id)  # before room is looked for: without files it ends at once
            edit = _buy(services, _open_attempt(services, edit, drop), drop, began)
        except FilesChanged as changed:
            return _end_unsent(services, drop, edit_id, changed, before)
        except (LimitReached, InsufficientCredits) as why:
            delay = why.delay if isinstance(why, LimitReached) else Delay.CREDITS
            waits = delay_edit(services, drop, edit_id, delay, str(why), before, limits=services.limits)
            if waits is None:
                raise
            return waits
    return before.submitted(edit, services.first_wait_seconds)


def _require_current_files(services: Services, drop: Drop, edit_id: str) -> None:
    """Raise FilesChanged unless the drop's files are still the current ones.

    The same files uploaded again are the same edit. If their drop is on record with it, it may have ended because an
    attempt was open here, and then that attempt is the one that buys.
    """
    found = _changes(services, drop)
    if found.gone or (found.newer and not _relies_on(services, found.newer, edit_id)):
        raise FilesChanged(found.newer, found.gone)
    edit = services.ledger.edit(edit_id) if found.newer else None
    if edit and not edit.is_of(drop):
        raise FilesChanged(found.newer)


def _changes(services: Services, drop: Drop) -> FileChanges:
    return changed_files(services, drop, names_like(services.files, drop.bucket, drop.clip_key))


def _relies_on(services: Services, newer: Drop, edit_id: str) -> bool:
    record = services.journal.drop(newer)
    return record is not None and record.outcome in RELIES and record.edit_id == edit_id


def _end_unsent(services: Services, drop: Drop, edit_id: str, changed: FilesChanged, before: Generation) -> Generation:
    """Close what is open, unpaid, and say which end it is."""
    edit, now = services.ledger.edit(edit_id), services.clock()
    if edit is None or not edit.is_of(drop):  # another drop has prepared it since: it is left to that one
        services.journal.end_drop(drop, "SUPERSEDED", now)
        return before.afresh(edit_id, Outcome.LEFT)
    reason, cause = (REPLACED, None) if changed.newer else (_called_off(changed.gone), Cause.CALLED_OFF)
    if edit.state is State.RESERVED:
        edit = services.ledger.close_unpaid(edit, reason, now, cause)
        # The newer drop may have found the attempt open a moment ago. It writes that down and then looks again, this
        # closes the attempt and then looks again, so that one of the two sees the other and goes on. The files are
        # looked at anew: they may have been uploaded one by one, or again, since the look that called it off.
        newest = _changes(services, drop).newer
        if newest and _relies_on(services, newest, edit_id):
            return before.afresh(edit_id, Outcome.NOT_SENT)
    step = on_submit(edit, drop.drop_id)
    if step is OnSubmit.LEAVE:  # its end was told meanwhile
        return before.afresh(edit_id, Outcome.LEFT)
    if step is not OnSubmit.OPEN_ATTEMPT:
        raise LedgerConflict("another run of this step has gone on with the edit")
    services.ledger.withdraw(edit, reason, now, tell=changed.newer is None, cause=cause)
    if changed.newer is None:
        return before.afresh(edit_id, Outcome.CALLED_OFF)
    services.journal.end_drop(drop, "SUPERSEDED", now)
    return before.afresh(edit_id, Outcome.SUPERSEDED)


def _called_off(gone: tuple[str, ...]) -> str:
    names = " and ".join(printable(key) for key in gone)
    return f"{names} {'were' if len(gone) > 1 else 'was'} deleted before it was sent, so the edit was called off"


def _open_attempt(services: Services, edit: Edit, drop: Drop) -> Edit:
    """An attempt of this drop that may be sent; raises LimitReached."""
    if not services.limits.spending:
        if edit.state is State.RESERVED:  # provably not sent
            services.ledger.close_unpaid(edit, "spending was switched off", services.clock())
        raise LimitReached(Delay.SPENDING_OFF)
    if edit.state is State.RESERVED:
        return edit
    return services.ledger.reserve(edit, drop.drop_id, services.limits, services.clock())


def _buy(services: Services, edit: Edit, drop: Drop, began: float) -> Edit:
    services.provider.ready()
    key = mark(edit.edit_id, edit.attempt, split(drop.clip_key).suffix)
    content_type = CONTENT_TYPES[split(key).suffix]
    services.files.freeze(drop.bucket, drop.clip_key, drop.clip_version, key, content_type)
    shared = services.files.share(key)
    _require_current_files(services, drop, edit.edit_id)  # once more: freezing took its time
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
