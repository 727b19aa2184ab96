"""The one ending: whatever happened is said, recorded, and then the execution ends as it ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dropcut.domain.model import Drop, Ending, Progress
from tests.fakes.examples import OUTBOX, a_sidecar
from tests.fakes.machine import MOST_DATA, Caught, Machine
from tests.fakes.services import FakeServices, fail
from tests.fakes.worlds import a_world

World = tuple[FakeServices, Drop]
WRONG = json.dumps({f"{n} {'旅' * 290}": n for n in range(70)}, ensure_ascii=False).encode()  # for the largest message


def delivered_before() -> World:
    world, drop = a_world()
    Machine(world, world).run(drop)
    again = world.files.put(drop.bucket, drop.clip_key, b"a clip", "c2")
    world.topic.published.clear()
    return world, Drop.from_json({**drop.as_json(), "drop_id": "later", "clip_version": again.version})


def put_back() -> World:
    world, drop = delivered_before()
    world.files.delete(OUTBOX, "trip/beach.mp4")
    return world, drop


def failed() -> World:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error="content policy")
    return world, drop


WAYS: dict[str, tuple[Callable[[], World], Ending, str]] = {
    "delivered": (a_world, Ending.DELIVERED, "DELIVERED"),
    "edited before": (delivered_before, Ending.UNCHANGED, "UNCHANGED"),
    "put back": (put_back, Ending.UNCHANGED, "RESTORED"),
    "rejected": (lambda: a_world(a_sidecar(mode="fast")), Ending.REJECTED, "REJECTED"),
    "failed": (failed, Ending.FAILED, "FAILED"),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_ending_is_said_once_and_recorded(way: str) -> None:
    make, ending, status = WAYS[way]
    world, drop = make()
    machine, document = Machine(world, world), {"drop": drop.as_json()}
    assert machine.walk(document) == ending.value.capitalize()
    assert machine.entered[-4:-1] == ["NotifyEnding", "RecordEnding", "HowDidItEnd"]
    assert document["ending"]["how"] == ending
    assert [notice["status"] for notice in world.topic.published] == [status]
    assert world.journal.unsent_notices(world.clock()) == []


@pytest.mark.parametrize("port", ["topic.publish", "journal.notice_sent"])
@pytest.mark.parametrize("way", WAYS)
def test_a_failed_notice_does_not_change_how_an_execution_ends(
    way: str, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, ending, status = WAYS[way]
    world, drop = make()
    name, _, method = port.partition(".")
    monkeypatch.setattr(getattr(world, name), method, lambda *_: fail())
    assert Machine(world, world).run(drop) == ending.value.capitalize()
    assert [notice.status for notice in world.journal.unsent_notices(world.clock())] == [status]


def test_the_largest_notice_is_carried_once() -> None:
    world, drop = a_world(WRONG)
    document: dict[str, Any] = {"drop": drop.as_json()}
    assert Machine(world, world).walk(document) == "Rejected"
    assert document.keys() == {"drop", "ending"}
    notice = len(json.dumps(document["ending"]["notice"]))
    assert notice > MOST_DATA / 4
    assert len(json.dumps(document)) < notice + 2000


def test_a_failure_that_cannot_be_reported_ends_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Failed` promises a message; settle_execution sends one only for an execution that broke off."""
    world, drop = failed()
    monkeypatch.setattr(world.ledger, "end", lambda *_, **__: fail())
    machine = Machine(world, world)
    with pytest.raises(Caught, match="RuntimeError"):
        machine.run(drop)
    assert machine.entered[-1] == "ReportFailure"
