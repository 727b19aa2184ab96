"""How large a video is when it is shown: turned as its rotation says, its pixels as wide as they are."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

FINEST = 60  # denominators of pixel aspects that exist, such as 59:54: MediaInfo says three decimals of them


def displayed_size(track: Any) -> tuple[int, int]:
    """Return width and height of a video track of MediaInfo as a viewer sees them; 0 where they are not known."""
    width, height = int(track.width or 0), int(track.height or 0)
    pixel = Fraction(track.pixel_aspect_ratio or "1").limit_denominator(FINEST)
    if pixel > 0:
        width = round(width * pixel)
    quarter_turns = round(float(track.rotation or 0) / 90)
    return (height, width) if quarter_turns % 2 else (width, height)
