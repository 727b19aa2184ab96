"""The clips that are drawn for the demo and the tests are what was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymediainfo import MediaInfo

from localcloud.clips import make_clip


@pytest.mark.parametrize(
    "asked",
    [
        {"seconds": 3.0, "fps": 24.0, "container": "mp4", "audio": True},
        {"seconds": 3.5, "fps": 30.0, "container": "mov", "audio": False, "width": 720, "height": 720},
    ],
)
def test_a_clip_is_drawn_as_asked_for(tmp_path: Path, asked: dict[str, Any]) -> None:
    path = make_clip(tmp_path / "a folder" / f"clip.{asked['container']}", **asked)
    media = MediaInfo.parse(str(path))
    video = media.video_tracks[0]
    assert (video.width, video.height) == (asked.get("width", 1280), asked.get("height", 720))
    assert float(video.duration) == asked["seconds"] * 1000
    assert float(video.frame_rate) == asked["fps"]
    assert bool(media.audio_tracks) == asked["audio"]
    assert (path.read_bytes()[8:10] == b"qt") == (asked["container"] == "mov")


def test_a_clip_is_drawn_once_and_another_seed_gives_another(tmp_path: Path) -> None:
    assert make_clip(seconds=3.0, fps=24.0) == make_clip(seconds=3.0, fps=24.0)
    assert make_clip(tmp_path / "a.mp4", seconds=3.0).read_bytes() == make_clip(seconds=3.0).read_bytes()
    assert make_clip(seconds=3.0).read_bytes() != make_clip(seconds=3.0, seed=1).read_bytes()


def test_a_container_that_the_provider_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="mp4 or mov"):
        make_clip(container="avi")
