"""The hostile clips, and how each must end: refused in words, or taken at a price that its longest reading gives."""

from __future__ import annotations

import gzip
import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.boxes import ZEROS, box, compressed_index, inside, long_box, put, within
from tests.hostile.making import (
    BIG,
    FTYP,
    H264,
    LIAR,
    MDAT,
    MIB,
    QT,
    XMP,
    Pieces,
    archive,
    cut,
    drawn,
    edits,
    elsewhere,
    flash,
    fragments,
    golden,
    good,
    in_fragments,
    in_moov,
    laughs,
    lying,
    many,
    moov,
    nested,
    noise,
    one,
    other,
    png,
    reference_movie,
    table,
    title,
    tone,
    tracks,
    two_pictures,
)


@dataclass(frozen=True)
class Hostile:
    """`end` is a part of the words of its refusal, or what a clip that is taken may cost in mode pro, in US dollars.

    Two ends, with a "|" between them, are for a clip that a fast machine reads in time and a slow one does not.
    """

    name: str
    pieces: Pieces
    end: str

    def write(self, path: Path) -> int:
        """Return how many bytes it has."""
        with path.open("wb") as file:
            return sum(file.write(piece) for piece in self.pieces())


COMPRESSED, CROWDED, CUT_OFF = "compressed index (cmov)", "more than 100,000 parts", "is cut off"
NO_VIDEO, NO_PICTURE, UNREAD = "is not a video", "has no picture", "could not be read within"
SLOWLY = f"{UNREAD}|{NO_PICTURE}"
NONSENSE, TOO_LONG, TAKEN = "could not be understood", "is longer than 10 s", "1.68"
STBL = "moov/trak/mdia/minf/stbl"
MDHD = "moov/trak/mdia/mdhd"
WEB = b"http://127.0.0.1:9/clip.mov"

# What takes the parser's memory or time.
BOMBS = [
    Hostile("cmov-64mb", moov(lambda _: compressed_index(64 * MIB), QT), COMPRESSED),
    Hostile("cmov-1gb", moov(lambda _: compressed_index(1 << 30), QT), COMPRESSED),
    Hostile("cmov-4gb", moov(lambda _: compressed_index((1 << 32) - MIB), QT), COMPRESSED),
    Hostile("cmov-without-ftyp", moov(lambda _: compressed_index(MIB), b""), COMPRESSED),
    Hostile("cmov-behind-a-good-index", moov(lambda index: index + compressed_index(MIB)), COMPRESSED),
    Hostile("cmov-in-a-second-index", one(lambda: good() + box(b"moov", compressed_index(MIB))), COMPRESSED),
    Hostile("cmov-in-an-open-index", one(lambda: QT + MDAT + bytes(4) + b"moov" + compressed_index(MIB)), COMPRESSED),
    Hostile("cmov-in-a-long-index", one(lambda: QT + MDAT + long_box(b"moov", compressed_index(MIB))), COMPRESSED),
    Hostile("cmov-behind-a-broken-box", moov(lambda _: b"\0\0\0\3free" + compressed_index(1 << 30)), NO_PICTURE),
    Hostile("png-bomb", one(png), "is a PNG file"),
    Hostile("flash-bomb", one(flash), NO_VIDEO),
    Hostile("gzip-bomb", one(lambda: gzip.compress(bytes(256 * MIB))), "is a GZip file"),
    Hostile("xmp-billion-laughs", one(lambda: good() + box(b"uuid", XMP + laughs())), TAKEN),
    Hostile("stts-of-4-billion", table("stts", 0, LIAR, 96, 512), UNREAD),
    Hostile("empty-boxes-in-udta-190mb", in_moov(190 * MIB, path=(b"udta",)), SLOWLY),
    Hostile("empty-boxes-in-a-track-190mb", in_moov(190 * MIB, b"hdlr", (b"trak", b"mdia")), SLOWLY),
]

# Too many parts.
CROWDS = [
    Hostile("empty-boxes-2mb", many(b"free", 2 * MIB, FTYP, MDAT), CROWDED),
    Hostile("empty-boxes-200mb", many(b"free", BIG, FTYP), CROWDED),
    Hostile("empty-boxes-in-the-index-2mb", in_moov(2 * MIB), CROWDED),
    Hostile("empty-boxes-in-the-index-200mb", in_moov(BIG - MIB), CROWDED),
    Hostile("empty-fragments-190mb", many(b"moof", 190 * MIB, good()), CROWDED),
    Hostile("99000-empty-boxes", many(b"free", 0, FTYP + box(b"free") * 99_000, good()[32:]), TAKEN),
    Hostile("nested-boxes", one(lambda: good() + nested((b"moof", b"traf"), 200_000)), TAKEN),
    Hostile("nested-index", one(lambda: FTYP + MDAT + nested((b"moov", b"trak", b"mdia"), 200_000)), NO_PICTURE),
    Hostile("20000-fragments", one(lambda: fragments(20_000)), TAKEN),
    Hostile("3000-tracks", one(lambda: tracks(3_000)), TAKEN),
]

# Sizes, counts and numbers that lie. What is taken although its tables are wrong, the provider refuses, unpaid.
NUMBERS = [
    Hostile("size-of-8-exabytes", one(lambda: FTYP + long_box(b"mdat", bytes(64), (1 << 63) - 1)), NO_PICTURE),
    Hostile("size-of-all-bits", one(lambda: FTYP + long_box(b"moov", bytes(64), (1 << 64) - 1)), NO_PICTURE),
    Hostile("long-size-below-its-header", one(lambda: FTYP + long_box(b"moov", bytes(64), 15) + MDAT), NO_PICTURE),
    Hostile("size-below-its-header", one(lambda: FTYP + b"\0\0\0\4moov" + MDAT), NO_PICTURE),
    Hostile("size-0-in-the-middle", one(lambda: FTYP + bytes(4) + b"mdat" + good()[40:]), NO_PICTURE),
    Hostile("stts-of-one-endless-frame", table("stts", 0, 1, 0xFFFFFFFF, 0xFFFFFFFF), NONSENSE),
    Hostile(
        "stts-of-ten-million", other(f"{STBL}/stts", lambda: struct.pack(">II", 0, 10**7) + bytes(8) * 10**7), TAKEN
    ),
    Hostile("ctts-of-4-billion", table("ctts", 0, LIAR, 1, 0), TAKEN),
    Hostile("stco-of-4-billion", table("stco", 0, LIAR, 48), TAKEN),
    Hostile("stsc-of-4-billion", table("stsc", 0, LIAR, 1, 96, 1), TAKEN),
    Hostile("stsz-of-4-billion", table("stsz", 0, 1, LIAR), TAKEN),
    Hostile("stss-of-4-billion", table("stss", 0, LIAR, 1), TAKEN),
    Hostile("timescale-0", one(lambda: within(good(), MDHD, put(">I", (12, 0)))), TAKEN),
    Hostile("timescale-of-4-billion", one(lambda: within(good(), MDHD, put(">I", (12, 0xFFFFFFFF)))), NONSENSE),
    Hostile("136-years", one(lambda: within(good(), MDHD, put(">I", (12, 1), (16, 0xFFFFFFFE)))), TOO_LONG),
    Hostile("no-width", one(lambda: within(good(), f"{STBL}/stsd", put(">H", (40, 0), (42, 0)))), TAKEN),
    Hostile(
        "widest", one(lambda: within(good(), f"{STBL}/stsd", put(">H", (40, 65535), (42, 65535)))), "out of bounds"
    ),
    Hostile("garbled-codec", one(lambda: within(good(), f"{STBL}/stsd", lambda old: old[:94] + noise(90))), TAKEN),
]

# Lengths that lie, since whatever is longest may have to be paid.
LENGTHS = [
    Hostile("headers-say-3-of-10-seconds", one(lambda: golden("short-headers.mp4")), "4.20"),
    Hostile("headers-say-3-of-15-seconds", one(lambda: lying(drawn(15, *H264), 3)), TOO_LONG),
    Hostile("fragments-of-15-seconds", one(lambda: in_fragments(15)), TOO_LONG),
    Hostile("fragments-say-3-of-15-seconds", one(lambda: lying(in_fragments(15), 3)), TOO_LONG),
    Hostile("two-pictures-4-and-15-seconds", one(lambda: two_pictures(15)), TOO_LONG),
    Hostile("two-pictures-4-and-9-seconds", one(lambda: two_pictures(9)), "3.78"),
    Hostile("3-seconds-beside-15-of-sound", one(lambda: drawn(3, *tone(15), *H264)), TOO_LONG),
    Hostile("sound-that-runs-on", one(lambda: golden("sound-longer.mp4")), "2.10"),
    Hostile("edit-list-5-times-over", edits(4000, 0, times=5), TOO_LONG),
    Hostile("edit-list-of-a-million", edits(4000, 0, times=10**6), NONSENSE),
    Hostile("edit-list-before-the-beginning", edits(4000, -2, times=1), TAKEN),
    Hostile(
        "edit-list-that-hides-most",
        one(lambda: within(golden("ten-seconds.mp4"), "moov/trak/edts/elst", put(">I", (8, 3000)))),
        "4.20",
    ),
]

# Shapes that are easily misread.
SHAPES = [
    Hostile("rotated", one(lambda: golden("rotated.mp4")), TAKEN),
    Hostile("anamorphic", one(lambda: golden("anamorphic.mp4")), TAKEN),
    Hostile("interlaced", one(lambda: drawn(4, *H264, "-x264opts", "tff=1")), TAKEN),
]

# Texts and references, which lead a parser out of the file.
TEXTS = [
    Hostile("title-of-10-mb", title(lambda: b"a" * 10 * MIB), TAKEN),
    Hostile("title-of-100-mb", title(lambda: b"a" * 100 * MIB), TAKEN),
    Hostile("title-that-no-xml-holds", title(lambda: "a\x01\x0b\uffff]]><x>&".encode() + b"\xed\xa0\x80\xff"), TAKEN),
    Hostile("title-like-a-report", title(lambda: b"\nVideo|3000||1280|720|24|72||0|1|Progressive\n"), TAKEN),
    Hostile(
        "uuid-of-100-mb",
        lambda: itertools.chain(
            [good(), struct.pack(">I4s", 24 + 6 * len(ZEROS), b"uuid"), noise(16)], itertools.repeat(ZEROS, 6)
        ),
        TAKEN,
    ),
    Hostile("picture-in-another-file", one(lambda: elsewhere(b"file:///proc/self/environ")), TAKEN),
    Hostile("picture-on-the-web", one(lambda: elsewhere(WEB)), TAKEN),
    Hostile("reference-movie", one(lambda: reference_movie(WEB)), NO_PICTURE),
]

# Parts of a clip, and more than one.
PARTS = [
    Hostile("empty", one(bytes), "is empty"),
    Hostile("one-byte", one(lambda: b"x"), NO_VIDEO),
    Hostile("ftyp-only", one(lambda: FTYP), NO_PICTURE),
    Hostile("index-only", one(lambda: FTYP + box(b"moov", inside(good(), b"moov"))), TAKEN),
    Hostile("no-index", one(lambda: FTYP + box(b"mdat", inside(good(), b"mdat"))), NO_PICTURE),
    Hostile("half", one(lambda: cut(golden("faststart.mp4"), 0.5)), CUT_OFF),
    Hostile("cut-in-the-index", one(lambda: cut(good(), 0.95)), CUT_OFF),
    Hostile("too-large", lambda: itertools.chain([good()], itertools.repeat(ZEROS, 12)), "is larger than 200 MB"),
    Hostile("two-clips-in-one", one(lambda: good() * 2), TAKEN),
    Hostile("zip-behind-a-clip", one(lambda: good() + archive(b"x" * 1000)), TAKEN),
    Hostile("clip-behind-a-script", one(lambda: b"#!/bin/sh\nexit 0\n" + good()), NO_VIDEO),
]

# Something else under the name of a clip.
STRANGERS = [
    Hostile("text", one(lambda: b"a text file called .mp4\n" * 500), NO_VIDEO),
    Hostile("html", one(lambda: b"<html><body>403 Forbidden</body></html>" * 50), NO_VIDEO),
    Hostile("json", one(lambda: b'{"error": "not found"}'), NO_VIDEO),
    Hostile("zeros", one(lambda: bytes(5 * MIB)), NO_VIDEO),
    Hostile("noise", one(lambda: noise(MIB)), NO_VIDEO),
    Hostile("zip", one(lambda: archive(good())), "is a ZIP file"),
    Hostile("matroska", one(lambda: drawn(3, *H264, form="matroska")), "is a Matroska file"),
    Hostile("webm", one(lambda: drawn(3, "-c:v", "libvpx", "-deadline", "realtime", form="webm")), "is a WebM file"),
    Hostile("avi", one(lambda: drawn(3, "-c:v", "mpeg4", form="avi")), "AVI file"),
    Hostile("transport-stream", one(lambda: drawn(3, *H264, form="mpegts")), "MPEG-TS file"),
    Hostile("sound-only", one(lambda: drawn(3, *tone(4), "-map", "1")), NO_PICTURE),
]

CORPUS = [*BOMBS, *CROWDS, *NUMBERS, *LENGTHS, *SHAPES, *TEXTS, *PARTS, *STRANGERS]

# A dozen for every test run: small, and made without ffmpeg.
SHORT = {
    *("cmov-64mb", "cmov-without-ftyp", "cmov-in-a-second-index", "empty-boxes-2mb", "empty-boxes-in-the-index-2mb"),
    *("xmp-billion-laughs", "headers-say-3-of-10-seconds", "edit-list-5-times-over", "edit-list-that-hides-most"),
    *("title-that-no-xml-holds", "widest", "136-years", "empty", "html"),
}
