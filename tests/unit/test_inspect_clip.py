"""InspectClip reads one file and answers; it touches nothing else, and what is wrong with a clip is no error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dropcut.adapters.s3 import S3Files
from dropcut.domain.errors import FileHidden
from dropcut.intake.inspection import read_inspection
from dropcut.workflow.inspect_clip import inspect_clip
from dropcut.workflow.prepare_edit import prepare_edit
from tests.fakes.examples import INBOX, OUTBOX, WORKROOM, a_clip
from tests.fakes.services import FakeProber, Interruption, die
from tests.fakes.worlds import a_world


def test_inspecting_a_clip_returns_its_facts_and_changes_nothing() -> None:
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


def test_a_file_that_s3_refuses_is_rejected_with_an_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archived, or encrypted with a key of somebody else's: it will be so at the next try, too."""
    world, drop = a_world()

    def hide(*_: Any) -> Iterator[bytes]:
        if _:
            raise FileHidden("S3 refused")
        yield b""

    monkeypatch.setattr(world.files, "stream", hide)
    monkeypatch.setattr(world, "probe", lambda chunks: str(len(list(chunks))))
    inspection = inspect_clip(world, drop)
    assert inspection["problem"].startswith("may not be read")
    monkeypatch.setattr(world.files, "read", lambda *_: list(hide("sidecar")))
    found = prepare_edit(world, drop, inspection)
    assert (found["verdict"], found["problems"]) == ("rejected", 2)


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidObjectState"])
def test_what_s3_answers_then_is_known(code: str) -> None:
    class Client:
        def get_object(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": code}}, "GetObject")

    files = S3Files(Client(), None, workroom=WORKROOM, outbox=OUTBOX)
    with pytest.raises(FileHidden):
        files.read(INBOX, "beach.json", "1", 9)
    with pytest.raises(FileHidden):
        next(iter(files.stream(INBOX, "beach.mp4", "1")))


def test_a_clip_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world, drop = a_world()
    facts = world.files.head(drop.bucket, drop.clip_key)
    assert facts
    monkeypatch.setattr(world.files, "head", lambda *_: replace(facts, size=200_000_001))
    seen = Interruption(world, set(), die)
    assert inspect_clip(seen.services(), drop)["problem"] == "is larger than 200 MB"
    assert seen.calls == ["files.head"]
