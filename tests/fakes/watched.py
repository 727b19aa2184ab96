"""A ledger in memory that lets nobody take a step which the provider's books do not prove."""

from __future__ import annotations

from dataclasses import dataclass

from dropcut.domain.identity import mark
from dropcut.domain.model import Edit, State
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider

AT_THE_PROVIDER = {State.RESERVED, State.SUBMITTING, State.SUBMITTED}
ONWARD = {
    State.PREPARED: {State.RESERVED, State.FAILED},
    State.RESERVED: {State.SUBMITTING, State.FAILED},
    State.SUBMITTING: {State.SUBMITTED, State.RESERVED, State.FAILED, State.IN_DOUBT},
    State.SUBMITTED: {State.COMPLETED, State.FAILED, State.UNDELIVERED},
    State.COMPLETED: {State.DELIVERED, State.UNDELIVERED},
    State.UNDELIVERED: {State.DELIVERED},  # a delivery that was under way when its execution was stopped
    State.FAILED: {State.RESERVED},
    State.DELIVERED: set[State](),
    State.IN_DOUBT: {State.SUBMITTED},  # found in the history after all
}


@dataclass
class Books:
    """What the provider accepted, by the marks in its history."""

    provider: FakeProvider

    def accepted(self, edit_id: str, attempt: int | None = None) -> list[str]:
        """Request ids of the generations that it took for an edit, or for one attempt."""
        path = mark(edit_id, attempt, "") if attempt else f"/{edit_id}/"
        return [name for name, row in self.provider.rows.items() if path in row.video_url_path]

    def may_cost(self, request_id: str) -> bool:
        """False for what failed and was not billed."""
        progress = self.provider.rows[request_id].progress
        return progress.status != "FAILED" or bool(progress.charged_usd)


class WatchedLedger(FakeLedger):
    """Every write is held against the books. What is `wrong` is kept: whoever is told may well go on all the same."""

    def __init__(self, books: Books) -> None:
        super().__init__()
        self._books = books
        self.wrong: list[str] = []

    def _put(self, edit: Edit, now: float) -> Edit:
        before = self.edits.get(edit.edit_id)
        if before:
            self._hold(before, edit)
        return super()._put(edit, now)

    def _hold(self, before: Edit, after: Edit) -> None:
        step = f"{before.state} {before.attempt} -> {after.state} {after.attempt}"
        opens = after.state is State.RESERVED and before.state in (State.PREPARED, State.FAILED)
        if after.state is not before.state and after.state not in ONWARD[before.state]:
            self.wrong.append(f"{step} goes nowhere")
        if after.attempt != before.attempt + opens:
            self.wrong.append(f"{step} is another attempt")
        if before.request_id not in (None, after.request_id) and not opens:
            self.wrong.append(f"{step} forgets {before.request_id}")
        if after.request_id and after.request_id not in self._books.accepted(after.edit_id, after.attempt):
            self.wrong.append(f"{step} adopts {after.request_id}, which is not its own")
        owed = [name for name in self._books.accepted(after.edit_id) if self._books.may_cost(name)]
        if owed and after.state in (State.PREPARED, State.RESERVED, State.FAILED):
            self.wrong.append(f"{step}, and the provider has {owed}")
