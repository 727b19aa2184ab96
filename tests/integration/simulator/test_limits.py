"""What stops a customer who asks for nothing wrong: requests a minute, credits, and verbs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests

from localcloud.simulator.routes import ROUTES

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

SLUG = "kling-o3-video2video-edit"


def test_too_many_submissions_a_minute_get_a_429(customer: Customer) -> None:
    customer.simulator.settings(requests_per_minute=2)
    for _ in range(2):
        assert customer.post().status_code == 200
    response = customer.post()
    assert (response.status_code, response.json()) == (429, {"error": "rate_limit_exceeded"})
    assert "retry-after" not in response.headers
    reset = datetime.fromisoformat(response.headers["x-rate-limit-reset-at-utc"])
    assert 50 < (reset - datetime.now(UTC)).total_seconds() <= 60
    customer.simulator.advance(61)
    assert customer.post().status_code == 200


def test_a_balance_below_the_estimate_is_refused(
    customer: Customer,
) -> None:
    customer.simulator.settings(credits=0.5)
    refused = customer.post()
    assert (refused.status_code, refused.json()) == (402, {"error": "Insufficient credits. You have 0.5 credits."})
    customer.simulator.settings(no_credits_status=406)
    assert customer.post().status_code == 406
    customer.simulator.settings(credits=1.0, generation_seconds=5)
    assert customer.post().status_code == 200
    assert customer.post().status_code == 406
    assert customer.get("/v1/get-user-credits").json()["credits"] == 1.0


@pytest.mark.parametrize("polls_count", [True, False])
def test_polls_count_towards_the_limit_if_they_are_set_to(customer: Customer, polls_count: bool) -> None:
    customer.simulator.settings(requests_per_minute=3, polls_count=polls_count)
    request_id = customer.submit()
    paths = [f"/v2/requests/{request_id}/status", f"/v2/requests/{request_id}", f"/v1/requests/{request_id}"]
    responses = [customer.get(path) for path in paths]
    assert [response.status_code == 429 for response in responses] == [False, False, polls_count]
    assert ("x-rate-limit-reset-at-utc" in responses[-1].headers) == polls_count
    assert customer.get("/v1/get-user-credits").status_code == 200
    assert customer.post().status_code == (429 if polls_count else 200)


def test_many_submissions_at_once_never_reserve_more_than_there_is(customer: Customer) -> None:
    customer.simulator.settings(credits=5.0, generation_seconds=60)
    with ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(lambda _: customer.post().status_code, range(30)))
    assert statuses == [200] * 5 + [402] * 25  # five times 0.945
    assert customer.get("/v1/get-user-credits").json()["credits"] == 5.0


def test_a_failure_gives_its_reservation_back(customer: Customer) -> None:
    customer.simulator.settings(credits=1.0)
    assert customer.wait(customer.submit(prompt=""))["status"] == "FAILED"
    assert customer.wait(customer.submit())["status"] == "COMPLETED"
    assert customer.post().status_code == 402


def test_the_price_list_is_a_setting(customer: Customer) -> None:
    customer.simulator.settings(std_usd_per_second=0.1, pro_usd_per_second=1.0, credits=2.0)
    assert customer.wait(customer.submit())["metrics"]["cost"] == 0.3
    assert customer.post(mode="pro").status_code == 402


VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
TAKEN = {(pattern, verb) for _, verb, pattern, _ in ROUTES}
OTHERS = [
    (pattern, verb) for pattern in {route[2] for route in ROUTES} for verb in VERBS if (pattern, verb) not in TAKEN
]


@pytest.mark.parametrize(("pattern", "verb"), sorted(OTHERS))
def test_every_other_verb_on_every_route_gets_a_405_page(customer: Customer, pattern: str, verb: str) -> None:
    path = pattern.replace("(?!get-user-credits$)", "").replace("([^/]+)", SLUG)
    response = requests.request(verb, customer.simulator.url + path, headers=customer.headers, timeout=10)
    assert (response.status_code, response.headers["content-type"]) == (405, "text/html")
    assert "405 Method Not Allowed" in response.text


def test_head_is_answered_as_get_is_without_the_body(customer: Customer) -> None:
    request_id = customer.submit()
    customer.wait(request_id)
    for path in ("/v1/get-user-credits", f"/v2/requests/{request_id}/status", "/inference-request/generations"):
        head = requests.head(customer.simulator.url + path, headers=customer.headers, timeout=10)
        get = customer.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
    assert requests.head(f"{customer.simulator.url}/v2/{SLUG}", headers=customer.headers, timeout=10).status_code == 405


def test_what_is_no_route_gets_the_same_page(customer: Customer) -> None:
    for verb, path in (("GET", "/"), ("POST", "/v1/get-user-credits"), ("GET", f"/v2/{SLUG}"), ("POST", "/v3/x")):
        assert requests.request(verb, customer.simulator.url + path, timeout=10).status_code == 405
