"""What events did not bring, the clock brings: uploads that were never announced."""

from __future__ import annotations

import json

import pytest

from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, assert_delivered, valid
from tests.e2e.stand import Stand, about

MINUTES = 60.0


def upload(stand: Stand, folder: str, clip: bytes) -> None:
    """Files that nobody counts on being announced."""
    for name, body in (("beach.mp4", clip), ("beach.json", json.dumps(ASK).encode())):
        stand.cloud.client("s3").put_object(Bucket=stand.inbox, Key=folder + name, Body=body)


@pytest.mark.usefixtures("deaf_to_uploads")
def test_an_unannounced_pair_is_found_within_a_day(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
    upload(stand, folder, clip)
    for hours in (0.2, 24.2):
        powers.recover(later=3600 * hours)
        assert stand.executions(folder) == [], "too young, or older than SweepWindowHours"
    for _ in range(2):
        assert powers.recover(later=16 * MINUTES)["recent"] >= 1
        assert_delivered(stand, folder)


@pytest.mark.usefixtures("deaf_to_uploads")
def test_an_old_bucket_is_left_alone_and_told_once(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
    upload(stand, folder, clip)
    powers.make_the_stack_younger()
    for later in (16 * MINUTES, 60 * MINUTES):
        assert powers.recover(later=later)["left_alone"] >= 1
    assert stand.executions(folder) == []
    (notice,) = [message for message in stand.messages("") if not about(message)]
    assert valid(notice.document, "notification")["status"] == "LEFT_ALONE"
    assert "Nothing was started" in notice.text
    upload(stand, folder, clip)
    assert powers.recover(later=16 * MINUTES)["recent"] >= 1
    assert_delivered(stand, folder)
