"""Every fault that can be queued, and what a client sees of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import requests

from localcloud.simulator import SimulatorFailed
from localcloud.simulator.catalogue import ANYWHERE, KINDS, REASONS

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer


def inject(customer: Customer, stage: str, kind: str, **more: Any) -> None:
    customer.simulator.inject({"stage": stage, "kind": kind, **more})


def accepted(customer: Customer) -> list[bool]:
    return [bool(entry["accepted"]) for entry in customer.simulator.requests()]


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


STAGES = {
    "submit": submitting,
    "poll": polling,
    "result": fetching_result,
    "download": downloading,
    "history": asking_history,
}


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_answer_with_every_common_error_once(customer: Customer, stage: str) -> None:
    exchange = STAGES[stage](customer)
    before = len(customer.simulator.requests())
    for kind, status in (("bad_gateway", 502), ("unavailable", 503), ("gateway_timeout", 504)):
        inject(customer, stage, kind)
        assert is_page(exchange(customer), status)
    for kind, status in (("server_error", 500), ("rate_limited", 429), ("unauthorized", 401), ("not_found", 404)):
        inject(customer, stage, kind)
        response = exchange(customer)
        assert response.status_code == status
        assert ("x-rate-limit-reset-at-utc" in response.headers) == (kind == "rate_limited")
    inject(customer, stage, "reset")
    with pytest.raises(requests.ConnectionError) as failure:
        exchange(customer)
    assert "reset" in str(failure.value).lower()
    assert not any(entry["accepted"] for entry in customer.simulator.requests()[before:])
    assert exchange(customer).status_code == 200


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_slow_or_cut_its_answer(customer: Customer, stage: str) -> None:
    exchange = STAGES[stage](customer)
    inject(customer, stage, "slow", seconds=0.4)
    started = time.monotonic()
    assert exchange(customer).status_code == 200
    assert time.monotonic() - started >= 0.4
    inject(customer, stage, "truncated")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        exchange(customer)
    if stage == "submit":
        assert accepted(customer) == [True, True]


def test_submit_answer_lost_is_accepted_and_billed(customer: Customer) -> None:
    inject(customer, "submit", "answer_lost")
    with pytest.raises(requests.ConnectionError):
        customer.post()
    (entry,) = customer.simulator.requests()
    assert (entry["accepted"], entry["status"], entry["fault"]) == (True, None, "answer_lost")
    customer.wait(str(entry["request_id"]))
    assert [charge["request_id"] for charge in customer.simulator.bill()["generations"]] == [entry["request_id"]]


@pytest.mark.parametrize(("kind", "status"), [("bad_gateway_accepted", 502), ("gateway_timeout_accepted", 504)])
def test_submit_a_proxy_s_page_can_hide_an_accepted_generation(customer: Customer, kind: str, status: int) -> None:
    inject(customer, "submit", kind)
    assert is_page(customer.post(), status)
    assert accepted(customer) == [True]


def test_submit_no_request_id_in_a_200(customer: Customer) -> None:
    inject(customer, "submit", "no_request_id")
    response = customer.post()
    assert (response.status_code, "request_id" in response.json()) == (200, False)
    assert accepted(customer) == [True]


def test_submit_bad_request_and_no_credits_accept_nothing(customer: Customer) -> None:
    inject(customer, "submit", "bad_request")
    inject(customer, "submit", "no_credits")
    inject(customer, "submit", "no_credits", status=406)
    assert [customer.post().status_code for _ in range(4)] == [400, 402, 406, 200]
    assert accepted(customer) == [False, False, False, True]


@pytest.mark.parametrize("reason", REASONS)
def test_submit_failed_for_every_reason_costs_nothing(customer: Customer, reason: str) -> None:
    inject(customer, "submit", "failed", reason=reason)
    done = customer.wait(customer.submit())
    assert (done["status"], done["error"]) == ("FAILED", REASONS[reason])
    assert customer.wait(customer.submit())["status"] == "COMPLETED"
    assert len(customer.simulator.bill()["generations"]) == 1


def test_submit_failed_with_a_text_of_one_s_own(customer: Customer) -> None:
    inject(customer, "submit", "failed", text="The moon is in the way.")
    assert customer.wait(customer.submit())["error"] == "The moon is in the way."


def test_poll_json_list_and_unknown_status(customer: Customer) -> None:
    request_id = customer.submit()
    inject(customer, "poll", "json_list")
    inject(customer, "poll", "unknown_status", text="PONDERING")
    assert customer.status(request_id).json() == []
    assert customer.status(request_id).json()["status"] == "PONDERING"
    assert customer.wait(request_id)["status"] == "COMPLETED"


def test_poll_not_found_for_the_first_polls(customer: Customer) -> None:
    inject(customer, "poll", "not_found", times=2)
    request_id = customer.submit()
    assert [customer.status(request_id).status_code for _ in range(3)] == [404, 404, 200]


def test_poll_never_finishes_and_is_never_billed(customer: Customer) -> None:
    inject(customer, "poll", "never_finishes")
    stuck, fine = customer.submit(), customer.submit()
    assert customer.wait(fine)["status"] == "COMPLETED"
    customer.simulator.advance(1000)
    time.sleep(0.3)
    assert customer.status(stuck).json()["status"] == "PROCESSING"
    assert [charge["request_id"] for charge in customer.simulator.bill()["generations"]] == [fine]


def test_poll_record_expired_while_the_history_still_knows_the_file(customer: Customer) -> None:
    request_id = customer.submit()
    customer.wait(request_id)
    inject(customer, "poll", "record_expired", match={"request_id": request_id})
    for path in (f"/v2/requests/{request_id}/status", f"/v2/requests/{request_id}"):
        assert (customer.get(path).status_code, customer.get(path).json()) == (
            404,
            {"error": f"Request {request_id} not found"},
        )
    row = customer.get(f"/inference-request/request-history/{request_id}").json()
    assert row["model_status"] == "COMPLETED"
    assert requests.get(row["generation_url"], timeout=10).status_code == 200


def test_poll_failed_as_200(customer: Customer) -> None:
    inject(customer, "poll", "failed_as_200")
    request_id = customer.submit(prompt="")
    assert customer.wait(request_id)["status"] == "FAILED"
    assert customer.status(request_id).status_code == 200


def test_result_without_url_as_list_and_as_object(customer: Customer) -> None:
    url = customer.finished_url()
    request_id = str(customer.simulator.requests()[-1]["request_id"])
    for kind in ("no_url", "output_list", "output_object"):
        inject(customer, "result", kind)
    bare, listed, nested = (customer.result(request_id) for _ in range(3))
    assert bare["status"] == "COMPLETED"
    assert url not in json.dumps(bare)
    assert (listed["output"], "video" in listed) == ([url], False)
    assert (nested["output"]["url"], "video" in nested) == (url, False)


def test_download_cut_short_with_and_without_a_declared_length(customer: Customer) -> None:
    url = customer.finished_url()
    size = int(requests.head(url, timeout=10).headers["content-length"])
    inject(customer, "download", "cut_short")
    with requests.get(url, stream=True, timeout=10) as response:
        assert int(response.headers["content-length"]) == size
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = response.content
    inject(customer, "download", "cut_short_undeclared")
    short = requests.get(url, timeout=10)
    assert "content-length" not in short.headers
    assert len(short.content) == size // 2


def test_download_answers_that_are_no_video(customer: Customer) -> None:
    url = customer.finished_url()
    whole = requests.get(url, timeout=10).content
    for kind in ("html", "empty", "corrupt", "forbidden"):
        inject(customer, "download", kind)
    page, nothing, noise, forbidden = (requests.get(url, timeout=10) for _ in range(4))
    assert is_page(page, 200)
    assert (nothing.status_code, nothing.content) == (200, b"")
    assert len(noise.content) == len(whole)
    assert b"ftyp" not in noise.content[:64]
    assert forbidden.status_code == 403


def test_download_redirect_leads_to_another_host_name(customer: Customer) -> None:
    url = customer.finished_url()
    inject(customer, "download", "redirect")
    moved = requests.get(url, timeout=10, allow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (302, url.replace("127.0.0.1", "localhost"))
    inject(customer, "download", "redirect", location="http://example.invalid/x.mp4")
    moved = requests.get(url, timeout=10, allow_redirects=False)
    assert moved.headers["location"] == "http://example.invalid/x.mp4"


def test_download_slow_drip_and_no_range(customer: Customer) -> None:
    url = customer.finished_url()
    whole = requests.get(url, timeout=10).content
    inject(customer, "download", "slow_drip", seconds=0.6)
    started = time.monotonic()
    assert requests.get(url, timeout=10).content == whole
    assert time.monotonic() - started >= 0.5
    inject(customer, "download", "no_range")
    answer = requests.get(url, headers={"range": "bytes=10-"}, timeout=10)
    assert (answer.status_code, answer.content) == (200, whole)


def test_history_row_late_and_never(customer: Customer) -> None:
    inject(customer, "history", "late", seconds=0.6)
    late = customer.submit()
    inject(customer, "history", "never")
    never = customer.submit()
    seen = {row["request_id"] for row in customer.rows()}
    assert not seen & {late, never}
    time.sleep(0.7)
    assert [row["request_id"] for row in customer.rows()] == [late]
    assert customer.get(f"/inference-request/request-history/{never}").status_code == 404


def test_history_rows_of_other_shapes(customer: Customer) -> None:
    for kind in ("body_as_string", "query_stripped", "prompt_cut", "duplicated", "null_cost"):
        inject(customer, "history", kind)
    request_id = customer.submit(prompt="a noir film about a very long afternoon")
    customer.wait(request_id)
    first, second = customer.rows()
    assert first == second
    body = json.loads(first["request_body"])
    assert (body["video_url"], body["prompt"]) == (customer.clip_url, "a noir film about a ")
    assert first["credits_deduction"] is None
    customer.submit()
    assert customer.rows()[0]["request_body"]["video_url"] == customer.clip_url + customer.signature


def test_a_fault_waits_for_the_exchange_that_it_names(customer: Customer) -> None:
    inject(customer, "submit", "bad_gateway", match={"video_url": "other.mp4"})
    assert customer.post().status_code == 200
    assert customer.post(video_url=customer.clip_url.replace("beach", "other")).status_code == 502
    other = customer.submit()
    inject(customer, "poll", "server_error", match={"request_id": other})
    assert customer.status(customer.submit()).status_code == 200
    assert customer.status(other).status_code == 500


def test_a_fault_can_skip_repeat_and_come_by_chance_with_a_seed(customer: Customer) -> None:
    inject(customer, "history", "server_error", skip=1, times=2)
    exchange = asking_history(customer)
    assert [exchange(customer).status_code for _ in range(4)] == [200, 500, 500, 200]
    runs = []
    for _ in range(2):
        customer.simulator.reset(seed=7)
        inject(customer, "history", "server_error", probability=0.5, times=1000)
        runs.append([exchange(customer).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


@pytest.mark.parametrize(
    "fault",
    [
        {"stage": "lunch", "kind": "reset"},
        {"stage": "poll", "kind": "answer_lost"},
        {"stage": "submit", "kind": "failed", "reason": "mood"},
        {"stage": "submit", "kind": "reset", "match": {"colour": "red"}},
        {"stage": "submit", "kind": "reset", "speed": 3},
        {"stage": "submit", "kind": "reset", "times": "often"},
        {"stage": "submit"},
    ],
)
def test_a_fault_that_cannot_be_played_is_refused_in_words(customer: Customer, fault: dict[str, Any]) -> None:
    with pytest.raises(SimulatorFailed) as refusal:
        customer.simulator.inject(fault)
    assert "error" in str(refusal.value)
    assert customer.simulator.faults()["waiting"] == []


def test_every_fault_of_the_catalogue_is_played_in_this_file() -> None:
    from pathlib import Path

    text = Path(__file__).read_text()
    missing = [kind for kinds in KINDS.values() for kind in kinds if f'"{kind}"' not in text]
    assert missing == []
    assert set(ANYWHERE) < set(KINDS["poll"])
