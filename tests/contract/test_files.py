"""The fake buckets and S3 sit the same exam: versions, odd keys, and uploads that are whole or not there."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from dropcut.bootstrap import SIGNED
from dropcut.errors import DeliveryFailed
from dropcut.files import CHUNK, PART, S3Files, in_parts
from dropcut.ports import Files
from localcloud.cloud import ADMINISTRATOR, Cloud
from tests.fakes.examples import INBOX, OUTBOX, WORKROOM
from tests.fakes.files import FakeFiles

ODD_KEYS = [
    "beach.mp4", "a b/50%+1 & more.mp4", "%2Fbeach%20.mp4", "旅行/海辺 🏖.mp4", "line\nbreak.mp4", "a//b.mp4",
    "x" * 900 + ".mp4", "f" * 500 + "/" + "x" * 519 + ".mp4", "plus+and'quote\".mp4",
]  # fmt: skip


@dataclass
class Exam:
    files: Files
    put: Callable[..., str]  # bucket, key, data, **metadata -> version

    def body(self, bucket: str, key: str) -> bytes | None:
        facts = self.files.head(bucket, key)
        return self.files.read(bucket, key, facts.version, 1 << 30) if facts else None

    def etag(self, bucket: str, key: str) -> str:
        facts = self.files.head(bucket, key)
        assert facts
        return facts.etag


@pytest.fixture(scope="session")
def s3(cloud: Cloud) -> Any:
    keys = {"aws_access_key_id": ADMINISTRATOR["AWS_ACCESS_KEY_ID"]}
    keys["aws_secret_access_key"] = ADMINISTRATOR["AWS_SECRET_ACCESS_KEY"]
    client = boto3.client("s3", endpoint_url=cloud.endpoint, region_name=cloud.region, config=SIGNED, **keys)
    for bucket in (INBOX, OUTBOX, WORKROOM):
        client.create_bucket(Bucket=bucket)
        if bucket != WORKROOM:
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def s3_files(s3: Any) -> S3Files:
    return S3Files(s3, lambda: (s3, time.time() + 3600), workroom=WORKROOM, outbox=OUTBOX)


@pytest.fixture(params=["fake", "s3"])
def exam(request: pytest.FixtureRequest) -> Exam:
    if request.param == "fake":
        fake = FakeFiles(time.time)
        return Exam(fake, lambda bucket, key, data, **metadata: fake.put(bucket, key, data, **metadata).version)
    s3 = request.getfixturevalue("s3")

    def put(bucket: str, key: str, data: bytes, **metadata: str) -> str:
        return str(s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata=metadata)["VersionId"])

    return Exam(request.getfixturevalue("s3_files"), put)


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """A folder of this test's own: S3's buckets are shared."""
    return f"{request.node.name}/"


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_file_of_any_name_is_found_read_and_listed(exam: Exam, key: str) -> None:
    before = time.time()
    version = exam.put(INBOX, key, b"a clip")
    facts = exam.files.head(INBOX, key)
    assert facts
    assert (facts.key, facts.version, facts.size, facts.metadata) == (key, version, 6, {})
    assert abs(facts.modified - before) < 60
    assert exam.files.read(INBOX, key, version, 100) == b"a clip"
    assert b"".join(exam.files.stream(INBOX, key, version)) == b"a clip"
    assert key in exam.files.keys(INBOX, key[:5])


def test_what_is_not_there_has_no_facts(exam: Exam, folder: str) -> None:
    assert exam.files.head(INBOX, folder + "none.mp4") is None
    exam.put(INBOX, folder + "beach.mp4", b"a clip")
    exam.files.delete(INBOX, folder + "beach.mp4")
    assert exam.files.head(INBOX, folder + "beach.mp4") is None
    assert exam.files.keys(INBOX, folder) == []


def test_every_version_stays_readable_when_newer_ones_come_and_go(exam: Exam, folder: str) -> None:
    key = folder + "beach.mp4"
    versions = [exam.put(INBOX, key, data) for data in (b"one", b"two")]
    exam.files.delete(INBOX, key)
    assert [exam.files.read(INBOX, key, version, 9) for version in versions] == [b"one", b"two"]
    facts = exam.files.head(INBOX, key, versions[0])
    assert facts
    assert facts.version == versions[0]


def test_a_version_that_never_was_has_no_facts(exam: Exam, folder: str) -> None:
    exam.put(INBOX, folder + "beach.mp4", b"one")
    assert exam.files.head(INBOX, folder + "beach.mp4", "0123456789abcdef0123456789abcdef") is None


def test_reading_stops_at_the_limit(exam: Exam, folder: str) -> None:
    version = exam.put(INBOX, folder + "beach.json", b"0123456789")
    assert exam.files.read(INBOX, folder + "beach.json", version, 4) == b"0123"


def test_metadata_comes_back(exam: Exam, folder: str) -> None:
    exam.put(INBOX, folder + "beach.mp4", b"x", **{"dropcut-edit-id": "e1"})
    facts = exam.files.head(INBOX, folder + "beach.mp4")
    assert facts
    assert facts.metadata == {"dropcut-edit-id": "e1"}


def test_keys_are_listed_in_order_and_a_folder_without_its_folders(exam: Exam, folder: str) -> None:
    for name in ("b.json", "a.mp4", "deep/c.mp4", "a.json"):
        exam.put(INBOX, folder + name, b"x")
    assert exam.files.keys(INBOX, folder) == [folder + name for name in ("a.json", "a.mp4", "b.json", "deep/c.mp4")]
    assert exam.files.keys(INBOX, folder, folder_only=True) == [folder + name for name in ("a.json", "a.mp4", "b.json")]
    assert exam.files.keys(INBOX, folder + "a.") == [folder + "a.json", folder + "a.mp4"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_frozen_copy_is_of_that_version_and_carries_no_metadata(exam: Exam, key: str) -> None:
    version = exam.put(INBOX, key, b"the version meant", private="yes")
    exam.put(INBOX, key, b"a newer one")
    exam.files.freeze(INBOX, key, version, "e1/1/clip.mp4", "video/mp4")
    assert exam.body(WORKROOM, "e1/1/clip.mp4") == b"the version meant"
    facts = exam.files.head(WORKROOM, "e1/1/clip.mp4")
    assert facts
    assert facts.metadata == {}


def test_a_shared_address_has_the_mark_in_its_path_and_says_how_long_it_lives(exam: Exam) -> None:
    shared = exam.files.share("e1/1/clip.mp4")
    assert "e1/1/clip.mp4?" in shared.url
    assert 3000 < shared.expires_at - time.time() <= 3601


@pytest.mark.parametrize("key", ODD_KEYS)
def test_documents_are_written_under_any_name(exam: Exam, key: str) -> None:
    exam.files.write_json(OUTBOX, key, '{"prompt": "é"}')
    assert exam.body(OUTBOX, key) == '{"prompt": "é"}'.encode()


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_upload_appears_whole_with_its_facts(exam: Exam, key: str) -> None:
    there = exam.etag(OUTBOX, key) if exam.files.head(OUTBOX, key) else None
    stored = exam.files.upload(key, iter([b"edi", b"", b"ted"]), {"dropcut-edit-id": "e1"}, there)
    facts = exam.files.head(OUTBOX, key)
    assert facts
    assert (stored.version, stored.etag, stored.size) == (facts.version, facts.etag, 6)
    assert facts.metadata == {"dropcut-edit-id": "e1"}
    assert exam.body(OUTBOX, key) == b"edited"


def test_an_upload_replaces_exactly_what_was_seen(exam: Exam, folder: str) -> None:
    key = folder + "beach.mp4"
    first = exam.files.upload(key, [b"one"], {}, None)
    second = exam.files.upload(key, [b"two"], {}, first.etag)
    assert exam.body(OUTBOX, key) == b"two"
    for stale in (first.etag, None, '"0123456789abcdef"'):
        with pytest.raises(DeliveryFailed):
            exam.files.upload(key, [b"three"], {}, stale)
    assert exam.etag(OUTBOX, key) == second.etag


def test_an_upload_that_should_replace_what_is_gone_fails(exam: Exam, folder: str) -> None:
    with pytest.raises(DeliveryFailed):
        exam.files.upload(folder + "beach.mp4", [b"one"], {}, '"0123456789abcdef"')
    assert exam.files.head(OUTBOX, folder + "beach.mp4") is None


class BodyEnded(Exception):
    """The download broke off."""


@pytest.mark.parametrize("size", [0, 5, PART + 5])
def test_an_upload_whose_source_breaks_off_leaves_nothing(exam: Exam, folder: str, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * size
        raise BodyEnded

    with pytest.raises(BodyEnded):
        exam.files.upload(folder + "beach.mp4", chunks(), {}, None)
    assert exam.files.head(OUTBOX, folder + "beach.mp4") is None


def test_an_upload_of_nothing_fails_and_leaves_nothing(exam: Exam, folder: str) -> None:
    with pytest.raises(DeliveryFailed):
        exam.files.upload(folder + "beach.mp4", [], {}, None)
    assert exam.files.head(OUTBOX, folder + "beach.mp4") is None


def test_a_failed_upload_leaves_what_lay_there(exam: Exam, folder: str) -> None:
    key = folder + "beach.mp4"
    there = exam.files.upload(key, [b"one"], {}, None)

    def chunks() -> Iterator[bytes]:
        yield b"two"
        raise BodyEnded

    with pytest.raises(BodyEnded):
        exam.files.upload(key, chunks(), {}, there.etag)
    assert exam.body(OUTBOX, key) == b"one"


def test_a_large_upload_in_many_parts_is_byte_for_byte_the_same(s3_files: S3Files, s3: Any, folder: str) -> None:
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


def test_anybody_with_the_address_gets_the_frozen_clip_and_nothing_else(
    s3_files: S3Files, s3: Any, cloud: Cloud
) -> None:
    s3.put_object(Bucket=INBOX, Key="secret.mp4", Body=b"the source")
    version = s3.head_object(Bucket=INBOX, Key="secret.mp4")["VersionId"]
    s3_files.freeze(INBOX, "secret.mp4", version, "e2/1/clip.mov", "video/quicktime")
    url = s3_files.share("e2/1/clip.mov").url
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"the source")
    assert answer.headers["content-type"] == "video/quicktime"


def test_an_error_that_is_not_about_a_missing_object_is_not_hidden(s3_files: S3Files) -> None:
    with pytest.raises(ClientError):
        s3_files.keys("no-such-bucket", "")
