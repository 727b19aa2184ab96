"""Is this stream a whole MP4? A walk over its top-level boxes while the bytes pass, in constant memory.

ffprobe accepts most truncated files; the sizes in the box headers do not lie: a whole file has `ftyp` first, a
`moov`, an `mdat`, and ends exactly where its last box ends; `ftyp` and `moov` are there once (ISO/IEC 14496-12,
sections 4.2, 4.3 and 8.2.1).

The walk also reads the headers of what lies directly in the `moov`, to find what a clip must not have. Edit lists,
which MediaInfo does not add up, are read from a file.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from typing import IO

HEADER, LONG_HEADER = 8, 16
MOST_BOXES = 100_000  # a fragmented clip of 15 s at 60 frames a second has 2,000; each box costs time, here and there


class BoxWalker:
    """Feed it bytes in any chunking; `what_is_wrong()` then says it, or None."""

    def __init__(self) -> None:
        self._top, self._index = _Headers(), _Headers()
        self._first = b""
        self._boxes: set[bytes] = set()
        self._count = 0
        self._repeated = False  # a second beginning: more than one file in one body
        self._compressed = False

    def feed(self, chunk: bytes) -> None:
        if self._count > MOST_BOXES:
            return
        for kind, payload in self._top.read(memoryview(chunk)):
            if payload is None:
                self._enter(kind)
            elif kind == b"moov":
                self._look_inside(payload)
            if self._count > MOST_BOXES:
                return

    def _enter(self, kind: bytes) -> None:
        self._count += 1
        self._first = self._first or kind
        self._repeated |= kind in (b"ftyp", b"moov") and kind in self._boxes
        if kind in (b"ftyp", b"moov", b"mdat"):  # the only ones asked about; a list of all would grow with the file
            self._boxes.add(kind)
        if kind == b"moov":
            self._index = _Headers()

    def _look_inside(self, payload: memoryview) -> None:
        for kind, inner in self._index.read(payload):
            if inner is None:
                self._count += 1
                self._compressed |= kind == b"cmov"
            if self._count > MOST_BOXES:
                return

    @property
    def is_cut_off(self) -> bool:
        """True if the picture or the index ends before it should. Old QuickTime files, without ftyp, are not judged."""
        return self._first == b"ftyp" and self._top.lacks_bytes and self._top.kind in (b"moov", b"mdat")

    def danger(self) -> str | None:
        """Why these bytes must not be given to a parser, in words; known before the last byte."""
        if self._compressed:  # a megabyte of it makes a gigabyte in the parser's memory
            return "has a compressed index (cmov), which Dropcut does not open"
        return f"has more than {MOST_BOXES:,} parts inside, so it is no ordinary video" if self._is_crowded else None

    @property
    def _is_crowded(self) -> bool:
        return self._count > MOST_BOXES

    def what_is_wrong(self) -> str | None:
        """None for a whole MP4, else the reason in words."""
        if self._first != b"ftyp":
            return "it is not an MP4 file"
        if self._is_crowded:
            return f"it has more than {MOST_BOXES:,} boxes"
        if self._top.is_broken:
            return "its box structure is damaged"
        if self._repeated:
            return "it is more than one video in one body"
        if self._top.lacks_bytes or self._top.has_half_a_header:
            return "it ends too early"
        missing = [name.decode() for name in (b"moov", b"mdat") if name not in self._boxes]
        return f"it has no {' and no '.join(missing)} box" if missing else None


class _Headers:
    """Reads the headers of boxes that lie one after the other, and passes on what lies between."""

    def __init__(self) -> None:
        self.kind = b""  # of the current box
        self.is_broken = False
        self._header = b""
        self._left = 0  # bytes of the current box that are still to come
        self._open_ended = False  # a last box of size 0 runs to the end

    @property
    def lacks_bytes(self) -> bool:
        return self._left > 0 and not self._open_ended

    @property
    def has_half_a_header(self) -> bool:
        return bool(self._header)

    def read(self, view: memoryview) -> Iterator[tuple[bytes, memoryview | None]]:
        """Give each box's kind once with None, then again with every piece of its payload."""
        while view and not self.is_broken:
            if self._left:
                step = min(self._left, len(view))
                self._left -= step
                yield self.kind, view[:step]
            else:
                need = LONG_HEADER if len(self._header) >= HEADER else HEADER
                step = min(need - len(self._header), len(view))
                self._header += bytes(view[:step])
                if len(self._header) == need and self._begin():
                    yield self.kind, None
            view = view[step:]

    def _begin(self) -> bool:
        """Understand a header; False if the real size follows in the next eight bytes."""
        size, self.kind = int.from_bytes(self._header[:4], "big"), self._header[4:8]
        if size == 1 and len(self._header) < LONG_HEADER:
            return False
        if size == 1:
            size = int.from_bytes(self._header[8:16], "big")
        self._open_ended = size == 0
        self._left = sys.maxsize if self._open_ended else size - len(self._header)
        self.is_broken = self._left < 0
        self._header = b""
        return True


def edit_list_seconds(file: IO[bytes]) -> float:
    """Return how long the longest edit list plays, 0 where there is none. It may play the same frames many times."""
    end, scales, longest = file.seek(0, 2), list[int](), 0
    for start, stop in _find(file, (b"moov", b"mvhd"), 0, end):
        at = 20 if _read(file, start, stop, 1) == b"\1" else 12
        scales.append(int.from_bytes(_read(file, start + at, stop, 4), "big"))
    for start, stop in _find(file, (b"moov", b"trak", b"edts", b"elst"), 0, end):
        entry = struct.Struct(">Qqi" if _read(file, start, stop, 1) == b"\1" else ">Iii")
        count = int.from_bytes(_read(file, start + 4, stop, 4), "big")
        listed = _read(file, start + 8, stop, count * entry.size)
        whole = listed[: len(listed) // entry.size * entry.size]
        longest = max(longest, sum(length for length, *_ in entry.iter_unpack(whole)))
    return longest / min(filter(None, scales), default=float("inf"))  # readers differ in which of several they take


def _find(file: IO[bytes], path: tuple[bytes, ...], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the payloads begin and end of all boxes that a path of kinds leads to."""
    while start + HEADER <= end:
        size, kind, header = *struct.unpack(">I4s", _read(file, start, end, HEADER)), HEADER
        if size == 1:
            size, header = int.from_bytes(_read(file, start + HEADER, end, 8), "big"), LONG_HEADER
        stop = min(start + size, end) if size else end
        if size and size < header:
            return
        if kind == path[0] and path[1:]:
            yield from _find(file, path[1:], start + header, stop)
        elif kind == path[0]:
            yield start + header, stop
        start = stop


def _read(file: IO[bytes], start: int, end: int, length: int) -> bytes:
    file.seek(start)
    return file.read(max(0, min(length, end - start)))
