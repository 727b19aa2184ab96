"""Segmind's client against the simulator: what each answer proves, and that a paid request is sent once."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dropcut import provider as module
from dropcut.documents import MODEL
from dropcut.errors import (
    DropcutError,
    InsufficientCredits,
    ProviderBusy,
    ProviderRefused,
    ProviderUnreadable,
    SubmissionUnknown,
)
from dropcut.model import Progress
from dropcut.provider import SegmindProvider
from localcloud.simulator import Simulator, start_simulator
from localcloud.simulator.catalogue import KINDS
from tests.fakes.examples import PROVIDERS_EXAMPLE

REQUEST = {**PROVIDERS_EXAMPLE, "mode": "std", "duration": "3"}
VIDEO_URL = "http://127.0.0.1:9/e1/1/clip.mp4?X-Amz-Signature=topsecret"
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
    "failed": (None, ACCEPTED, 1),
}
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


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_simulator(tmp_path_factory.mktemp("simulator"), queue_seconds=0.0, history_seconds=0.0) as running:
        yield running


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    simulator_process.reset(generation_seconds=60.0)
    return simulator_process


@pytest.fixture(scope="module")
def clip_url(clip: Path) -> Iterator[str]:
    """Where the provider can fetch a good clip, under this attempt's mark."""
    handler = functools.partial(Quiet, directory=str(clip.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{clip.name}?X-Amz-Signature=topsecret"
        server.shutdown()
        thread.join()


class Keys:
    """The API key as SSM would give it; `asked` has the `fresh` of every reading."""

    def __init__(self, *keys: str) -> None:
        self._keys, self.asked = list(keys), []

    asked: list[bool]

    def __call__(self, fresh: bool) -> str:
        self.asked.append(fresh)
        return self._keys[min(self.asked.count(True), len(self._keys) - 1)]


def client(simulator: Simulator, *keys: str) -> SegmindProvider:
    return SegmindProvider(
        Keys(*(keys or (simulator.api_key,))), api_url=simulator.url, history_url=simulator.url + "/"
    )


def ended(provider: SegmindProvider, request_id: str) -> Progress:
    for _ in range(600):
        progress = provider.status(request_id)
        if progress.status in ("COMPLETED", "FAILED"):
            return progress
        time.sleep(0.03)
    raise AssertionError("it never ended")


def test_every_fault_that_the_simulator_can_play_has_its_conclusion() -> None:
    assert set(SUBMISSIONS) == set(KINDS["submit"])
    assert set(POLLS) == set(KINDS["poll"])


@pytest.mark.parametrize("fault", SUBMISSIONS)
def test_each_answer_to_a_submission_is_concluded_and_never_answered_with_another_one(
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


def test_a_provider_that_cannot_be_reached_proves_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    provider = SegmindProvider(Keys("SG_0123456789abcdef"), api_url=closed, history_url=closed)
    with pytest.raises(ProviderBusy):
        provider.submit(REQUEST, VIDEO_URL)
    with pytest.raises(ProviderUnreadable):
        provider.status("r1")


def test_a_provider_without_an_address_proves_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    provider = SegmindProvider(Keys("k"), api_url="https://api.example", history_url="https://api.example")
    with pytest.raises(ProviderBusy):
        provider.submit(REQUEST, VIDEO_URL)


@pytest.mark.parametrize("fault", POLLS)
def test_each_answer_to_a_poll_is_a_status_or_a_reason_to_read_again(
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


@pytest.mark.parametrize("fault", [*KINDS["result"], None])
def test_a_finished_generation_is_told_with_its_cost_and_address(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, clip_url: str, fault: str | None
) -> None:
    simulator.settings(generation_seconds=0.05)
    provider = client(simulator)
    request_id = provider.submit(REQUEST, clip_url)
    progress = ended(provider, request_id)
    assert (progress.status, str(progress.charged_usd)) == ("COMPLETED", "0.945")
    monkeypatch.setattr(module, "READ", 0.5)
    if fault:
        simulator.inject({"stage": "result", "kind": fault, "seconds": 2.0})
    try:
        address = provider.result(request_id).result_url
    except ProviderUnreadable:
        address = None
    assert (address is None) == (fault not in (None, "output_list", "output_object", "unauthorized"))
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


@pytest.mark.parametrize("fault", [None, "body_as_string", "query_stripped", "prompt_cut", "duplicated", "null_cost"])
def test_a_submission_is_found_in_the_history_by_the_path_of_its_video(
    simulator: Simulator, clip_url: str, fault: str | None
) -> None:
    if fault:
        simulator.inject({"stage": "history", "kind": fault})
    provider = client(simulator)
    request_id = provider.submit(REQUEST, clip_url)
    (row,) = provider.search(time.time())
    assert (row.request_id, row.progress.status) == (request_id, "PENDING")
    assert row.video_url_path in clip_url
    assert row.video_url_path.endswith(".mp4")


def test_a_row_that_has_not_landed_is_no_row(simulator: Simulator) -> None:
    simulator.inject({"stage": "history", "kind": "never"})
    provider = client(simulator)
    request_id = provider.submit(REQUEST, VIDEO_URL)
    assert provider.search(time.time()) == []
    assert provider.past(request_id) is None


@pytest.mark.parametrize("fault", ["bad_gateway", "rate_limited", "reset", "truncated", "server_error", "not_found"])
def test_a_history_that_cannot_be_read_is_never_an_empty_one(simulator: Simulator, fault: str) -> None:
    provider = client(simulator)
    provider.submit(REQUEST, VIDEO_URL)
    simulator.inject({"stage": "history", "kind": fault})
    with pytest.raises(ProviderUnreadable):
        provider.search(time.time())
