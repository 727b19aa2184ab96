"""The clip that a request names, held against the model's limits, as the provider does later on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pymediainfo import MediaInfo

from localcloud.shape import displayed_size
from localcloud.simulator.downloads import download
from localcloud.simulator.parameters import GenerationFailed
from localcloud.simulator.settings import Settings

SIDE = (720, 2160)  # pixels, both sides
FRAME_RATE = (23.97, 60.05)  # 24 to 60; 23.976 passes for 24


@dataclass(frozen=True)
class Clip:
    """A clip on the simulator's disk."""

    path: Path
    sha256: str
    seconds: float
    width: int  # as it is shown, turned and with square pixels: whether the provider sees it so is a guess
    height: int


def fetch_clip(url: str, folder: Path, settings: Settings) -> Clip:
    """Download and check a clip; raises GenerationFailed in words that are mostly upstream's or guessed."""
    path = folder / "video"
    seconds, most = settings.fetch_seconds, settings.max_clip_bytes
    return _checked(path, download(url, path, seconds=seconds, most_bytes=most, kind="video"), settings)


def _checked(path: Path, digest: str, settings: Settings) -> Clip:
    media = MediaInfo.parse(str(path), parse_speed=0)
    general = media.general_tracks[0] if media.general_tracks else None
    if general is None or general.format not in ("MPEG-4", "QuickTime") or not media.video_tracks:
        raise GenerationFailed("Unsupported video format: only .mp4 and .mov files with a video track are supported.")
    track = media.video_tracks[0]
    width, height = displayed_size(track)
    seconds, rate = float(track.duration or general.duration or 0) / 1000, float(track.frame_rate or 0)
    if not all(SIDE[0] <= side <= SIDE[1] for side in (width, height)):
        limits = f"between {SIDE[0]}px and {SIDE[1]}px"
        raise GenerationFailed(f"Validation error: video width and height must be {limits}, got {width}x{height}.")
    if seconds < settings.min_clip_seconds - 0.0005:
        raise GenerationFailed(f"Video duration must be at least {settings.min_clip_seconds:.1f}s, got {seconds:.2f}s.")
    if seconds > settings.max_clip_seconds + 0.0005:
        raise GenerationFailed(f"Video duration must be at most {settings.max_clip_seconds:.2f}s, got {seconds:.2f}s.")
    if not FRAME_RATE[0] <= rate <= FRAME_RATE[1]:
        raise GenerationFailed(f"Validation error: video fps must be between 24 and 60, got {rate:.2f}.")
    return Clip(path, digest, seconds, width, height)
