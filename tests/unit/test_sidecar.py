"""What a person may write into a sidecar, and what every mistake in it is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.intake.problem import Problem
from dropcut.intake.sidecar import MAX_BYTES, Sidecar, read_sidecar
from tests.fakes.examples import PROVIDERS_EXAMPLE, a_sidecar

IMAGE = "https://pictures.example/cat.png"


def sidecar(**fields: Any) -> Sidecar:
    found, problems = read_sidecar(a_sidecar(**fields))
    assert found, problems
    return found


def problems(raw: bytes) -> list[Problem]:
    found, wrong = read_sidecar(raw)
    assert found is None, "it was taken"
    assert wrong, "it was refused without a reason"
    assert all(problem.problem and problem.fix for problem in wrong)
    return wrong


def problem(**fields: Any) -> Problem:
    (only,) = problems(a_sidecar(**fields))
    return only


def test_the_providers_own_example_less_video_url_is_a_sidecar() -> None:
    found, wrong = read_sidecar(json.dumps(PROVIDERS_EXAMPLE).encode())
    assert wrong == []
    assert found
    assert found.request(5.0) == PROVIDERS_EXAMPLE


def test_every_parameter_of_the_provider_is_passed_on() -> None:
    body = {
        **PROVIDERS_EXAMPLE,
        "prompt": "put @Element1 beside @Image1",
        "image_urls": [IMAGE],
        "elements": [{"frontal_image_url": IMAGE, "reference_image_urls": [IMAGE]}],
        "shot_type": "customize",
    }
    assert sidecar(**body).request(5.0) == body


def test_a_prompt_alone_is_enough_and_every_default_is_written_out() -> None:
    expected = {"prompt": "a noir film", "mode": "pro", "duration": "4", "aspect_ratio": "16:9", "keep_audio": False}
    assert sidecar().request(4.2) == expected


@pytest.mark.parametrize(("seconds", "duration"), [(3.0, "3"), (3.49, "3"), (3.5, "4"), (10.04, "10"), (15.4, "15")])
def test_a_duration_left_out_is_the_clips_own(seconds: float, duration: str) -> None:
    assert sidecar().request(seconds)["duration"] == duration
    assert sidecar(duration="7").request(seconds)["duration"] == "7"


def test_rerun_is_not_sent_to_the_provider() -> None:
    assert "rerun" not in sidecar(rerun=2).request(4.0)


def test_a_prompt_may_have_2500_characters_and_no_more() -> None:
    assert len(sidecar(prompt="é" * 2500).prompt) == 2500
    assert problem(prompt="é" * 2501) == ("/prompt", "2501 characters", "is longer than 2500 characters", "shorten it")


@pytest.mark.parametrize(
    ("field", "value", "shown", "what"),
    [
        ("prompt", 3, "3", "must be text"),
        ("prompt", ["a"], '["a"]', "must be text"),
        ("prompt", "", '""', "is empty"),
        ("prompt", " \n\t", '" \\n\\t"', "is blank"),
        ("mode", "ultra", '"ultra"', 'must be "std" or "pro"'),
        ("mode", "STD", '"STD"', 'must be "std" or "pro"'),
        ("duration", "2", '"2"', 'must be "3", "4"'),
        ("duration", "16", '"16"', 'must be "3", "4"'),
        ("duration", True, "true", 'must be "3", "4"'),
        ("aspect_ratio", "4:3", '"4:3"', 'must be "16:9", "9:16" or "1:1"'),
        ("keep_audio", "yes", '"yes"', "must be true or false"),
        ("keep_audio", 1, "1", "must be true or false"),
        ("image_urls", IMAGE, f'"{IMAGE}"', "must be a list"),
        ("elements", {}, "{}", "must be a list"),
        ("shot_type", "intelligent", '"intelligent"', 'must be "customize"'),
        ("rerun", -1, "-1", "must be 0 or more"),
        ("rerun", True, "true", "must be a whole number"),
        ("rerun", 1.5, "1.5", "must be a whole number"),
    ],
)
def test_a_wrong_value_is_named_shown_and_mended(field: str, value: Any, shown: str, what: str) -> None:
    found = problem(**{field: value})
    assert (found.field, found.value) == (f"/{field}", shown)
    assert found.problem.startswith(what)


def test_null_is_a_wrong_value_and_not_a_missing_one() -> None:
    (found,) = problems(b'{"prompt": null}')
    assert (found.field, found.value) == ("/prompt", "null")


def test_a_number_as_duration_is_answered_with_the_right_text() -> None:
    assert problem(duration=5).fix == 'write it as text: "5"'


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [("mode", "STD", "std"), ("mode", " Pro", "pro"), ("duration", "5 ", "5"), ("shot_type", "customise", "customize")],
)
def test_a_nearly_right_value_is_answered_with_the_intended_one(field: str, value: str, meant: str) -> None:
    assert problem(**{field: value}).fix == f'if you mean "{meant}", write that'


@pytest.mark.parametrize(("field", "value"), [("aspect_ratio", "21:9"), ("duration", "16"), ("mode", "turbo")])
def test_a_value_like_no_other_is_not_guessed_at(field: str, value: str) -> None:
    assert problem(**{field: value}).fix.startswith("write one of these values")


@pytest.mark.parametrize("raw", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_sidecar_is_called_empty(raw: bytes) -> None:
    assert problems(raw) == [("", f"{len(raw)} bytes", "is empty", 'write {"prompt": "..."}')]


@pytest.mark.parametrize("character", ["\0", "\x01", "\x0b", "\x1b", "\x7f", "\x85"])
def test_a_prompt_with_a_control_character_is_refused_and_names_it(character: str) -> None:
    found = problem(prompt=f"night{character}fall")
    assert (found.field, found.problem) == ("/prompt", f"has the control character U+{ord(character):04X}")
    assert character not in found.value


@pytest.mark.parametrize(
    "prompt", ["two\nlines", "two\r\nlines", "a\ttab", "a\u2028line", "\u200fright", "\u202e", "🌃"]
)
def test_line_breaks_tabs_and_every_other_character_belong_to_a_prompt(prompt: str) -> None:
    assert sidecar(prompt=prompt).request(4.0)["prompt"] == prompt


def test_a_missing_prompt_is_named() -> None:
    assert problem(prompt=None) == ("/prompt", "", "is missing", 'add "prompt"')


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("promt", "prompt"), ("Mode", "mode"), ("image_url", "image_urls"), ("keepAudio", "keep_audio")],
)
def test_an_unknown_field_is_answered_with_the_nearest_known_one(name: str, suggestion: str) -> None:
    found = problem(**{name: "x"})
    assert (found.field, found.value, found.problem) == (f"/{name}", f'"{name}"', "is not a known field")
    assert found.fix == f'if you mean "{suggestion}", write that'


def test_a_field_like_no_other_is_answered_with_all_of_them() -> None:
    fix = problem(xyzzy=1).fix
    assert all(name in fix for name in Sidecar.model_fields)


def test_video_url_is_answered_with_what_takes_its_place() -> None:
    assert "the clip beside the sidecar" in problem(video_url="https://a.example/b.mp4").fix


@pytest.mark.parametrize("raw", [b"[]", b"null", b"3", b'"a noir film"', b"true"])
def test_json_that_is_no_object_is_answered_with_what_to_write(raw: bytes) -> None:
    (found,) = problems(raw)
    assert found.problem == "is not a JSON object"
    assert found.fix == 'write {"prompt": "..."}'


def test_a_sidecar_over_64_kb_is_not_even_parsed() -> None:
    largest = a_sidecar()[:-1].ljust(MAX_BYTES - 1) + b"}"
    assert read_sidecar(largest)[0]
    (found,) = problems(largest + b" ")
    assert found.problem == "is larger than 64 KB"


@pytest.mark.parametrize(
    "raw", [b"not json", b"\xff", b'{"prompt": NaN}', b'{"prompt": "a", "prompt": "b"}', b"[" * 9999]
)
def test_what_is_not_strict_json_is_a_problem_too(raw: bytes) -> None:
    assert problems(raw)


@pytest.mark.parametrize("raw", [b'{"prompt": "\\ud800"}', b'{"\\ud800": 1, "prompt": "x"}'])
def test_the_refusal_of_half_a_character_can_be_encoded(raw: bytes) -> None:
    str(problems(raw)).encode()


def test_all_problems_are_told_at_once() -> None:
    raw = a_sidecar(
        prompt="@Element2", mode="ultra", duration=5, keep_audio="no", image_urls=["cat.png"] * 5, promt="x"
    )
    fields = [found.field for found in problems(raw)]
    images = [f"/image_urls/{n}" for n in range(5)]
    assert sorted(fields) == sorted(["/prompt", "/mode", "/duration", "/keep_audio", "/promt", "/image_urls", *images])


def test_a_long_value_is_shown_short() -> None:
    assert len(problem(mode="x" * 60_000).value) <= 80


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(Sidecar.model_fields)) | st.text(max_size=6), anything, max_size=6))
def test_any_object_is_taken_or_refused_with_reasons(document: dict[str, Any]) -> None:
    found, wrong = read_sidecar(json.dumps(document).encode())
    assert (found is None) == bool(wrong)
    json.dumps([tuple(one) for one in wrong]).encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused_with_reasons(raw: bytes) -> None:
    found, wrong = read_sidecar(raw)
    assert (found is None) == bool(wrong)
