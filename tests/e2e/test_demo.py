"""`make demo`, as a person without a terminal, with a narrow one, or with no patience meets it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymediainfo import MediaInfo

from localcloud.cloud import REPOSITORY
from localcloud.keepsakes import Keepsakes
from tests.e2e.processes import descendants, gone


def start(output: Path, *arguments: str, columns: int = 100, **given: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "localcloud", "demo", "--output", str(output), "--speed", "60", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DROPCUT_DEMO_")}
    environment |= {"COLUMNS": str(columns), **given}
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def start_and_drop(output: Path) -> subprocess.Popen[str]:
    """A demo that has just dropped its files, and is far from its end however busy this machine is."""
    process = start(output, "--speed", "1")
    assert process.stdout
    for line in process.stdout:
        if "Dropped" in line:
            break
    return process


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return process.communicate(timeout=100)
    finally:
        process.kill()


def test_the_demo_leaves_video_manifest_and_notification_on_disk(tmp_path: Path) -> None:
    said, complained = finish(process := start(tmp_path))
    assert (process.returncode, complained) == (0, "")
    states = re.findall(r"^ +[\d.]+ s +\S+  (\w+)", said, re.MULTILINE)
    assert [state for state in states if state != "PollEdit"] == [
        "Dropped", "InspectClip", "PrepareEdit", "SubmitEdit", "WaitForProvider", "DeliverEdit", "NotifyEnding",
        "Delivered",
    ]  # fmt: skip
    assert "~$1.68  PrepareEdit" in said
    assert " $1.68  Delivered" in said
    assert "1 generation, $1.68" in said
    video, clip = tmp_path / "came" / "beach.mp4", tmp_path / "dropped" / "beach.mp4"
    manifest = json.loads((tmp_path / "came" / "beach.manifest.json").read_text())
    assert manifest["output"]["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()
    assert manifest["source"]["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert manifest["cost"]["charged_usd"] == 1.68
    media = MediaInfo.parse(str(video))
    assert (media.video_tracks[0].width, len(media.audio_tracks)) == (1920, 1)
    assert json.loads((tmp_path / "notification.json").read_text())["status"] == "DELIVERED"
    headers = [line.split(":")[0] for line in (tmp_path / "notification.txt").read_text().splitlines()[:4]]
    assert headers == ["From", "To", "Subject", "Date"]
    pair = MediaInfo.parse(str(tmp_path / "side-by-side.mp4"))
    shape = (pair.video_tracks[0].format, pair.video_tracks[0].chroma_subsampling, pair.video_tracks[0].height)
    assert (*shape, len(pair.audio_tracks)) == ("AVC", "4:2:0", 540, 1)
    assert float(pair.video_tracks[0].duration) == pytest.approx(4000, abs=50)
    picture = MediaInfo.parse(str(tmp_path / "before-after.png")).image_tracks[0]
    assert (picture.width, picture.height) == (960 + 8 + 960, 540)
    for path in tmp_path.rglob("[!.]*.*"):
        assert f"  {path}\n" in said
    for wanted in ('  "Deep winter over the bay', manifest["request_id"], manifest["output"]["sha256"][:16], "make up"):
        assert wanted in said
    assert "\x1b" not in said
    assert "\r" not in said


def test_a_refusal_fits_a_narrow_window_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("not the demo's")
    (tmp_path / "last.mp4").write_bytes(b"of the last run")
    Keepsakes(tmp_path).begin(tmp_path / "last.mp4", b"{}", "last.json")
    said, complained = finish(process := start(tmp_path, columns=40, DROPCUT_DEMO_PROMPT=""))
    assert (process.returncode, complained) == (0, "")
    whole = re.compile(r"  (make |/)")  # commands and paths are there to be copied
    assert [line for line in said.splitlines() if len(line) > 40 and not whole.match(line)] == []
    lines = [line for line in said.splitlines() if re.match(r" +[\d.]+ s ", line)]
    assert lines[-1].endswith("Rejected")
    flowing = " ".join(said.split())
    for wanted in (
        "Refused, nothing was paid.",
        "1. /prompt",
        "To do: say what",
        "0 generations, $0.00",
        "make demo PROMPT='",
    ):
        assert wanted in flowing
    assert {path.name for path in (tmp_path / "came").iterdir()} == {"beach.error.json"}
    assert {path.name for path in (tmp_path / "dropped").iterdir()} == {"beach.mp4", "beach.json"}
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_by_hand_is_clean_and_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    process = start_and_drop(tmp_path)
    below = descendants(process.pid)
    assert len(below) >= 2
    process.send_signal(number)
    time.sleep(0.05)
    process.send_signal(number)
    said, complained = finish(process)
    assert (process.returncode, complained) == (130, "")
    assert said.endswith("Stopped; nothing is left running.\n")
    assert gone(below)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_demo_that_is_killed_leaves_nothing_running(tmp_path: Path) -> None:
    process = start_and_drop(tmp_path)
    below = descendants(process.pid)
    process.kill()
    finish(process)
    assert gone(below)
