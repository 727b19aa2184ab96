"""Segmind's client against the simulator: what each answer to a paid request proves, and that it is sent once."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from dropcut.adapters.segmind import client as module
from dropcut.adapters.segmind.client import SegmindProvider
from dropcut.domain.errors import (
    DropcutError,
    InsufficientCredits,
    ProviderBusy,
    ProviderRefused,
    ProviderUnreadable,
    SubmissionUnknown,
)
from dropcut.domain.pricing import MODEL
from localcloud.simulator import Simulator
from localcloud.simulator.catalogue import KINDS
from tests.contract.customers import REQUEST, VIDEO_URL, Keys, client

ACCEPTED, NOT_ACCEPTED = True, False
# What a client must conclude from each fault of a submission, and whether the provider took it.
SUBMISSIONS: dict[str, tuple[type[DropcutError] | None, bool, int]] = {
    "bad_request": (ProviderRefused, NOT_ACCEPTED, 1),
    "no_credits": (InsufficientCredits, NOT_ACCEPTED, 1),
    "not_found": (ProviderRefused, NOT_ACCEPTED, 1),
    "rate_limited": (ProviderBusy, NOT_ACCEPTED, 1),
    "unauthorized": (None, ACCEPTED, 2),  # refused, and sent once more with the key read anew
    "bad_gateway": (SubmissionUnknown, NOT_ACCEPTED, 1),
    "unavailable": (SubmissionUnknown, NOT_ACCEPTED, 1),
    "gateway_timeout": (SubmissionUnknown, NOT_ACCEPTED, 1),
    "server_error": (SubmissionUnknown, NOT_ACCEPTED, 1),
    "reset": (SubmissionUnknown, NOT_ACCEPTED, 1),
    "answer_lost": (SubmissionUnknown, ACCEPTED, 1),
    "bad_gateway_accepted": (SubmissionUnknown, ACCEPTED, 1),
    "gateway_timeout_accepted": (SubmissionUnknown, ACCEPTED, 1),
    "no_request_id": (SubmissionUnknown, ACCEPTED, 1),
    "truncated": (SubmissionUnknown, ACCEPTED, 1),
    "slow": (SubmissionUnknown, ACCEPTED, 1),  # slower than we wait
    **dict.fromkeys(("failed", "failed_late", "cost_differs"), (None, ACCEPTED, 1)),
}


def test_every_fault_of_a_submission_has_its_conclusion() -> None:
    assert set(SUBMISSIONS) == set(KINDS["submit"])


@pytest.mark.parametrize("fault", SUBMISSIONS)
def test_no_answer_to_a_submission_leads_to_another_one(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    error, accepted, posts = SUBMISSIONS[fault]
    monkeypatch.setattr(module, "SUBMIT_READ", 0.5)
    simulator.inject({"stage": "submit", "kind": fault, "seconds": 2.0})
    provider = client(simulator)
    if error is None:
        assert provider.submit(REQUEST, VIDEO_URL)
    else:
        with pytest.raises(error) as caught:
            provider.submit(REQUEST, VIDEO_URL)
        assert type(caught.value) is error
        assert "topsecret" not in str(caught.value)
        assert simulator.api_key not in str(caught.value)
    log = simulator.requests()
    assert len(log) == posts
    assert [entry["accepted"] for entry in log] == [NOT_ACCEPTED] * (posts - 1) + [accepted]
    assert len({row.request_id for row in provider.search(time.time())}) == accepted


@pytest.mark.parametrize("status", [402, 406])
def test_an_empty_account_is_told_as_such_under_both_codes(simulator: Simulator, status: int) -> None:
    simulator.settings(no_credits_status=status, credits=0.1)
    with pytest.raises(InsufficientCredits) as caught:
        client(simulator).submit(REQUEST, VIDEO_URL)
    assert "0.1" in str(caught.value)
    assert [entry["accepted"] for entry in simulator.requests()] == [False]


def test_a_406_about_a_value_is_a_refusal(simulator: Simulator) -> None:
    with pytest.raises(ProviderRefused):
        client(simulator).submit({**REQUEST, "mode": "ultra"}, VIDEO_URL)


def test_a_model_that_is_retired_is_a_refusal(simulator: Simulator) -> None:
    simulator.settings(retired_slugs=MODEL)
    with pytest.raises(ProviderRefused) as caught:
        client(simulator).submit(REQUEST, VIDEO_URL)
    assert "410" in str(caught.value)


def test_a_key_that_was_rotated_is_read_anew_once(simulator: Simulator) -> None:
    rotated = client(simulator, "SG_aaaaaaaaaaaaaaaa", simulator.api_key)
    assert rotated.submit(REQUEST, VIDEO_URL)
    assert [entry["status"] for entry in simulator.requests()] == [401, 200]
    again = client(simulator, "SG_aaaaaaaaaaaaaaaa", simulator.api_key)
    assert again.past("none") is None
    assert again.search(time.time())


def test_a_key_that_stays_wrong_is_a_refusal(simulator: Simulator) -> None:
    keys = Keys("SG_aaaaaaaaaaaaaaaa", "SG_bbbbbbbbbbbbbbbb")
    provider = SegmindProvider(keys, api_url=simulator.url, history_url=simulator.url)
    with pytest.raises(ProviderRefused) as caught:
        provider.submit(REQUEST, VIDEO_URL)
    assert "SG_" not in str(caught.value)
    assert keys.asked == [False, True]
    with pytest.raises(ProviderUnreadable):
        provider.status("r1")


def test_the_body_sent_is_the_request_and_the_address(simulator: Simulator) -> None:
    client(simulator).submit(REQUEST, VIDEO_URL)
    (entry,) = simulator.requests()
    assert entry["path"].endswith("/v2/kling-o3-video2video-edit")
    assert entry["prompt"] == REQUEST["prompt"][:200]
    assert entry["video_url"] == VIDEO_URL.partition("?")[0]


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    provider = SegmindProvider(Keys("SG_0123456789abcdef"), api_url=closed, history_url=closed)
    with pytest.raises(ProviderBusy):
        provider.submit(REQUEST, VIDEO_URL)
    with pytest.raises(ProviderUnreadable):
        provider.status("r1")


def test_a_host_without_an_address_proves_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    provider = SegmindProvider(Keys("k"), api_url="https://api.example", history_url="https://api.example")
    with pytest.raises(ProviderBusy):
        provider.submit(REQUEST, VIDEO_URL)
