"""What a generation costs: whole seconds at the rate of its mode, billed at completion only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# US dollars a second, autumn 2026: 3 s of std and 15 s of pro give the published range of $0.945 to $6.30 exactly.
RATES = {"std": 0.315, "pro": 0.42}
DEFAULT_MODE = "pro"
DEFAULT_DURATION = "5"
DURATIONS = tuple(str(seconds) for seconds in range(3, 16))


def mode_of(body: Mapping[str, Any]) -> str:
    """Return the mode that a request body asks for, the model's default if it names none it knows."""
    mode = body.get("mode", DEFAULT_MODE)
    return mode if mode in RATES else DEFAULT_MODE


def asked_seconds(body: Mapping[str, Any]) -> int:
    """Return the whole seconds of the ``duration`` parameter."""
    duration = str(body.get("duration", DEFAULT_DURATION))
    return int(duration) if duration in DURATIONS else int(DEFAULT_DURATION)


def clip_seconds(length: float) -> int:
    """Return the whole seconds that a clip of ``length`` seconds is billed as: rounded to the nearest (Kling)."""
    return max(1, math.floor(length + 0.5))


def price(mode: str, seconds: int) -> float:
    """Return US dollars, exact to a hundredth of a cent."""
    return round(RATES[mode] * seconds, 4)
