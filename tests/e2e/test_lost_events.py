"""What events did not bring, the clock brings: starts that were lost, messages never sent, uploads never announced."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, assert_delivered, valid
from tests.e2e.stand import Stand, about, eventually
from tests.e2e.test_nets import LONG_AFTER, MINUTES


def test_a_message_that_the_state_machine_could_not_send_is_sent_by_the_sweep_under_its_own_id(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    def mute(machine: Any) -> None:
        machine["States"]["NotifyEnding"]["Parameters"]["TopicArn"] += "-gone"

    with powers.definition(mute), powers.time_flies(0.0005):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert [run.status for run in stand.finish(folder)] == ["SUCCEEDED"]
    assert stand.messages(folder) == []
    powers.sweep(later=LONG_AFTER)
    powers.sweep(later=2 * LONG_AFTER)
    assert stand.message(folder).document["event_id"] == stand.edits(folder)[0]["event_id"]
    assert_delivered(stand, folder)


def upload(stand: Stand, folder: str, clip: bytes) -> None:
    """Files that nobody counts on being announced."""
    for name, body in (("beach.mp4", clip), ("beach.json", json.dumps(ASK).encode())):
        stand.cloud.client("s3").put_object(Bucket=stand.inbox, Key=folder + name, Body=body)


def test_a_drop_that_was_noted_but_whose_execution_was_never_started_is_started_by_the_sweep(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    nowhere = stand.outputs["EditStateMachineArn"] + "-gone"
    with powers.variables("StartEditFunction", STATE_MACHINE_ARN=nowhere):
        upload(stand, folder, clip)
        eventually(
            lambda: [row for row in stand.ledger() if row.get("clip_key") == f"{folder}beach.mp4"], "it is noted"
        )
        queue = {"QueueUrl": stand.outputs["LostEventsQueueUrl"], "WaitTimeSeconds": 20}
        eventually(
            lambda: stand.cloud.client("sqs").receive_message(**queue).get("Messages"), "it was tried three times"
        )
        stand.cloud.client("sqs").purge_queue(QueueUrl=queue["QueueUrl"])
    assert stand.executions(folder) == []
    powers.sweep(later=16 * MINUTES)
    assert_delivered(stand, folder)


@pytest.mark.usefixtures("deaf_to_uploads")
def test_a_pair_that_was_never_announced_is_found_within_a_day_and_older_ones_never(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    upload(stand, folder, clip)
    for hours in (0.2, 24.2):
        powers.recover(later=3600 * hours)
        assert stand.executions(folder) == [], "too young, or older than SweepWindowHours"
    for _ in range(2):
        assert powers.recover(later=16 * MINUTES)["recent"] >= 1
        assert_delivered(stand, folder)


@pytest.mark.usefixtures("deaf_to_uploads")
def test_switching_the_product_on_for_an_old_bucket_buys_nothing_and_says_so_once(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
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
