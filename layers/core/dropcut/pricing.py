"""What a generation may cost, before the provider says what it did cost.

Rates as of 2026-11, derived from the published range: 3 x 0.315 = 0.945 and 15 x 0.42 = 6.30 US dollars, billed in
whole seconds. Whether `duration` or the clip's own length is billed is not published, so the higher of the two is
reserved.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

USD_PER_SECOND = {"std": Decimal("0.315"), "pro": Decimal("0.42")}
SHORTEST, LONGEST = 3, 15  # seconds, the bounds of `duration`


def whole_seconds(seconds: float) -> int:
    """Rounded to the nearest second, halves up, within the provider's bounds."""
    rounded = int(Decimal(str(seconds)).quantize(Decimal(1), ROUND_HALF_UP))
    return min(max(rounded, SHORTEST), LONGEST)


def estimate(mode: str, duration: str, clip_seconds: float) -> Decimal:
    """US dollars for the dearer reading of the price: by `duration`, or by the clip's length."""
    return USD_PER_SECOND[mode] * max(int(duration), whole_seconds(clip_seconds))
