"""The fake outbox and S3 sit the same exam: an upload is whole and replaces what it meant to, or it is not there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dropcut.adapters.s3 import CHUNK, PART, S3Files, in_parts
from dropcut.domain.errors import DeliveryFailed
from tests.contract.storage import ODD_KEYS, Storage
from tests.fakes.examples import OUTBOX


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_upload_appears_whole_with_its_facts(exam: Storage, key: str) -> None:
    there = exam.etag(OUTBOX, key) if exam.files.head(OUTBOX, key) else None
    stored = exam.files.upload(key, iter([b"edi", b"", b"ted"]), {"dropcut-edit-id": "e1"}, there)
    facts = exam.files.head(OUTBOX, key)
    assert facts
    assert (stored.version, stored.etag, stored.size) == (facts.version, facts.etag, 6)
    assert facts.metadata == {"dropcut-edit-id": "e1"}
    assert exam.body(OUTBOX, key) == b"edited"


def test_an_upload_replaces_exactly_what_was_seen(exam: Storage, folder: str) -> None:
    key = folder + "beach.mp4"
    first = exam.files.upload(key, [b"one"], {}, None)
    second = exam.files.upload(key, [b"two"], {}, first.etag)
    assert exam.body(OUTBOX, key) == b"two"
    for stale in (first.etag, None, '"0123456789abcdef"'):
        with pytest.raises(DeliveryFailed):
            exam.files.upload(key, [b"three"], {}, stale)
    assert exam.etag(OUTBOX, key) == second.etag


def test_an_upload_that_should_replace_what_is_gone_fails(exam: Storage, folder: str) -> None:
    with pytest.raises(DeliveryFailed):
        exam.files.upload(folder + "beach.mp4", [b"one"], {}, '"0123456789abcdef"')
    assert exam.files.head(OUTBOX, folder + "beach.mp4") is None


class BodyEnded(Exception):
    """The download broke off."""


@pytest.mark.parametrize("size", [0, 5, PART + 5])
def test_an_upload_whose_source_breaks_off_leaves_nothing(exam: Storage, folder: str, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * size
        raise BodyEnded

    with pytest.raises(BodyEnded):
        exam.files.upload(folder + "beach.mp4", chunks(), {}, None)
    assert exam.files.head(OUTBOX, folder + "beach.mp4") is None


def test_an_upload_of_nothing_fails_and_leaves_nothing(exam: Storage, folder: str) -> None:
    with pytest.raises(DeliveryFailed):
        exam.files.upload(folder + "beach.mp4", [], {}, None)
    assert exam.files.head(OUTBOX, folder + "beach.mp4") is None


def test_a_failed_upload_leaves_what_lay_there(exam: Storage, folder: str) -> None:
    key = folder + "beach.mp4"
    there = exam.files.upload(key, [b"one"], {}, None)

    def chunks() -> Iterator[bytes]:
        yield b"two"
        raise BodyEnded

    with pytest.raises(BodyEnded):
        exam.files.upload(key, chunks(), {}, there.etag)
    assert exam.body(OUTBOX, key) == b"one"


def test_a_large_upload_in_parts_keeps_every_byte(s3_files: S3Files, s3: Any, folder: str) -> None:
    data = bytes(range(256)) * ((2 * PART + 5 * CHUNK) // 256) + b"odd"
    stored = s3_files.upload(
        folder + "big.mp4", (data[n : n + 700_001] for n in range(0, len(data), 700_001)), {}, None
    )
    assert stored.size == len(data)
    assert stored.etag.endswith('-3"'), "three parts"
    answer = s3.get_object(Bucket=OUTBOX, Key=folder + "big.mp4")
    assert answer["Body"].read() == data
    assert answer["ContentType"] == "video/mp4"


def test_a_failed_upload_leaves_no_parts_that_somebody_pays_for(s3_files: S3Files, s3: Any, folder: str) -> None:
    for wrong in ([], [b"x" * (PART + 1)]):
        with pytest.raises(DeliveryFailed):
            s3_files.upload(folder + "beach.mp4", wrong, {}, '"0123456789abcdef"')
    unfinished = s3.list_multipart_uploads(Bucket=OUTBOX).get("Uploads", [])
    assert [upload for upload in unfinished if upload["Key"].startswith(folder)] == []


def test_of_two_uploads_at_the_same_moment_one_lands(s3_files: S3Files, folder: str) -> None:
    landed, gate = [], threading.Barrier(4)

    def chunks(name: bytes) -> Iterator[bytes]:
        yield name
        gate.wait()

    def upload(name: bytes) -> None:
        with contextlib.suppress(DeliveryFailed):
            s3_files.upload(folder + "race.mp4", chunks(name), {}, None)
            landed.append(name)

    threads = [threading.Thread(target=upload, args=(b"%d" % n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(landed) == 1


@pytest.mark.parametrize("sizes", [[], [1], [PART], [PART - 1, 2], [PART * 2 + 1], [3, PART, 5]])
def test_chunks_are_regrouped_into_parts_that_s3_takes(sizes: list[int]) -> None:
    parts = list(in_parts(b"x" * size for size in sizes))
    assert sum(map(len, parts)) == sum(sizes)
    assert all(len(part) == PART for part in parts[:-1])
    assert all(parts)
