"""Every fault that can be queued, and what a client sees of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from localcloud.simulator import SimulatorFailed
from localcloud.simulator.catalogue import ANYWHERE, KINDS

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer


def is_page(response: requests.Response, status: int) -> bool:
    return response.status_code == status and response.headers["content-type"] == "text/html"


Exchange = Callable[["Customer"], requests.Response]


def submitting(customer: Customer) -> Exchange:
    return lambda customer: customer.post()


def polling(customer: Customer) -> Exchange:
    request_id = customer.submit()
    return lambda customer: customer.status(request_id)


def fetching_result(customer: Customer) -> Exchange:
    request_id = customer.submit()
    return lambda customer: customer.get(f"/v2/requests/{request_id}")


def downloading(customer: Customer) -> Exchange:
    path = customer.finished_url().removeprefix(customer.simulator.url)
    return lambda customer: customer.get(path)


def asking_history(customer: Customer) -> Exchange:
    return lambda customer: customer.get("/inference-request/request-history")


def waiting_for_v1(customer: Customer) -> Exchange:
    return lambda customer: customer.post(version="v1")


def fetching_the_old_way(customer: Customer) -> Exchange:
    customer.finished_url()
    path = f"/v1/requests/{customer.simulator.requests()[-1]['request_id']}"
    return lambda customer: customer.get(path)


def asking_credits(customer: Customer) -> Exchange:
    return lambda customer: customer.get("/v1/get-user-credits")


def uploading(customer: Customer) -> Exchange:
    url, body = f"{customer.simulator.url}/upload-asset", {"data_urls": ["data:image/png;base64,AAAA"]}
    return lambda customer: requests.post(url, json=body, headers=customer.headers, timeout=10)


STAGES = {
    "submit": submitting,
    "sync": waiting_for_v1,
    "poll": polling,
    "result": fetching_result,
    "legacy": fetching_the_old_way,
    "download": downloading,
    "history": asking_history,
    "credits": asking_credits,
    "upload": uploading,
}
assert set(STAGES) == set(KINDS)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_answer_with_every_common_error_once(customer: Customer, stage: str) -> None:
    exchange = STAGES[stage](customer)
    before = len(customer.simulator.requests())
    for kind, status in (("bad_gateway", 502), ("unavailable", 503), ("gateway_timeout", 504)):
        customer.inject(stage, kind)
        assert is_page(exchange(customer), status)
    for kind, status in (("server_error", 500), ("rate_limited", 429), ("unauthorized", 401), ("not_found", 404)):
        customer.inject(stage, kind)
        response = exchange(customer)
        assert response.status_code == status
        assert ("x-rate-limit-reset-at-utc" in response.headers) == (kind == "rate_limited")
    customer.inject(stage, "reset")
    with pytest.raises(requests.ConnectionError) as failure:
        exchange(customer)
    assert "reset" in str(failure.value).lower()
    assert not any(entry["accepted"] for entry in customer.simulator.requests()[before:])
    assert exchange(customer).status_code == 200


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_slow_or_cut_its_answer(customer: Customer, stage: str) -> None:
    exchange = STAGES[stage](customer)
    customer.inject(stage, "slow", seconds=0.4)
    started = time.monotonic()
    assert exchange(customer).status_code == 200
    assert time.monotonic() - started >= 0.4
    customer.inject(stage, "truncated")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        exchange(customer)
    if stage in ("submit", "sync"):
        assert customer.accepted() == [True, True]


def test_a_fault_waits_for_the_exchange_that_it_names(customer: Customer) -> None:
    customer.inject("submit", "bad_gateway", match={"video_url": "other.mp4"})
    assert customer.post().status_code == 200
    assert customer.post(video_url=customer.clip_url.replace("beach", "other")).status_code == 502
    other = customer.submit()
    customer.inject("poll", "server_error", match={"request_id": other})
    assert customer.status(customer.submit()).status_code == 200
    assert customer.status(other).status_code == 500


def test_a_history_fault_waits_for_one_attempts_row(customer: Customer) -> None:
    one, other = customer.submit(video_url="http://127.0.0.1:9/e7/1/a.mp4"), customer.submit()
    customer.inject("history", "server_error", match={"video_url": "/e7/1/"})
    paths = [f"/inference-request/request-history/{request_id}" for request_id in (other, one, one)]
    assert [customer.get(path).status_code for path in paths] == [200, 500, 200]


def test_a_fault_without_end_goes_on_until_cleared(customer: Customer) -> None:
    customer.inject("history", "server_error", times=0)
    exchange = asking_history(customer)
    assert [exchange(customer).status_code for _ in range(5)] == [500] * 5
    customer.simulator.clear_faults()
    assert exchange(customer).status_code == 200
    assert len(customer.simulator.faults()["played"]) == 5


def test_a_fault_waits_for_the_caller_that_it_names(customer: Customer) -> None:
    customer.inject("history", "server_error", match={"caller": "seven"})
    page = customer.simulator.url + "/inference-request/request-history"
    callers = ["six", "seven", "seven"]
    heard = [requests.get(page, headers={**customer.headers, "x-simulator-caller": who}, timeout=10) for who in callers]
    assert [answer.status_code for answer in heard] == [200, 500, 200]


def test_a_fault_that_cannot_be_played_is_refused_in_words(customer: Customer) -> None:
    with pytest.raises(SimulatorFailed) as refusal:
        customer.simulator.inject({"stage": "submit", "kind": "reset", "speed": 3})
    assert "error" in str(refusal.value)
    assert customer.simulator.faults()["waiting"] == []


def test_every_fault_of_the_catalogue_is_played_by_a_test() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_faults*.py"))
    missing = [kind for kinds in KINDS.values() for kind in kinds if f'"{kind}"' not in text]
    assert missing == []
    assert set(ANYWHERE) < set(KINDS["poll"])
