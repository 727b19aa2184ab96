"""What MediaInfo makes of real clips, and of what only looks like one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropcut.clip_rules import clip_problems
from dropcut.model import Clip
from dropcut.probe import probe_clip
from localcloud.clips import make_clip


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
