"""Serves a file whole or in part, as storage behind a content network does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from localcloud.simulator.replies import FileRange, Reply


@dataclass(frozen=True)
class Servable:
    """A file on disk, and the few bytes that may follow it."""

    path: Path
    content_type: str
    name: str
    tail: bytes = b""

    @property
    def size(self) -> int:
        """Return the bytes in all."""
        return self.path.stat().st_size + len(self.tail)


def ranged(file: Servable, asked_for: str = "") -> Reply:
    """Return the whole file, the one range asked for, or 416; what is no single valid range is ignored (RFC 9110)."""
    size, headers = file.size, {"etag": f'"{file.name[:32]}"', "accept-ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", asked_for)
    first, last = asked.groups() if asked else ("", "")
    if not (first or last) or (first and last and int(last) < int(first)):
        return Reply(200, FileRange(file.path, file.tail, 0, size), file.content_type, headers)
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        return Reply(416, b"", file.content_type, {"content-range": f"bytes */{size}"})
    headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    return Reply(206, FileRange(file.path, file.tail, start, stop), file.content_type, headers)
