"""The demo's pictures of before and after, and the demo on a terminal that can show them."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

import imageio_ffmpeg
import pytest
from pymediainfo import MediaInfo

from localcloud.clips import make_clip
from localcloud.cloud import REPOSITORY
from localcloud.pictures import PictureFailed, before_after, in_terminal, side_by_side
from tests.e2e.processes import descendants, gone

SHOW = "import sys; from pathlib import Path; from localcloud.pictures import side_by_side; "
SHOW += "side_by_side(*map(Path, sys.argv[1:]))"


def painted(path: Path, colour: str, size: str, seconds: float, *more: str) -> Path:
    """A video of one colour, quickly made."""
    source = f"color={colour}:size={size}:rate=24:duration={seconds}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i", source, *more]
    subprocess.run([*command, "-preset", "ultrafast", str(path)], check=True)
    return path


def test_before_is_left_and_after_is_right(tmp_path: Path) -> None:
    red = painted(tmp_path / "red.mp4", "red", "320x180", 1)
    blue = painted(tmp_path / "blue.mp4", "blue", "640x360", 1.5)
    before_after(red, blue, tmp_path / "pair.png")
    lines = in_terminal(tmp_path / "pair.png", 20)
    assert len(lines) == 6 + 1 + 6  # 20 columns of 16:9 are 11 pixels high, two to a line; one line between
    (first, second) = (set(re.findall(r"38;2;(\d+;\d+;\d+)", line)) for line in (lines[0], lines[-1]))
    assert {tuple(int(part) > 200 for part in colour.split(";")) for colour in first} == {(True, False, False)}
    assert {tuple(int(part) > 200 for part in colour.split(";")) for colour in second} == {(False, False, True)}


def test_a_picture_of_tall_clips_stays_lower_than_a_window(tmp_path: Path) -> None:
    tall = painted(tmp_path / "tall.mp4", "green", "180x320", 1)
    before_after(tall, tall, tmp_path / "pair.png")
    assert len(in_terminal(tmp_path / "pair.png", 200)) < 40


@pytest.mark.parametrize("name", ["rotated", "anamorphic"])
def test_a_rotated_or_anamorphic_clip_gives_two_equal_halves(tmp_path: Path, name: str) -> None:
    clip = REPOSITORY / "tests" / "golden" / "clips" / f"{name}.mp4"
    edit = painted(tmp_path / "edit.mp4", "red", "1280x720", 1)  # as a provider gives that looks at the stored size
    before_after(clip, edit, tmp_path / "pair.png")
    side_by_side(clip, edit, tmp_path / "pair.mp4")
    pair = MediaInfo.parse(str(tmp_path / "pair.mp4")).video_tracks[0]
    assert (pair.width, pair.height) == {"rotated": (1088, 960), "anamorphic": (1928, 540)}[name]
    assert in_terminal(tmp_path / "pair.png", 60)


def test_a_silent_edit_gives_a_silent_video(tmp_path: Path) -> None:
    clip = painted(tmp_path / "clip.mp4", "red", "320x180", 1)
    side_by_side(clip, clip, tmp_path / "pair.mp4")
    media = MediaInfo.parse(str(tmp_path / "pair.mp4"))
    assert (media.video_tracks[0].width, len(media.audio_tracks)) == (1928, 0)


def test_what_is_no_video_is_said_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    with pytest.raises(PictureFailed):
        side_by_side(tmp_path / "clip.mp4", tmp_path / "clip.mp4", tmp_path / "pair.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_the_encoder_and_leaves_no_file(tmp_path: Path) -> None:
    clip = painted(tmp_path / "clip.mp4", "red", "1280x720", 30)
    command = [sys.executable, "-c", SHOW, str(clip), str(clip), str(tmp_path / "pair.mp4")]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as process:
        while not (below := descendants(process.pid)):
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert gone(below, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@contextlib.contextmanager
def on_a_terminal(*command: str, columns: int) -> Iterator[tuple[int, int]]:
    """A command on a terminal with true colour: its process id and the other end of the terminal."""
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        yield process.pid, ours
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def everything_from(terminal: int) -> str:
    heard = bytearray()
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while piece := os.read(terminal, 65536):
            heard += piece
    return heard.decode()


def test_a_terminal_shows_the_wait_and_the_pictures(tmp_path: Path) -> None:
    name = "Ferien am Meer – 夏.mp4"
    own = make_clip(tmp_path / name, seconds=3.0, width=720, height=720)
    command = [sys.executable, "-m", "localcloud", "demo", "--speed", "60", "--output", str(tmp_path / "out")]
    with on_a_terminal(*command, "--clip", str(own), "--prompt", "Night", columns=72) as (_, terminal):
        heard = everything_from(terminal)
    moving = re.findall(r"(\d+) of about 200 s\x1b\[K", heard)
    assert len(set(moving)) > 5
    assert heard.count("\N{UPPER HALF BLOCK}") > 1000
    shown = [re.sub(r"\x1b\[[\d;]*[mK]", "", line).rsplit("\r", 1)[-1] for line in heard.split("\r\n")]
    assert [line for line in shown if len(line) > 72 and not line.startswith(("  /", "  make "))] == []
    assert "\x1b[1;32mDelivered" in heard
    assert f"make demo CLIP='{own}'" in heard
    assert {path.name for path in (tmp_path / "out" / "came").iterdir()} == {name, "Ferien am Meer – 夏.manifest.json"}
