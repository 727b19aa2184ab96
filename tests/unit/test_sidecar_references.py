"""References to images and elements: what may be referred to, and from where it may come."""

from __future__ import annotations

from typing import Any

import pytest

from dropcut.intake.problem import Problem
from dropcut.intake.sidecar import Sidecar, read_sidecar, unused_references
from tests.fakes.examples import a_sidecar

IMAGE = "https://pictures.example/cat.png"


def sidecar(**fields: Any) -> Sidecar:
    found, wrong = read_sidecar(a_sidecar(**fields))
    assert found, wrong
    return found


def problems(**fields: Any) -> list[Problem]:
    found, wrong = read_sidecar(a_sidecar(**fields))
    assert found is None, "it was taken"
    assert all(problem.problem and problem.fix for problem in wrong)
    return wrong


def problem(**fields: Any) -> Problem:
    (only,) = problems(**fields)
    return only


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("@Image2 too", "@Image2"),
        ("@Image0", "@Image0"),
        ("@Element1", "@Element1"),
        ("@Image999999999", "@Image999999"),
    ],
)
def test_a_reference_that_is_not_there_is_named(prompt: str, named: str) -> None:
    found = problem(prompt=prompt, image_urls=[IMAGE])
    assert (found.field, found.value) == ("/prompt", named)


def test_a_reference_named_twice_is_one_problem() -> None:
    assert len(problems(prompt="@Image2 and @Image2")) == 1


def test_four_images_and_elements_are_the_most() -> None:
    element = {"frontal_image_url": IMAGE}
    assert len(sidecar(image_urls=[IMAGE] * 2, elements=[element] * 2).elements) == 2
    found = problem(image_urls=[IMAGE] * 3, elements=[element] * 2)
    assert (found.field, found.value) == ("/image_urls", "3 images and 2 elements")


def test_an_element_is_checked_as_strictly_as_the_rest() -> None:
    found = problems(elements=[{"reference_image_urls": [IMAGE] * 4}, {"frontal_image_url": "cat.png", "weight": 1}])
    assert {one.field for one in found} == {
        "/elements/0/frontal_image_url",
        "/elements/0/reference_image_urls",
        "/elements/1/frontal_image_url",
        "/elements/1/weight",
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example/cat.png",
        "ftp://pictures.example/cat.png",
        "s3://bucket/cat.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "cat.png",
        "",
        "https://",
        "https:///cat.png",
        "https://localhost/cat.png",
        "https://[::1]/cat.png",
        "https://[::1/cat.png",
        "https://pictures.example:99999/cat.png",
        "https://me:secret@pictures.example/cat.png",
        "https://pictures.example/my cat.png",
        "https://pictures.example/cat\n.png",
        "https://pictures.example\\@evil.example/cat.png",
        "https://pictures.example/" + "c" * 2048,
        "https://bücher.example/cat.png",
    ],
)
def test_a_reference_must_be_a_plain_https_address(url: str) -> None:
    assert problem(image_urls=[url]).field == "/image_urls/0"


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Signature=topsecret",
        "x-amz-algorithm=AWS4&X-Amz-Credential=topsecret",
        "AWSAccessKeyId=A&Expires=1&Signature=topsecret",
        "X-Goog-Signature=topsecret",
        "sv=2024&sig=topsecret",
    ],
)
def test_a_signed_address_is_refused_and_its_signature_never_shown(query: str) -> None:
    found = problem(image_urls=[f"https://bucket.s3.amazonaws.com/cat.png?{query}"])
    assert "signed" in found.problem
    assert "topsecret" not in str(found)


def test_an_address_with_a_plain_query_is_taken() -> None:
    assert sidecar(image_urls=[IMAGE + "?size=large"]).image_urls == [IMAGE + "?size=large"]


def test_references_that_the_prompt_never_names_are_warned_about() -> None:
    request = sidecar(prompt="like @Image1", image_urls=[IMAGE] * 2, elements=[{"frontal_image_url": IMAGE}]).request(4)
    assert unused_references(request) == [
        "@Image2 is given but the prompt never names it",
        "@Element1 is given but the prompt never names it",
    ]
