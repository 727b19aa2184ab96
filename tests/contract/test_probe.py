"""What MediaInfo makes of real clips, and of what only looks like one."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dropcut.adapters.mediainfo import probe
from dropcut.adapters.mediainfo.probe import probe_clip
from dropcut.domain.errors import InspectionFailed
from dropcut.domain.model import Clip
from dropcut.intake.clip_rules import clip_problems
from localcloud.clips import make_clip
from tests.hostile.boxes import box
from tests.hostile.corpus import CORPUS
from tests.hostile.making import MDAT, QT, golden, good


def chunks(data: bytes, size: int = 65_536) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def probed(path: Path) -> Clip:
    clip = probe_clip(chunks(path.read_bytes()))
    assert isinstance(clip, Clip), clip
    return clip


def test_a_clip_is_told_with_all_its_facts() -> None:
    path = make_clip(seconds=3)
    clip, data = probed(path), path.read_bytes()
    assert (clip.container, clip.width, clip.height, clip.fps, clip.has_audio) == ("MPEG-4", 1280, 720, 30.0, True)
    assert (clip.size, clip.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert abs(clip.seconds - 3) < 0.05
    assert clip_problems(clip, 10) == []


def test_a_silent_quicktime_clip_is_told_as_such() -> None:
    clip = probed(make_clip(seconds=3, width=720, height=720, audio=False, container="mov"))
    assert (clip.container, clip.width, clip.height, clip.has_audio) == ("QuickTime", 720, 720, False)


@pytest.mark.parametrize("size", [1, 7, 1 << 30])
def test_the_facts_do_not_depend_on_how_the_bytes_arrive(size: int) -> None:
    data = make_clip(seconds=3, width=720, height=720).read_bytes()
    if size == 7:
        data = data[:70_000]
    expected = probe_clip(chunks(data))
    assert probe_clip(chunks(data, max(size, 7))) == expected


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"a text file called .mp4\n" * 500, b"<html><body>403</body></html>" * 50, bytes(5000),
     b"\x89PNG\r\n\x1a\n" + bytes(500), b"\x00\x00\x00\x18ftypmp42" + bytes(500)],
)  # fmt: skip
def test_what_is_no_video_is_refused_in_words(data: bytes) -> None:
    assert isinstance(probe_clip(chunks(data)), str)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.999])
def test_half_an_upload_is_no_clip(part: float) -> None:
    """Its index is whole, so it reads like a good clip; the box sizes do not lie."""
    data = make_clip(seconds=3, width=720, height=720).read_bytes()
    found = probe_clip(chunks(data[: int(len(data) * part)]))
    assert isinstance(found, str)


def test_a_rotated_clip_has_the_size_that_a_player_shows() -> None:
    clip = probe_clip(chunks(golden("rotated.mp4")))
    assert isinstance(clip, Clip)
    assert (clip.width, clip.height, clip.rotation) == (720, 1280, 270)


def test_a_clip_with_wide_pixels_has_its_displayed_size() -> None:
    clip = probe_clip(chunks(golden("anamorphic.mp4")))
    assert isinstance(clip, Clip)
    assert (clip.width, clip.height, clip.pixel_aspect_ratio) == (1920, 1080, 1.333)


def test_headers_that_say_less_than_there_is_are_seen_through() -> None:
    clip = probe_clip(chunks(golden("short-headers.mp4")))
    assert isinstance(clip, Clip)
    assert (clip.seconds, clip.longest) == (3.0, 10.0)


def endless() -> bytes:
    """MediaInfo turns in it for minutes."""
    (clip,) = (one for one in CORPUS if one.name == "stts-of-4-billion")
    return b"".join(clip.pieces())


def test_a_clip_that_takes_too_long_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE", 2)
    assert "could not be read within" in str(probe_clip(chunks(endless())))


@pytest.mark.parametrize("size", [600 * 1024 * 1024, 0xFFFFFF00], ids=["600 MB", "4 GB"])
def test_an_index_too_large_for_memory_is_a_problem(size: int) -> None:
    """The walker finds such an index before; this is what holds if it does not."""
    packed = box(b"cmvd", struct.pack(">I", size) + zlib.compress(bytes(1000)))
    bomb = QT + MDAT + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + packed))
    with tempfile.TemporaryFile() as file:
        file.write(bomb)
        file.seek(0)
        assert "problem" in probe._ask_mediainfo(file, {})


def test_a_clip_has_no_name_in_tmp_while_it_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So a function that is killed leaves nothing behind, and the next clip finds room."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names: set[Path] = set()

    def watched() -> Iterator[bytes]:
        for chunk in chunks(good(), 1000):
            yield chunk
            names.update(tmp_path.iterdir())

    ask = probe._ask_mediainfo

    def asked(*given: Any) -> Any:
        names.update(tmp_path.iterdir())
        return ask(*given)

    monkeypatch.setattr(probe, "_ask_mediainfo", asked)
    assert isinstance(probe_clip(watched()), Clip)
    assert names == set()


def test_reading_stops_as_soon_as_a_danger_is_seen() -> None:
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield box(b"free") * 50_000

    assert "parts inside" in str(probe_clip(counted()))
    assert read <= 4


def test_the_process_that_parses_gets_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def run(_: Any, **options: Any) -> Any:
        given.update(options)
        return subprocess.CompletedProcess([], 4)

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(subprocess, "run", run)
    probe_clip(chunks(good()), {"LD_LIBRARY_PATH": "/var/lang/lib"})
    assert given["env"].keys() == {"LD_LIBRARY_PATH", "PYTHONPATH"}
    assert given["stderr"] == subprocess.DEVNULL


def test_the_parser_process_can_open_nothing_after_loading_its_library() -> None:
    program = (
        "from dropcut.adapters.mediainfo import reader; import os, socket; reader._limit(reader.NO_MORE_FILES)\n"
        "for attempt in (lambda: open('/dev/null'), socket.socket):\n"
        "    try: attempt()\n"
        "    except OSError as error: print(error.errno)\n"
        "os.close(0)\n"
        "try: os.open('/dev/null', os.O_RDONLY)\n"
        "except OSError as error: print(error.errno)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["24", "24", "24"], "nor in the place of what it closes"


def test_a_probe_that_cannot_start_is_no_fault_of_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/false")
    with pytest.raises(InspectionFailed):
        probe_clip(chunks(good()))


@pytest.mark.parametrize("answer", [b"", b"[1]", b"{", b'"x"', b"\xff", b"7", b"[" * 60_000])
def test_a_malformed_parser_answer_means_the_clip_cannot_be_read(answer: bytes) -> None:
    """The parser may have been taken over by what it parsed."""
    assert probe._understood(answer) == {"problem": "could not be understood; it may be damaged"}
