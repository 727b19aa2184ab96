"""Fetching a result: only from where we were told to, never with the key, and never more or less than was promised."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from dropcut.adapters import downloads as module
from dropcut.adapters.downloads import WebResults
from dropcut.domain.errors import DeliveryFailed, ResultHostUnknown
from dropcut.intake.mp4 import BoxWalker
from localcloud.simulator import Simulator, start_simulator
from localcloud.simulator.catalogue import KINDS
from tests.contract.customers import REQUEST, client, ended
from tests.contract.web import Answer, Scripted
from tests.fakes.provider import FakeResults
from tests.fakes.worlds import VIDEO

HOST, ORIGIN, PATH = "images.segmind.com", "http://127.0.0.1:9000", "/generations/a.mp4"


def fetch(url: str, *allowed: str) -> bytes:
    with WebResults(list(allowed)).open(url) as chunks:
        return b"".join(chunks)


def test_nothing_is_fetched_from_a_place_that_is_not_ours(server: Scripted) -> None:
    with pytest.raises(ResultHostUnknown):
        fetch(server.url + PATH, HOST, "http://127.0.0.1:1")
    assert server.asked == []


def test_a_body_arrives_unchanged_without_sending_a_key_or_cookie(server: Scripted) -> None:
    server.answers = [Answer(body=VIDEO * 1000, headers={"content-type": "video/mp4", "set-cookie": "a=b"})]
    assert fetch(server.url + PATH, server.url) == VIDEO * 1000
    fetch(server.url + PATH, server.url)
    for _, headers, _ in server.asked:
        assert not headers.keys() & {"x-api-key", "authorization", "cookie"}


@pytest.mark.usefixtures("netrc_and_proxy")
def test_the_netrc_and_proxies_of_the_machine_are_not_used(server: Scripted) -> None:
    server.answers = [Answer(body=VIDEO)]
    assert fetch(server.url + PATH, server.url) == VIDEO
    assert "authorization" not in server.asked[0][1]


@pytest.mark.parametrize(
    "status", [204, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410, 429, 500, 502, 503, 504]
)
def test_whatever_is_not_200_is_a_failed_delivery(server: Scripted, status: int) -> None:
    server.answers = [Answer(status=status, body=VIDEO, headers={"location": server.url + "/elsewhere"})]
    with pytest.raises(DeliveryFailed):
        fetch(server.url + PATH, server.url)
    assert len(server.asked) == 1, "a redirect is not followed, not even to ourselves"


@pytest.mark.parametrize(
    "kind", ["text/html", "text/html; charset=utf-8", "application/json", "image/png", "TEXT/PLAIN"]
)
def test_what_says_that_it_is_no_video_is_a_failed_delivery(server: Scripted, kind: str) -> None:
    server.answers = [Answer(body=VIDEO, headers={"content-type": kind})]
    with pytest.raises(DeliveryFailed):
        fetch(server.url + PATH, server.url)


@pytest.mark.parametrize("kind", ["video/mp4", "application/octet-stream", "binary/octet-stream", ""])
def test_what_may_be_a_video_is_read(server: Scripted, kind: str) -> None:
    server.answers = [Answer(body=VIDEO, headers={"content-type": kind} if kind else {})]
    assert fetch(server.url + PATH, server.url) == VIDEO


@pytest.mark.parametrize("cut", [1, len(VIDEO) // 2, len(VIDEO)])
def test_a_body_shorter_than_it_said_is_a_failed_delivery(server: Scripted, cut: int) -> None:
    server.answers = [Answer(body=VIDEO, cut=cut)]
    with pytest.raises(DeliveryFailed):
        fetch(server.url + PATH, server.url)


def test_a_body_without_a_length_is_read_to_its_end(server: Scripted) -> None:
    server.answers = [Answer(body=VIDEO, declares_length=False)]
    assert fetch(server.url + PATH, server.url) == VIDEO


def test_a_compressed_body_is_unpacked(server: Scripted) -> None:
    server.answers = [Answer(body=gzip.compress(VIDEO), headers={"content-encoding": "gzip"})]
    assert fetch(server.url + PATH, server.url) == VIDEO


def test_a_body_without_end_is_stopped(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    server.answers = [Answer(body=VIDEO, declares_length=False)]
    with pytest.raises(DeliveryFailed):
        fetch(server.url + PATH, server.url)


def test_a_place_that_cannot_be_reached_is_a_failed_delivery() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(DeliveryFailed):
        fetch(closed + PATH, closed)


def test_an_error_of_whoever_reads_is_passed_on_as_it_is(server: Scripted) -> None:
    server.answers = [Answer(body=VIDEO)]
    with pytest.raises(ZeroDivisionError), WebResults([server.url]).open(server.url + PATH):
        raise ZeroDivisionError


def test_an_error_names_no_address(server: Scripted) -> None:
    server.answers = [Answer(status=404)]
    with pytest.raises(DeliveryFailed) as caught:
        fetch(server.url + "/unguessable.mp4", server.url)
    assert "unguessable" not in str(caught.value)


def test_the_fake_gives_the_same_bytes() -> None:
    with FakeResults(VIDEO).open(ORIGIN) as chunks:
        assert b"".join(chunks) == VIDEO


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, clip_url: str) -> Iterator[tuple[Simulator, str]]:
    """A simulator with one finished generation, and the address of its result."""
    quick: dict[str, Any] = {"queue_seconds": 0.0, "generation_seconds": 0.05, "history_seconds": 0.0}
    with start_simulator(tmp_path_factory.mktemp("simulator"), **quick) as simulator:
        provider = client(simulator)
        request_id = provider.submit(REQUEST, clip_url)
        ended(provider, request_id)
        yield simulator, str(provider.result(request_id).result_url)


WHOLE, NOT_WHOLE, REFUSED = "whole", "not a whole video", "refused"
DOWNLOADS = {
    **dict.fromkeys(("bad_gateway", "unavailable", "gateway_timeout", "server_error", "rate_limited"), REFUSED),
    **dict.fromkeys(("reset", "not_found", "unauthorized", "forbidden", "redirect"), REFUSED),
    **dict.fromkeys(("cut_short", "truncated", "html", "mistyped"), REFUSED),
    **dict.fromkeys(("slow", "slow_drip", "no_range", "overlong", "gzip"), WHOLE),
    **dict.fromkeys(("cut_short_undeclared", "empty", "corrupt", "repeated"), NOT_WHOLE),
}


def test_every_fault_of_a_download_has_its_conclusion() -> None:
    assert set(DOWNLOADS) == set(KINDS["download"])


@pytest.mark.parametrize("fault", DOWNLOADS)
def test_the_transport_or_the_boxes_catch_each_download_fault(finished: tuple[Simulator, str], fault: str) -> None:
    simulator, url = finished
    simulator.inject({"stage": "download", "kind": fault, "seconds": 0.2})
    walker = BoxWalker()
    try:
        with WebResults([simulator.url]).open(url) as chunks:
            for chunk in chunks:
                walker.feed(chunk)
        outcome = NOT_WHOLE if walker.what_is_wrong() else WHOLE
    except DeliveryFailed:
        outcome = REFUSED
    assert outcome == DOWNLOADS[fault]
