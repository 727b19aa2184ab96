"""The history and the lists of outputs: pages, filters, windows of days, and whose rows they show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

HISTORY, OUTPUTS = "/inference-request/request-history", "/inference-request/generations"
RECENT = "/inference-request/recent-generations"
MODEL = "kling-o3-video2video-edit"
DAY = 86400


def day(offset: int) -> str:
    return (datetime.now(UTC) + timedelta(days=offset)).date().isoformat()


def test_the_lists_of_generations_show_only_finished_outputs(customer: Customer) -> None:
    url = customer.finished_url()
    customer.wait(customer.submit(prompt=""))
    for path in ("generations", "recent-generations?model_name=kling-o3-video2video-edit"):
        (row,) = customer.get(f"/inference-request/{path}").json()["data"]
        assert (row["generation_url"], row["status"], row["credits_deduction"]) == (url, "COMPLETED", 0.945)
        assert row["parameters"]["prompt"] == "a noir film"
    customer.simulator.settings(history_seconds=1000)
    (row,) = customer.get("/inference-request/generations").json()["data"]
    assert (row["prompt"], row["parameters"]) == (None, None)


@pytest.mark.parametrize(
    "query",
    [
        *("per_page=101", "per_page=0", "page=0", "page=two", "from_date=soon", "sort_by=mood", "status=DONE"),
        *("from_date=2020-01-01", "to_date=2020-01-01", "from_date=2020-01-01&to_date=2020-03-01"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_in_words(customer: Customer, query: str) -> None:
    response = customer.get(f"{HISTORY}?{query}")
    assert (response.status_code, len(response.json()["error"]) > 15) == (400, True)


def test_a_window_holds_both_ends_and_at_most_31_days(customer: Customer) -> None:
    customer.submit()
    assert customer.rows(f"?to_date={day(-1)}") == []
    assert customer.rows(f"?from_date={day(1)}&to_date={day(2)}") == []
    assert len(customer.rows(f"?from_date={day(0)}&to_date={day(0)}")) == 1
    assert len(customer.rows(f"?from_date={day(-31)}")) == 1
    assert customer.get(f"{HISTORY}?from_date={day(-32)}").status_code == 400


def test_an_old_request_is_found_by_date_and_id(customer: Customer) -> None:
    request_id = customer.submit()
    customer.simulator.advance(8 * DAY)
    assert customer.rows() == []
    assert len(customer.rows(f"?from_date={day(0)}")) == 1
    assert customer.get(f"{HISTORY}/{request_id}").status_code == 200


def test_the_list_of_outputs_has_pages_and_days(customer: Customer) -> None:
    urls = [customer.finished_url() for _ in range(3)]
    shown = customer.get(f"{OUTPUTS}?page=1").json()
    assert [row["generation_url"] for row in shown["data"]] == urls[::-1]
    assert (shown["total"], customer.get(f"{OUTPUTS}?page=2").json()["data"]) == (3, [])
    assert customer.get(f"{OUTPUTS}?start_date={day(-400)}&end_date={day(0)}").json()["total"] == 3
    assert customer.get(f"{OUTPUTS}?end_date={day(-1)}").json()["total"] == 0
    assert customer.get(f"{OUTPUTS}?start_date={day(1)}").json()["total"] == 0
    assert customer.get(f"{OUTPUTS}?start_date=soon").status_code == 400


def test_the_recent_outputs_are_those_of_one_model(customer: Customer) -> None:
    url = customer.finished_url()
    assert [row["generation_url"] for row in customer.get(f"{RECENT}?model_name={MODEL}").json()["data"]] == [url]
    assert customer.get(f"{RECENT}?model_name=wan").json()["data"] == []
    assert customer.get(RECENT).status_code == 400


def test_an_account_sees_only_its_own_rows(customer: Customer) -> None:
    customer.finished_url()
    own = customer.get(OUTPUTS).json()["data"][0]
    for path in (HISTORY, OUTPUTS):
        assert customer.get(f"{path}?user_id={own['user_id']}").json()["total"] == 1
        assert customer.get(f"{path}?user_id=somebody-else").status_code == 403
    assert customer.get(f"{HISTORY}?user_email={own['user_email']}").json()["total"] == 1
    assert customer.get(f"{HISTORY}?user_email=someone@example.com").status_code == 403
