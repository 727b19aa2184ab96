"""Which bytes a Range header gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.simulator.ranges import Servable, ranged
from localcloud.simulator.replies import FileRange

WHOLE = b"0123456789" + b"tail"


@pytest.fixture
def file(tmp_path: Path) -> Servable:
    path = tmp_path / "f.mp4"
    path.write_bytes(WHOLE[:10])
    return Servable(path, "video/mp4", "f.mp4", b"tail")


@pytest.mark.parametrize(
    ("header", "first", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=3-", 3, 14),
        ("bytes=-3", 11, 14),
        ("bytes=-100", 0, 14),
        ("bytes=8-11", 8, 12),
        ("bytes=8-999", 8, 14),
        ("bytes=13-13", 13, 14),
    ],
)
def test_a_valid_range_ends_with_the_file(file: Servable, header: str, first: int, stop: int) -> None:
    reply = ranged(file, header)
    assert (reply.status, reply.headers["content-range"]) == (206, f"bytes {first}-{stop - 1}/14")
    assert isinstance(reply.body, FileRange)
    assert b"".join(reply.body.pieces()) == WHOLE[first:stop]


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b"])
def test_what_is_no_single_valid_range_gets_everything(file: Servable, header: str) -> None:
    reply = ranged(file, header)
    assert (reply.status, len(reply.body)) == (200, 14)


@pytest.mark.parametrize("header", ["bytes=14-", "bytes=99-100", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_size(file: Servable, header: str) -> None:
    reply = ranged(file, header)
    assert (reply.status, reply.headers["content-range"]) == (416, "bytes */14")
