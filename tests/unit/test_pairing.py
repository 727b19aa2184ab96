"""Which clip belongs to which sidecar: by names alone, in any order of arrival."""

from __future__ import annotations

import difflib
import itertools
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.domain import keys as s3_keys
from dropcut.domain import pairing
from dropcut.domain.keys import is_clip, is_sidecar
from dropcut.domain.pairing import (
    CLOSELY,
    LONGEST_NAME,
    Pair,
    PairOrHalf,
    in_order,
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
def test_a_clip_has_at_most_one_sidecar_in_its_folder(there: list[str]) -> None:
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


@pytest.mark.parametrize(
    ("sidecar", "video"),
    [*(("beach.json", "beach" + suffix) for suffix in (".webm", ".mkv", ".avi", ".m4v", ".WebM")),
     ("beach.webm.json", "beach.webm")],
)  # fmt: skip
def test_a_video_of_another_format_is_named_before_any_other_file(sidecar: str, video: str) -> None:
    hint = why_waiting(f"trip/{sidecar}", [f"trip/{name}" for name in (sidecar, "beech.mp4", video, "best.mp4")])
    assert hint.startswith(f"{video} ")
    assert "mp4" in hint
    assert "beech" not in hint


def test_a_waiting_clip_is_shown_a_sidecar_before_a_picture() -> None:
    assert nearest_name("beach.mp4", ["beach.mp4", "beach.jpg", "baech.json"]) == "baech.json"
    assert nearest_name("beach.mp4", ["beach.mp4", "beach.jpg"]) == "beach.jpg", "perhaps beach.json.jpg was meant"


def spellings(number: int) -> list[str]:
    """Names of one beginning that differ in the case of their many suffixes."""
    suffixes = ["".join(letters) for letters in itertools.product("mM", "pP", "4")]
    suffixes += ["".join(letters) for letters in itertools.product("mM", "oO", "vV")]
    combined = itertools.islice(itertools.product(suffixes, repeat=4), number)
    return ["z/a.json", *("z/a." + ".".join(combination) for combination in combined)]


def steps(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> int:
    """How often a key is taken apart meanwhile."""
    taken, split = itertools.count(), s3_keys.split

    def counted(key: str) -> s3_keys.Key:
        next(taken)
        return split(key)

    with monkeypatch.context() as patched:
        for module in (s3_keys, pairing):
            patched.setattr(module, "split", counted)
        work()
    return next(taken)


@pytest.mark.parametrize("find", ["pairs", "hint", "all"])
def test_pairing_work_grows_linearly_with_the_number_of_names(find: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(number: int) -> int:
        keys = sorted(spellings(number))
        ways: dict[str, Callable[[], object]] = {
            "pairs": lambda: pairs_of("z/a.json", keys),
            "hint": lambda: why_waiting("z/a.json", keys),
            "all": lambda: list(in_order((key, 0.0) for key in keys)),
        }
        return steps(monkeypatch, ways[find])

    assert work(1_000) <= 2.5 * work(500)


def test_few_and_short_names_are_compared_letter_by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shuffled letters are what a comparison takes longest for."""
    shuffled = random.Random(1)
    long, short = ("ab" * 100)[:199], "ab" * 30
    compared = set[tuple[str, str]]()
    ratio = difflib.SequenceMatcher.ratio

    def counted(self: difflib.SequenceMatcher[str]) -> float:
        compared.add((str(vars(self)["a"]), str(vars(self)["b"])))
        return ratio(self)

    monkeypatch.setattr(difflib.SequenceMatcher, "ratio", counted)
    for letters in (long, short):
        names = ["".join(shuffled.sample(letters, len(letters))) for _ in range(501)]
        why_waiting(f"x/{names[0]}.json", [f"x/{name}.mp4" for name in names[1:]])
    assert 0 < len(compared) <= CLOSELY
    assert max(len(name) for names in compared for name in names) <= LONGEST_NAME


def test_a_typo_is_found_among_thousands_of_names() -> None:
    others = [f"trip/GX{number:06d}.mp4" for number in range(4_000)]
    assert nearest_name("trip/beach_final.json", [*others, "trip/baech_final.mp4"]) == "trip/baech_final.mp4"


def found_by_looking(there: list[str]) -> set[PairOrHalf]:
    pairs = {pair for clip in filter(is_clip, there) for pair in pairs_of(clip, there)}
    alone = {key for key in there if is_clip(key) or is_sidecar(key)} - {key for pair in pairs for key in pair}
    return {PairOrHalf(*pair, 0.0) for pair in pairs} | {PairOrHalf(key, None, 0.0) for key in alone}


PARTS = st.lists(st.sampled_from(["a", "b", ".", "/", ".mp4", ".MOV", ".json", ".JSON", "_"]), min_size=1, max_size=6)


@given(st.lists(st.one_of(keys, PARTS.map("".join)), unique=True, max_size=12))
def test_reading_names_in_order_finds_every_pair_and_half(there: list[str]) -> None:
    """The last announcement of each: `in_order` never sees all names at once."""
    nameless = {PairOrHalf(key, None, 0.0) for key in there if s3_keys.is_nameless(key)}
    assert set(in_order((key, 0.0) for key in sorted(there))) == found_by_looking(there) | nameless


def test_a_pair_is_as_new_as_its_later_half() -> None:
    listing = [("a.json", 5.0), ("a.mp4", 3.0), ("b.mp4", 7.0), ("b.mp4.json", 8.0)]
    assert list(in_order(listing)) == [PairOrHalf("a.mp4", "a.json", 5.0), PairOrHalf("b.mp4", "b.mp4.json", 8.0)]


def test_a_listing_is_kept_for_no_longer_than_names_begin_alike() -> None:
    """So that an inbox of any size takes the same memory."""
    fed = list[str]()

    def feed() -> Iterator[tuple[str, float]]:
        for number in range(2_000):
            for name in (f"z/a.{number:05d}.json", f"z/a.{number:05d}.mp4"):
                fed.append(name)
                yield name, 0.0

    for number, found in enumerate(in_order(feed())):
        assert found.key == f"z/a.{number:05d}.mp4"
        assert len(fed) <= 2 * number + 3
