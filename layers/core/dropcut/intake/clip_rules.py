"""What the provider takes, judged before anything is spent.

Kling's published limits for a video to be edited: mp4 or mov, both sides 720 to 2160 px (counted here as a player shows
them), 24 to 60 frames a second, at most 200 MB, 3 to 10 s (since June 2026 up to 15 s upstream, not confirmed here:
hence a parameter).
"""

from __future__ import annotations

from typing import Any

from dropcut.domain.keys import undeliverable
from dropcut.domain.model import Clip, Drop
from dropcut.intake.problem import Problem

MOST_BYTES = 200 * 1000 * 1000
SMALLEST_SIDE, LARGEST_SIDE = 720, 2160  # pixels
SHORTEST = 3.0  # seconds
TOLERANCE = 0.05  # seconds over the ceiling that containers round up to
RUNS_ON = 0.5  # seconds between the picture's length and the longest that are told
SLOWEST, FASTEST = 23.9, 60.05  # frames a second; film's 23.976 is let through with a warning


def key_problems(drop: Drop) -> list[Problem]:
    """A key for which S3 takes a clip, but would take no output."""
    found = []
    for key in (drop.clip_key, drop.sidecar_key):
        if character := undeliverable(key):
            wrong = f"has the character {character}, with which S3 cannot store an output"
            found.append(Problem("drop", key, wrong, f"rename it without {character}"))
    return found


def size_problems(size: int) -> list[Problem]:
    """Judged from the listing, before a byte is read."""
    if size == 0:
        return [Problem("clip", "0 bytes", "is empty", "upload it again")]
    if size > MOST_BYTES:
        return [Problem("clip", f"{size / 1e6:.1f} MB", "is larger than 200 MB", "export it smaller")]
    return []


def clip_problems(clip: Clip, ceiling: float) -> list[Problem]:
    """Judged from what InspectClip found out; `ceiling` is in seconds, for everything in the clip."""
    found = []
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (clip.width, clip.height)):
        limits = f"is out of bounds: both sides must be {SMALLEST_SIDE} to {LARGEST_SIDE} pixels"
        found.append(
            Problem("clip", f"{clip.width}x{clip.height}", limits, "scale the clip, for instance to 1920x1080")
        )
    if clip.seconds < SHORTEST:
        found.append(Problem("clip", f"{clip.seconds} s", "is shorter than 3 s", "use a longer clip"))
    if clip.longest > ceiling + TOLERANCE:
        found.append(Problem("clip", f"{clip.longest} s", f"is longer than {ceiling:g} s", "trim it"))
    if clip.fps and not SLOWEST <= clip.fps <= FASTEST:
        limits = "must have 24 to 60 frames a second"
        found.append(Problem("clip", f"{clip.fps:g} fps", limits, "export it at 24, 25, 30, 50 or 60"))
    return found


def warnings_about(clip: Clip, request: dict[str, Any]) -> list[str]:
    """What will be done all the same, but perhaps not as meant."""
    found = []
    if request["keep_audio"] and not clip.has_audio:
        found.append("keep_audio is true but the clip has no sound, so the output has none either")
    if abs(int(request["duration"]) - clip.seconds) > 1:
        found.append(f"duration is {request['duration']} but the clip lasts {clip.seconds:g} s, and so will the output")
    if clip.fps and clip.fps < 24:
        found.append(f"the clip has {clip.fps:g} frames a second; the provider asks for 24 and may refuse it, unpaid")
    if clip.longest - clip.seconds > RUNS_ON:
        found.append(
            f"the picture lasts {clip.seconds:g} s by its headers, but something in the clip lasts {clip.longest:g} s; "
            "the estimate counts the longer"
        )
    if clip.interlaced:
        found.append("the clip is interlaced; the provider may show combed edges, so a progressive export is safer")
    if clip.pixel_aspect_ratio not in (None, 1.0):
        found.append(
            f"the clip's pixels are not square ({clip.pixel_aspect_ratio:g} to 1); players show it as {clip.width}x"
            f"{clip.height}, the provider may squash it"
        )
    return found
