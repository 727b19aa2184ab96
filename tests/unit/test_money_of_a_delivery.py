"""A charge above the estimate is noted, and a paid result is fetched for as long as it exists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from dropcut.domain.errors import DeliveryFailed, ResultExpired
from dropcut.domain.model import State
from dropcut.notifications.schemas import Manifest
from dropcut.workflow.deliver_edit import deliver_edit
from tests.fakes.documents import read
from tests.fakes.examples import NOW, OUTBOX, a_drop, an_edit_in
from tests.fakes.provider import FakeResults
from tests.fakes.services import FakeServices
from tests.fakes.worlds import VIDEO


def finished(**changes: Any) -> tuple[FakeServices, str]:
    world = FakeServices(results=FakeResults(VIDEO))
    edit = an_edit_in(State.COMPLETED, **changes)
    world.ledger.edits[edit.edit_id] = edit
    world.provider.know("request-1", "")
    world.provider.finish()
    return world, edit.edit_id


@pytest.mark.parametrize(("charged", "noted"), [("1.68", False), ("1.69", False), ("1.26", False), ("2.10", True)])
def test_a_charge_above_the_estimate_is_noted(charged: str, noted: bool) -> None:
    world, edit_id = finished(charged_usd=Decimal(charged))
    deliver_edit(world, a_drop(), edit_id)
    manifest = read(Manifest, world.files.text(OUTBOX, "trip/beach.manifest.json"))
    assert any(charged in warning and "the estimate was $1.680" in warning for warning in manifest.warnings) == noted


@pytest.mark.parametrize(("days", "error"), [(6.9, DeliveryFailed), (7.1, ResultExpired)])
def test_a_delivery_waits_while_the_provider_keeps_the_result(days: float, error: type[DeliveryFailed]) -> None:
    world, edit_id = finished(completed_at=NOW)
    world.provider.finish(url=None)
    world.clock.now = NOW + days * 24 * 3600
    with pytest.raises(DeliveryFailed) as caught:
        deliver_edit(world, a_drop(), edit_id)
    assert type(caught.value) is error
