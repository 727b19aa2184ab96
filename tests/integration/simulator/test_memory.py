"""What the provider remembers, for how long, and how its history shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

HOUR, WEEK = 3600, 7 * 86400


def test_a_request_is_forgotten_an_hour_after_its_submission(customer: Customer) -> None:
    request_id = customer.submit()
    customer.wait(request_id)
    customer.simulator.advance(HOUR - 60)
    assert customer.status(request_id).status_code == 200
    customer.simulator.advance(60)
    for path in (f"/v2/requests/{request_id}/status", f"/v2/requests/{request_id}"):
        response = customer.get(path)
        assert (response.status_code, response.json()) == (404, {"error": f"Request {request_id} not found"})
    assert customer.get(f"/inference-request/request-history/{request_id}").json()["model_status"] == "COMPLETED"


def test_a_generation_that_outlives_its_record_is_billed(customer: Customer) -> None:
    customer.simulator.settings(generation_seconds=2 * HOUR)
    request_id = customer.submit()
    customer.simulator.advance(HOUR)
    assert customer.status(request_id).status_code == 404
    customer.simulator.advance(HOUR + 1)
    for _ in range(100):
        row = customer.get(f"/inference-request/request-history/{request_id}").json()
        if row["model_status"] == "COMPLETED":
            break
    assert row["credits_deduction"] == 0.945
    assert requests.get(row["generation_url"], timeout=10).status_code == 200


def test_a_file_is_deleted_seven_days_after_it_was_made(customer: Customer) -> None:
    url = customer.finished_url()
    customer.simulator.advance(WEEK - 60)
    assert requests.get(url, timeout=10).status_code == 200
    customer.simulator.advance(60)
    assert requests.get(url, timeout=10).status_code == 404
    assert requests.get(url.replace(".mp4", "x.mp4"), timeout=10).status_code == 404


def test_a_submission_in_flight_is_in_the_history(customer: Customer) -> None:
    customer.simulator.settings(generation_seconds=30)
    request_id = customer.submit(prompt="a lighthouse")
    (row,) = customer.rows("?status=PENDING")
    assert (row["request_id"], row["model_name"], row["model_status"]) == (
        request_id,
        "kling-o3-video2video-edit",
        "PENDING",
    )
    assert row["request_body"] == customer.body(prompt="a lighthouse")
    assert (row["generation_url"], row["credits_deduction"], row["latency_ms"]) == (None, None, None)
    age = datetime.now(UTC) - datetime.fromisoformat(row["model_created"])
    assert abs(age) < timedelta(seconds=10)


def test_rows_land_after_the_history_s_delay(customer: Customer) -> None:
    customer.simulator.settings(history_seconds=100)
    request_id = customer.submit()
    assert customer.rows() == []
    assert customer.get(f"/inference-request/request-history/{request_id}").status_code == 404
    customer.simulator.advance(100)
    assert [row["request_id"] for row in customer.rows()] == [request_id]


def test_history_and_polls_need_the_key_and_files_do_not(customer: Customer) -> None:
    url = customer.finished_url()
    request_id = str(customer.simulator.requests()[-1]["request_id"])
    for path in (f"/v2/requests/{request_id}", "/inference-request/request-history", "/v1/get-user-credits"):
        assert requests.get(customer.simulator.url + path, timeout=10).status_code == 401
    assert requests.get(url, timeout=10).status_code == 200
