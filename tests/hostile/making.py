"""Makes hostile clips: good ones of `tests/golden/clips` with one thing wrong; a few are drawn with ffmpeg.

A maker returns a `Pieces`, which makes the file's bytes when it is called, piece by piece where they are many.
"""

from __future__ import annotations

import io
import itertools
import random
import struct
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from tests.hostile.boxes import appended, box, inside, put, renamed, within

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "clips"
MIB = 1 << 20
BIG = 200 * 1000 * 1000  # the largest clip that is read
FTYP, QT = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41"), box(b"ftyp", b"qt  \0\0\2\0qt  ")
MDAT = box(b"mdat", bytes(64))
LIAR = 0xFFFFFFF0  # a count that no file could hold
Pieces = Callable[[], Iterable[bytes]]


@cache
def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def good() -> bytes:
    """Four seconds at 24 frames a second; its index comes last, so nothing moves when that grows."""
    return golden("plain-4s.mp4")


@cache
def drawn(seconds: int, *more: str, form: str = "mp4") -> bytes:
    """What ffmpeg makes of a plain picture, and of a tone where `more` asks for one."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin"]
    command += ["-f", "lavfi", "-i", f"color=teal:s=1280x720:r=24:d={seconds}", *more]
    command += ["-map_metadata", "-1", "-f", form]
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([*command, "-y", file.name], check=True)
        return Path(file.name).read_bytes()


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def tone(seconds: int) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=440:d={seconds}", "-c:a", "aac")


def one(make: Callable[[], bytes]) -> Pieces:
    return lambda: [make()]


def other(path: str, payload: Callable[[], bytes]) -> Pieces:
    """A good clip in which the box that a path leads to has another payload."""
    return one(lambda: within(good(), path, lambda _: payload()))


def table(kind: str, *numbers: int) -> Pieces:
    """A good clip whose sample table has another box of that kind."""
    return other(f"moov/trak/mdia/minf/stbl/{kind}", lambda: struct.pack(f">{len(numbers)}I", *numbers))


def moov(make: Callable[[bytes], bytes], start: bytes = FTYP) -> Pieces:
    """A file whose index is made from the one of a good clip."""
    return one(lambda: start + MDAT + box(b"moov", make(inside(good(), b"moov"))))


def many(kind: bytes, size: int, before: bytes, after: bytes = b"") -> Pieces:
    """So many bytes of empty boxes."""
    row = box(kind) * (MIB // 8)
    return lambda: itertools.chain([before], itertools.repeat(row, size // MIB), [after])


def in_moov(size: int, kind: bytes = b"free", path: tuple[bytes, ...] = ()) -> Pieces:
    """So many bytes of empty boxes in the index, or in the containers of the path in it."""
    size -= size % MIB
    heads = b""
    for level, name in enumerate(reversed((b"moov", *path)), 1):
        heads = struct.pack(">I4s", size + 8 * level, name) + heads
    return many(kind, size, FTYP + MDAT + heads)


def nested(kinds: tuple[bytes, ...], depth: int) -> bytes:
    """Boxes in boxes, all of the right size."""
    end = 8 * depth
    heads = (struct.pack(">I4s", end - 8 * level, kinds[level % len(kinds)]) for level in range(depth))
    return b"".join(heads)


def lying(data: bytes, seconds: int) -> bytes:
    """The same frames under headers that say so many seconds, and without the edit lists."""

    def shorter(head: bytes) -> bytes:
        (scale,) = struct.unpack_from(">I", head, 12)
        return put(">I", (16, seconds * scale))(head)

    (scale,) = struct.unpack_from(">I", inside(inside(data, b"moov"), b"mvhd"), 12)
    data = within(within(data, "moov/mvhd", shorter), "moov/trak/mdia/mdhd", shorter)
    data = within(data, "moov/trak/tkhd", put(">I", (20, seconds * scale)))
    return renamed(data, "moov/trak/edts", b"free")


def two_pictures(seconds: int) -> bytes:
    inputs = ("-f", "lavfi", "-i", f"color=red:s=1280x720:r=24:d={seconds}", "-map", "0", "-map", "1")
    return drawn(4, *inputs, *H264)


def in_fragments(seconds: int) -> bytes:
    return drawn(seconds, *H264, "-g", "24", "-movflags", "frag_keyframe+empty_moov+default_base_moof")


def fragments(number: int) -> bytes:
    """A good beginning, then empty fragments."""
    moof = box(b"moof", box(b"mfhd", struct.pack(">II", 0, 1)) + box(b"traf", box(b"tfhd", struct.pack(">II", 0, 1))))
    return golden("fragmented.mp4") + (moof + box(b"mdat")) * number


def tracks(number: int) -> bytes:
    trak = box(b"trak", inside(inside(good(), b"moov"), b"trak"))
    return within(good(), "moov", appended(trak * number))


def edits(length: int, start: int, times: int) -> Pieces:
    """A good clip whose edit list plays a part of it so many times; `length` is in milliseconds."""
    entry = struct.pack(">IiI", length, start, 0x10000)
    return other("moov/trak/edts/elst", lambda: struct.pack(">II", 0, times) + entry * times)


def title(make: Callable[[], bytes]) -> Pieces:
    """A clip whose title, as iTunes writes it, is this text."""

    def titled() -> bytes:
        named = box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0) + make()))
        handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
        meta = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", named)))
        return within(good(), "moov", appended(meta))

    return one(titled)


def laughs() -> bytes:
    """XML whose entities unpack a thousand million times."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><x:xmpmeta>&l9;</x:xmpmeta>'.encode()


XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def elsewhere(reference: bytes) -> bytes:
    """A clip that says that its picture lies in another file."""
    url = box(b"url ", bytes(4) + reference + b"\0")
    return within(good(), "moov/trak/mdia/minf/dinf/dref", lambda _: struct.pack(">II", 0, 1) + url)


def reference_movie(url: bytes) -> bytes:
    rdrf = box(b"rdrf", struct.pack(">I4sI", 0, b"url ", len(url) + 1) + url + b"\0")
    return QT + box(b"moov", box(b"rmra", box(b"rmda", rdrf))) + MDAT


def archive(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("clip.mp4", content)
    return file.getvalue()


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes(64 * MIB), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8000, 8000, 8, 0, 0, 0, 0)) + chunk(b"IDAT", rows)
    )


def flash() -> bytes:
    """A compressed Flash film, which says that it unpacks to 4 GB, and to 256 MB does."""
    return b"CWS\x0a" + struct.pack("<I", 0xFFFFFFFF) + zlib.compress(bytes(256 * MIB), 9)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]
