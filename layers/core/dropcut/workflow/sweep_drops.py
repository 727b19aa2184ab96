"""Runs by the clock: halves that wait get one notice, pairs that are complete are started, unsent messages are sent."""

from __future__ import annotations

from functools import partial
from typing import Any

from dropcut import messages
from dropcut.identity import split
from dropcut.model import Half
from dropcut.notices import Notice
from dropcut.pairing import why_waiting
from dropcut.ports import Services
from dropcut.table import wait_key
from dropcut.workflow.start_edit import start_pairs

UNSENT_AFTER = 3600  # seconds; the state machine tries that long to send a message itself
NAMES_LOOKED_AT = 5_000  # of a folder, when guessing at a typo


def sweep_drops(services: Services) -> dict[str, int]:
    """Gives how many halves were told of, pairs started and messages sent. Safe to run at any time and again.

    One bad row does not stand in the way of the others: what went wrong is raised together, at the end.
    """
    now = services.clock()
    halves = services.journal.halves_waiting(now - 60 * services.half_wait_minutes)
    notices = services.journal.unsent_notices(now - UNSENT_AFTER)
    steps = [partial(_half, services, half) for half in halves] + [partial(_send, services, one) for one in notices]
    done, wrong = {"told": 0, "started": 0, "sent": 0, "gone": 0}, []
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
        body = messages.waiting(half, why_waiting(half.key, keys))
        services.topic.publish(Notice(**wait_key(half.bucket, half.key), body=body).as_json())
    services.journal.half_noticed(half, services.clock())
    return "told" if told else "gone"


def _send(services: Services, notice: dict[str, Any]) -> str:
    """A message that the state machine could not send, under the id that it has had all along."""
    services.topic.publish(notice)
    services.journal.notice_sent(notice, services.clock())
    return "sent"
