"""An edit that is held for a person, in the fake ledger and in DynamoDB, and what that person may say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from dropcut.adapters.dynamodb.journal import DynamoJournal
from dropcut.adapters.dynamodb.ledger import DynamoLedger
from dropcut.adapters.dynamodb.table import FLIGHT_KEY, audit_key, day_key
from dropcut.domain.model import Cause, Edit, State
from dropcut.domain.resolutions import Decision, Resolution
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Journal, Ledger
from tests.fakes.examples import NOW, OUTBOX, PLENTY, a_drop, an_edit
from tests.fakes.journal import FakeJournal
from tests.fakes.ledger import FakeLedger

DAY, US, PRICE = "2026-11-24", a_drop().drop_id, Decimal("1.68")
WHO = "arn:aws:iam::123456789012:user/anna"
EDIT = an_edit().edit_id


@dataclass
class Exam:
    ledger: Ledger
    journal: Journal
    day: Callable[[], dict[str, Decimal]]
    places: Callable[[], set[str]]
    audit: Callable[[float], dict[str, Any] | None]

    def row(self) -> Edit:
        edit = self.ledger.edit(EDIT)
        assert edit
        return edit

    def held(self, state: State) -> Edit:
        """The example edit, held in that state, and told of."""
        self.ledger.prepare(an_edit(), NOW)
        edit = self.ledger.reserve(self.row(), US, PLENTY, NOW)
        edit = self.ledger.advance(edit, State.SUBMITTING, NOW, sent_at=NOW)
        if state is State.UNDELIVERED:
            edit = self.ledger.advance(edit, State.SUBMITTED, NOW, request_id="r1", submitted_at=NOW)
            edit = self.ledger.complete(edit, PRICE, NOW + 200)
        else:
            edit = self.ledger.advance(edit, edit.state, NOW, candidates=("r7", "r8"))
        body = endings.failed(edit.drop, edit, state, "nobody knows", OUTBOX)
        why: dict[str, Any] = {"reason": "nobody knows", "cause": Cause.CHARGED}
        self.ledger.end(edit, state, as_notice(body), NOW + 300, **why)
        return self.row()

    def resolve(self, edit: Edit, resolution: Resolution) -> Edit:
        """The edit after it, told of where it ends."""
        body = endings.failed(edit.drop, edit, State.FAILED, "decided", OUTBOX)
        told = replace(as_notice(body), event_id="decided", status=resolution.applied_to(edit).state)
        return self.ledger.resolve(edit, resolution, None if resolution.verdict is Decision.ADOPT else told).edit

    def money(self) -> tuple[Decimal | int, ...]:
        """Committed, reserved, charged on the day of the reservation."""
        found = self.day()
        return tuple(found.get(f"{name}_usd", Decimal()) for name in ("committed", "reserved", "charged"))


def fake_exam() -> Exam:
    fake = FakeLedger()
    return Exam(
        fake,
        FakeJournal(fake),
        lambda: dict(fake.money[DAY]),
        lambda: fake.places,
        lambda at: fake.audits.get((EDIT, at)),
    )


def real_exam(table: Any) -> Exam:
    def read(key: dict[str, str]) -> Any:
        return table.get_item(Key=key).get("Item", {})

    return Exam(
        DynamoLedger(table),
        DynamoJournal(table),
        lambda: read(day_key(DAY)),
        lambda: set(read(FLIGHT_KEY).get("places", ())),
        lambda at: read(audit_key(EDIT, at)) or None,
    )


def a(verdict: Decision, **more: Any) -> Resolution:
    adopted = {"request_id": "r7", "execution": f"{US}-2"} if verdict is Decision.ADOPT else {}
    return Resolution(verdict=verdict, who=WHO, at=NOW + 4000, **{"note": "seen", **adopted, **more})
