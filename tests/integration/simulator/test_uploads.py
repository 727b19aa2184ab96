"""Files that a customer uploads as data URLs, and what can be done with them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

PNG = b"\x89PNG\r\n\x1a\nnot really, but nobody looks at it here"


def data_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def upload(customer: Customer, body: Any) -> requests.Response:
    return requests.post(f"{customer.simulator.url}/upload-asset", json=body, headers=customer.headers, timeout=30)


def addresses(customer: Customer, *data_urls: str) -> list[str]:
    return list(upload(customer, {"data_urls": list(data_urls)}).json()["file_urls"])


def test_uploaded_files_are_public_under_unguessable_names(customer: Customer) -> None:
    answer = upload(customer, {"data_urls": [data_url(PNG), data_url(b"sound", "audio/mpeg")]}).json()
    assert set(answer) == {"file_urls", "message"}
    image, sound = answer["file_urls"]
    assert image != addresses(customer, data_url(PNG))[0]
    assert (image[-4:], sound[-4:], len(image.rpartition("/")[2])) == (".png", ".mp3", 52)
    fetched = requests.get(image, timeout=10)
    assert (fetched.status_code, fetched.headers["content-type"], fetched.content) == (200, "image/png", PNG)
    assert requests.get(sound, timeout=10).headers["content-type"] == "audio/mpeg"


def test_assets_answer_ranges_and_head_requests(customer: Customer) -> None:
    (url,) = addresses(customer, data_url(bytes(range(256))))
    head = requests.head(url, timeout=10)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "256", b"")
    part = requests.get(url, headers={"range": "bytes=-6"}, timeout=10)
    assert (part.status_code, part.content) == (206, bytes(range(250, 256)))
    assert requests.get(url, headers={"range": "bytes=256-"}, timeout=10).status_code == 416
    assert requests.get(url + "x", timeout=10).status_code == 404


def test_the_answer_can_have_the_documented_key(customer: Customer) -> None:
    customer.simulator.settings(upload_answer="urls")
    assert list(upload(customer, {"data_urls": [data_url(PNG)]}).json()) == ["urls"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "data_urls"),
        ([], "data_urls"),
        ({"data_urls": []}, "data_urls"),
        ({"data_urls": data_url(PNG)}, "data_urls"),
        ({"data_urls": [7]}, "data_urls[0] is not"),
        ({"data_urls": ["https://example.com/a.png"]}, "data_urls[0] is not"),
        ({"data_urls": ["data:image/png,plain"]}, "data_urls[0] is not"),
        ({"data_urls": ["data:image/png;base64,"]}, "data_urls[0] is empty"),
        ({"data_urls": [data_url(PNG), "data:image/png;base64,%%%%"]}, "data_urls[1] is not valid base64"),
        ({"data_urls": [data_url(b"MZ", "application/x-msdownload")]}, "unsupported type application/x-msdownload"),
    ],
)
def test_an_upload_that_is_no_media_is_refused_in_words(customer: Customer, body: Any, told: str) -> None:
    response = upload(customer, body)
    assert (response.status_code, told in response.json()["error"]) == (400, True)
    assert not list(customer.simulator.log.parent.glob("assets/*"))


def test_an_upload_needs_the_key_and_json(customer: Customer) -> None:
    url, good = f"{customer.simulator.url}/upload-asset", json.dumps({"data_urls": [data_url(PNG)]})
    assert requests.post(url, json={}, timeout=10).status_code == 401
    plain = customer.headers | {"content-type": "text/plain"}
    assert requests.post(url, data=good, headers=plain, timeout=10).status_code == 406
    assert requests.get(url, headers=customer.headers, timeout=10).status_code == 405


def test_a_client_hears_that_its_body_is_too_large(customer: Customer) -> None:
    customer.simulator.settings(max_body_bytes=1000)
    response = upload(customer, {"data_urls": [data_url(bytes(5_000_000))]})
    assert (response.status_code, response.json()) == (413, {"error": "The request body must be at most 1000 bytes"})
    assert upload(customer, {"data_urls": [data_url(PNG)]}).status_code == 200


def test_a_reset_deletes_what_was_uploaded(customer: Customer) -> None:
    (url,) = addresses(customer, data_url(PNG))
    customer.simulator.reset()
    assert requests.get(url, timeout=10).status_code == 404
    assert not list(customer.simulator.log.parent.glob("assets/*"))
