"""What a refused write to DynamoDB means, and how long a busy row is waited for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dropcut.adapters.dynamodb.ledger import CONFLICT_PAUSES, DynamoLedger
from dropcut.adapters.dynamodb.table import once
from dropcut.domain.errors import LedgerConflict, RowBusy
from dropcut.domain.model import State
from tests.fakes.examples import NOW, an_edit_in


def cancelled(*codes: str) -> ClientError:
    answer: dict[str, Any] = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}}
    return ClientError(answer | {"CancellationReasons": [{"Code": code} for code in codes]}, "TransactWriteItems")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "UpdateItem")


class BusyTable:
    """Answers transactions with these errors, then takes them."""

    name = "ledger"

    def __init__(self, *errors: ClientError) -> None:
        self.errors, self.tried = list(errors), 0
        self.meta = SimpleNamespace(client=self)

    def transact_write_items(self, **_: Any) -> None:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (refused("ConditionalCheckFailedException"), LedgerConflict),
        (cancelled("None", "ConditionalCheckFailed"), LedgerConflict),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), LedgerConflict),
        (cancelled("None", "TransactionConflict"), RowBusy),
        (cancelled("ThrottlingError", "None"), RowBusy),
        (cancelled("ValidationError"), ClientError),
        (refused("ProvisionedThroughputExceededException"), ClientError),
        (refused("AccessDeniedException"), ClientError),
    ],
)
def test_a_refused_write_is_told_by_what_it_proves(error: ClientError, meaning: type[Exception]) -> None:
    def write() -> None:
        raise error

    with pytest.raises(meaning) as caught:
        once(write)
    assert type(caught.value) is meaning


def test_a_busy_row_is_waited_for() -> None:
    table = BusyTable(*[cancelled("TransactionConflict")] * 3)
    pauses: list[float] = []
    ledger = DynamoLedger(table, sleep=pauses.append)
    moved = ledger.advance(an_edit_in(State.RESERVED), State.SUBMITTING, NOW)
    assert moved.state is State.SUBMITTING
    assert (table.tried, len(pauses)) == (4, 3)
    assert all(0.5 * pause <= slept <= 1.5 * pause for pause, slept in zip(CONFLICT_PAUSES, pauses, strict=False))


def test_a_row_that_stays_busy_is_given_up_in_seconds() -> None:
    table = BusyTable(*[cancelled("TransactionConflict")] * 99)
    pauses: list[float] = []
    with pytest.raises(RowBusy):
        DynamoLedger(table, sleep=pauses.append).advance(an_edit_in(State.RESERVED), State.SUBMITTING, NOW)
    assert len(pauses) == len(CONFLICT_PAUSES)
    assert sum(pauses) <= 1.5 * sum(CONFLICT_PAUSES) < 15, "the shortest time limit of a function that writes is sixty"


def test_a_row_that_was_moved_is_not_tried_again() -> None:
    table = BusyTable(cancelled("ConditionalCheckFailed"))
    with pytest.raises(LedgerConflict):
        DynamoLedger(table, sleep=lambda _: pytest.fail("it waited")).advance(
            an_edit_in(State.RESERVED), State.SUBMITTING, NOW
        )
    assert table.tried == 1
