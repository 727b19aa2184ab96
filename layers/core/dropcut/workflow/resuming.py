"""Starting the execution that carries a held edit on, under a name that no execution has had."""

from __future__ import annotations

from itertools import count

from dropcut.domain.model import Edit
from dropcut.ports import Executions, Services


def free_name(executions: Executions, edit: Edit, *, after: str = "") -> str:
    """A name that no execution has had, and later than that one: names are taken for ninety days."""
    first = int(after.rpartition("-")[2]) + 1 if after else 2
    return next(name for n in count(first) if executions.status(name := f"{edit.owner}-{n}") is None)


def start_resumed(services: Services, edit: Edit) -> Edit:
    """Start what carries an adopted edit on; return the edit with the execution's name.

    A name that was used before carries nothing: the next one is written, then started. Raises LedgerConflict where the
    edit has moved since.
    """
    drop = edit.carried_drop  # the ledger asks who comes
    while not services.executions.start(drop, edit.execution, edit.edit_id):
        if services.executions.status(edit.execution) == "RUNNING":
            break  # the sweep, or a lost answer of this call: names are the edit's own
        name = free_name(services.executions, edit, after=edit.execution)
        edit = services.ledger.advance(edit, edit.state, services.clock(), execution=name)
    return edit
