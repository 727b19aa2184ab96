"""Segmind's client against the simulator: what reads of status, result and history give, whatever goes wrong."""

from __future__ import annotations

import time

import pytest

from dropcut.adapters.segmind import client as module
from dropcut.domain.errors import DropcutError, ProviderUnreadable
from localcloud.simulator import Simulator
from localcloud.simulator.catalogue import KINDS
from tests.contract.customers import REQUEST, VIDEO_URL, client, ended

# What a read of the status gives under each fault: a status, or an error that means "read again".
POLLS: dict[str, str | type[DropcutError]] = {
    **dict.fromkeys(("bad_gateway", "unavailable", "gateway_timeout", "server_error"), ProviderUnreadable),
    **dict.fromkeys(("rate_limited", "reset", "truncated", "slow"), ProviderUnreadable),
    "not_found": "GONE",
    "record_expired": "GONE",
    "unauthorized": "PROCESSING",
    "never_finishes": "PROCESSING",
    "failed_as_200": "PROCESSING",
    "json_list": "",
    "unknown_status": "REVIEWING",
}
# Whether a read of the result gives the address under each fault; the history is asked for it otherwise.
RESULTS = {
    **dict.fromkeys(("output_list", "output_object", "elsewhere", "unauthorized"), True),
    **dict.fromkeys(("bad_gateway", "unavailable", "gateway_timeout", "server_error", "rate_limited"), False),
    **dict.fromkeys(("reset", "not_found", "truncated", "slow", "no_url"), False),
}
# What the history shows of a submission under each fault.
IN_THE_HISTORY = ("body_as_string", "query_stripped", "prompt_cut", "duplicated", "null_cost", "unauthorized")
NOT_LANDED = ("late", "never")
UNREADABLE = ("bad_gateway", "unavailable", "gateway_timeout", "server_error", "rate_limited", "reset", "not_found",
              "truncated", "slow")  # fmt: skip


def test_every_fault_of_a_read_has_its_conclusion() -> None:
    assert set(POLLS) == set(KINDS["poll"])
    assert set(RESULTS) == set(KINDS["result"])
    assert {*IN_THE_HISTORY, *NOT_LANDED, *UNREADABLE} == set(KINDS["history"])


@pytest.mark.parametrize("fault", POLLS)
def test_a_poll_gives_a_status_or_is_made_again(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, clip_url: str, fault: str
) -> None:
    provider = client(simulator)
    request_id = provider.submit(REQUEST, clip_url)
    monkeypatch.setattr(module, "READ", 0.5)
    simulator.inject({"stage": "poll", "kind": fault, "seconds": 2.0, "match": {"request_id": request_id}})
    expected = POLLS[fault]
    if isinstance(expected, str):
        status = provider.status(request_id).status
        assert status == expected or (expected, status) == ("PROCESSING", "QUEUED")
    else:
        with pytest.raises(expected):
            provider.status(request_id)


@pytest.mark.parametrize("fault", RESULTS)
def test_a_finished_generation_has_a_cost_and_an_address(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, clip_url: str, fault: str
) -> None:
    simulator.settings(generation_seconds=0.05)
    provider = client(simulator)
    request_id = provider.submit(REQUEST, clip_url)
    progress = ended(provider, request_id)
    assert (progress.status, str(progress.charged_usd)) == ("COMPLETED", "0.945")
    monkeypatch.setattr(module, "READ", 0.5)
    simulator.inject({"stage": "result", "kind": fault, "seconds": 2.0})
    try:
        address = provider.result(request_id).result_url
    except ProviderUnreadable:
        address = None
    assert (address is not None) == RESULTS[fault]
    known = provider.past(request_id)
    assert known
    assert str(known.result_url).startswith(simulator.url), "the history tells it too"


def test_a_generation_that_failed_tells_why_whatever_the_code(simulator: Simulator, clip_url: str) -> None:
    simulator.settings(generation_seconds=0.05)
    for stage in (
        {"stage": "submit", "kind": "failed", "text": "too wide"},
        {"stage": "poll", "kind": "failed_as_200"},
    ):
        simulator.inject(stage)
    provider = client(simulator)
    request_id = provider.submit(REQUEST, clip_url)
    progress = ended(provider, request_id)
    assert (progress.status, progress.error, progress.charged_usd) == ("FAILED", "too wide", None)


@pytest.mark.parametrize("fault", IN_THE_HISTORY)
def test_a_submission_is_found_in_the_history_by_its_path(simulator: Simulator, clip_url: str, fault: str) -> None:
    simulator.inject({"stage": "history", "kind": fault})
    provider = client(simulator)
    request_id = provider.submit(REQUEST, clip_url)
    (row,) = provider.search(time.time())
    assert (row.request_id, row.progress.status) == (request_id, "PENDING")
    assert row.video_url_path in clip_url
    assert row.video_url_path.endswith(".mp4")
    assert row.prompt
    assert REQUEST["prompt"].startswith(row.prompt)
    assert row.created_at
    assert abs(row.created_at - time.time()) < 60


@pytest.mark.parametrize("fault", NOT_LANDED)
def test_a_row_that_has_not_landed_is_no_row(simulator: Simulator, fault: str) -> None:
    simulator.inject({"stage": "history", "kind": fault, "seconds": 900})
    provider = client(simulator)
    request_id = provider.submit(REQUEST, VIDEO_URL)
    assert provider.search(time.time()) == []
    assert provider.past(request_id) is None


@pytest.mark.parametrize("fault", UNREADABLE)
def test_an_unreadable_history_is_never_an_empty_one(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    provider = client(simulator)
    provider.submit(REQUEST, VIDEO_URL)
    monkeypatch.setattr(module, "READ", 0.5)
    simulator.inject({"stage": "history", "kind": fault, "seconds": 2.0})
    with pytest.raises(ProviderUnreadable):
        provider.search(time.time())
