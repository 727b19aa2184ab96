"""The one function that spends may die at the worst moment, and the books agree to the cent all the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from localcloud.executions import states_entered
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, assert_books_agree, assert_delivered
from tests.e2e.stand import Stand, eventually

SUBMIT = "SubmitEditFunction"


def accepted(stand: Stand, folder: str) -> Callable[[], bool]:
    return lambda: any(post["accepted"] for post in stand.posts(folder))


@pytest.mark.skipif(sys.platform != "linux", reason="finds the function's process in /proc")
def test_a_submission_whose_function_is_killed_after_the_post_left_is_found_and_paid_once(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "submit", "kind": "slow", "seconds": 20})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    eventually(accepted(stand, folder), "the provider has it")
    assert powers.kill(SUBMIT) >= 1
    assert_delivered(stand, folder)
    assert len(stand.posts(folder)) == 1
    (run,) = stand.executions(folder)
    assert states_entered(stand.cloud, run.arn).count("SubmitEdit") == 1


def test_a_submission_whose_function_runs_out_of_time_is_found_and_paid_once(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "submit", "kind": "slow", "seconds": 20})
    with powers.timeout(SUBMIT, 6):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert_delivered(stand, folder)
    assert len(stand.posts(folder)) == 1


def test_the_spender_entered_again_for_the_same_edit_sends_nothing(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.settings(generation_seconds=4)
    try:
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        eventually(accepted(stand, folder), "the provider has it")
    finally:
        stand.provider.settings(generation_seconds=0.5)
    (run,) = stand.executions(folder)
    (edit,) = stand.edits(folder)
    entry = {**run.input, "edit": {"edit_id": edit["edit_id"]}}
    for _ in range(2):
        answer = powers.invoke(SUBMIT, entry)
        assert (answer["outcome"], answer["request_id"]) == ("submitted", edit["request_id"])
    assert_delivered(stand, folder)
    assert powers.invoke(SUBMIT, entry)["outcome"] == "left"
    other = json.loads(json.dumps(entry).replace(run.name, "f" * 64))
    assert powers.invoke(SUBMIT, other)["outcome"] == "left", "another drop of the same files"
    assert len(stand.posts(folder)) == 1


@pytest.mark.parametrize("status", ["", "IN_DOUBT"])
def test_the_ledger_and_the_providers_bill_agree_to_the_cent(
    stand: Stand, folder: str, clip: bytes, status: str
) -> None:
    """Over everything that this stand has seen: what is charged, and what stays reserved because nobody knows."""
    if status:
        stand.provider.inject([{"stage": "submit", "kind": "answer_lost"}, {"stage": "history", "kind": "never"}])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert len(assert_books_agree(stand)) >= bool(status)
