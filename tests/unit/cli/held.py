"""A held edit in a world of fakes, and a person who decides about it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from dropcut.domain.errors import SubmissionUnknown
from dropcut.domain.identity import mark
from dropcut.domain.model import Drop, Edit, State
from dropcut.domain.resolutions import Decision
from dropcut_cli.plan import Plan, Wish
from dropcut_cli.resolve import plan_for
from tests.fakes.examples import INBOX
from tests.fakes.machine import Machine
from tests.fakes.services import FakeServices
from tests.fakes.worlds import a_world

ADOPT = Wish(verdict=Decision.ADOPT, request_id="request-1")
NOT_BILLED, GIVE_UP = Wish(verdict=Decision.NOT_BILLED), Wish(verdict=Decision.GIVE_UP)


def in_doubt() -> tuple[FakeServices, Drop]:
    """A submission whose answer was lost, and whose row came after all searches."""
    world, drop = a_world()
    world.provider.answers, world.provider.loses_requests = [SubmissionUnknown("HTTP 504")], True
    world.executions.start(drop)
    assert Machine(world, world).run(drop) == "Failed"
    world.executions.statuses[drop.drop_id] = "FAILED"
    assert only(world).state is State.IN_DOUBT
    world.provider.know("request-1", "/workroom/" + mark(only(world).edit_id, 1))
    return world, drop


def a_day_without_its_row(world: FakeServices) -> None:
    world.provider.rows.clear()
    world.clock.now += 86_400


def dropped_again(world: FakeServices, drop: Drop) -> Drop:
    """The same clip, uploaded once more."""
    again = world.files.put(INBOX, drop.clip_key, b"a clip", "c2")
    return replace(drop, clip_version=again.version, drop_id="f" * 64)


def only(world: FakeServices) -> Edit:
    (edit,) = world.ledger.edits.values()
    return edit


def stack(world: FakeServices, *holders: str) -> Any:
    return SimpleNamespace(services=world, who="anna", lookup=SimpleNamespace(holders=lambda _: set(holders)))


def planned(world: FakeServices, wish: Wish) -> Plan:
    return plan_for(stack(world), only(world), wish)


def walk_on(world: FakeServices, name: str) -> str:
    """The execution that was started under that name, from its input to its end."""
    edit = {"edit_id": world.executions.begun_with[name]}
    return Machine(world, world).run(world.executions.started[name], edit=edit)
