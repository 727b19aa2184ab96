"""The faults of each stage, and what a client sees of them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
import requests

from localcloud.simulator.catalogue import REASONS

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer


def is_page(response: requests.Response, status: int) -> bool:
    return response.status_code == status and response.headers["content-type"] == "text/html"


def test_submit_answer_lost_is_accepted_and_billed(customer: Customer) -> None:
    customer.inject("submit", "answer_lost")
    with pytest.raises(requests.ConnectionError):
        customer.post()
    (entry,) = customer.simulator.requests()
    assert (entry["accepted"], entry["status"], entry["fault"]) == (True, None, "answer_lost")
    customer.wait(str(entry["request_id"]))
    assert [charge["request_id"] for charge in customer.simulator.bill()["generations"]] == [entry["request_id"]]


@pytest.mark.parametrize(("kind", "status"), [("bad_gateway_accepted", 502), ("gateway_timeout_accepted", 504)])
def test_submit_a_proxy_s_page_can_hide_an_accepted_generation(customer: Customer, kind: str, status: int) -> None:
    customer.inject("submit", kind)
    assert is_page(customer.post(), status)
    assert customer.accepted() == [True]


def test_submit_no_request_id_in_a_200(customer: Customer) -> None:
    customer.inject("submit", "no_request_id")
    response = customer.post()
    assert (response.status_code, "request_id" in response.json()) == (200, False)
    assert customer.accepted() == [True]


def test_submit_bad_request_and_no_credits_accept_nothing(customer: Customer) -> None:
    customer.inject("submit", "bad_request")
    customer.inject("submit", "no_credits")
    customer.inject("submit", "no_credits", status=406)
    assert [customer.post().status_code for _ in range(4)] == [400, 402, 406, 200]
    assert customer.accepted() == [False, False, False, True]


@pytest.mark.parametrize("reason", REASONS)
def test_submit_failed_for_every_reason_costs_nothing(customer: Customer, reason: str) -> None:
    customer.inject("submit", "failed", reason=reason)
    done = customer.wait(customer.submit())
    assert (done["status"], done["error"]) == ("FAILED", REASONS[reason])
    assert customer.wait(customer.submit())["status"] == "COMPLETED"
    assert len(customer.simulator.bill()["generations"]) == 1


def test_submit_failed_with_a_text_of_one_s_own(customer: Customer) -> None:
    customer.inject("submit", "failed", text="The moon is in the way.")
    assert customer.wait(customer.submit())["error"] == "The moon is in the way."


def test_submit_failed_late_fails_at_its_end_and_is_free(customer: Customer) -> None:
    customer.simulator.settings(generation_seconds=0.8)
    customer.inject("submit", "failed_late", reason="moderation")
    done = customer.wait(customer.submit())
    assert (done["status"], done["error"]) == ("FAILED", REASONS["moderation"])
    assert done["metrics"]["total_time"] >= 0.8
    assert customer.simulator.bill()["total_usd"] == 0
    assert customer.wait(customer.submit())["status"] == "COMPLETED"


def test_submit_cost_differs_wherever_a_cost_is_told(customer: Customer) -> None:
    customer.inject("submit", "cost_differs", usd=1.5)
    request_id = customer.submit()
    assert customer.wait(request_id)["metrics"]["cost"] == 1.5
    assert customer.rows()[0]["credits_deduction"] == 1.5
    assert customer.simulator.bill()["credits"] == 98.5
    assert customer.wait(customer.submit())["metrics"]["cost"] == 0.945


def test_submit_failed_and_cost_differs_is_charged_in_the_row(customer: Customer) -> None:
    customer.inject("submit", "failed", reason="capacity")
    customer.inject("submit", "cost_differs", usd=1.5)
    done = customer.wait(customer.submit())
    assert done["status"] == "FAILED"
    assert "cost" not in done["metrics"]
    row = customer.rows()[0]
    assert (row["model_status"], row["credits_deduction"]) == ("FAILED", 1.5)
    assert customer.simulator.bill()["credits"] == 98.5


def test_credits_drops_without_a_row_or_a_generation(customer: Customer) -> None:
    customer.simulator.settings(free_credits=0.5)
    customer.inject("credits", "drops", usd=2, skip=1)
    seen = [customer.get("/v1/get-user-credits").json() for _ in range(3)]
    assert seen == [{"credits": 100, "free-credits": 0.5}, *[{"credits": 98.5, "free-credits": 0}] * 2]
    assert customer.simulator.bill()["generations"] == []
    assert customer.rows() == []


def test_poll_json_list_and_unknown_status(customer: Customer) -> None:
    request_id = customer.submit()
    customer.inject("poll", "json_list")
    customer.inject("poll", "unknown_status", text="PONDERING")
    assert customer.status(request_id).json() == []
    assert customer.status(request_id).json()["status"] == "PONDERING"
    assert customer.wait(request_id)["status"] == "COMPLETED"


def test_poll_not_found_for_the_first_polls(customer: Customer) -> None:
    customer.inject("poll", "not_found", times=2)
    request_id = customer.submit()
    assert [customer.status(request_id).status_code for _ in range(3)] == [404, 404, 200]


def test_poll_never_finishes_and_is_never_billed(customer: Customer) -> None:
    customer.inject("poll", "never_finishes")
    stuck, fine = customer.submit(), customer.submit()
    assert customer.wait(fine)["status"] == "COMPLETED"
    customer.simulator.advance(1000)
    time.sleep(0.3)
    assert customer.status(stuck).json()["status"] == "PROCESSING"
    assert [charge["request_id"] for charge in customer.simulator.bill()["generations"]] == [fine]


def test_poll_record_expired_while_the_history_still_knows_the_file(customer: Customer) -> None:
    request_id = customer.submit()
    customer.wait(request_id)
    customer.inject("poll", "record_expired", match={"request_id": request_id})
    for path in (f"/v2/requests/{request_id}/status", f"/v2/requests/{request_id}"):
        assert (customer.get(path).status_code, customer.get(path).json()) == (
            404,
            {"error": f"Request {request_id} not found"},
        )
    row = customer.get(f"/inference-request/request-history/{request_id}").json()
    assert row["model_status"] == "COMPLETED"
    assert requests.get(row["generation_url"], timeout=10).status_code == 200


def test_poll_failed_as_200(customer: Customer) -> None:
    customer.inject("poll", "failed_as_200")
    request_id = customer.submit(prompt="")
    assert customer.wait(request_id)["status"] == "FAILED"
    assert customer.status(request_id).status_code == 200


def test_result_without_url_as_list_and_as_object(customer: Customer) -> None:
    url = customer.finished_url()
    request_id = str(customer.simulator.requests()[-1]["request_id"])
    for kind in ("no_url", "output_list", "output_object"):
        customer.inject("result", kind)
    bare, listed, nested = (customer.result(request_id) for _ in range(3))
    assert bare["status"] == "COMPLETED"
    assert url not in json.dumps(bare)
    assert (listed["output"], "video" in listed) == ([url], False)
    assert (nested["output"]["url"], "video" in nested) == (url, False)


def test_download_cut_short_with_and_without_a_declared_length(customer: Customer) -> None:
    url = customer.finished_url()
    size = int(requests.head(url, timeout=10).headers["content-length"])
    customer.inject("download", "cut_short")
    with requests.get(url, stream=True, timeout=10) as response:
        assert int(response.headers["content-length"]) == size
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = response.content
    customer.inject("download", "cut_short_undeclared")
    short = requests.get(url, timeout=10)
    assert "content-length" not in short.headers
    assert len(short.content) == size // 2


def test_download_answers_that_are_no_video(customer: Customer) -> None:
    url = customer.finished_url()
    whole = requests.get(url, timeout=10).content
    for kind in ("html", "empty", "corrupt", "forbidden"):
        customer.inject("download", kind)
    page, nothing, noise, forbidden = (requests.get(url, timeout=10) for _ in range(4))
    assert is_page(page, 200)
    assert (nothing.status_code, nothing.content) == (200, b"")
    assert len(noise.content) == len(whole)
    assert b"ftyp" not in noise.content[:64]
    assert forbidden.status_code == 403


def test_result_on_another_host_name(customer: Customer) -> None:
    url = customer.finished_url()
    request_id = str(customer.simulator.requests()[-1]["request_id"])
    customer.inject("result", "elsewhere")
    assert customer.result(request_id)["video"]["url"] == url.replace("127.0.0.1", "localhost")
    customer.inject("result", "elsewhere", location="http://10.0.0.1/x.mp4")
    assert customer.result(request_id)["output"] == "http://10.0.0.1/x.mp4"


def test_download_of_more_than_the_file_and_under_other_names(customer: Customer) -> None:
    url = customer.finished_url()
    whole = requests.get(url, timeout=10).content
    for kind in ("overlong", "repeated", "mistyped", "gzip"):
        customer.inject("download", kind)
    overlong, repeated, mistyped, packed = (requests.get(url, timeout=10) for _ in range(4))
    assert (overlong.content, overlong.headers["content-length"]) == (whole, str(len(whole)))
    assert (repeated.content, "content-length" in repeated.headers) == (whole * 10, False)
    assert (mistyped.content, mistyped.headers["content-type"]) == (whole, "text/html")
    assert (packed.content, packed.headers["content-encoding"]) == (whole, "gzip")
    assert int(packed.headers["content-length"]) != len(whole)


def test_download_redirect_leads_to_another_host_name(customer: Customer) -> None:
    url = customer.finished_url()
    customer.inject("download", "redirect")
    moved = requests.get(url, timeout=10, allow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (302, url.replace("127.0.0.1", "localhost"))
    customer.inject("download", "redirect", location="http://example.invalid/x.mp4")
    moved = requests.get(url, timeout=10, allow_redirects=False)
    assert moved.headers["location"] == "http://example.invalid/x.mp4"


def test_download_slow_drip_and_no_range(customer: Customer) -> None:
    url = customer.finished_url()
    whole = requests.get(url, timeout=10).content
    customer.inject("download", "slow_drip", seconds=0.6)
    started = time.monotonic()
    assert requests.get(url, timeout=10).content == whole
    assert time.monotonic() - started >= 0.5
    customer.inject("download", "no_range")
    answer = requests.get(url, headers={"range": "bytes=10-"}, timeout=10)
    assert (answer.status_code, answer.content) == (200, whole)


def test_history_row_late_and_never(customer: Customer) -> None:
    customer.inject("history", "late", seconds=1000)
    late = customer.submit()
    customer.inject("history", "never")
    never = customer.submit()
    seen = {row["request_id"] for row in customer.rows()}
    assert not seen & {late, never}
    customer.simulator.advance(1000)
    assert [row["request_id"] for row in customer.rows()] == [late]
    assert customer.get(f"/inference-request/request-history/{never}").status_code == 404


def test_history_rows_of_other_shapes(customer: Customer) -> None:
    for kind in ("body_as_string", "query_stripped", "prompt_cut", "duplicated", "null_cost"):
        customer.inject("history", kind)
    request_id = customer.submit(prompt="a noir film about a very long afternoon")
    customer.wait(request_id)
    first, second = customer.rows()
    assert first == second
    body = json.loads(first["request_body"])
    assert (body["video_url"], body["prompt"]) == (customer.clip_url, "a noir film about a ")
    assert first["credits_deduction"] is None
    customer.submit()
    assert customer.rows()[0]["request_body"]["video_url"] == customer.clip_url + customer.signature
