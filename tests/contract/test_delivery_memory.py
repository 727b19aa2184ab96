"""A delivery holds a few pieces of the video at a time, however large it is."""

from __future__ import annotations

import sys

import pytest

from tests.contract.large_results import deliver

MIB = 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_result_is_delivered_in_little_memory() -> None:
    """512 MiB here; benchmarks/delivery_memory.py takes 2 GiB, which is too long for every run of the tests."""
    taken = deliver(512 * MIB)
    assert taken.size == 512 * MIB
    assert taken.memory_grown < 128 * MIB, f"{taken.memory_grown / MIB:.0f} MiB"
