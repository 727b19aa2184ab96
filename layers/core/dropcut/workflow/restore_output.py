"""An edit was paid before and its output is gone from its place: put it back from its version, for nothing.

Where the manifest alone is gone, the video is left as it is.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from dropcut.domain.decisions import DropVerdict
from dropcut.domain.model import Drop, Ending, State
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services
from dropcut.workflow.error_files import remove_error_files
from dropcut.workflow.outputs import in_place, place_output, restore_manifest

NOTE = "put back from an earlier version of the outbox; nothing was bought"


def restore_output(services: Services, drop: Drop, edit_id: str) -> dict[str, Any]:
    """Return `$.ending` with the notice. Entered twice, it leaves one object.

    The verdict is for executions that an earlier release began: their state machine takes the answer as `$.edit`.
    """
    edit = services.ledger.edit(edit_id)
    if edit is None or edit.state is not State.DELIVERED or not edit.output:
        raise LookupError(f"there is no delivered edit {edit_id} in the ledger")
    output, found = edit.output, in_place(services, edit)
    if found.video is None:
        chunks = services.files.stream(services.outbox, output["key"], output["version"])
        output = place_output(services, drop, edit, nullcontext(chunks), NOTE).facts
    elif not found.manifest:
        output = restore_manifest(services, drop, edit, found.video)
    remove_error_files(services, drop, edit_id)
    if output != edit.output:
        edit = services.ledger.advance(edit, State.DELIVERED, services.clock(), output=output)
    notice = as_notice(endings.restored(edit, drop, services.outbox))
    notice = services.journal.tell_end(drop, "RESTORED", notice, services.clock(), edit_id)
    return Ending.UNCHANGED.document(notice, verdict=DropVerdict.NOTHING_TO_BUY, edit_id=edit_id)
