"""What a generation may cost, before the provider says what it did cost.

Rates as of 2026-11, derived from the published range: 3 x 0.315 = 0.945 and 15 x 0.42 = 6.30 US dollars, billed in
whole seconds. Whether `duration` or the clip's own length is billed is not published, nor how a length is rounded, so
the higher of the two is reserved, rounded up.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

MODEL = "kling-o3-video2video-edit"  # as the provider names it in addresses and in its history
USD_PER_SECOND = {"std": Decimal("0.315"), "pro": Decimal("0.42")}
SHORTEST, LONGEST = 3, 15  # seconds, the bounds of `duration`


def whole_seconds(seconds: float, rounding: str = ROUND_HALF_UP) -> int:
    """Rounded to the nearest second, halves up, within the provider's bounds: what `duration` says by default."""
    rounded = int(Decimal(str(seconds)).quantize(Decimal(1), rounding))
    return min(max(rounded, SHORTEST), LONGEST)


def estimate(mode: str, duration: str, clip_seconds: float) -> Decimal:
    """US dollars for the dearer reading of the price: by `duration`, or by the clip's longest length, rounded up."""
    return USD_PER_SECOND[mode] * max(int(duration), whole_seconds(clip_seconds, ROUND_CEILING))
