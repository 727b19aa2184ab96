"""A running execution keeps the definition that it began with: each released one walks over today's functions."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from dropcut.domain.errors import InsufficientCredits, ProviderBusy, ProviderRefused, SubmissionUnknown
from dropcut.domain.model import HistoryRow, Progress, State
from tests.fakes.examples import OUTBOX, a_sidecar
from tests.fakes.machine import EARLIER, Machine, definition
from tests.fakes.provider import TimedProvider
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
    assert world.inspector.asked == ("InspectClip" not in definition(release)["States"]), "by PrepareEdit itself"


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
def test_an_earlier_machine_puts_an_output_back(release: Path) -> None:
    world, drop = a_world()
    Machine(world, world, release).run(drop)
    world.files.delete(OUTBOX, "trip/beach.mp4")
    again = world.files.put(drop.bucket, drop.clip_key, b"a clip", "c2")
    later = type(drop)(**{**drop.as_json(), "drop_id": "later", "clip_version": again.version})
    assert Machine(world, world, release).run(later) == "Unchanged"
    assert world.files.head(OUTBOX, "trip/beach.mp4")
    assert [notice["status"] for notice in world.topic.published] == ["DELIVERED", "RESTORED"]


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
@pytest.mark.parametrize("minutes", [10, 50, 90])
@pytest.mark.parametrize(("amount", "state"), [(None, State.FAILED), ("1.68", State.UNDELIVERED)])
def test_an_earlier_machine_ends_a_failure_that_is_not_proven_free(
    release: Path, minutes: int, amount: str | None, state: State
) -> None:
    """However late it fails: the searches may go on while the provider forgets the request."""
    world, drop = a_world()
    world.provider = provider = TimedProvider(
        world.clock, 60 * minutes, Progress(status="FAILED", error="internal timeout")
    )
    said = provider.row

    def row(request_id: str) -> HistoryRow | None:
        found, charged = said(request_id), None if amount is None else Decimal(amount)
        over = found is not None and found.progress.status == "FAILED"
        return replace(found, progress=replace(found.progress, charged_usd=charged)) if found and over else found

    provider.row = row  # type: ignore[method-assign]
    assert Machine(world, world, release).run(drop) == "Failed"
    (edit,) = world.ledger.edits.values()
    assert (edit.state, len(provider.submissions)) == (state, 1)


@RELEASES
def test_an_earlier_machine_reports_a_failed_generation(release: Path) -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error="content policy")
    assert Machine(world, world, release).run(drop) == "Failed"
    assert [notice["status"] for notice in world.topic.published] == ["FAILED"]
