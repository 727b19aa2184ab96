"""InspectClip reads one file and answers; it touches nothing else, and what is wrong with a clip is no error."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dropcut.errors import FileHidden
from dropcut.inspection import read_inspection
from dropcut.workflow.inspect_clip import inspect_clip
from tests.fakes.examples import INBOX, a_clip
from tests.fakes.services import FakeProber, Interruption, die
from tests.fakes.worlds import a_world


def test_a_clip_is_told_with_its_facts_and_nothing_else_is_touched() -> None:
    world, drop = a_world()
    seen = Interruption(world, set(), die)
    inspection = inspect_clip(seen.services(), drop)
    assert read_inspection(json.loads(json.dumps(inspection))) == a_clip(size=len(b"a clip"))
    assert seen.calls == ["files.head", "files.stream"]


def test_what_is_no_clip_is_an_answer() -> None:
    world, drop = a_world()
    world.probe = FakeProber("is not a video")
    assert inspect_clip(world, drop) == {"problem": "is not a video"}


@pytest.mark.parametrize(("data", "words"), [(b"", "is empty"), (None, "may not be read")])
def test_a_clip_without_bytes_is_an_answer(data: bytes | None, words: str) -> None:
    world, drop = a_world()
    if data is None:
        world.files.delete(INBOX, drop.clip_key)
        world.files.objects[INBOX, drop.clip_key].pop(0)
    else:
        drop = replace(drop, clip_version=world.files.put(INBOX, drop.clip_key, data).version)
    assert inspect_clip(world, drop)["problem"].startswith(words)


def test_a_clip_that_s3_hides_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may not list the bucket, so a file that is gone looks like one that is forbidden."""
    world, drop = a_world()

    def hide(*_: Any) -> None:
        raise FileHidden("S3 refused")

    monkeypatch.setattr(world.files, "head", hide)
    assert inspect_clip(world, drop)["problem"].startswith("may not be read")


def test_a_clip_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world, drop = a_world()
    facts = world.files.head(drop.bucket, drop.clip_key)
    assert facts
    monkeypatch.setattr(world.files, "head", lambda *_: replace(facts, size=200_000_001))
    seen = Interruption(world, set(), die)
    assert inspect_clip(seen.services(), drop)["problem"] == "is larger than 200 MB"
    assert seen.calls == ["files.head"]
