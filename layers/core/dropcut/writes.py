"""Conditional writes to the table, and what their refusals mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from dropcut.errors import LedgerConflict, RowBusy

BUSY = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}  # cancelled: nothing was written


def once(write: Callable[..., Any], **parameters: Any) -> None:
    """Do a conditional write. Raises LedgerConflict where the row was not as it was read."""
    try:
        write(**parameters)
    except ClientError as error:
        reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
        failed = frozenset(place for place, code in enumerate(reasons) if code == "ConditionalCheckFailed")
        if failed or error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise LedgerConflict("the row was moved by somebody else", failed) from None
        if BUSY & set(reasons):
            raise RowBusy("another write to the same row is under way") from None
        raise
