"""Takes MP4 files apart and puts wrong ones together."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

Change = Callable[[bytes], bytes]
ZEROS = bytes(1 << 24)


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def long_box(kind: bytes, payload: bytes = b"", size: int | None = None) -> bytes:
    """A box with a 64-bit size, which may be a lie."""
    return struct.pack(">I4sQ", 1, kind, 16 + len(payload) if size is None else size) + payload


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kinds and payloads of the boxes in a good file, or in a good container."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def within(data: bytes, path: str, change: Change) -> bytes:
    """Change the payload of every box that a path such as "moov/trak/tkhd" leads to."""
    name, _, rest = path.partition("/")
    changed = []
    for kind, payload in boxes(data):
        if kind != name.encode():
            changed.append(box(kind, payload))
        else:
            changed.append(box(kind, within(payload, rest, change) if rest else change(payload)))
    return b"".join(changed)


def inside(data: bytes, kind: bytes) -> bytes:
    """The payload of the first box of that kind."""
    return next(payload for found, payload in boxes(data) if found == kind)


def renamed(data: bytes, path: str, kind: bytes) -> bytes:
    """Give another name to the boxes that a path leads to, which hides them."""
    parent, _, name = path.rpartition("/")

    def rename(payload: bytes) -> bytes:
        return b"".join(box(kind if one == name.encode() else one, inner) for one, inner in boxes(payload))

    return within(data, parent, rename)


def put(form: str, *places: tuple[int, float]) -> Change:
    """Write numbers of a struct format to places in a payload."""

    def change(payload: bytes) -> bytes:
        patched = bytearray(payload)
        for offset, value in places:
            struct.pack_into(form, patched, offset, value)
        return bytes(patched)

    return change


def appended(more: bytes) -> Change:
    return lambda payload: payload + more


def compressed_index(size: int) -> bytes:
    """A `cmov` that unpacks to so many zeros: QuickTime's compressed index, a thousandth of its size."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(ZEROS[: size - start]) for start in range(0, size, len(ZEROS))]
    packed = b"".join([*parts, packer.flush()])
    return box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", min(size, 0xFFFFFFFF)) + packed))
