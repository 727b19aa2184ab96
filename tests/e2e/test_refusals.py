"""Bad input ends red, costs nothing, and is answered with every problem: where it is, what was found, what to do."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import imageio_ffmpeg
import pytest

from localcloud.clips import make_clip
from tests.e2e.outcomes import valid
from tests.e2e.stand import Stand

GOOD = b'{"prompt": "Make it an alien planet"}'
IMAGE = "https://example.com/hat.png"
ELEMENT = {"frontal_image_url": IMAGE}


class Wrong(NamedTuple):
    """One problem as the person is told of it: JSON pointer or `clip`, and words of value, problem and fix."""

    field: str
    value: str
    problem: str
    fix: str


def text(**fields: Any) -> bytes:
    return json.dumps({"prompt": "Make it an alien planet", **fields}).encode()


def black(seconds: int, width: int, height: int) -> bytes:
    """A clip with nothing in it, index first; quicker to make than a pretty one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "black.mp4"
        picture = f"color=black:s={width}x{height}:r=24:d={seconds}"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i", picture]
        subprocess.run([*command, "-preset", "ultrafast", "-movflags", "+faststart", str(path)], check=True)
        return path.read_bytes()


SIDECARS = {
    "not JSON": (b"prompt: make it night", [Wrong("", "line 1, column 1", "is not JSON", "correct the file")]),
    "not an object": (b'["make it night"]', [Wrong("", '["make it night"]', "is not a JSON object", '{"prompt"')]),
    "not UTF-8": ('{"prompt": "Mach es schön"}'.encode("latin-1"), [Wrong("", "byte", "not UTF-8", "save the file")]),
    "empty": (b"", [Wrong("", "0 bytes", "is empty", "write")]),
    "wrong types": (
        text(keep_audio="yes", duration=5, image_urls=IMAGE, prompt=7),
        [
            Wrong("/prompt", "7", "must be text", "in quotes"),
            Wrong("/duration", "5", "must be", 'write it as text: "5"'),
            Wrong("/keep_audio", '"yes"', "must be true or false", "without quotes"),
            Wrong("/image_urls", IMAGE, "list", '["https://..."]'),
        ],
    ),
    "unknown field": (
        text(promt="x"),
        [Wrong("/promt", '"promt"', "is not a known field", 'if you mean "prompt", write that')],
    ),
    "missing prompt": (b'{"mode": "std"}', [Wrong("/prompt", "", "is missing", 'add "prompt"')]),
    "blank prompt": (text(prompt=" \n"), [Wrong("/prompt", " ", "is blank", "say what should change")]),
    "long prompt": (text(prompt="x" * 2501), [Wrong("/prompt", "2501 characters", "2500", "shorten")]),
    "no second image": (
        text(prompt="Put @Image2 on it", image_urls=[IMAGE]),
        [Wrong("/prompt", "@Image2", "image_urls, which has 1", "add it to image_urls")],
    ),
    "too many references": (
        text(image_urls=[IMAGE] * 3, elements=[ELEMENT] * 2),
        [Wrong("/image_urls", "3 images and 2 elements", "four", "keep at most four")],
    ),
    "not https": (
        text(image_urls=["ftp://example.com/a.png"]),
        [Wrong("/image_urls/0", "ftp:", "https", "public https")],
    ),
    "over 64 KB": (text(prompt="x" * 65_536), [Wrong("", "bytes", "larger than 64 KB", "keep only the prompt")]),
    "NaN": (b'{"prompt": "x", "duration": NaN}', [Wrong("/duration", "NaN", "not a finite number", "finite numbers")]),
    "duplicate keys": (
        b'{"prompt": "day", "prompt": "night"}',
        [Wrong("/prompt", "prompt", "more than once", "keep one")],
    ),
    "deep nesting": (b'{"prompt": ' + b"[" * 20_000, [Wrong("", "brackets", "nested too deeply", "flat")]),
    "deep but whole": (
        b'{"prompt": ' + b"[" * 30 + b"]" * 30 + b"}",
        [Wrong("/prompt" + "/0" * 15, "brackets", "nested too deeply", "flat")],
    ),
}  # fmt: skip
CLIPS: dict[str, tuple[Callable[[], bytes], Wrong]] = {
    "no bytes": (lambda: b"", Wrong("clip", "0 bytes", "is empty", "upload it again")),
    "a text": (lambda: b"This is not a film. " * 99, Wrong("clip", "beach.mp4", "is not a video", "mp4 or mov")),
    "4K": (lambda: black(3, 3840, 2160), Wrong("clip", "3840x2160", "720 to 2160", "scale the clip")),
    "two seconds": (lambda: black(2, 1280, 720), Wrong("clip", "2.0 s", "shorter than 3 s", "longer clip")),
    "eleven seconds": (lambda: black(11, 1280, 720), Wrong("clip", "11.0 s", "longer than 10 s", "trim it")),
    "half uploaded": (lambda: black(3, 1280, 720)[:2000], Wrong("clip", "beach.mp4", "cut off", "")),
}


def assert_refused(stand: Stand, folder: str, wanted: list[Wrong]) -> None:
    """One red execution, nothing submitted, one error file and one message, both with every problem."""
    (run,) = stand.finish(folder)
    assert (run.status, run.error) == ("FAILED", "Rejected")
    assert stand.outbox(folder) == [f"{folder}beach.error.json"]
    error = valid(stand.document(f"{folder}beach.error.json"), "error")
    message = stand.message(folder)
    said = valid(message.document, "notification")
    assert {error["status"], said["status"], message.attributes["status"]} == {"REJECTED"}
    assert message.subject == "Dropcut REJECTED: beach.mp4"
    assert said["problems"] == error["problems"]
    assert sorted(problem["field"] for problem in error["problems"]) == sorted(wrong.field for wrong in wanted)
    for wrong in wanted:
        (told,) = [problem for problem in error["problems"] if problem["field"] == wrong.field]
        for name, words in wrong._asdict().items():
            assert words in told[name]
        for words in (told["field"], told["value"], told["problem"], told["fix"]):
            assert words in message.text
    assert said["error"]["key"] == f"{folder}beach.error.json"
    assert "nothing was paid" in message.text
    assert stand.edits(folder) == []


@pytest.fixture(autouse=True)
def nothing_submitted(stand: Stand) -> Any:
    before = len(stand.provider.requests())
    yield
    assert len(stand.provider.requests()) == before


@pytest.mark.parametrize("case", SIDECARS)
def test_a_bad_sidecar_is_refused_with_pointer_value_and_fix(stand: Stand, folder: str, clip: bytes, case: str) -> None:
    sidecar, wanted = SIDECARS[case]
    stand.drop(f"{folder}beach.mp4", clip, sidecar)
    assert_refused(stand, folder, wanted)


@pytest.mark.parametrize("case", CLIPS)
def test_a_bad_clip_is_refused(stand: Stand, folder: str, case: str) -> None:
    make, wanted = CLIPS[case]
    stand.drop(f"{folder}beach.mp4", make(), GOOD)
    assert_refused(stand, folder, [wanted])


def test_everything_that_is_wrong_with_both_files_is_said_at_once(stand: Stand, folder: str) -> None:
    sidecar = {"promt": "night", "mode": "turbo", "duration": "2"}
    stand.drop(f"{folder}beach.mp4", black(2, 1280, 720), sidecar)
    fields = ["/prompt", "/promt", "/mode", "/duration", "clip"]
    assert_refused(stand, folder, [Wrong(field, "", "", "") for field in fields])


def test_problems_too_many_and_too_long_for_a_message_are_all_in_the_error_file(
    stand: Stand, folder: str, clip: bytes
) -> None:
    sidecar = json.dumps({"n" * 15_000: [0]} | {f"unknown{number}": number for number in range(400)})
    stand.drop(f"{folder}beach.mp4", clip, sidecar.replace("[0]", "[" + ", ".join(["NaN"] * 40) + "]").encode())
    assert [run.error for run in stand.finish(folder)] == ["Rejected"]
    said = stand.message(folder).document
    filed = stand.document(f"{folder}beach.error.json")
    assert len(said["problems"]) + said["more_problems"] == len(filed["problems"]) + filed["more_problems"]
    assert f"and {said['more_problems']} more" in stand.message(folder).text or not said["more_problems"]
    assert len(stand.message(folder).body) < 100_000


def test_a_name_that_no_output_can_have_is_refused_before_anything_is_paid(
    stand: Stand, folder: str, clip: bytes
) -> None:
    stand.drop(f"{folder}a\x01b.mp4", clip, GOOD)
    (run,) = stand.finish(folder)
    assert (run.status, run.error) == ("FAILED", "Rejected")
    assert stand.outbox(folder) == [f"{folder}a\x01b.error.json"]
    assert "U+0001" in stand.message(folder).text
    assert [line["field"] for line in stand.document(f"{folder}a\x01b.error.json")["problems"]] == ["drop", "drop"]


def test_two_clips_with_one_stem_are_both_refused_and_both_named(stand: Stand, folder: str, clip: bytes) -> None:
    stand.put(f"{folder}beach.mp4", clip)
    stand.put(f"{folder}beach.mov", make_clip(seconds=3.0, container="mov"))
    stand.finish(folder)
    stand.put(f"{folder}beach.json", GOOD)
    assert [run.error for run in stand.finish(folder)] == ["Rejected", "Rejected"]
    assert stand.outbox(folder) == [f"{folder}beach.error.json"]
    messages = stand.messages(folder)
    assert sorted(message.document["clip"]["key"] for message in messages) == [
        f"{folder}beach.mov",
        f"{folder}beach.mp4",
    ]
    for message in messages:
        (problem,) = message.document["problems"]
        assert problem["value"] == f"{folder}beach.mov and {folder}beach.mp4"
        assert "same output" in problem["problem"]
