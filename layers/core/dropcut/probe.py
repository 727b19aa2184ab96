"""What a clip really is, read from its bytes with MediaInfo (the mediainfo layer; only prepare_edit has it)."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import Any

from pymediainfo import MediaInfo

from dropcut.model import Clip
from dropcut.mp4 import BoxWalker

CONTAINERS = ("MPEG-4", "QuickTime")


def probe_clip(chunks: Iterator[bytes]) -> Clip | str:
    """Hash and probe a clip as it streams by (at most 200 MB, in /tmp). Gives its facts, or why it is no clip."""
    hasher, walker, size = hashlib.sha256(), BoxWalker(), 0
    with tempfile.NamedTemporaryFile(prefix="clip-", suffix=".mp4") as file:
        for chunk in chunks:
            hasher.update(chunk)
            walker.feed(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        # parse_speed=0 reads the headers only; the default scans the stream, forty times slower.
        info = MediaInfo.parse(file.name, parse_speed=0)
    clip = _clip(info, size, hasher.hexdigest())
    # The index of a half upload is often whole, and reads like a good clip's.
    return "is cut off: not all of it was uploaded" if isinstance(clip, Clip) and walker.is_cut_off else clip


def _clip(info: Any, size: int, sha256: str) -> Clip | str:
    general: Any = info.general_tracks[0] if info.general_tracks else None
    container = getattr(general, "format", None)
    if container not in CONTAINERS:
        return f"is {'not a video' if not container else f'a {container} file'}"
    if not info.video_tracks:
        return "has no picture"
    video = info.video_tracks[0]
    milliseconds = video.duration or general.duration
    if not (milliseconds and video.width and video.height):
        return "is damaged: its length or size cannot be read"
    profile = "QuickTime" if "QuickTime" in (general.format_profile or "") else container
    return Clip(
        size=size,
        sha256=sha256,
        container=profile,
        seconds=round(float(milliseconds) / 1000, 3),
        width=int(video.width),
        height=int(video.height),
        fps=round(_fps(video, float(milliseconds)), 3),
        has_audio=bool(info.audio_tracks),
    )


def _fps(video: Any, milliseconds: float) -> float:
    """The nominal rate, else frames over time; 0 where neither is known."""
    if video.frame_rate:
        return float(video.frame_rate)
    return float(video.frame_count) / milliseconds * 1000 if video.frame_count else 0.0
