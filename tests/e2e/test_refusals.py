"""Bad input ends red, costs nothing, and is answered with every problem: where it is, what was found, what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg

from tests.e2e.outcomes import valid
from tests.e2e.stand import Stand


class Wrong(NamedTuple):
    """One problem as the person is told of it: JSON pointer or `clip`, and words of value, problem and fix."""

    field: str
    value: str
    problem: str
    fix: str


WRONG = (
    Wrong("/prompt", "", "is missing", 'add "prompt"'),
    Wrong("/promt", '"promt"', "is not a known field", 'if you mean "prompt", write that'),
    Wrong("/mode", '"turbo"', "must be", "leave it out"),
    Wrong("/duration", '"2"', "must be", "leave it out"),
    Wrong("clip", "2.0 s", "shorter than 3 s", "longer clip"),
)


def two_seconds(path: Path) -> Path:
    """A clip that is too short, with nothing in it."""
    picture = "color=black:s=1280x720:r=24:d=2"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i", picture]
    subprocess.run([*command, "-preset", "ultrafast", "-movflags", "+faststart", str(path)], check=True)
    return path


def test_a_refusal_names_every_problem_with_its_fix(stand: Stand, folder: str, tmp_path: Path) -> None:
    posted = len(stand.provider.requests())
    sidecar = {"promt": "night", "mode": "turbo", "duration": "2"}
    stand.drop(f"{folder}beach.mp4", two_seconds(tmp_path / "short.mp4"), sidecar)
    (run,) = stand.finish(folder)
    assert (run.status, run.error) == ("FAILED", "Rejected")
    assert stand.outbox(folder) == [f"{folder}beach.error.json"]
    error = valid(stand.document(f"{folder}beach.error.json"), "error")
    message = stand.message(folder)
    said = valid(message.document, "notification")
    assert {error["status"], said["status"], message.attributes["status"]} == {"REJECTED"}
    assert message.subject == "Dropcut REJECTED: beach.mp4"
    assert said["problems"] == error["problems"]
    told = {problem["field"]: problem for problem in error["problems"]}
    assert told.keys() == {wrong.field for wrong in WRONG}
    for wrong in WRONG:
        for name, words in wrong._asdict().items():
            assert words in told[wrong.field][name]
            assert told[wrong.field][name] in message.text
    assert said["error"]["key"] == f"{folder}beach.error.json"
    assert "nothing was paid" in message.text
    assert stand.edits(folder) == []
    assert len(stand.provider.requests()) == posted
