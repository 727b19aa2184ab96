"""The one function that spends may die at the worst moment, and the books agree to the cent all the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from decimal import Decimal

import pytest
import requests

from localcloud.executions import states_entered
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, PRICE, assert_books_agree, assert_delivered, assert_ended
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
        stand.provider.settings(generation_seconds=0.3)
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


def test_a_charge_that_differs_from_the_estimate_is_what_the_books_and_the_manifest_say(
    stand: Stand, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "submit", "kind": "cost_differs", "usd": 2.5})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    manifest = assert_delivered(stand, folder, usd=2.5)
    assert manifest["cost"] == {"estimated_usd": PRICE, "charged_usd": 2.5}
    assert "$2.50 (estimated $0.945)" in stand.message(folder).text
    (edit,) = stand.edits(folder)
    assert edit["charged_usd"] == Decimal("2.5")


def test_an_account_that_can_pay_for_two_of_three_buys_two_and_the_third_once_it_is_topped_up(
    stand: Stand, folder: str, clip: bytes
) -> None:
    places = [f"{folder}{number}/" for number in range(3)]
    stand.provider.settings(credits=2.5 * PRICE)
    try:
        for place in places:
            stand.drop(f"{place}beach.mp4", clip, ASK)
        eventually(lambda: "DELAYED" in [said.attributes["status"] for said in stand.messages(folder)], "one waits")
    finally:
        stand.provider.settings(credits=10_000.0)
    stand.finish(folder)
    said = sorted(message.attributes["status"] for message in stand.messages(folder))
    assert said == ["DELAYED", "DELIVERED", "DELIVERED", "DELIVERED"]
    assert len(stand.bill(folder)) == 3


def test_a_balance_that_drops_without_a_row_is_no_proof_of_a_purchase(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    """Somebody else may have spent it: the edit stays in doubt, and a person is asked."""
    stand.provider.inject({"stage": "submit", "kind": "gateway_timeout"})
    stand.provider.inject({"stage": "credits", "kind": "drops", "usd": PRICE})
    key = {"x-api-key": stand.provider.api_key}
    before = stand.provider.bill()["credits"]
    left = requests.get(f"{stand.provider.url}/v1/get-user-credits", headers=key, timeout=10).json()["credits"]
    assert left == pytest.approx(before - PRICE)
    with powers.time_flies(0.001):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        message = assert_ended(stand, folder, "IN_DOUBT")
    assert message.document["cost"]["charged_usd"] is None
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
