"""Names of drops and edits, and keys of what lands in the outbox, for keys of every kind that S3 allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.domain.identity import drop_id, edit_id, mark
from dropcut.domain.keys import CLIP_SUFFIXES, MAX_KEY_BYTES, is_clip, is_sidecar, outbox_keys, split

ODD_KEYS = [
    "beach.mp4",
    "a trip/my beach.mp4",
    "trip/50%+1 more.mp4",
    "trip/%2Fbeach%20.mp4",
    "旅行/海辺 🏖.mp4",
    "trip/line\nbreak.mp4",
    "trip//beach.mp4",
    "/beach.mp4",
    "../beach.mp4",
    "x" * 896 + ".mp4",
    "f" * 500 + "/" + "x" * 519 + ".mp4",
    "f" * 1010 + "/" + "x" * 9 + ".mp4",
    "é" * 510 + ".mp4",
    "é/" * 339 + "é.mp4",
]

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400).filter(
    lambda key: len(key.encode()) <= MAX_KEY_BYTES - 4
)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_of_any_kind_is_a_clip_by_its_suffix(key: str) -> None:
    assert len(key.encode()) <= MAX_KEY_BYTES, "the example must be a key that S3 allows"
    assert is_clip(key)
    assert not is_sidecar(key)
    assert is_sidecar(key + ".json")


@given(keys)
def test_a_key_is_split_without_losing_a_character(key: str) -> None:
    folder, stem, suffix = split(key)
    assert folder + stem + suffix == key
    assert folder == "" or folder.endswith("/")
    assert "/" not in stem + suffix


@pytest.mark.parametrize("suffix", [".mp4", ".MP4", ".Mov", ".mov"])
def test_the_suffix_of_a_clip_knows_no_case(suffix: str) -> None:
    assert is_clip("trip/beach" + suffix)


@pytest.mark.parametrize(
    "key", ["trip/", "", "trip/.mp4", "beach.avi", "beach.mp4.bak", "mp4", "trip/_beach.mp4", "beach.mp4/"]
)
def test_folders_foreign_suffixes_and_nameless_files_are_no_clips(key: str) -> None:
    assert not is_clip(key)


@pytest.mark.parametrize(
    "key",
    [
        "trip/beach.manifest.json",
        "trip/beach.error.json",
        "trip/beach.STATUS.JSON",
        "trip/_defaults.json",
        "trip/.json",
        "trip/beach.jsonl",
        "trip/beach.txt",
        "trip/",
        "json",
    ],
)
def test_our_own_documents_and_foreign_files_are_no_sidecars(key: str) -> None:
    assert not is_sidecar(key)


def test_a_drop_has_one_name_however_often_it_is_announced() -> None:
    name = drop_id("inbox", "beach.mp4", "c1", "beach.json", "s1")
    assert name == drop_id("inbox", "beach.mp4", "c1", "beach.json", "s1")
    assert len(name) <= 80, "Step Functions takes names of 80 characters"
    assert name.isalnum()


def test_a_drop_is_named_by_each_of_its_parts() -> None:
    parts = {
        "bucket": "inbox",
        "clip_key": "b.mp4",
        "clip_version": "c",
        "sidecar_key": "b.json",
        "sidecar_version": "s",
    }
    others = [drop_id(**{**parts, name: value + "x"}) for name, value in parts.items()]
    assert len({drop_id(**parts), *others}) == 6


def test_parts_that_run_together_are_told_apart() -> None:
    assert drop_id("in", "boxbeach.mp4", "c", "s", "1") != drop_id("inbox", "beach.mp4", "c", "s", "1")
    assert drop_id("inbox", "a", '1","b', "c", "d") != drop_id("inbox", "a", "1", "b", "c")


def test_an_edit_is_named_by_place_bytes_request_and_rerun() -> None:
    request = {"prompt": "noir", "mode": "std"}
    same = edit_id("inbox", "beach.mp4", "aa", request, 0)
    assert same == edit_id("inbox", "beach.mp4", "aa", dict(reversed(request.items())), 0)
    others = [
        edit_id("other", "beach.mp4", "aa", request, 0),
        edit_id("inbox", "beach2.mp4", "aa", request, 0),
        edit_id("inbox", "beach.mp4", "ab", request, 0),
        edit_id("inbox", "beach.mp4", "aa", {**request, "mode": "pro"}, 0),
        edit_id("inbox", "beach.mp4", "aa", request, 1),
    ]
    assert len({same, *others}) == 6


def test_ids_of_today_are_the_ids_of_every_later_release() -> None:
    """A changed id would buy every edit once more; whoever changes the recipe must know it."""
    assert drop_id("inbox", "beach.mp4", "c1", "beach.json", "s1").startswith("08c63eaa")
    assert edit_id("inbox", "beach.mp4", "aa", {"prompt": "noir"}, 0).startswith("0a70bed3")


@pytest.mark.parametrize("prompt", ["é", "旅行", "\ud800", "\x00", "a\nb", "'\""])
def test_any_prompt_can_be_part_of_an_id(prompt: str) -> None:
    assert len(edit_id("inbox", "beach.mp4", "aa", {"prompt": prompt}, 0)) == 64


def test_the_mark_of_one_attempt_is_no_part_of_anothers() -> None:
    ours, path = mark("e1", 1, ""), "/workroom/" + mark("e1", 11, ".MOV")
    assert path.endswith("e1/11/clip.mov")
    assert ours not in path
    assert ours in "/workroom/" + mark("e1", 1)


def test_outputs_lie_beside_each_other_under_the_clips_own_name() -> None:
    assert outbox_keys("trip/beach.mov") == (
        "trip/beach.mp4",
        "trip/beach.manifest.json",
        "trip/beach.error.json",
    )
    assert outbox_keys("trip/beach.mov", "0123abcd").video == "trip/beach.0123abcd.mp4"
    assert outbox_keys("beach.MP4").video == "beach.mp4"


@pytest.mark.parametrize("distinct", ["", "0123abcd", "0123456789abcdef"])
@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_output_key_is_never_longer_than_s3_allows(key: str, distinct: str) -> None:
    found = outbox_keys(key, distinct)
    assert max(len(name.encode()) for name in found) <= MAX_KEY_BYTES
    assert len(set(found)) == 3
    assert found.video.endswith(".mp4")


@given(keys, st.sampled_from(CLIP_SUFFIXES))
def test_no_clip_key_makes_an_output_key_too_long(key: str, suffix: str) -> None:
    assert max(len(name.encode()) for name in outbox_keys(key + suffix)) <= MAX_KEY_BYTES


def test_two_long_names_that_differ_at_their_end_keep_two_outputs() -> None:
    one, other = "x" * 1019 + "a.mp4", "x" * 1019 + "b.mp4"
    assert outbox_keys(one) != outbox_keys(other)
    folder = "f" * 1011 + "/"
    assert outbox_keys(folder + "aaaa.mp4") != outbox_keys(folder + "aaab.mp4")


def test_a_long_name_keeps_its_folder_and_its_beginning() -> None:
    video = outbox_keys("trip/" + "x" * 1015 + ".mp4").video
    assert video.startswith("trip/" + "x" * 900)
