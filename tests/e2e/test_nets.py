"""The net below the net: executions that are stopped, take too long or break still end in a record and a message."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.executions import states_entered
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, assert_books_agree, valid
from tests.e2e.stand import Row, Stand, eventually

MINUTES = 60.0
LONG_AFTER = 61 * MINUTES  # by then the sweep asks after everything, unsent messages included


def assert_settled(stand: Stand, folder: str, status: str, words: str) -> Row:
    """A ledger record, an error file and one message, of one mind; gives the message."""
    eventually(lambda: stand.messages(folder), "it is told of")
    said: Row = valid(stand.message(folder).document, "notification")
    error = valid(stand.document(f"{folder}beach.error.json"), "error")
    assert said["status"] == error["status"] == status
    assert words in said["summary"]
    assert error["summary"] == said["summary"]
    for edit in stand.edits(folder):
        eventually(lambda: stand.edits(folder)[0].get("notified_at"), "it is written down that it was told")
        assert edit["state"] == status
        assert "sweep" not in stand.edits(folder)[0]
        assert edit["edit_id"] not in stand.places()
    return said


@contextlib.contextmanager
def real_time(powers: Powers) -> Iterator[None]:
    """So that an execution stays in its waits until it is stopped there."""
    with powers.time_flies(1.0):
        yield


def stop_in(stand: Stand, powers: Powers, folder: str, state: str) -> None:
    """Stop the latest execution once it is in that state."""
    run = eventually(lambda: stand.executions(folder), "it is started")[-1]
    eventually(lambda: state in states_entered(stand.cloud, run.arn), f"it is in {state}")
    powers.stop(run.arn)


def test_stopped_before_anything_was_sent_it_is_told_as_unpaid_and_dropping_again_buys_it(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with powers.limits(SPENDING_ENABLED="false"), real_time(powers):
        stand.drop(f"{folder}room/beach.mp4", clip, ASK)
        stop_in(stand, powers, f"{folder}room/", "WaitForRoom")
        eventually(lambda: len(stand.messages(f"{folder}room/")) == 2, "the wait and the end are told of")
    assert stand.statuses(f"{folder}room/") == ["DELAYED", "FAILED"]
    assert "stopped by hand" in stand.messages(f"{folder}room/")[1].text
    assert stand.posts(folder) == []

    stand.put(f"{folder}settling/beach.mp4", clip)
    stand.put(f"{folder}settling/beach.json", b"{}")
    assert [run.error for run in stand.finish(f"{folder}settling/")] == ["Rejected"]
    with real_time(powers):
        stand.put(f"{folder}settling/beach.json", json.dumps(ASK).encode())
        eventually(lambda: len(stand.executions(f"{folder}settling/")) == 2, "it is started")
        stop_in(stand, powers, f"{folder}settling/", "WaitForSettling")
    eventually(lambda: len(stand.messages(f"{folder}settling/")) == 2, "the end is told of")
    assert stand.statuses(f"{folder}settling/") == ["REJECTED", "FAILED"]

    for place in (f"{folder}room/", f"{folder}settling/"):
        assert stand.document(f"{place}beach.error.json")["status"] == "FAILED"
        stand.drop(f"{place}beach.mp4", clip, ASK)
        stand.finish(place)
        assert stand.outbox(place) == [f"{place}beach.manifest.json", f"{place}beach.mp4"]
        assert len(stand.bill(place)) == 1
    assert_books_agree(stand)


def test_stopped_while_the_provider_works_it_is_held_with_its_request_and_never_bought_again(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with real_time(powers):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        stop_in(stand, powers, folder, "WaitForProvider")
        said = assert_settled(stand, folder, "UNDELIVERED", "stopped by hand")
    (post,) = stand.posts(folder)
    assert post["request_id"] in said["summary"]
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    assert stand.statuses(folder) == ["UNDELIVERED", "UNDELIVERED"]
    assert len(stand.posts(folder)) == 1


def test_stopped_while_its_delivery_is_tried_again_it_is_held_with_the_money_recorded(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "download", "kind": "forbidden", "times": 2})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    eventually(lambda: stand.posts(folder), "it is sent")
    with powers.time_flies(0.5):
        (run,) = stand.executions(folder)
        eventually(lambda: len(stand.provider.faults()["waiting"]) == 0, "two deliveries have failed")
        powers.stop(run.arn)
        said = assert_settled(stand, folder, "UNDELIVERED", "stopped by hand")
    (billed,) = stand.bill(folder)
    assert said["cost"]["charged_usd"] == billed["usd"]
    assert stand.outbox(folder) == [f"{folder}beach.error.json"]
    assert_books_agree(stand)


def test_a_runtime_error_of_the_state_machine_after_the_submission_is_held_and_told(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    def lose_the_way(machine: Any) -> None:
        machine["States"]["WaitForProvider"]["SecondsPath"] = "$.generation.nonsense"

    with powers.definition(lose_the_way):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        (run,) = stand.finish(folder)
    assert (run.status, run.error) == ("FAILED", "States.Runtime")
    assert_settled(stand, folder, "UNDELIVERED", "its execution broke off")


def test_an_execution_that_takes_too_long_is_held_and_told(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    def impatient(machine: Any) -> None:
        machine["TimeoutSeconds"] = 6

    stand.provider.settings(generation_seconds=3000)
    try:
        with powers.definition(impatient):
            stand.drop(f"{folder}beach.mp4", clip, ASK)
            eventually(lambda: stand.posts(folder), "it is sent")
            (run,) = stand.finish(folder)
    finally:
        stand.provider.settings(generation_seconds=0.3)
    assert run.status == "TIMED_OUT"
    assert_settled(stand, folder, "UNDELIVERED", "longer than the state machine allows")


def test_an_execution_started_by_hand_with_nonsense_is_told_of_as_far_as_it_can_be_understood(
    stand: Stand, folder: str, clip: bytes
) -> None:
    machines, machine = stand.cloud.client("stepfunctions"), stand.outputs["EditStateMachineArn"]
    drop = {"drop_id": folder[:-1], "bucket": stand.inbox, "settle_seconds": "soon", "clip_version": "c",
            "sidecar_version": "s", "clip_key": f"{folder}beach.mp4", "sidecar_key": f"{folder}beach.json"}  # fmt: skip
    machines.start_execution(stateMachineArn=machine, input=json.dumps({"drop": drop}))
    assert_settled(stand, folder, "FAILED", "its execution broke off")
    assert (stand.edits(folder), stand.posts(folder)) == ([], [])


@pytest.mark.parametrize("given", [{}, {"hello": "world"}, {"drop": {"clip_key": "trip/beach.mp4"}}])
def test_an_execution_started_by_hand_without_a_drop_ends_at_once_and_says_why(stand: Stand, given: Row) -> None:
    machines, machine = stand.cloud.client("stepfunctions"), stand.outputs["EditStateMachineArn"]
    arn = machines.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    eventually(lambda: machines.describe_execution(executionArn=arn)["status"] == "FAILED", "it ends")
    assert states_entered(stand.cloud, arn) == ["IsTakenUpAgain", "NotADrop"]
    ended = machines.describe_execution(executionArn=arn)
    assert ended["error"] == "NotADrop"
    assert "Upload them again" in ended["cause"]
    told = "it was started by hand"
    eventually(lambda: any(told in line["message"] for line in stand.log_lines()), "its end was looked at")
    queue = {"QueueUrl": stand.outputs["LostEventsQueueUrl"], "WaitTimeSeconds": 1}
    assert "Messages" not in stand.cloud.client("sqs").receive_message(**queue), "no letter about what nobody dropped"


@pytest.fixture
def _deaf_to_endings(powers: Powers) -> Iterator[None]:
    powers.announce_endings(False)
    yield
    powers.announce_endings(True)


@pytest.mark.usefixtures("_deaf_to_endings")
def test_where_the_event_of_an_ending_is_lost_the_sweep_settles_it(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with real_time(powers):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        stop_in(stand, powers, folder, "WaitForProvider")
    powers.sweep(later=14 * MINUTES)
    assert stand.messages(folder) == [], "it is left its time"
    powers.sweep(later=16 * MINUTES)
    assert_settled(stand, folder, "UNDELIVERED", "stopped by hand")
    powers.sweep(later=LONG_AFTER)
    assert len(stand.messages(folder)) == 1
