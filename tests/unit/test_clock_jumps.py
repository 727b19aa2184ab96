"""A clock that jumps, at any call to the world, neither buys twice nor loses what was paid for."""

from __future__ import annotations

import pytest

from dropcut.domain.model import Progress, State
from tests.fakes.machine import Machine
from tests.fakes.provider import FakeProvider
from tests.fakes.services import Interruption
from tests.fakes.worlds import FINISHED, a_world

CALLS = 64  # more than such an edit makes; asserted below
LOOKS = 4  # until the generation is done


class Unhurried(FakeProvider):
    """Says that it is at work until it was asked a few times."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def status(self, request_id: str) -> Progress:
        self.asked += 1
        if self.asked == LOOKS:
            self.set(request_id, FINISHED)
        return super().status(request_id)


@pytest.mark.parametrize("hours", [-26, 26])
@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_clock_that_jumps_at_any_call_buys_once_and_delivers(at: int, hours: int) -> None:
    """Forward over the hour that a record lives and over midnight, and back."""
    world, drop = a_world()
    world.provider = Unhurried()

    def jump() -> None:
        world.clock.now += 3600 * hours

    interruption = Interruption(world, {at}, jump)
    assert Machine(world, interruption.services()).run(drop) == "Delivered"
    assert len(interruption.calls) < CALLS
    assert len(world.provider.submissions) == 1
    (edit,) = world.ledger.edits.values()
    assert (edit.state, edit.charged_usd) == (State.DELIVERED, FINISHED.charged_usd)
    told = [notice["status"] for notice in world.topic.published]
    assert told in (["DELIVERED"], ["OVERDUE", "DELIVERED"])
    days = world.ledger.money.values()
    assert sum(day["reserved_usd"] for day in days) == 0
    assert sum(day.get("charged_usd", 0) for day in days) == edit.charged_usd
