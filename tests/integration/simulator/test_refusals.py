"""What a submission is refused for, in the provider's order, and what only fails later."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from localcloud.clips import make_clip

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

SLUG = "kling-o3-video2video-edit"


def raw(customer: Customer, body: bytes, headers: dict[str, str | None], slug: str = SLUG) -> tuple[int, Any]:
    sent = {"x-api-key": customer.simulator.api_key, "content-type": "application/json"} | headers
    given = {name: value for name, value in sent.items() if value is not None}
    response = requests.post(f"{customer.simulator.url}/v2/{slug}", data=body, headers=given, timeout=10)
    return response.status_code, response.json()


def test_the_key_is_checked_first(customer: Customer) -> None:
    nonsense = b"{"
    assert raw(customer, nonsense, {"x-api-key": None, "content-type": "text/plain"}, "unknown") == (
        401,
        {"error": "Missing Authorization or x-api-key in header"},
    )
    wrong = (401, {"error": "Unauthorized. API key is invalid or may have expired..."})
    assert raw(customer, nonsense, {"x-api-key": "SG_ffffffffffffffff"}) == wrong
    assert (
        raw(customer, nonsense, {"x-api-key": None, "authorization": f"Bearer {customer.simulator.api_key}"}) == wrong
    )


def test_then_content_type_then_json_then_the_model(customer: Customer) -> None:
    assert raw(customer, b"{", {"content-type": "text/plain"}, "unknown") == (406, {"error": "Invalid content type"})
    assert raw(customer, b"{", {"content-type": None}, "unknown") == (406, {"error": "Invalid content type"})
    assert raw(customer, b"{", {}, "unknown")[0] == 400
    assert raw(customer, b"[]", {}, "unknown")[0] == 400
    assert raw(customer, b"{}", {}, "unknown")[0] == 404
    assert raw(customer, b"{}", {}, "kling-o1-video-to-video-edit")[0] == 410


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b'"\\ud800"', b'"\\uDC00 x"', b'"\xff"'])
def test_what_only_looks_like_json_is_refused(customer: Customer, value: bytes) -> None:
    assert raw(customer, b'{"prompt": ' + value + b"}", {})[0] == 400
    assert raw(customer, b'{"prompt": "\\ud83c\\udf19", "mode": "ultra"}', {})[0] == 406, "a whole pair is a character"


def test_a_body_may_come_in_chunks(customer: Customer) -> None:
    text = json.dumps(customer.body()).encode()
    url, headers = f"{customer.simulator.url}/v2/{SLUG}", customer.headers | {"content-type": "application/json"}
    response = requests.post(url, data=iter([text[:9], text[9:]]), headers=headers, timeout=10)
    assert response.status_code == 200, response.text
    assert customer.wait(response.json()["request_id"])["status"] == "COMPLETED"
    customer.simulator.settings(max_body_bytes=100)
    response = requests.post(url, data=iter([text[:9], text[9:]]), headers=headers, timeout=10)
    assert (response.status_code, list(response.json())) == (413, ["error"])


@pytest.mark.parametrize(
    "body", [b"x\r\n", b"2\r\n{}\n\r\n0\r\n\r\n", b"-2\r\n{}\r\n"], ids=["no number", "too long", "negative"]
)
def test_chunks_that_are_none_are_refused(customer: Customer, body: bytes) -> None:
    host, _, port = customer.simulator.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"POST /v2/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + body)
        heard = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert list(json.loads(heard.partition(b"\r\n\r\n")[2])) == ["error"]


def test_a_submission_may_be_a_form(customer: Customer) -> None:
    form = {name: (None, value) for name, value in customer.body(keep_audio="true").items()}
    url = f"{customer.simulator.url}/v2/{SLUG}"
    response = requests.post(url, files=form, headers=customer.headers, timeout=10)
    assert response.status_code == 200, response.text
    assert customer.wait(response.json()["request_id"])["status"] == "COMPLETED"
    refused = requests.post(url, files=form | {"duration": (None, "2")}, headers=customer.headers, timeout=10)
    assert refused.status_code == 406
    assert raw(customer, b"no form", {"content-type": "multipart/form-data"})[0] == 400


@pytest.mark.parametrize("change", [{"mode": "ultra"}, {"aspect_ratio": "4:3"}, {"duration": "2"}, {"duration": 5}])
def test_an_unknown_value_is_refused_at_once_or_later(customer: Customer, change: dict[str, Any]) -> None:
    refused = customer.post(**change)
    assert refused.status_code == 406
    assert next(iter(change)) in refused.json()["error"]
    customer.simulator.settings(enum_check="model")
    assert customer.wait(customer.submit(**change))["status"] == "FAILED"


def test_refused_submissions_are_in_the_record_but_not_accepted(customer: Customer) -> None:
    customer.post(mode="ultra")
    request_id = customer.submit()
    refused, accepted = customer.simulator.requests()
    assert (refused["accepted"], refused["status"], refused["request_id"]) == (False, 406, None)
    assert (accepted["accepted"], accepted["status"], accepted["request_id"]) == (True, 200, request_id)
    assert accepted["video_url"] == customer.clip_url
    assert accepted["headers"]["x-api-key"] == "(redacted)"


FAILURES: list[tuple[dict[str, Any], str]] = [
    ({"prompt": None}, r"^Prompt is required for video generation\.$"),
    ({"prompt": ""}, "Prompt is required"),
    ({"prompt": "x" * 2501}, "2500"),
    ({"prompt": "something forbidden"}, "risk control"),
    ({"image_urls": ["https://a/1.png"] * 3, "elements": [{}, {}]}, "at most 4"),
    ({"video_url": "ftp://host/clip.mp4"}, r"^Reference media rejected: URL must be a valid HTTP or HTTPS URL\.$"),
    ({"video_url": None}, "Reference media rejected"),
    ({"video_url": "data:video/mp4;base64,AAAA"}, "Reference media rejected"),
]


@pytest.mark.parametrize(("change", "text"), FAILURES)
def test_a_request_that_the_model_refuses_fails_unbilled(customer: Customer, change: dict[str, Any], text: str) -> None:
    request_id = customer.submit(**change)
    customer.wait(request_id)
    for path in (f"/v2/requests/{request_id}/status", f"/v2/requests/{request_id}"):
        response = customer.get(path)
        body = response.json()
        assert (response.status_code, body["status"]) == (422, "FAILED")
        assert re.search(text, body["error"])
        assert set(body["metrics"]) == {"inference_time", "queue_time", "total_time"}
    assert customer.simulator.bill()["generations"] == []


def test_an_unreachable_clip_fails_without_its_signature(customer: Customer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can answer on this port
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/clip.mp4"
        done = customer.wait(customer.submit(video_url=f"{url}?sig=topsecret"))
    assert done["error"] == f"Reference media rejected: could not fetch {url} (ConnectionError)."


def test_the_prompt_may_have_2500_characters(customer: Customer) -> None:
    assert customer.wait(customer.submit(prompt="noir" + "x" * 2496))["status"] == "COMPLETED"


CLIPS: list[tuple[str, dict[str, Any], str | None]] = [
    ("short", {"seconds": 2.0}, "at least 3.0s, got 2.00s"),
    ("long", {"seconds": 11.0}, "at most 10.05s, got 11.00s"),
    ("small", {"seconds": 3.0, "width": 640, "height": 480}, "between 720px and 2160px, got 640x480"),
    ("wide", {"seconds": 3.0, "width": 2400, "height": 720}, "got 2400x720"),
    ("slow", {"seconds": 3.0, "fps": 12}, "fps must be between 24 and 60"),
    ("film", {"seconds": 3.003, "fps": 23.976}, None),
    ("square", {"seconds": 3.0, "width": 720, "height": 720}, None),
]


@pytest.mark.parametrize(("name", "clip", "text"), CLIPS, ids=[name for name, _, _ in CLIPS])
def test_the_limits_hold_on_the_real_bytes(
    customer: Customer, shelf: tuple[Path, str], name: str, clip: dict[str, Any], text: str | None
) -> None:
    make_clip(shelf[0] / f"{name}.mp4", **clip)
    done = customer.wait(customer.submit(video_url=f"{shelf[1]}/{name}.mp4"))
    assert (done["status"], text is None or text in done["error"]) == ("FAILED" if text else "COMPLETED", True)


def test_what_is_no_video_or_too_large_or_gone_fails(customer: Customer, shelf: tuple[Path, str]) -> None:
    (shelf[0] / "text.mp4").write_text("this is no video" * 100)
    (shelf[0] / "empty.mp4").write_bytes(b"")
    make_clip(shelf[0] / "cut.mp4", seconds=3)
    whole = (shelf[0] / "cut.mp4").read_bytes()
    (shelf[0] / "cut.mp4").write_bytes(whole[: len(whole) // 8])
    for name in ("text", "empty"):
        done = customer.wait(customer.submit(video_url=f"{shelf[1]}/{name}.mp4"))
        assert "Unsupported video format" in done["error"]
    assert customer.wait(customer.submit(video_url=f"{shelf[1]}/gone.mp4"))["error"].endswith("(HTTP 404).")
    customer.simulator.settings(max_clip_bytes=10_000)
    assert "file size" in customer.wait(customer.submit())["error"]


def test_a_setting_that_does_not_exist_is_refused_in_words(customer: Customer) -> None:
    for name, value in (("speed", 3), ("credits", "many"), ("time_scale", 0), ("billed_by", "moon")):
        response = requests.post(f"{customer.simulator.url}/__sim/settings", data=json.dumps({name: value}), timeout=10)
        assert response.status_code == 400
        assert name in response.json()["error"]
