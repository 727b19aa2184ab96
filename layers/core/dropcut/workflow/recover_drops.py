"""Look through the whole inbox for files whose announcement was lost. Never buys what was there before the stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dropcut.domain.pairing import PairOrHalf, in_order
from dropcut.domain.recovery import Newest, Recovery, Span, covers, position
from dropcut.notifications import updates
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services
from dropcut.workflow.failures import Failures
from dropcut.workflow.start_edit import is_understood, start_edit, start_pairs

ANNOUNCED_WITHIN = 15 * 60  # seconds; younger files are left to their own announcement
LIST_SECONDS, RUN_SECONDS = 300, 480  # of the function's 600: what has begun by then has two minutes to end
MOST_FILES = 5_000  # that one run looks at more closely, twice; their names take 20 MB at most


def recover_drops(services: Services) -> dict[str, Any]:
    """Return how many recent pairs were looked at, how many older than the stack were left alone, and what failed. The
    clock rings more often than the inbox has to be looked through: `looked` says whether it was.

    Safe to run at any time and again: a pair that was started before has an execution of its name.
    """
    now, active = services.clock(), services.journal.active_since()
    known = services.journal.recovery()
    if not known.is_due(now, active):
        return {"looked": False}
    look = known.begin(now, max(active, now - 3600 * services.sweep_window_hours), now - ANNOUNCED_WITHIN)
    inbox = _Inbox(services, look.after, now + LIST_SECONDS)
    new, again, left_alone = _recent(inbox, look, active)
    failures, ends = Failures(), now + RUN_SECONDS
    recent = sum(_look_at(services, newest, ends, failures) for newest in (new, again))
    if left_alone and not inbox.after:
        _tell_of_left_alone(services, left_alone, active, failures)
    services.journal.note_recovery(look.end(now, inbox.after, new, again, left_alone))
    found = {"looked": True, "recent": recent, "left_alone": left_alone, "all_seen": not (inbox.after or new.missed)}
    return {**found, "failed": failures.number, "reasons": failures.reasons}


class _Inbox:
    """The files of the inbox in S3's order. `after` is where the next run goes on; empty once all were seen."""

    def __init__(self, services: Services, after: str, until: float) -> None:
        self._services, self._until, self.after = services, until, after

    def __iter__(self) -> Iterator[tuple[str, float]]:
        for key, uploaded in self._services.files.listing(self._services.inbox, self.after):
            self.after = key
            yield key, uploaded
            if self._services.clock() >= self._until:
                return
        self.after = ""


def _recent(inbox: _Inbox, look: Recovery, active: float) -> tuple[Newest, Newest, int]:
    """The newest files that this look is for, those to be tried again, and how many pairs are older than the stack.

    Two halves with the end of a run between them are found as two that are alone. Each is enough to start the pair.
    """
    new, again, left_alone = Newest(MOST_FILES), Newest(MOST_FILES), look.left_alone
    oldest = min((span.first[0] for span in (*look.todo, *look.again)), default=look.until)
    for found in in_order(inbox):
        if found.uploaded < active:
            left_alone += found.sidecar is not None
        elif oldest <= found.uploaded <= look.until:
            at = position(found)
            if covers(look.todo, at):
                new.add(at, found)
            elif covers(look.again, at):
                again.add(at, found)
    return new, again, left_alone


def _look_at(services: Services, files: Newest, until: float, failures: Failures) -> int:
    """Start what is a pair, note what waits, and return how many pairs there were. What fails is left for later."""
    pairs = 0
    for at, found in files:
        if services.clock() >= until:
            files.miss(at)
            break
        pairs += found.sidecar is not None
        try:
            _recover(services, found)
        except Exception as error:  # noqa: BLE001 - returned, to be logged
            files.failed.append(Span(at, at))
            failures.note(found.key, error)
    return pairs


def _recover(services: Services, found: PairOrHalf) -> None:
    if found.sidecar is None:
        start_edit(services, services.inbox, found.key)  # which notes that it waits; what is noted stays as it is
    elif not is_understood(services, services.inbox, found.key, found.sidecar):
        start_pairs(services, services.inbox, found.key)


def _tell_of_left_alone(services: Services, left_alone: int, active: float, failures: Failures) -> None:
    if services.journal.was_told("LEFT_ALONE"):
        return
    body = updates.left_alone(services.inbox, left_alone, active)
    try:
        services.topic.publish(as_notice(body))
        services.journal.note_told("LEFT_ALONE", services.clock())  # after it was sent: told twice has one id
    except Exception as error:  # noqa: BLE001 - returned, to be logged; the next look counts and tries again
        failures.note("the notice about what was left alone", error)
