"""Runs by the clock: executions that are gone are settled, unsent messages are sent, halves that wait are told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from dropcut.domain.keys import is_nameless, split
from dropcut.domain.model import Half, Notice, State, Unfinished
from dropcut.domain.pairing import search_prefix, why_waiting
from dropcut.notifications import updates
from dropcut.notifications.envelope import as_notice
from dropcut.notifications.schemas import Notification
from dropcut.ports import Services
from dropcut.workflow.failures import Failures
from dropcut.workflow.settle_execution import settle
from dropcut.workflow.start_edit import start_pairs

UNSENT_AFTER = 3600  # seconds; the state machine tries that long to send a message itself
DELIVERY_OVERDUE = 3600  # seconds after the provider was done
UNTOUCHED_FOR = 900  # seconds, before somebody looks whether an execution still lives
NAMES_LOOKED_AT = 5_000  # of a folder, when guessing at a typo
RUN_SECONDS = 90  # of the function's 120: what has begun by then has half a minute to end
Row = Unfinished | Half | Notice


class Kind(NamedTuple):
    """One kind of row: how to find it, how long it is left untouched, when it is looked at again, what to do."""

    rows: Callable[[float], Sequence[Row]]
    patience: float
    pause: float
    look_at: Callable[[Any], str]


def sweep_drops(services: Services) -> dict[str, Any]:
    """Return how many endings were settled, drops started, messages sent, halves told of, and what failed. Safe to run
    at any time and again.

    What matters most for money comes first, and each kind has its share of the time that is left. What is not reached
    is where the next run begins. A row goes to the end of its queue before it is looked at, so none blocks the others.
    """
    now, failures = services.clock(), Failures()
    half_wait = 60 * services.half_wait_minutes
    kinds = (
        Kind(services.journal.unfinished, UNTOUCHED_FOR, UNTOUCHED_FOR, partial(_ask_after, services)),
        Kind(services.journal.unsent_notices, UNSENT_AFTER, 0, partial(_send, services)),
        Kind(services.journal.halves_waiting, half_wait, 0, partial(_half, services)),
    )
    done = dict.fromkeys(("settled", "started", "alive", "sent", "told", "gone", "not_reached"), 0)
    for number, kind in enumerate(kinds):
        share = (now + RUN_SECONDS - services.clock()) / (len(kinds) - number)
        until = services.clock() + share
        for row in kind.rows(now - kind.patience):
            if services.clock() >= until:
                done["not_reached"] += 1
                continue
            try:
                services.journal.look_later(row, now - kind.patience + kind.pause)
                done[kind.look_at(row)] += 1
            except Exception as error:  # noqa: BLE001 - returned, to be logged
                failures.note(_about(row), error)
    for unreadable in services.journal.unreadable():
        failures.note(unreadable.row["pk"], unreadable.why)
        services.journal.look_later(unreadable, now)
    return {**done, "failed": failures.number, "reasons": failures.reasons}


def _about(row: Row) -> str:
    """What a log line calls it."""
    if isinstance(row, Notice):
        return f"message {row.event_id}"
    return f"half {row.key}" if isinstance(row, Half) else f"execution {row.execution}"


def _half(services: Services, half: Half) -> str:
    """Start it if its partner is there, else tell of it, once; a deleted or replaced one is somebody else's row."""
    pairs = start_pairs(services, half.bucket, half.key)
    if pairs.started:
        return "started"
    facts = services.files.head(half.bucket, half.key)
    told = facts is not None and facts.version == half.version and not pairs.left_alone  # which has a notice already
    if told:
        services.topic.publish(as_notice(_waiting(services, half)))
    services.journal.half_noticed(half, services.clock())
    return "told" if told else "gone"


def _waiting(services: Services, half: Half) -> Notification:
    if is_nameless(half.key):
        return updates.nameless(half)
    alike = services.files.keys(half.bucket, search_prefix(half.key), most=NAMES_LOOKED_AT)
    folder = services.files.keys(half.bucket, split(half.key).folder, folder_only=True, most=NAMES_LOOKED_AT)
    return updates.waiting(half, why_waiting(half.key, [*alike, *folder]))


def _ask_after(services: Services, one: Unfinished) -> str:
    """What was never started is: a drop, or an edit that a person took up again under a new name. An execution that is
    gone leaves a record and a message.
    """
    status = services.executions.status(one.execution)
    taken_up = one.execution != one.drop.drop_id
    if status is None and (one.edit_id is None or taken_up):
        services.executions.start(one.drop, one.execution, one.edit_id)
    elif status not in ("RUNNING", "SUCCEEDED"):
        if settle(services, one.drop, one.edit_id, status or "GONE", execution=one.execution):
            return "settled"
    elif one.edit_id:
        _warn(services, one.edit_id)
    return "started" if status is None else "alive"


def _warn(services: Services, edit_id: str) -> None:
    """A delivery that has failed for an hour is told once, while the provider still has the file."""
    edit, now = services.ledger.edit(edit_id), services.clock()
    late = edit is not None and edit.state is State.COMPLETED and now - (edit.completed_at or now) > DELIVERY_OVERDUE
    told = f"LATE#{edit_id}#{edit.carrier}" if edit else ""  # by each execution that tries
    if edit is None or not late or services.journal.was_told(told):
        return
    services.topic.publish(as_notice(updates.not_yet_delivered(edit)))
    services.journal.note_told(told, now)


def _send(services: Services, notice: Notice) -> str:
    """A message that the state machine could not send, under the id that it has had all along."""
    services.topic.publish(notice)
    services.journal.notice_sent(notice, services.clock())
    return "sent"
