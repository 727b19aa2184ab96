"""Runs by the clock: look again for edits that are IN_DOUBT, and carry on with what the history shows by now.

Rows may land hours after a request was accepted. An edit is adopted as a person would adopt it, and only where a whole
answer of the history has exactly one request with its attempt's mark. Nothing is ever bought by this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from dropcut.domain.dates import day_of
from dropcut.domain.errors import LedgerConflict, ProviderUnreadable
from dropcut.domain.model import Doubt, Edit, HistoryRow, State
from dropcut.domain.pauses import RECHECKED_FOR, next_recheck
from dropcut.domain.recognition import is_ours
from dropcut.domain.resolutions import Decision, Resolution
from dropcut.notifications import updates
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services
from dropcut.workflow.failures import Failures
from dropcut.workflow.resuming import free_name, start_resumed

BUDGET = 200  # seconds; a slow history takes 350 more for its ten pages, and the function may run for 600
DEEP = 150  # seconds for the days of one sending, where an account makes thousands of requests a day
WHO = "dropcut"  # in the audit, where people are named otherwise

Shown = tuple[list[HistoryRow], bool]  # rows, and whether these are all of them


def recheck_edits(services: Services) -> dict[str, Any]:
    """Return how many edits were found, not found yet, given up looking for, unreadable, and left to the next run.

    Safe to run at any time, and twice at once. One bad row is told in `reasons` and does not stop the others.
    """
    began, failures = services.clock(), Failures()
    done = dict.fromkeys(("found", "not_yet", "over", "unread", "left"), 0)
    held = list(_held(services, services.journal.doubts(began), failures))
    oldest = min((sent_at(edit) for _, edit in held if edit), default=began)
    history = History(services, max(oldest, began - RECHECKED_FOR))  # the provider shows a month at once
    for doubt, edit in held:
        if services.clock() - began > BUDGET:
            done["left"] += 1
            continue
        try:
            done[_recheck(services, history, doubt, edit)] += 1
        except Exception as error:  # noqa: BLE001 - told below
            _skip(services, doubt, error, failures)
    for unreadable in services.journal.unreadable():
        failures.note(unreadable.row["pk"], unreadable.why)
    if failures.number and not any(done.values()):
        raise RuntimeError(f"no edit in doubt could be looked for: {failures.reasons[0]}")
    return {**done, "failed": failures.number, "reasons": failures.reasons}


def _held(services: Services, doubts: list[Doubt], failures: Failures) -> Iterator[tuple[Doubt, Edit | None]]:
    """Each doubt with its edit, or with None where that is not in doubt any more."""
    for doubt in doubts:
        try:
            edit = services.ledger.edit(doubt.edit_id)
        except Exception as error:  # noqa: BLE001 - a row that this version cannot read
            _skip(services, doubt, error, failures)
        else:
            yield doubt, edit if edit and edit.state is State.IN_DOUBT else None


def _skip(services: Services, doubt: Doubt, error: Exception, failures: Failures) -> None:
    """Note what is wrong with a bad row, and move it out of the way of the others."""
    failures.note(doubt.edit_id[:12], error)
    with suppress(Exception):
        services.journal.look_again(doubt, services.clock() + next_recheck(doubt.looks + 1))


def _recheck(services: Services, history: History, doubt: Doubt, edit: Edit | None) -> str:
    if edit is None:
        services.journal.stop_looking(doubt)
        return "over"
    shown = history.about(edit)
    if shown is None:
        return "unread"  # no look was made, so its time stays where it is
    rows, whole = shown
    ours = {row.request_id for row in rows if is_ours(row, edit)}  # several outputs give several rows
    if whole and len(ours) == 1 and _is_free(services, edit):
        with suppress(LedgerConflict):  # a person or another run was faster
            _adopt(services, edit, ours.pop())
            return "found"
    now, last = services.clock(), sent_at(edit) + RECHECKED_FOR
    if now >= last:
        services.journal.stop_looking(doubt)
        return "over"
    services.journal.look_again(doubt, min(now + next_recheck(doubt.looks + 1), last))
    return "not_yet"


def _is_free(services: Services, edit: Edit) -> bool:
    """It was told, and the execution that carried it has ended: nobody else is at it."""
    return bool(edit.notice) and services.executions.status(edit.carrier) != "RUNNING"


def _adopt(services: Services, edit: Edit, request_id: str) -> None:
    """Write it with its message, so that the sweep starts and sends what a crash leaves undone."""
    resolution = Resolution(
        verdict=Decision.ADOPT,
        who=WHO,
        at=round(services.clock(), 3),
        note="found in the provider's request history",
        request_id=request_id,
        execution=free_name(services.executions, edit),
        proven=True,
    )
    found = as_notice(updates.found(resolution.applied_to(edit)))
    resolved = services.ledger.resolve(edit, resolution, found)
    start_resumed(services, resolved.edit)
    if resolved.notice:
        services.topic.publish(resolved.notice)
        services.journal.notice_sent(resolved.notice, services.clock())


def sent_at(edit: Edit) -> float:
    return edit.sent_at or edit.drop.dropped_at


class History:
    """The provider's history, read once for all edits of a run, or once for each day where that shows too much."""

    def __init__(self, services: Services, since: float) -> None:
        self._services, self._since = services, since
        self._read: dict[str, Shown | None] = {}

    def about(self, edit: Edit) -> Shown | None:
        """What may be this edit's request; None where the history cannot be read."""
        shown = self._once("all", self._since)
        if shown is None or shown[1]:
            return shown
        return self._once(day_of(sent_at(edit)), sent_at(edit), sent_at(edit), DEEP)

    def _once(self, name: str, *how: float) -> Shown | None:
        if name not in self._read:
            try:
                self._read[name] = self._services.provider.search_all(*how)
            except ProviderUnreadable:
                self._read[name] = None
        return self._read[name]
