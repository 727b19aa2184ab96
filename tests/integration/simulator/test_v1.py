"""The old routes: v1 that blocks, and v1's way to fetch what is finished."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer


def call(customer: Customer, **changes: Any) -> requests.Response:
    return customer.post(version="v1", **changes)


def test_v1_answers_with_the_video_and_its_cost(customer: Customer) -> None:
    response = call(customer)
    assert (response.status_code, response.headers["content-type"]) == (200, "video/mp4")
    assert response.content[4:8] == b"ftyp"
    (charge,) = customer.simulator.bill()["generations"]
    assert response.headers["x-request-id"] == charge["request_id"]
    assert float(response.headers["x-cost"]) == charge["usd"] == 0.945
    assert float(response.headers["x-remaining-credits"]) == 99.055
    assert float(response.headers["x-generation-time"]) >= 0.2
    assert response.headers["x-seed-value"].isdigit()
    assert response.headers["x-rate-limit-reset-at-utc"].endswith("Z")


def test_v1_gives_up_while_the_generation_is_billed(customer: Customer) -> None:
    customer.simulator.settings(sync_seconds=0.2, generation_seconds=60)
    response = call(customer)
    assert (response.status_code, response.headers["content-type"]) == (504, "text/html")
    (entry,) = customer.simulator.requests()
    assert (entry["accepted"], entry["status"]) == (True, 504)
    assert customer.simulator.bill()["generations"] == []
    customer.simulator.advance(60)
    assert customer.wait(str(entry["request_id"]))["status"] == "COMPLETED"
    assert [charge["usd"] for charge in customer.simulator.bill()["generations"]] == [0.945]


def test_v1_tells_a_failure_as_500_and_free(customer: Customer) -> None:
    response = call(customer, prompt="")
    assert (response.status_code, response.json()) == (500, {"error": "Prompt is required for video generation."})
    assert customer.simulator.bill()["total_usd"] == 0


def test_v1_says_406_when_the_credits_are_gone(customer: Customer) -> None:
    assert call(customer, slug="unknown").status_code == 404
    assert call(customer, slug="kling-o1-video-to-video-edit").status_code == 410
    assert call(customer, mode="ultra").status_code == 406
    customer.simulator.settings(credits=0.5)
    refused = call(customer)
    text = "Insufficient credits. You have 0.5 credits, this request needs 0.945."
    assert (refused.status_code, refused.json()) == (406, {"error": text})
    assert customer.post().status_code == 402


def test_v1_and_v2_share_one_limit_a_minute(customer: Customer) -> None:
    customer.simulator.settings(requests_per_minute=1, sync_seconds=0)
    assert call(customer).status_code == 504
    for limited in (customer.post(), call(customer)):
        assert (limited.status_code, limited.json()) == (429, {"error": "rate_limit_exceeded"})
        assert "x-rate-limit-reset-at-utc" in limited.headers


def test_a_reset_ends_a_v1_call_that_waits(customer: Customer) -> None:
    customer.simulator.settings(generation_seconds=60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, customer)
        while not customer.simulator.requests():
            time.sleep(0.02)
        customer.simulator.reset()
        assert waiting.result(timeout=5).status_code == 504


def test_the_poll_url_gives_the_finished_video(customer: Customer) -> None:
    customer.simulator.settings(generation_seconds=60)
    receipt = customer.post().json()
    request_id, poll_url = receipt["request_id"], receipt["poll_url"]
    missing = (404, {"error": f"Output for this request ID {request_id} Not Found"})
    early = requests.get(poll_url, headers=customer.headers, timeout=10)
    assert (early.status_code, early.json()) == missing
    customer.simulator.advance(60)
    customer.wait(request_id)
    video = requests.get(poll_url, headers=customer.headers, timeout=10)
    assert (video.status_code, video.headers["content-type"]) == (200, "video/mp4")
    assert video.content == requests.get(customer.result(request_id)["output"], timeout=10).content
    assert requests.get(poll_url, timeout=10).status_code == 401
    customer.simulator.advance(3600)
    assert requests.get(poll_url, headers=customer.headers, timeout=10).json() == missing[1]


@pytest.mark.parametrize("unknown", ["0" * 32, "x"])
def test_the_poll_url_of_an_unknown_request_is_a_404(customer: Customer, unknown: str) -> None:
    response = customer.get(f"/v1/requests/{unknown}")
    assert (response.status_code, unknown in response.json()["error"]) == (404, True)


def test_a_failed_generation_has_no_output_at_its_poll_url(customer: Customer) -> None:
    request_id = customer.submit(prompt="")
    customer.wait(request_id)
    assert customer.get(f"/v1/requests/{request_id}").status_code == 404
