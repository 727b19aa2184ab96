"""An edit was paid before and its output is gone from its place: put it back from its version, for nothing."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from dropcut import messages
from dropcut.model import Drop, State
from dropcut.notices import Notice
from dropcut.outputs import place
from dropcut.ports import Services
from dropcut.table import drop_key

NOTE = "put back from an earlier version of the outbox; nothing was bought"


def restore_output(services: Services, drop: Drop, edit_id: str) -> dict[str, Any]:
    """Gives `$.edit` anew, with the verdict `settled` and the notice. Entered twice, it leaves one object."""
    edit = services.ledger.edit(edit_id)
    if edit is None or edit.state is not State.DELIVERED or not edit.output:
        raise LookupError(f"there is no delivered edit {edit_id} in the ledger")
    output = edit.output
    there = services.files.head(services.outbox, output["key"])
    if there is None or there.etag != output["etag"]:
        chunks = services.files.stream(services.outbox, output["key"], output["version"])
        placed = place(services, drop, edit, nullcontext(chunks), NOTE)
        edit = services.ledger.advance(edit, State.DELIVERED, services.clock(), output=placed.facts)
    notice = Notice(**drop_key(drop), body=messages.restored(edit, drop, services.outbox))
    services.journal.end_drop(drop, "RESTORED", services.clock(), edit_id, notice)
    return {"verdict": "settled", "edit_id": edit_id, "notice": notice.as_json()}
