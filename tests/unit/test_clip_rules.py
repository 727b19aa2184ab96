"""The provider's limits, judged before anything is spent."""

from __future__ import annotations

from typing import Any

import pytest

from dropcut.intake.clip_rules import clip_problems, size_problems, warnings_about
from tests.fakes.examples import a_clip, an_edit


@pytest.mark.parametrize(
    "facts",
    [
        {"width": 720, "height": 720},
        {"width": 2160, "height": 2160},
        {"width": 1080, "height": 1920},
        {"seconds": 3.0},
        {"seconds": 10.05},
        {"fps": 23.976},
        {"fps": 60.0},
        {"fps": 0.0},
        {"has_audio": False},
    ],
)
def test_a_clip_within_the_limits_is_taken(facts: dict[str, Any]) -> None:
    assert clip_problems(a_clip(**facts), 10) == []


@pytest.mark.parametrize(
    ("facts", "shown", "what"),
    [
        ({"width": 719}, "719x720", "is out of bounds: both sides must be 720 to 2160 pixels"),
        ({"height": 719}, "1280x719", "is out of bounds: both sides must be 720 to 2160 pixels"),
        ({"width": 3840, "height": 2160}, "3840x2160", "is out of bounds: both sides must be 720 to 2160 pixels"),
        ({"seconds": 2.999}, "2.999 s", "is shorter than 3 s"),
        ({"seconds": 10.06}, "10.06 s", "is longer than 10 s"),
        ({"fps": 15.0}, "15 fps", "must have 24 to 60 frames a second"),
        ({"fps": 120.0}, "120 fps", "must have 24 to 60 frames a second"),
    ],
)
def test_a_clip_outside_a_limit_is_refused_with_the_limit(facts: dict[str, Any], shown: str, what: str) -> None:
    (found,) = clip_problems(a_clip(**facts), 10)
    assert (found.field, found.value, found.problem) == ("clip", shown, what)
    assert found.fix


def test_every_problem_of_a_clip_is_told_at_once() -> None:
    assert len(clip_problems(a_clip(width=100, seconds=99.0, fps=5.0), 10)) == 3


def test_the_ceiling_is_a_parameter() -> None:
    assert clip_problems(a_clip(seconds=15.0), 15) == []
    assert clip_problems(a_clip(seconds=4.0), 3)


@pytest.mark.parametrize(("size", "what"), [(0, "is empty"), (200_000_001, "is larger than 200 MB")])
def test_a_size_is_refused_before_a_byte_is_read(size: int, what: str) -> None:
    (found,) = size_problems(size)
    assert found.problem == what


@pytest.mark.parametrize("size", [1, 200_000_000])
def test_sizes_up_to_200_mb_are_read(size: int) -> None:
    assert size_problems(size) == []


@pytest.mark.parametrize(
    ("clip", "request_changes", "warning"),
    [
        ({"has_audio": False}, {"keep_audio": True}, "keep_audio is true but the clip has no sound"),
        ({"seconds": 8.0}, {"duration": "5"}, "duration is 5 but the clip lasts 8 s"),
        ({"fps": 23.976}, {}, "the clip has 23.976 frames a second"),
        ({"longest_seconds": 4.6}, {}, "the picture lasts 4 s by its headers, but something in the clip lasts 4.6 s"),
        ({"interlaced": True}, {}, "the clip is interlaced"),
        ({"pixel_aspect_ratio": 1.333}, {}, "the clip's pixels are not square (1.333 to 1)"),
    ],
)
def test_what_may_not_be_as_meant_is_warned_about(
    clip: dict[str, Any], request_changes: dict[str, Any], warning: str
) -> None:
    (found,) = warnings_about(a_clip(**clip), {**an_edit().request, **request_changes})
    assert found.startswith(warning)


def test_facts_that_an_earlier_release_lacked_cause_no_warning() -> None:
    unknown = a_clip(longest_seconds=None, interlaced=None, pixel_aspect_ratio=None, rotation=None)
    assert warnings_about(unknown, an_edit().request) == []
    assert unknown.longest == unknown.seconds


def test_the_ceiling_is_held_by_the_longest_length() -> None:
    (found,) = clip_problems(a_clip(seconds=3.0, longest_seconds=15.0), 10)
    assert (found.value, found.problem) == ("15.0 s", "is longer than 10 s")


def test_an_ordinary_clip_brings_no_warning() -> None:
    assert warnings_about(a_clip(), {**an_edit().request, "keep_audio": True}) == []
