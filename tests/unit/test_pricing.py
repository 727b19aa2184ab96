"""What a generation may cost: the published range, and the dearer of its two readings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.domain.pricing import estimate, whole_seconds


def test_the_rates_give_the_published_range() -> None:
    assert estimate("std", "3", 3.0) == Decimal("0.945")
    assert estimate("pro", "15", 15.0) == Decimal("6.30")


@pytest.mark.parametrize(
    ("mode", "duration", "seconds", "usd"),
    [
        ("std", "3", 5.0, "1.575"),
        ("std", "5", 3.0, "1.575"),
        ("pro", "5", 5.0, "2.10"),
        ("pro", "5", 5.001, "2.52"),
        ("pro", "5", 5.5, "2.52"),
        ("pro", "3", 10.0, "4.20"),
        ("pro", "3", 10.04, "4.62"),
        ("std", "15", 3.0, "4.725"),
    ],
)
def test_the_higher_of_the_two_readings_is_reserved_rounded_up(
    mode: str, duration: str, seconds: float, usd: str
) -> None:
    assert estimate(mode, duration, seconds) == Decimal(usd)


@pytest.mark.parametrize(
    ("seconds", "whole"),
    [(0.1, 3), (2.9, 3), (3.4999, 3), (3.5, 4), (4.5, 5), (5.5, 6), (10.05, 10), (14.5, 15), (15.5, 15), (99.0, 15)],
)
def test_the_default_duration_is_rounded_half_up_within_the_bounds(seconds: float, whole: int) -> None:
    assert whole_seconds(seconds) == whole


@given(st.sampled_from(["std", "pro"]), st.integers(3, 15), st.floats(3, 15))
def test_no_estimate_lies_outside_the_published_range_or_under_a_reading(mode: str, asked: int, seconds: float) -> None:
    usd = estimate(mode, str(asked), seconds)
    assert Decimal("0.945") <= usd <= Decimal("6.30")
    assert usd >= estimate(mode, str(asked), 3.0)
    assert usd >= estimate(mode, "3", seconds)
