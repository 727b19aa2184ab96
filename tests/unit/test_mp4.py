"""A result is a whole MP4 or it is refused, however the network cut it into pieces."""

from __future__ import annotations

import functools
import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dropcut.mp4 import BoxWalker
from localcloud.clips import make_clip

TOO_EARLY, NOT_MP4, DAMAGED = "it ends too early", "it is not an MP4 file", "its box structure is damaged"


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return (8 + len(payload)).to_bytes(4, "big") + kind + payload


def long_box(kind: bytes, payload: bytes = b"") -> bytes:
    return (1).to_bytes(4, "big") + kind + (16 + len(payload)).to_bytes(8, "big") + payload


FTYP, MOOV, MDAT = box(b"ftyp", b"isom"), box(b"moov", b"m" * 20), box(b"mdat", b"d" * 40)
WHOLE = {
    "faststart": FTYP + MOOV + MDAT,
    "moov at the end": FTYP + box(b"free") + MDAT + MOOV,
    "fragmented": FTYP + MOOV + (box(b"moof", b"f" * 8) + MDAT) * 3 + box(b"mfra"),
    "64-bit sizes": FTYP + MOOV + long_box(b"mdat", b"d" * 40),
    "last box open-ended": FTYP + MOOV + bytes(4) + b"mdat" + b"d" * 40,
    "empty mdat": FTYP + MOOV + box(b"mdat"),
}
BROKEN = {
    "nothing": (b"", NOT_MP4),
    "HTML": (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", NOT_MP4),
    "JSON": (b'{"error": "Request not found"}', NOT_MP4),
    "zeros": (bytes(100), NOT_MP4),
    "a few bytes": (b"\x00\x00", NOT_MP4),
    "only a beginning": (FTYP, "it has no moov and no mdat box"),
    "no moov": (FTYP + MDAT, "it has no moov box"),
    "no mdat": (FTYP + MOOV, "it has no mdat box"),
    "bytes after the end": (FTYP + MOOV + MDAT + b"abc", TOO_EARLY),
    "a box smaller than its header": (FTYP + MOOV + b"\x00\x00\x00\x07mdat", DAMAGED),
    "a long box smaller than its header": (FTYP + MOOV + b"\x00\x00\x00\x01mdat" + bytes(7) + b"\x0f", DAMAGED),
    "ftyp in the second place": (MOOV + FTYP + MDAT, NOT_MP4),
    "two videos in one": (WHOLE["faststart"] * 2, "it is more than one video in one body"),
    "a second index": (FTYP + MOOV + MDAT + MOOV, "it is more than one video in one body"),
    "a size beyond the file": (FTYP + MOOV + b"\x7f\xff\xff\xffmdat" + b"d" * 100, TOO_EARLY),
}


def verdict(*chunks: bytes) -> str | None:
    walker = BoxWalker()
    for chunk in chunks:
        walker.feed(chunk)
    return walker.verdict()


@functools.cache
def real_clip() -> bytes:
    return make_clip(seconds=3, width=720, height=720).read_bytes()


@pytest.mark.parametrize("name", WHOLE)
def test_every_layout_of_a_whole_file_is_taken(name: str) -> None:
    assert verdict(WHOLE[name]) is None


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_whole_file_is_refused_in_words(name: str) -> None:
    body, reason = BROKEN[name]
    assert verdict(body) == reason


def test_a_real_clip_is_whole() -> None:
    assert verdict(real_clip()) is None


def test_every_truncation_of_a_real_clip_is_caught() -> None:
    """All its beginnings, by looking at the verdict after each byte."""
    body, walker = real_clip(), BoxWalker()
    passed = []
    for length in range(len(body)):
        if walker.verdict() is None:
            passed.append(length)
        walker.feed(body[length : length + 1])
    assert passed == []
    assert walker.verdict() is None


@pytest.mark.parametrize(
    "name", [name for name in WHOLE if name not in ("fragmented", "last box open-ended", "empty mdat")]
)
def test_every_truncation_of_a_layout_is_caught(name: str) -> None:
    body = WHOLE[name]
    assert [length for length in range(len(body)) if verdict(body[:length]) is None] == []


@given(
    st.sampled_from([*WHOLE.values(), *(body for body, _ in BROKEN.values())]),
    st.lists(st.integers(0, 200), max_size=9),
)
def test_any_chunking_gives_the_same_verdict(body: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    chunks = [body[start:stop] for start, stop in itertools.pairwise(edges)]
    assert b"".join(chunks) == body
    assert verdict(*chunks) == verdict(body)


@given(st.binary(max_size=300))
def test_noise_is_never_taken_for_a_video(noise: bytes) -> None:
    assert verdict(noise) is not None


@given(st.data())
def test_a_real_clip_with_a_hole_in_it_is_caught(data: st.DataObject) -> None:
    """A part of the body lost in the middle, as by a proxy that forgets."""
    body = real_clip()
    start = data.draw(st.integers(0, len(body) - 1))
    length = data.draw(st.integers(1, len(body) - start))
    assume(length != 8)  # a box can take in the next one's padding, which is a box of eight bytes
    assert verdict(body[:start] + body[start + length :]) is not None


def test_a_walk_remembers_only_what_it_is_asked_for() -> None:
    walker = BoxWalker()
    for number in range(1000):
        walker.feed(box(b"ftyp" if not number else f"{number:04d}".encode()))
    assert len(vars(walker)["_boxes"]) <= 3


@pytest.mark.parametrize(
    ("body", "cut_off"),
    [
        *((whole, False) for whole in WHOLE.values()),
        *((WHOLE[name][:-1], True) for name in ("faststart", "moov at the end", "64-bit sizes")),
        (FTYP + MOOV[:12], True),
        (FTYP + MOOV + MDAT + b"\x00\x00\xff\xffjunk of a camera", False),
        (MOOV + MDAT[:-1], False),  # old QuickTime, without ftyp: not judged
        (b"", False),
    ],
)
def test_a_clip_that_was_half_uploaded_is_told_from_one_with_something_odd_at_its_end(
    body: bytes, cut_off: bool
) -> None:
    walker = BoxWalker()
    walker.feed(body)
    assert walker.is_cut_off is cut_off


@pytest.mark.parametrize(
    ("body", "cut_off"),
    [
        (WHOLE["faststart"], False),
        (WHOLE["faststart"][:-1], True),
        (WHOLE["moov at the end"][:-1], True),
        (WHOLE["last box open-ended"][:-1], False),
        (FTYP + MOOV, False),
        (MOOV + MDAT, False),
        (FTYP + MOOV + MDAT + box(b"free", b"x" * 8)[:-1], False),
        (b"", False),
    ],
)
def test_a_clip_is_cut_off_where_its_picture_or_index_ends_too_early(body: bytes, cut_off: bool) -> None:
    walker = BoxWalker()
    walker.feed(body)
    assert walker.is_cut_off is cut_off
