"""Runs by the clock: halves that wait are told of, executions that are gone are settled, unsent messages are sent."""

from __future__ import annotations

from functools import partial
from typing import Any

from dropcut import news
from dropcut.identity import split
from dropcut.model import Half, State, Unfinished
from dropcut.notices import Notice
from dropcut.pairing import why_waiting
from dropcut.ports import Services
from dropcut.table import edit_key, wait_key
from dropcut.workflow.settle_execution import settle
from dropcut.workflow.start_edit import start_pairs

UNSENT_AFTER = 3600  # seconds; the state machine tries that long to send a message itself
DELIVERY_OVERDUE = 3600  # seconds after the provider was done
UNTOUCHED_FOR = 900  # seconds, before somebody looks whether an execution still lives
NAMES_LOOKED_AT = 5_000  # of a folder, when guessing at a typo


def sweep_drops(services: Services) -> dict[str, int]:
    """Gives how many halves were told of, drops started, endings settled, messages sent. Safe to run at any time.

    One bad row does not stand in the way of the others: what went wrong is raised together, at the end.
    """
    now = services.clock()
    halves = services.journal.halves_waiting(now - 60 * services.half_wait_minutes)
    notices = services.journal.unsent_notices(now - UNSENT_AFTER)
    unfinished = services.journal.unfinished(now - UNTOUCHED_FOR)
    steps = [
        *(partial(_half, services, half) for half in halves),
        *(partial(_ask_after, services, one) for one in unfinished),
        *(partial(_send, services, one) for one in notices),
    ]
    done, wrong = dict.fromkeys(("told", "started", "settled", "alive", "sent", "gone"), 0), []
    for step in steps:
        try:
            done[step()] += 1
        except Exception as error:  # noqa: BLE001 - raised below
            wrong.append(error)
    if wrong:
        raise ExceptionGroup(f"{len(wrong)} of {len(steps)} rows could not be swept", wrong)
    return done


def _half(services: Services, half: Half) -> str:
    """Start it if its partner is there, else tell of it, once; a deleted or replaced one is somebody else's row."""
    if start_pairs(services, half.bucket, half.key):
        return "started"
    facts = services.files.head(half.bucket, half.key)
    told = facts is not None and facts.version == half.version
    if told:
        keys = services.files.keys(half.bucket, split(half.key).folder, folder_only=True, most=NAMES_LOOKED_AT)
        body = news.waiting(half, why_waiting(half.key, keys))
        services.topic.publish(Notice(**wait_key(half.bucket, half.key), body=body).as_json())
    services.journal.half_noticed(half, services.clock())
    return "told" if told else "gone"


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
    services.journal.look_later(one, services.clock())
    return "started" if status is None else "alive"


def _warn(services: Services, edit_id: str) -> None:
    """A delivery that has failed for an hour is told once, while the provider still has the file."""
    edit, now = services.ledger.edit(edit_id), services.clock()
    late = edit is not None and edit.state is State.COMPLETED and now - (edit.completed_at or now) > DELIVERY_OVERDUE
    told = f"LATE#{edit_id}#{edit.execution or edit.owner}" if edit else ""  # by each execution that tries
    if edit is None or not late or services.journal.was_told(told):
        return
    services.topic.publish(Notice(**edit_key(edit_id), body=news.not_yet_delivered(edit)).as_json())
    services.journal.note_told(told, now)


def _send(services: Services, notice: dict[str, Any]) -> str:
    """A message that the state machine could not send, under the id that it has had all along."""
    services.topic.publish(notice)
    services.journal.notice_sent(notice, services.clock())
    return "sent"
