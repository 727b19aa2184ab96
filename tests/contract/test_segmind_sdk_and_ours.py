"""The official SDK and our own client buy the same things at the simulator and are told and billed the same."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import httpx
import pytest
from segmind import SegmindClient, SegmindError

from dropcut.domain.errors import DropcutError
from dropcut.domain.model import Progress
from dropcut.domain.pricing import MODEL
from localcloud.simulator import Simulator
from tests.contract.customers import ended, is_video
from tests.contract.two_customers import Customer, OfOurs, OfTheSdk

PRICE = Decimal("0.945")  # three seconds of std
NO_KEY_OF_OURS = "SG_ffffffffffffffff"


@pytest.fixture(params=["sdk", "ours"])
def customer(request: pytest.FixtureRequest, simulator: Simulator) -> Customer:
    return OfOurs(simulator) if request.param == "ours" else OfTheSdk(request.getfixturevalue("sdk"))


def test_a_generation_from_submission_to_the_bytes_of_its_result(
    customer: Customer, simulator: Simulator, clip_url: str
) -> None:
    request_id = customer.submit(clip_url)
    assert customer.status(request_id).status in ("QUEUED", "PROCESSING")
    assert customer.result(request_id).result_url is None
    simulator.advance(60)
    assert ended(customer, request_id).charged_usd == PRICE
    result = customer.result(request_id)
    assert (result.status, result.charged_usd) == ("COMPLETED", PRICE)
    assert is_video(customer.fetch(str(result.result_url)))
    (sold,) = simulator.bill()["generations"]
    assert (sold["request_id"], sold["usd"]) == (request_id, float(PRICE))


def test_a_failure_comes_in_the_providers_words_and_costs_nothing(
    customer: Customer, simulator: Simulator, clip_url: str
) -> None:
    simulator.inject({"stage": "submit", "kind": "failed", "text": "The moon is in the way."})
    request_id = customer.submit(clip_url)
    for told in (ended(customer, request_id), customer.result(request_id), customer.past(request_id)):
        assert told
        assert (told.status, told.error, told.result_url) == ("FAILED", "The moon is in the way.", None)
        assert not told.charged_usd
    bill = simulator.bill()
    assert (bill["generations"], bill["credits"]) == ([], 100.0)


# What is wrong with the account or the request, and words that the refusal must carry. Where no setting of the
# simulator gives the code, a fault does.
REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "400": ({}, {"kind": "bad_request"}, "Bad request"),
    "401": ({"api_key": NO_KEY_OF_OURS}, {}, "Unauthorized"),
    "402": ({"credits": 0.5}, {}, "Insufficient credits. You have 0.5 credits"),
    "404": ({}, {"kind": "not_found"}, "Not found"),
    "406 for credits": ({"credits": 0.5, "no_credits_status": 406}, {}, "Insufficient credits. You have 0.5 credits"),
    "406 for a value": ({}, {"mode": "ultra"}, "ultra"),
    "410": ({"retired_slugs": MODEL}, {}, "retired"),
    "429": ({}, {"kind": "rate_limited"}, "rate_limit_exceeded"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_raised_in_the_providers_words_and_nothing_is_taken(
    customer: Customer, simulator: Simulator, clip_url: str, code: str
) -> None:
    settings, cause, words = REFUSALS[code]
    simulator.settings(**settings)
    if "kind" in cause:
        simulator.inject({"stage": "submit", **cause})
        cause = {}
    with pytest.raises(customer.refusals) as caught:
        customer.submit(clip_url, **cause)
    assert words in str(caught.value)
    if isinstance(caught.value, SegmindError):
        assert str(caught.value.status) == code[:3]
    assert not any(post["accepted"] for post in simulator.requests())
    assert simulator.bill()["generations"] == []


def test_a_request_is_in_the_history_from_its_submission_to_its_end(
    customer: Customer, simulator: Simulator, clip_url: str
) -> None:
    request_id = customer.submit(clip_url)
    assert customer.past(request_id) == Progress(status="PENDING")
    simulator.advance(60)
    ended(customer, request_id)
    known = customer.past(request_id)
    assert known
    assert (known.status, known.charged_usd) == ("COMPLETED", PRICE)
    assert known.result_url == customer.result(request_id).result_url
    assert customer.past("no-such-request") is None


def test_a_record_that_expired_is_read_in_the_history(customer: Customer, simulator: Simulator, clip_url: str) -> None:
    simulator.settings(generation_seconds=0.05)
    request_id = customer.submit(clip_url)
    ended(customer, request_id)
    before = customer.fetch(str(customer.result(request_id).result_url))
    simulator.advance(3600)
    assert (customer.status(request_id).status, customer.result(request_id).status) == ("GONE", "GONE")
    known = customer.past(request_id)
    assert known
    assert customer.fetch(str(known.result_url)) == before


@pytest.mark.parametrize("kind", ["answer_lost", "gateway_timeout_accepted", "no_request_id"])
def test_a_submission_without_a_usable_answer_is_found_by_its_clip_and_billed_once(
    customer: Customer, simulator: Simulator, clip_url: str, kind: str
) -> None:
    simulator.settings(generation_seconds=0.05)
    simulator.inject({"stage": "submit", "kind": kind})
    with pytest.raises((SegmindError, httpx.TransportError, DropcutError)):
        customer.submit(clip_url)
    path = clip_url.partition("?")[0].rpartition("/")[2]
    (request_id,) = customer.with_path(path)
    assert [post["request_id"] for post in simulator.requests()] == [request_id]
    for _ in range(600):
        if (known := customer.past(request_id)) and known.status == "COMPLETED":
            break
        time.sleep(0.03)
    assert [sold["request_id"] for sold in simulator.bill()["generations"]] == [request_id]


def test_both_are_billed_the_same_to_the_cent(sdk: SegmindClient, simulator: Simulator, clip_url: str) -> None:
    simulator.settings(generation_seconds=0.05)
    wishes: list[dict[str, Any]] = [{"mode": "std"}, {"mode": "pro", "keep_audio": True}, {"prompt": ""}]
    bills = []
    for buyer in (OfTheSdk(sdk), OfOurs(simulator)):
        before = len(simulator.bill()["generations"])
        for wish in wishes:
            ended(buyer, buyer.submit(clip_url, **wish))
        bills.append([(sold["mode"], sold["usd"]) for sold in simulator.bill()["generations"][before:]])
    assert bills == [[("std", 0.945), ("pro", 1.26)]] * 2
