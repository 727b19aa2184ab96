"""A drop is understood, priced or refused before it costs anything."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from dropcut.domain.model import Clip, Drop, State
from dropcut.intake.sidecar import MAX_BYTES
from dropcut.notifications.schemas import ErrorFile
from dropcut.workflow.inspect_clip import inspect_clip
from dropcut.workflow.prepare_edit import prepare_edit
from tests.fakes.documents import read
from tests.fakes.examples import INBOX, OUTBOX, a_clip, a_sidecar, an_edit_in
from tests.fakes.machine import Machine
from tests.fakes.services import FakeProber, FakeServices, Interruption, die
from tests.fakes.worlds import a_world

ERROR = "trip/beach.error.json"


def error_file(world: FakeServices) -> ErrorFile:
    return read(ErrorFile, world.files.text(OUTBOX, ERROR))


def refused(world: FakeServices, drop: Drop) -> ErrorFile:
    """Prepare it, and check all that holds for every refusal."""
    outcome = prepare_edit(world, drop)
    assert outcome["verdict"] == "rejected"
    assert outcome["notice"]["status"] == "REJECTED"
    assert world.journal.drops[drop.drop_id].outcome == "REJECTED"
    assert world.ledger.edits == {}
    found = error_file(world)
    assert len(found.problems) == outcome["problems"] >= 1
    assert found.drop_id == drop.drop_id
    return found


def test_a_good_drop_is_priced_and_written_down() -> None:
    world, drop = a_world(a_sidecar(mode="std", duration="5"))
    outcome = prepare_edit(world, drop)
    assert outcome["verdict"] == "ready"
    edit = world.ledger.edits[outcome["edit_id"]]
    assert (edit.state, edit.attempt, edit.drop, edit.clip) == (State.PREPARED, 0, drop, a_clip(size=len(b"a clip")))
    assert edit.estimated_usd == Decimal("1.575"), "five seconds were asked for, which is dearer than the clip's four"
    assert world.journal.drops[drop.drop_id].edit_id == outcome["edit_id"]
    assert not world.files.keys(OUTBOX, "")


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_a_name_impossible_for_an_output_is_refused_before_payment(character: str) -> None:
    """S3 takes a clip of that name, but never the upload of its output."""
    world, drop = a_world(clip_key=f"odd/a{character}b.mp4")
    assert Machine(world, world).run(drop) == "Rejected"
    assert world.provider.submissions == []
    found = read(ErrorFile, world.files.text(OUTBOX, f"odd/a{character}b.error.json"))
    named = f"U+{ord(character):04X}"
    assert [(line.field, named in line.problem, line.fix) for line in found.problems] == [
        ("drop", True, f"rename it without {named}")
    ] * 2
    (told,) = world.topic.published
    assert named in told["message"]["email"]


@pytest.mark.parametrize(
    "name", ["tab\t", "two\nlines", "\r", "\x7f", "\x85", "\u202e", "\ud7ff\ue000\ufffd", "🏖", "a+b %2F"]
)
def test_every_other_odd_name_is_as_good_as_any(name: str) -> None:
    world, drop = a_world(clip_key=f"odd/{name}.mp4")
    assert Machine(world, world).run(drop) == "Delivered"


def test_the_verdict_is_small_and_holds_no_prompt() -> None:
    world, drop = a_world(a_sidecar(prompt="secret words " * 100))
    assert "secret words" not in json.dumps(prepare_edit(world, drop))


@pytest.mark.parametrize(
    ("sidecar", "pointers"),
    [
        (b"not json", [""]),
        (b"\xff\xfe", [""]),
        (b'{"prompt": NaN}', ["/prompt"]),
        (b'{"prompt": "a", "prompt": "b"}', ["/prompt"]),
        (b"[" * 5000, [""]),
        (b" " * (MAX_BYTES + 1), [""]),
        (a_sidecar(prompt=None), ["/prompt"]),
        (a_sidecar(prompt="x" * 2501), ["/prompt"]),
        (a_sidecar(prompt="@Image2", image_urls=["https://a.example/b.png"]), ["/prompt"]),
        (a_sidecar(promt="x", mode=1), ["/mode", "/promt"]),
    ],
)
def test_a_sidecar_that_is_not_right_is_refused_with_its_pointers(sidecar: bytes, pointers: list[str]) -> None:
    world, drop = a_world(sidecar)
    assert sorted(line.field for line in refused(world, drop).problems) == pointers


@pytest.mark.parametrize(
    "finding",
    ["is not a video", "has no picture", a_clip(width=3840, height=2160), a_clip(seconds=2.0), a_clip(seconds=11.0)],
)
def test_a_clip_that_is_not_right_is_refused(finding: Clip | str) -> None:
    world, drop = a_world()
    world.probe = FakeProber(finding)
    (line,) = refused(world, drop).problems
    assert line.field == "clip"


def test_an_empty_clip_is_refused_before_it_is_probed() -> None:
    world, drop = a_world()
    empty = world.files.put(INBOX, drop.clip_key, b"")
    (line,) = refused(world, replace(drop, clip_version=empty.version)).problems
    assert line.problem == "is empty"


def test_problems_of_clip_and_sidecar_are_told_together() -> None:
    world, drop = a_world(b"not json")
    world.probe = FakeProber(a_clip(seconds=99.0, width=1))
    found = refused(world, drop)
    assert [line.field for line in found.problems] == ["", "clip", "clip"]
    assert found.source.width == 1, "what was learned of the clip is told too"


def test_two_clips_with_one_name_are_both_refused_and_both_named() -> None:
    world, drop = a_world()
    world.files.put(INBOX, "trip/beach.MOV", b"another")
    (line,) = refused(world, drop).problems
    assert line.value == "trip/beach.MOV and trip/beach.mp4"


@pytest.mark.parametrize("key", ["trip/beach.mp4", "trip/beach.json"])
def test_a_version_that_is_gone_is_told_as_deleted(key: str) -> None:
    world, drop = a_world()
    world.files.objects.pop((INBOX, key))
    assert [line.problem for line in refused(world, drop).problems] == ["was deleted before it was read"]


@pytest.mark.parametrize("key", ["trip/beach.mp4", "trip/beach.json"])
def test_a_drop_with_a_replaced_file_is_superseded(key: str) -> None:
    world, drop = a_world()
    world.files.put(INBOX, key, b"newer")
    assert prepare_edit(world, drop) == {"verdict": "superseded"}
    assert world.ledger.edits == {}
    assert not world.files.keys(OUTBOX, "")


def test_keep_audio_on_a_silent_clip_only_warns() -> None:
    world, drop = a_world(a_sidecar(keep_audio=True, image_urls=["https://a.example/b.png"]))
    world.probe = FakeProber(a_clip(has_audio=False))
    edit = world.ledger.edits[prepare_edit(world, drop)["edit_id"]]
    assert len(edit.warnings) == 2


def test_the_same_files_at_other_versions_are_the_same_edit() -> None:
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    clip = world.files.put(INBOX, drop.clip_key, b"a clip")
    again = replace(drop, drop_id="again", clip_version=clip.version)
    assert prepare_edit(world, again)["edit_id"] == edit_id


@pytest.mark.parametrize(
    ("state", "verdict", "says"),
    [
        (State.PREPARED, "ready", None),
        (State.FAILED, "ready", None),
        (State.RESERVED, "in_flight", None),
        (State.SUBMITTING, "in_flight", None),
        (State.SUBMITTED, "in_flight", None),
        (State.COMPLETED, "in_flight", None),
        (State.DELIVERED, "settled", "UNCHANGED"),
        (State.IN_DOUBT, "settled", "IN_DOUBT"),
        (State.UNDELIVERED, "settled", "UNDELIVERED"),
    ],
)
def test_the_same_files_dropped_again_in_each_state(state: State, verdict: str, says: str | None) -> None:
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    output = {"key": "trip/beach.mp4", "version": "v1", "etag": "e"} if state is State.DELIVERED else None
    known = an_edit_in(state, edit_id=edit_id, owner="somebody else", output=output)
    world.ledger.edits[edit_id] = known
    outcome = prepare_edit(world, replace(drop, drop_id="again"))
    assert outcome["verdict"] == verdict
    assert outcome.get("notice", {}).get("status") == says
    assert world.provider.submissions == []
    assert world.ledger.edits[edit_id].state is state


def test_dropping_again_restores_a_lost_output_or_says_why_not() -> None:
    world, drop = a_world()
    assert Machine(world, world).run(drop) == "Delivered"
    again = replace(drop, drop_id="again")
    there: dict[str, Any] = prepare_edit(world, again)["notice"]
    assert "as before" in there["message"]["email"]
    world.files.put(OUTBOX, "trip/beach.mp4", b"something else")
    assert prepare_edit(world, again)["verdict"] == "put_back"
    world.files.objects[OUTBOX, "trip/beach.mp4"].pop(0)
    gone = prepare_edit(world, again)["notice"]
    assert "that version of it no longer exists" in gone["message"]["email"]
    assert '"rerun": 1' in gone["message"]["email"]


def test_rerun_buys_the_same_edit_once_more() -> None:
    world, drop = a_world()
    once = prepare_edit(world, drop)["edit_id"]
    again, drop_again = a_world(a_sidecar(rerun=1))
    assert prepare_edit(again, drop_again)["edit_id"] != once


def test_entering_it_again_while_the_own_attempt_is_open_changes_nothing() -> None:
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    world.ledger.edits[edit_id] = replace(world.ledger.edits[edit_id], state=State.SUBMITTING, owner=drop.drop_id)
    assert prepare_edit(world, drop)["verdict"] == "ready"
    assert world.ledger.edits[edit_id].state is State.SUBMITTING


def test_a_sidecar_that_comes_first_takes_the_drop_over() -> None:
    """`beach.mp4.json` arrived later; it starts an execution of its own, and one clip is not edited twice."""
    world, drop = a_world()
    world.files.put(INBOX, "trip/beach.mp4.json", a_sidecar())
    assert prepare_edit(world, drop) == {"verdict": "superseded"}
    assert world.ledger.edits == {}


@pytest.mark.parametrize("key", ["trip/beach.mp4", "trip/beach.json"])
def test_taking_a_file_away_in_time_calls_the_edit_off(key: str) -> None:
    world, drop = a_world()
    world.files.delete(INBOX, key)
    (line,) = refused(world, drop).problems
    assert (line.field, line.value, line.problem) == ("drop", key, "was deleted before it was read")


def test_an_inspected_clip_is_judged_without_reading_it_again() -> None:
    world, drop = a_world()
    inspection = inspect_clip(world, drop)
    seen = Interruption(world, set(), die)
    assert prepare_edit(seen.services(), drop, inspection)["verdict"] == "ready"
    assert world.inspector.asked == 0
    assert "files.stream" not in seen.calls
    assert seen.calls.count("files.read") == 1, "the sidecar"


def test_prepare_edit_inspects_the_clip_of_an_older_execution() -> None:
    world, drop = a_world()
    assert prepare_edit(world, drop)["verdict"] == "ready"
    assert world.inspector.asked == 1


@pytest.mark.parametrize(
    "inspection", [{}, {"clip": {}}, {"clip": a_clip(size=7).as_json()}, {"problem": ["x"]}, [], "", 0, {"clip": None}]
)
def test_an_inspection_that_cannot_be_true_is_a_refusal(inspection: Any) -> None:
    """Seven bytes are not the six that S3 has; and where hostile bytes are parsed, anything may be answered."""
    world, drop = a_world()
    assert prepare_edit(world, drop, inspection)["verdict"] == "rejected"
    (line,) = error_file(world).problems
    assert (line.field, line.problem) == ("clip", "could not be understood; it may be damaged")


@pytest.mark.parametrize(("longest", "usd"), [(4.0, "1.68"), (4.001, "2.10"), (9.0, "3.78")])
def test_the_longest_length_is_priced_and_what_is_sent_stays(longest: float, usd: str) -> None:
    world, drop = a_world()
    world.probe = FakeProber(a_clip(longest_seconds=longest))
    edit = world.ledger.edits[prepare_edit(world, drop)["edit_id"]]
    assert edit.estimated_usd == Decimal(usd)
    assert edit.request["duration"] == "4"
