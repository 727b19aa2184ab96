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


def start(output: Path, *arguments: str, columns: int = 100) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "localcloud", "demo", "--output", str(output), "--speed", "60", *arguments]
    environment = {**os.environ, "COLUMNS": str(columns)}
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def start_and_drop(output: Path) -> subprocess.Popen[str]:
    """A demo that runs and has just dropped its files."""
    process = start(output)
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


def descendants(pid: int) -> set[int]:
    """Every process below this one, as /proc tells it."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found, more = set[int](), {pid}
    while more:
        more = {child for child, parent in parents.items() if parent in more} - found
        found |= more
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def gone(pids: set[int], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def test_the_demo_ends_with_the_video_the_manifest_and_the_notification_on_disk(tmp_path: Path) -> None:
    said, complained = finish(process := start(tmp_path))
    assert (process.returncode, complained) == (0, "")
    states = re.findall(r"^ +[\d.]+ s +\S+  (\w+)", said, re.MULTILINE)
    assert [state for state in states if state != "PollEdit"] == [
        "Dropped", "PrepareEdit", "SubmitEdit", "WaitForProvider", "DeliverEdit", "NotifyDelivered", "Delivered",
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
    assert (tmp_path / "notification.txt").read_text().startswith("Subject: Dropcut DELIVERED: beach.mp4\n")
    for path in tmp_path.rglob("*.*"):
        assert path.name in said or path.name == "beach.json"


def test_a_refusal_is_shown_kindly_in_a_narrow_window_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "came").mkdir()
    (tmp_path / "came" / "beach.mp4").write_bytes(b"of the last run")
    (tmp_path / "mine.txt").write_text("not the demo's")
    said, complained = finish(process := start(tmp_path, "--prompt", "", columns=40))
    assert (process.returncode, complained) == (0, "")
    lines = [line for line in said.splitlines() if re.match(r" +[\d.]+ s ", line)]
    assert all(len(line) <= 40 for line in lines)
    assert lines[-1].endswith("Rejected")
    assert "/prompt" in said
    assert "0 generations, $0.00" in said
    assert {path.name for path in (tmp_path / "came").iterdir()} == {"beach.error.json"}
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
