"""What a generation costs: whole seconds at the rate of its mode, billed at completion only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from localcloud.simulator.settings import Settings

MODES = ("std", "pro")
DEFAULT_MODE = "pro"
DEFAULT_DURATION = "5"
DURATIONS = tuple(str(seconds) for seconds in range(3, 16))


def mode_of(body: Mapping[str, Any]) -> str:
    """Return the mode that a request body asks for, the model's default if it names none it knows."""
    mode = body.get("mode", DEFAULT_MODE)
    return mode if mode in MODES else DEFAULT_MODE


def asked_seconds(body: Mapping[str, Any]) -> int:
    """Return the whole seconds of the ``duration`` parameter."""
    duration = str(body.get("duration", DEFAULT_DURATION))
    return int(duration) if duration in DURATIONS else int(DEFAULT_DURATION)


def clip_seconds(length: float) -> int:
    """Return the whole seconds that a clip of ``length`` seconds is billed as: rounded to the nearest (Kling)."""
    return max(1, math.floor(length + 0.5))


def price(settings: Settings, mode: str, seconds: int) -> float:
    """Return US dollars, exact to a hundredth of a cent."""
    return round(settings.usd_per_second(mode) * seconds, 4)


def estimate(settings: Settings, body: Mapping[str, Any]) -> float:
    """Return what a request is taken to cost before its clip is known."""
    return price(settings, mode_of(body), asked_seconds(body))
