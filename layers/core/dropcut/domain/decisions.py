"""What to do next, decided from what is known. Pure: every rule about money can be read and tested here."""

from __future__ import annotations

import re
from enum import StrEnum

from dropcut.domain.model import HELD, OPEN, Cause, Edit, Progress, State

MAX_TRIES = 3  # attempts of one drop when the provider fails for lack of capacity, which it does not bill


class DropVerdict(StrEnum):
    """What prepare_edit found out about a drop. The state machine's Choice names these words."""

    READY = "ready"  # to be bought
    REJECTED = "rejected"  # with its problems, before anything was spent
    NOTHING_TO_BUY = "settled"  # edited before, or held: a notice says so
    RESTORE = "put_back"  # edited before, and its output is gone from its place
    IN_FLIGHT = "in_flight"  # another drop has an attempt open
    SUPERSEDED = "superseded"  # newer files have an edit of their own


class OnDrop(StrEnum):
    """What an arriving drop means for its edit."""

    BUY = "buy"
    IN_FLIGHT = "in_flight"
    DELIVERED_BEFORE = "delivered_before"
    NOT_AGAIN = "not_again"  # held, given up, or charged: nothing is bought, and the message says why


def on_drop(edit: Edit | None, owner: str) -> OnDrop:
    """Only an edit that is new, or whose last attempt is proven unpaid, is bought.

    Where only the provider's word says that it was unpaid, whoever dropped the files is told first.
    """
    if edit and unconfirmed(edit) and not edit.notice:
        return OnDrop.IN_FLIGHT
    if edit is None or edit.state is State.PREPARED or (edit.state is State.FAILED and not edit.charged_usd):
        return OnDrop.BUY
    if edit.state in OPEN:
        return OnDrop.BUY if edit.owner == owner else OnDrop.IN_FLIGHT
    return OnDrop.DELIVERED_BEFORE if edit.state is State.DELIVERED else OnDrop.NOT_AGAIN


class OnSubmit(StrEnum):
    """What the spender may do with an edit in this state."""

    OPEN_ATTEMPT = "open_attempt"  # reserve, then send
    SEND = "send"  # reserved by this execution and provably not sent
    GO_ON = "go_on"  # this execution's POST was answered: go on with its request id
    UNKNOWN = "unknown"  # this execution's POST may have left: look it up
    LEAVE = "leave"  # another execution's, or over


def on_submit(edit: Edit, owner: str) -> OnSubmit:
    """The one rule of the spender. It is asked again on every re-entry."""
    if on_drop(edit, owner) is not OnDrop.BUY or unconfirmed(edit):  # until a new drop, whose preparation clears it
        return OnSubmit.LEAVE
    if edit.state is State.RESERVED:
        return OnSubmit.SEND
    if edit.state is State.SUBMITTING:
        return OnSubmit.UNKNOWN
    if edit.state in OPEN:
        return OnSubmit.GO_ON
    resumed = bool(edit.execution) and edit.owner == owner  # to carry one request on and to buy nothing
    told = bool(edit.event_id)  # its end is recorded, as unpaid: only a drop that prepares it again begins again
    return OnSubmit.LEAVE if resumed or told else OnSubmit.OPEN_ATTEMPT


def has_no_result(edit: Edit) -> bool:
    """Held, for it was charged; but the provider failed it, so there is no file that could be delivered."""
    return edit.state is State.UNDELIVERED and edit.cause is Cause.CHARGED


def unconfirmed(edit: Edit) -> bool:
    """Failed, and only the provider's status says so: nothing more is bought until a person drops the files again."""
    return edit.state is State.FAILED and edit.cause is Cause.UNCONFIRMED


class Billing(StrEnum):
    """What the request history says of a generation whose status is FAILED."""

    FREE = "free"  # the only one that proves the attempt unpaid
    CHARGED = "charged"
    HAS_RESULT = "has_result"  # it was made after all
    UNFINISHED = "unfinished"  # it was made after all, and its file has not landed
    UNKNOWN = "unknown"


def billing(past: Progress | None) -> Billing:
    """A missing row, a row that is not final and one without an amount prove nothing: rows land late."""
    if past is None:
        return Billing.UNKNOWN
    if past.status == "COMPLETED":
        return Billing.HAS_RESULT if past.result_url else Billing.UNFINISHED
    if past.charged_usd:
        return Billing.CHARGED
    return Billing.FREE if past.status == "FAILED" and past.charged_usd == 0 else Billing.UNKNOWN


class FailureClass(StrEnum):
    """Why the provider failed a generation, judged by its text; it publishes no codes."""

    CAPACITY = "capacity"
    MODERATION = "moderation"
    MEDIA_UNREACHABLE = "media_unreachable"
    INPUT_INVALID = "input_invalid"
    UNKNOWN = "unknown"


_CLASSES = (
    (
        FailureClass.MODERATION,
        r"content.policy|policy|safety|sensitive|risk control|nsfw|moderation|prohibited|\b1301\b",
    ),
    (FailureClass.MEDIA_UNREACHABLE, r"rejected: url|download|fetch|unreachable|could not (read|open|get)|\b40[34]\b"),
    (
        FailureClass.INPUT_INVALID,
        r"validation|required|must be|mandatory|invalid|unsupported|duration|resolution|width",
    ),
    (FailureClass.INPUT_INVALID, r"height|\bfps\b|format"),
    (FailureClass.CAPACITY, r"rate.limit|\b429\b|parallel task|\b130[23]\b|overload|busy|time(d )?.?out|\b500[12]\b"),
    (FailureClass.CAPACITY, r"unavailable|internal|capacity"),
)


def classify_failure(text: str) -> FailureClass:
    """The first class whose words appear; what may be tried again comes last, so doubt never buys."""
    for kind, pattern in _CLASSES:
        if re.search(pattern, text, re.IGNORECASE):
            return kind
    return FailureClass.UNKNOWN


def on_failure(edit: Edit | None) -> State:
    """What a broken execution leaves behind, by the ledger's word alone: never by the error's name."""
    if edit is None or edit.state in (State.PREPARED, State.RESERVED, State.FAILED):
        return State.FAILED
    if edit.state in HELD or edit.state in (State.DELIVERED, State.ABANDONED):
        return edit.state
    return State.IN_DOUBT if edit.state is State.SUBMITTING else State.UNDELIVERED
