"""The short form of `make volume`: many pairs at once in an account that runs few functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.volume.flood import QUIET_SECONDS, play


@pytest.mark.timeout(5 * QUIET_SECONDS)
def test_many_pairs_at_once_are_delivered_and_paid_once(tmp_path: Path) -> None:
    outcome = play(tmp_path, pairs=12, concurrency=3, say=print)
    assert outcome.flawless, outcome.table()
