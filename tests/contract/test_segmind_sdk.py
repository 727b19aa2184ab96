"""The official `segmind` SDK against the simulator, unmodified and with its own hosts: generations, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import segmind
from segmind import InferenceFailed, InferenceTimeout, SegmindClient, SegmindError

from dropcut.domain.pricing import MODEL
from localcloud.clips import make_clip
from localcloud.simulator import Simulator
from tests.contract.customers import OFTEN, REQUEST, is_video
from tests.contract.segmind_hosts import API, HISTORY, STORAGE, LeftThisMachine, SegmindHosts


def test_run_submits_waits_and_gives_the_result(
    sdk: SegmindClient, hosts: SegmindHosts, simulator: Simulator, request_body: dict[str, Any]
) -> None:
    result = sdk.run(MODEL, **request_body)
    assert result["status"] == "COMPLETED"
    assert result["metrics"]["cost"] == 0.945
    assert is_video(httpx.get(result["output"]).content)
    assert hosts.asked[0] == f"POST {API}/v2/{MODEL}"


def test_the_modules_run_takes_its_key_from_the_environment(
    hosts: SegmindHosts, simulator: Simulator, request_body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", simulator.api_key)
    monkeypatch.setattr(segmind, "_default_client", None)
    try:
        assert segmind.run(MODEL, **request_body)["status"] == "COMPLETED"
    finally:
        segmind._get_client()._client.close()


def test_a_submission_arrives_as_the_sdk_sent_it(
    sdk: SegmindClient, simulator: Simulator, request_body: dict[str, Any]
) -> None:
    job = sdk.submit_async(MODEL, **request_body)
    assert job.submit_response["status"] == "QUEUED"
    (post,) = simulator.requests()
    assert (post["path"], post["request_id"]) == (f"/v2/{MODEL}", job.request_id)
    told = {name: post["headers"][name] for name in ("host", "user-agent", "x-initiator")}
    assert told == {"host": API, "user-agent": "segmind-python-sdk/1.3.0", "x-initiator": "SDK-PY"}


def test_a_job_tells_its_state_and_waits_for_its_end(
    sdk: SegmindClient, simulator: Simulator, request_body: dict[str, Any]
) -> None:
    simulator.settings(generation_seconds=60)
    job = sdk.submit_async(MODEL, **request_body)
    assert job.status()["status"] in ("QUEUED", "PROCESSING")
    assert "output" not in job.result()
    simulator.advance(60)
    result = job.wait(**OFTEN)
    assert job.status()["status"] == "COMPLETED"
    assert "output" not in job.status(), "only the result carries it"
    assert result == job.result()


def test_a_wait_that_is_too_short_can_be_repeated(
    sdk: SegmindClient, simulator: Simulator, request_body: dict[str, Any]
) -> None:
    simulator.settings(generation_seconds=60)
    job = sdk.submit_async(MODEL, **request_body)
    with pytest.raises(InferenceTimeout) as caught:
        job.wait(timeout=0.2, interval=0.05)
    assert caught.value.request_id == job.request_id
    simulator.advance(60)
    assert job.wait(**OFTEN)["status"] == "COMPLETED"
    assert len(simulator.bill()["generations"]) == 1


def test_a_failed_generation_is_raised_in_the_providers_words(sdk: SegmindClient, request_body: dict[str, Any]) -> None:
    job = sdk.submit_async(MODEL, **{**request_body, "prompt": ""})
    with pytest.raises(InferenceFailed) as caught:
        job.wait(**OFTEN)
    assert caught.value.detail == "Prompt is required for video generation."
    assert caught.value.status_body["metrics"].keys() == {"inference_time", "queue_time", "total_time"}
    assert job.result()["status"] == "FAILED"


# What is wrong with the account or the request, and words that the refusal must carry. Where no setting of the
# simulator gives the code, a fault does.
REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "400": ({}, {"kind": "bad_request"}, "Bad request"),
    "401": ({"api_key": "SG_ffffffffffffffff"}, {}, "Unauthorized"),
    "402": ({"credits": 0.5}, {}, "Insufficient credits. You have 0.5 credits"),
    "404": ({}, {"kind": "not_found"}, "Not found"),
    "406 for credits": ({"credits": 0.5, "no_credits_status": 406}, {}, "Insufficient credits. You have 0.5 credits"),
    "406 for a value": ({}, {"mode": "ultra"}, "ultra"),
    "410": ({"retired_slugs": MODEL}, {}, "retired"),
    "429": ({}, {"kind": "rate_limited"}, "rate_limit_exceeded"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_raised_in_the_providers_words(
    sdk: SegmindClient, simulator: Simulator, request_body: dict[str, Any], code: str
) -> None:
    settings, cause, words = REFUSALS[code]
    simulator.settings(**settings)
    if "kind" in cause:
        simulator.inject({"stage": "submit", **cause})
        cause = {}
    with pytest.raises(SegmindError) as caught:
        sdk.submit_async(MODEL, **{**request_body, **cause})
    assert words in str(caught.value)
    assert str(caught.value.status) == code[:3]
    assert not any(post["accepted"] for post in simulator.requests())


def test_an_answer_without_a_request_id_is_an_error(sdk: SegmindClient, simulator: Simulator) -> None:
    simulator.inject({"stage": "submit", "kind": "no_request_id"})
    with pytest.raises(SegmindError) as caught:
        sdk.submit_async(MODEL, **REQUEST)
    assert "missing request_id" in caught.value.detail


def test_a_bad_gateway_ends_the_wait_and_not_the_generation(
    sdk: SegmindClient, simulator: Simulator, request_body: dict[str, Any]
) -> None:
    """Why a client that must not lose what it paid for cannot leave the waiting to the SDK."""
    job = sdk.submit_async(MODEL, **request_body)
    simulator.inject({"stage": "poll", "kind": "bad_gateway"})
    with pytest.raises(SegmindError) as caught:
        job.wait(**OFTEN)
    assert caught.value.status == 502
    assert job.wait(**OFTEN)["status"] == "COMPLETED"


def test_the_sdks_base_url_is_enough_to_reach_a_simulator(simulator: Simulator, request_body: dict[str, Any]) -> None:
    """Without any mapping: only uploads and the history have hosts that the SDK lets nobody change."""
    elsewhere = SegmindClient(api_key=simulator.api_key, base_url=f"{simulator.url}/v1")
    try:
        assert elsewhere.submit_async(MODEL, **request_body).wait(**OFTEN)["status"] == "COMPLETED"
        assert is_video(elsewhere.run_sync(MODEL, **request_body).content)
    finally:
        elsewhere._client.close()


def test_whatever_the_sdk_asks_reaches_the_simulator_and_nobody_else(
    sdk: SegmindClient, hosts: SegmindHosts, simulator: Simulator, request_body: dict[str, Any], tmp_path: Path
) -> None:
    job = sdk.submit_async(MODEL, **request_body)
    job.wait(**OFTEN)
    sdk.files.upload(make_clip(tmp_path / "beach.mp4", seconds=3))
    for ask in (sdk.generations.list, sdk.generations.history, lambda: sdk.generations.get(job.request_id)):
        ask()
    assert hosts.hosts == {API, HISTORY, STORAGE, simulator.url.removeprefix("http://")}
    assert sum(simulator.health()["exchanges"].values()) == len(hosts.asked)
    for elsewhere in ("https://images.example/a.mp4", "http://api.segmind.com/v1/"):
        with pytest.raises(LeftThisMachine):
            sdk._request("GET", elsewhere)
