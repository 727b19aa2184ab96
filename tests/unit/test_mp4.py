"""A result is a whole MP4 or it is refused, however the network cut it into pieces."""

from __future__ import annotations

import functools
import io
import itertools
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dropcut.intake.mp4 import MOST_BOXES, BoxWalker, edit_list_seconds
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
    return walker.what_is_wrong()


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
        if walker.what_is_wrong() is None:
            passed.append(length)
        walker.feed(body[length : length + 1])
    assert passed == []
    assert walker.what_is_wrong() is None


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
def test_only_a_half_uploaded_clip_counts_as_cut_off(body: bytes, cut_off: bool) -> None:
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
def test_only_a_truncated_picture_or_index_means_cut_off(body: bytes, cut_off: bool) -> None:
    walker = BoxWalker()
    walker.feed(body)
    assert walker.is_cut_off is cut_off


COMPRESSED = {
    "at once": FTYP + box(b"moov", box(b"cmov", b"z" * 30)),
    "after other boxes": FTYP + MDAT + box(b"moov", box(b"mvhd", b"m" * 9) + box(b"cmov")),
    "in an index of 64 bits": FTYP + long_box(b"moov", box(b"cmov")),
    "in an index that runs to the end": FTYP + bytes(4) + b"moov" + box(b"cmov"),
    "in a second index": FTYP + MOOV + MDAT + box(b"moov", long_box(b"cmov")),
    "without ftyp": MDAT + box(b"moov", box(b"cmov")),
}


@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_compressed_index_is_noticed_in_any_chunking(name: str, step: int) -> None:
    body, walker = COMPRESSED[name], BoxWalker()
    for start in range(0, len(body), step):
        walker.feed(body[start : start + step])
    assert "cmov" in str(walker.danger())


def test_a_result_with_a_compressed_index_is_a_whole_file() -> None:
    """It was paid, and nobody here opens it."""
    assert verdict(COMPRESSED["after other boxes"]) is None


@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
def test_a_whole_file_is_no_danger(body: bytes) -> None:
    walker = BoxWalker()
    walker.feed(body)
    assert walker.danger() is None


@pytest.mark.parametrize("inside", [False, True], ids=["beside", "in the index"])
def test_passing_the_box_limit_is_noticed_at_once(inside: bool) -> None:
    before = FTYP + (struct.pack(">I4s", 1 << 30, b"moov") if inside else b"")
    walker = BoxWalker()
    walker.feed(before + box(b"free") * (MOST_BOXES - 2))
    assert walker.danger() is None
    walker.feed(box(b"free") * 3)
    assert "100,000" in str(walker.danger())
    assert "100,000" in str(walker.what_is_wrong())


def an_index(*lists: bytes, scale: int = 1000, version: int = 0) -> io.BytesIO:
    """A file with a track for each edit list."""
    head = bytes([version, 0, 0, 0]) + bytes(16 if version else 8) + struct.pack(">I", scale)
    tracks = b"".join(box(b"trak", box(b"tkhd") + box(b"edts", box(b"elst", listed))) for listed in lists)
    return io.BytesIO(FTYP + MDAT + box(b"moov", box(b"mvhd", head) + tracks))


def test_the_longest_edit_list_is_added_up() -> None:
    short, long = (struct.pack(">II", 0, times) + struct.pack(">IiI", 4000, 0, 1) * times for times in (1, 5))
    assert edit_list_seconds(an_index(short, long)) == 20.0
    wide = struct.pack(">II", 1 << 24, 2) + struct.pack(">QqI", 1 << 33, 0, 1) * 2
    assert edit_list_seconds(an_index(wide, scale=1 << 31, version=1)) == 8.0


def test_of_several_scales_the_one_with_the_longest_seconds_counts() -> None:
    """Or a second header would make an edit list look as short as one likes."""
    listed = struct.pack(">IIIiI", 0, 1, 4000, 0, 1)
    both = an_index(scale=1 << 31).read().partition(b"moov")[2] + an_index(listed).read().partition(b"moov")[2]
    assert edit_list_seconds(io.BytesIO(FTYP + MDAT + box(b"moov", both))) == 4.0
    assert edit_list_seconds(an_index(listed, scale=0)) == 0


def test_an_edit_list_with_an_inflated_count_is_still_read() -> None:
    assert edit_list_seconds(an_index(struct.pack(">II", 0, 0xFFFFFFF0) + struct.pack(">IiI", 4000, 0, 1) * 2)) == 8.0


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_break_the_reading_of_edit_lists(noise: bytes, in_an_index: bool) -> None:
    body = FTYP + box(b"moov", noise) if in_an_index else noise
    assert edit_list_seconds(io.BytesIO(body)) >= 0
