"""The error file of a newer drop still holds when the edit of an older one ends."""

from __future__ import annotations

from dropcut.domain.keys import outbox_keys
from dropcut.domain.model import State
from dropcut.workflow.deliver_edit import deliver_edit
from dropcut.workflow.report_failure import report_failure
from tests.fakes.examples import OUTBOX, a_drop, an_edit_in
from tests.fakes.provider import FakeResults
from tests.fakes.services import FakeServices
from tests.fakes.worlds import VIDEO


def test_a_delivery_leaves_the_error_file_of_a_newer_drop() -> None:
    world = FakeServices(results=FakeResults(VIDEO))
    edit = an_edit_in(State.COMPLETED, drop=a_drop())
    world.ledger.edits[edit.edit_id] = edit
    world.provider.know("request-1", "")
    world.provider.finish()
    world.clock.now += 60
    report_failure(world, a_drop(drop_id="newer", dropped_at=world.clock.now), None, {})
    deliver_edit(world, edit.drop, edit.edit_id)
    assert world.files.keys(OUTBOX, "") == sorted(outbox_keys(edit.drop.clip_key))
