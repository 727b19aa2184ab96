"""What InspectClip says is read like a stranger's document: facts within bounds, or words, and never an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.domain.model import Clip
from dropcut.intake.inspection import MOST_WORDS, NOT_UNDERSTOOD, read_inspection
from tests.fakes.examples import a_clip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["clip", "problem", "x"]), inner),
    max_leaves=10,
)
FIELDS = list(a_clip().as_json())


def test_facts_are_taken_and_unknown_ones_ignored() -> None:
    assert read_inspection({"clip": a_clip().as_json()}) == a_clip()
    assert read_inspection({"clip": {**a_clip().as_json(), "mood": "calm"}, "release": "9.9"}) == a_clip()


def test_whole_numbers_are_taken_where_json_drops_the_point() -> None:
    whole = {"seconds": 4, "longest_seconds": 4, "fps": 30, "pixel_aspect_ratio": 1}
    assert read_inspection({"clip": {**a_clip().as_json(), **whole}}) == a_clip()


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, "x", "4", [], {}, -1, 1e300, float("nan"), float("inf")], ids=repr)
def test_a_clip_with_an_impossible_fact_cannot_be_read(field: str, value: Any) -> None:
    assert read_inspection({"clip": {**a_clip().as_json(), field: value}}) == NOT_UNDERSTOOD


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_fact_is_a_clip_that_cannot_be_read(field: str) -> None:
    assert read_inspection({"clip": {name: v for name, v in a_clip().as_json().items() if name != field}}) == (
        NOT_UNDERSTOOD
    )


def test_words_are_cut() -> None:
    assert read_inspection({"problem": "is not a video"}) == "is not a video"
    assert len(str(read_inspection({"problem": "x" * 10_000}))) == MOST_WORDS


@given(JSON)
def test_nothing_that_it_could_say_breaks_the_reading(document: Any) -> None:
    found = read_inspection(document)
    assert isinstance(found, Clip) or 0 < len(found) <= MOST_WORDS
