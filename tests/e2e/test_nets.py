"""The net below the net: executions that are stopped, take too long or break still end in a record and a message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from localcloud.executions import states_entered
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, valid
from tests.e2e.stand import Row, Stand, eventually


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


def test_a_stopped_edit_is_held_and_never_bought_again(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
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


def test_an_edit_whose_execution_broke_is_held_and_told(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
    def lose_the_way(machine: Any) -> None:
        machine["States"]["WaitForProvider"]["SecondsPath"] = "$.generation.nonsense"

    with powers.definition(lose_the_way):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        (run,) = stand.finish(folder)
    assert (run.status, run.error) == ("FAILED", "States.Runtime")
    assert_settled(stand, folder, "UNDELIVERED", "its execution broke off")


def test_an_edit_whose_execution_timed_out_is_held_and_told(
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
