"""Is this stream a whole MP4? A walk over its top-level boxes while the bytes pass, in constant memory.

ffprobe accepts most truncated files; the sizes in the box headers do not lie: a whole file has `ftyp` first, a
`moov`, an `mdat`, and ends exactly where its last box ends; `ftyp` and `moov` are there once (ISO/IEC 14496-12,
sections 4.2, 4.3 and 8.2.1).
"""

from __future__ import annotations

HEADER, LONG_HEADER = 8, 16


class BoxWalker:
    """Feed it bytes in any chunking; `verdict()` then says what is wrong, or None."""

    def __init__(self) -> None:
        self._header = b""
        self._kind = b""  # of the current box
        self._left = 0  # bytes of it that are still to come
        self._open_ended = False  # a last box of size 0 runs to the end of the file
        self._boxes: set[bytes] = set()
        self._broken = False
        self._repeated = False  # a second beginning: more than one file in one body

    def feed(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view and not (self._broken or self._open_ended):
            if self._left:
                step = min(self._left, len(view))
                self._left -= step
                view = view[step:]
                continue
            need = LONG_HEADER if len(self._header) >= HEADER else HEADER
            step = min(need - len(self._header), len(view))
            self._header += bytes(view[:step])
            view = view[step:]
            if len(self._header) == need:
                self._read_header()

    def _read_header(self) -> None:
        size, kind = int.from_bytes(self._header[:4], "big"), self._header[4:8]
        if size == 1 and len(self._header) < LONG_HEADER:
            return  # the real size follows in the next eight bytes
        if size == 1:
            size = int.from_bytes(self._header[8:16], "big")
        if not self._boxes and kind != b"ftyp":
            self._broken = True
            return
        self._open_ended = size == 0
        self._left = 0 if self._open_ended else size - len(self._header)
        self._broken = self._left < 0
        self._kind = kind
        self._repeated |= kind in (b"ftyp", b"moov") and kind in self._boxes
        if kind in (b"ftyp", b"moov", b"mdat"):  # the only ones asked about; a list of all would grow with the file
            self._boxes.add(kind)
        self._header = b""

    @property
    def is_cut_off(self) -> bool:
        """True if the picture or the index ends before it should. Old QuickTime files, without ftyp, are not judged."""
        return self._left > 0 and self._kind in (b"moov", b"mdat")

    def verdict(self) -> str | None:
        """None for a whole MP4, else the reason in words."""
        if not self._boxes:
            return "it is not an MP4 file"
        if self._broken:
            return "its box structure is damaged"
        if self._repeated:
            return "it is more than one video in one body"
        if self._left or self._header:
            return "it ends too early"
        missing = [name.decode() for name in (b"moov", b"mdat") if name not in self._boxes]
        return f"it has no {' and no '.join(missing)} box" if missing else None
