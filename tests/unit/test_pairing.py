"""Which clip belongs to which sidecar: by names alone, in any order of arrival."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.identity import is_clip, is_sidecar
from dropcut.pairing import (
    Pair,
    nearest_name,
    pairs_of,
    partner_names,
    rivals_of,
    search_prefix,
    sidecar_of,
    why_waiting,
)

FOLDERS = ["", "trip/", "a b+%/", "旅/"]
NAMES = [
    "beach.mp4",
    "beach.MP4",
    "beach.mov",
    "beach.json",
    "beach.JSON",
    "beach.mp4.json",
    "beach.mov.json",
    "beach.MP4.Json",
    "beach.mp4.mp4",
    "beach.v2.mp4",
    "beach.v2.json",
    "beach2.mp4",
    "bea.json",
    ".mp4.mp4",
    ".mp4.json",
    "beach.manifest.json",
    "beach.error.json",
    "_defaults.json",
]
keys = st.builds("".join, st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES)))


def seen_by(key: str, there: list[str]) -> list[Pair]:
    """What an announcement of `key` finds: it lists only what begins with the search prefix."""
    return pairs_of(key, [other for other in there if other.startswith(search_prefix(key))])


@given(st.lists(keys, unique=True, max_size=8))
def test_whichever_half_is_announced_the_same_pairs_are_found(there: list[str]) -> None:
    by_clips = {pair for key in there if is_clip(key) for pair in seen_by(key, there)}
    by_sidecars = {pair for key in there if is_sidecar(key) for pair in seen_by(key, there)}
    assert by_clips == by_sidecars


@given(keys, keys)
def test_any_order_of_two_uploads_finds_the_same_pair(one: str, other: str) -> None:
    orders = [{pair for n, key in enumerate(order) for pair in seen_by(key, list(order[: n + 1]))}
              for order in itertools.permutations({one, other})]  # fmt: skip
    assert all(found == orders[0] for found in orders)


@given(st.lists(keys, unique=True, max_size=8))
def test_a_clip_has_one_sidecar_at_most_and_it_lies_in_its_folder(there: list[str]) -> None:
    for key in filter(is_clip, there):
        found = seen_by(key, there)
        assert len(found) <= 1
        assert all(sidecar.startswith(key.rpartition("/")[0]) for _, sidecar in found)


@pytest.mark.parametrize(
    ("clip", "sidecar"),
    [
        ("beach.mp4", "beach.json"),
        ("beach.mp4", "beach.mp4.json"),
        ("trip/Beach.MOV", "trip/Beach.JSON"),
        ("trip/Beach.MOV", "trip/Beach.MOV.json"),
        ("a b/50%+.mp4", "a b/50%+.json"),
        ("beach.v2.mp4", "beach.v2.json"),
    ],
)
def test_a_sidecar_belongs_to_a_clip_by_its_name(clip: str, sidecar: str) -> None:
    assert seen_by(clip, [clip, sidecar]) == seen_by(sidecar, [sidecar, clip]) == [(clip, sidecar)]


@pytest.mark.parametrize(
    ("clip", "other"),
    [
        ("beach.mp4", "Beach.json"),
        ("beach.mp4", "beach2.json"),
        ("beach.mp4", "trip/beach.json"),
        ("beach.mp4", "beach.mov.json"),
        ("beach.mp4", "beach.manifest.json"),
        ("beach.mp4", "beach.error.json"),
        ("beach.v2.mp4", "beach.json"),
        ("beach.mp4", "beach.v2.json"),
    ],
)
def test_other_names_are_no_partners(clip: str, other: str) -> None:
    assert seen_by(clip, [clip, other]) == []
    assert seen_by(other, [clip, other]) == []


def test_the_whole_file_name_beats_the_stem() -> None:
    there = ["beach.json", "beach.mp4", "beach.mp4.json"]
    assert seen_by("beach.mp4", there) == [("beach.mp4", "beach.mp4.json")]
    assert seen_by("beach.json", there) == []
    assert sidecar_of("beach.mp4", ["beach.json"]) == "beach.json"


def test_a_suffix_as_everybody_writes_it_beats_another_case() -> None:
    assert sidecar_of("beach.mp4", ["beach.JSON", "beach.json"]) == "beach.json"


def test_one_stem_may_serve_two_clips_which_are_then_rivals() -> None:
    there = ["trip/beach.MOV", "trip/beach.json", "trip/beach.mp4", "trip/beach.mp4.json", "beach.mp4"]
    assert rivals_of("trip/beach.mp4", there) == ["trip/beach.MOV"]
    assert rivals_of("trip/beach.MOV", there) == ["trip/beach.mp4"]
    assert rivals_of("beach.mp4", there) == []


def test_clips_whose_names_only_begin_alike_are_no_rivals() -> None:
    assert rivals_of("beach.mp4", ["beach.mp4", "beach.v2.mp4", "beach2.mp4", "beach.mp4.mp4"]) == []


@pytest.mark.parametrize(
    ("key", "there", "nearest"),
    [
        ("trip/beach.mp4", ["trip/beach.mp4", "trip/baech.json", "trip/hotel.json"], "trip/baech.json"),
        ("trip/beach.json", ["trip/beach.json", "trip/Beach.mp4"], "trip/Beach.mp4"),
        ("trip/beach.json", ["trip/beach.json", "trip/beach.avi"], "trip/beach.avi"),
        ("trip/beach.mp4", ["trip/beach.mp4", "elsewhere/baech.json"], None),
        ("trip/beach.mp4", ["trip/beach.mp4", "trip/hotel.json"], None),
        ("beach.mp4", ["beach.mp4"], None),
    ],
)
def test_the_nearest_name_in_the_folder_is_found(key: str, there: list[str], nearest: str | None) -> None:
    assert nearest_name(key, there) == nearest


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("trip/beach.mp4", ["beach.json", "beach.mp4.json"]),
        ("trip/beach.json", ["beach.mp4", "beach.mov"]),
        ("trip/beach.mp4.json", ["beach.mp4"]),
        ("beach.error.mp4", ["beach.error.mp4.json"]),
    ],
)
def test_the_names_that_would_do_are_those_that_pair(key: str, names: list[str]) -> None:
    assert partner_names(key) == names
    folder = key.rpartition("/")[0] + "/" if "/" in key else ""
    assert all(seen_by(key, [key, folder + name]) for name in names)


@pytest.mark.parametrize(
    ("key", "there", "hint"),
    [
        ("trip/beach.mp4", ["trip/baech.json"], "The nearest name in its folder is baech.json: is there a typo?"),
        ("trip/beach.mp4", [], ""),
        ("caf\u00e9.mp4", ["cafe\u0301.json"], "cafe\u0301.json looks the same but is written with other Unicode"),
        ("beach.json", ["beach.mp4", "beach.mp4.json"], "beach.mp4 has the sidecar beach.mp4.json, which comes first."),
        ("beach.json", ["beach.mp4"], "beach.mp4 is an output of Dropcut; upload it without its metadata"),
    ],
)
def test_a_half_that_waits_is_told_what_its_folder_shows(key: str, there: list[str], hint: str) -> None:
    assert why_waiting(key, [key, *there]).startswith(hint)
    assert bool(why_waiting(key, [key, *there])) == bool(hint)
