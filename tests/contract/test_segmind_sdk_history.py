"""The official `segmind` SDK against the simulator, unmodified and with its own hosts: what it tells of the past."""

from __future__ import annotations

import time
from typing import Any

import pytest
from segmind import InferenceFailed, SegmindClient

from dropcut.domain.pricing import MODEL
from localcloud.simulator import Simulator
from tests.contract.customers import OFTEN, REQUEST
from tests.contract.segmind_hosts import API, HISTORY, SegmindHosts


def test_generations_list_and_recent_have_what_produced_an_output(
    sdk: SegmindClient, hosts: SegmindHosts, simulator: Simulator, request_body: dict[str, Any]
) -> None:
    done = sdk.submit_async(MODEL, **request_body)
    done.wait(**OFTEN)
    sdk.submit_async(MODEL, **{**request_body, "prompt": ""})
    today = time.strftime("%Y-%m-%d", time.gmtime())
    yesterday = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
    listed = sdk.generations.list(page=1, model_name=MODEL, start_date=yesterday, end_date=today)["data"]
    for (row,) in (listed, sdk.generations.recent(MODEL)["data"]):
        assert row["generation_url"] == done.result()["output"]
        assert (row["status"], row["credits_deduction"]) == ("COMPLETED", 0.945)
        assert (row["prompt"], row["parameters"]["mode"]) == (REQUEST["prompt"], "std")
        assert row["latency_ms"] > 0
    assert sdk.generations.recent("another-model")["data"] == []
    assert hosts.hosts >= {API, HISTORY}


def test_generations_history_is_filtered_paged_and_sorted(
    sdk: SegmindClient, simulator: Simulator, request_body: dict[str, Any]
) -> None:
    cheap, dear = (sdk.submit_async(MODEL, **{**request_body, "mode": mode}) for mode in ("std", "pro"))
    failed = sdk.submit_async(MODEL, **{**request_body, "prompt": ""})
    for job in (cheap, dear):
        job.wait(**OFTEN)
    with pytest.raises(InferenceFailed):
        failed.wait(**OFTEN)

    def ids(**wanted: Any) -> list[str]:
        return [row["request_id"] for row in sdk.generations.history(**wanted)["data"]]

    assert ids() == [failed.request_id, dear.request_id, cheap.request_id]
    assert ids(status="FAILED") == [failed.request_id]
    row = sdk.generations.get(failed.request_id)
    assert (row["credits_deduction"], row["generation_url"]) == (0.0, None)
    assert row["error"] == "Prompt is required for video generation."
    assert ids(status="COMPLETED", sort_by="credits_deduction", sort_order="asc") == [cheap.request_id, dear.request_id]
    assert ids(page=2, per_page=2) == [cheap.request_id]
    assert ids(model_name="video2video") == ids()
    assert ids(from_date="2020-01-01", to_date="2020-01-31") == []


def test_a_row_of_the_history_has_cost_inputs_and_outcome(sdk: SegmindClient, request_body: dict[str, Any]) -> None:
    job = sdk.submit_async(MODEL, **request_body)
    result = job.wait(**OFTEN)
    row = sdk.generations.get(job.request_id)
    assert row == sdk.generations.history()["data"][0]
    assert row["request_body"] == request_body
    assert (row["model_status"], row["credits_deduction"]) == ("COMPLETED", result["metrics"]["cost"])
    assert (row["generation_url"], row["error"]) == (result["output"], None)
