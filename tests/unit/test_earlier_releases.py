"""A running execution keeps the definition that it began with: each released one walks over today's functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropcut.errors import InsufficientCredits, ProviderBusy, ProviderRefused, SubmissionUnknown
from dropcut.model import Progress, State
from tests.fakes.examples import OUTBOX, a_sidecar
from tests.fakes.machine import EARLIER, Machine
from tests.fakes.worlds import a_world

RELEASES = pytest.mark.parametrize("release", EARLIER, ids=lambda path: path.parent.name)


@RELEASES
def test_an_earlier_machine_delivers(release: Path) -> None:
    world, drop = a_world()
    assert Machine(world, world, release).run(drop) == "Delivered"
    assert len(world.provider.submissions) == 1
    assert world.files.head(OUTBOX, "trip/beach.mp4")
    assert world.files.head(OUTBOX, "trip/beach.manifest.json")
    assert [notice["status"] for notice in world.topic.published] == ["DELIVERED"]
    assert world.inspector.asked == 1, "it has no state that inspects a clip"


@RELEASES
def test_an_earlier_machine_rejects(release: Path) -> None:
    world, drop = a_world(a_sidecar(mode="fast"))
    assert Machine(world, world, release).run(drop) == "Rejected"
    assert [notice["status"] for notice in world.topic.published] == ["REJECTED"]
    assert world.provider.submissions == []


@RELEASES
def test_an_earlier_machine_says_unchanged(release: Path) -> None:
    world, drop = a_world()
    Machine(world, world, release).run(drop)
    again = world.files.put(drop.bucket, drop.clip_key, b"a clip", "c2")
    later = type(drop)(**{**drop.as_json(), "drop_id": "later", "clip_version": again.version})
    assert Machine(world, world, release).run(later) == "Unchanged"
    assert [notice["status"] for notice in world.topic.published] == ["DELIVERED", "UNCHANGED"]
    assert len(world.provider.submissions) == 1


@RELEASES
@pytest.mark.parametrize(
    ("answer", "ends", "state"),
    [
        (ProviderBusy("429"), "Delivered", State.DELIVERED),
        (ProviderRefused("HTTP 400"), "Failed", State.FAILED),
        (InsufficientCredits("no credits"), "Delivered", State.DELIVERED),
        (SubmissionUnknown("HTTP 502 after the request was sent"), "Delivered", State.DELIVERED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_earlier_machine_survives_what_a_submission_meets(
    release: Path, answer: Exception, ends: str, state: State
) -> None:
    world, drop = a_world()
    world.provider.answers = [answer]
    assert Machine(world, world, release).run(drop) == ends
    (edit,) = world.ledger.edits.values()
    assert edit.state is state
    assert len(world.provider.rows) <= 1


@RELEASES
def test_an_earlier_machine_reports_a_failed_generation(release: Path) -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error="content policy")
    assert Machine(world, world, release).run(drop) == "Failed"
    assert [notice["status"] for notice in world.topic.published] == ["FAILED"]
