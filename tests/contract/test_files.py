"""The fake buckets and S3 sit the same exam: versions, odd keys, frozen copies and their addresses."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from dropcut.adapters.s3 import S3Files
from tests.contract.storage import ODD_KEYS, Storage
from tests.fakes.examples import INBOX, OUTBOX, WORKROOM


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_file_of_any_name_is_found_read_and_listed(exam: Storage, key: str) -> None:
    before = time.time()
    version = exam.put(INBOX, key, b"a clip")
    facts = exam.files.head(INBOX, key)
    assert facts
    assert (facts.key, facts.version, facts.size, facts.metadata) == (key, version, 6, {})
    assert abs(facts.modified - before) < 60
    assert exam.files.read(INBOX, key, version, 100) == b"a clip"
    assert b"".join(exam.files.stream(INBOX, key, version)) == b"a clip"
    assert key in exam.files.keys(INBOX, key[:5])


def test_a_bucket_is_listed_with_the_times_of_its_uploads(exam: Storage, folder: str) -> None:
    before = time.time()
    for name in ("b.mp4", "a.json", "deep/er.mov"):
        exam.put(INBOX, folder + name, b"x")
    exam.files.delete(INBOX, folder + "b.mp4")
    found = {key: moment for key, moment in exam.files.listing(INBOX) if key.startswith(folder)}
    assert found.keys() == {folder + "a.json", folder + "deep/er.mov"}
    assert all(abs(moment - before) < 60 for moment in found.values())


def test_a_listing_after_a_key_goes_on_in_key_order(exam: Storage, folder: str) -> None:
    names = ["a.json", "a.mp4", "a/b.mp4", "b+%20 é.mp4", "海.mp4"]
    for name in reversed(names):
        exam.put(INBOX, folder + name, b"x")
    for number, name in enumerate(names):
        rest = [key for key, _ in exam.files.listing(INBOX, folder + name) if key.startswith(folder)]
        assert rest == [folder + other for other in names[number + 1 :]]


def test_no_more_keys_are_listed_than_wanted(exam: Storage, folder: str) -> None:
    for number in range(4):
        exam.put(INBOX, f"{folder}{number}.mp4", b"x")
    assert exam.files.keys(INBOX, folder, most=3) == [f"{folder}{number}.mp4" for number in range(3)]


def test_what_is_not_there_has_no_facts(exam: Storage, folder: str) -> None:
    assert exam.files.head(INBOX, folder + "none.mp4") is None
    exam.put(INBOX, folder + "beach.mp4", b"a clip")
    exam.files.delete(INBOX, folder + "beach.mp4")
    assert exam.files.head(INBOX, folder + "beach.mp4") is None
    assert exam.files.keys(INBOX, folder) == []


def test_every_version_stays_readable_when_newer_ones_come_and_go(exam: Storage, folder: str) -> None:
    key = folder + "beach.mp4"
    versions = [exam.put(INBOX, key, data) for data in (b"one", b"two")]
    exam.files.delete(INBOX, key)
    assert [exam.files.read(INBOX, key, version, 9) for version in versions] == [b"one", b"two"]
    facts = exam.files.head(INBOX, key, versions[0])
    assert facts
    assert facts.version == versions[0]


def test_a_version_that_never_was_has_no_facts(exam: Storage, folder: str) -> None:
    exam.put(INBOX, folder + "beach.mp4", b"one")
    assert exam.files.head(INBOX, folder + "beach.mp4", "0123456789abcdef0123456789abcdef") is None


def test_reading_stops_at_the_limit(exam: Storage, folder: str) -> None:
    version = exam.put(INBOX, folder + "beach.json", b"0123456789")
    assert exam.files.read(INBOX, folder + "beach.json", version, 4) == b"0123"


def test_metadata_comes_back(exam: Storage, folder: str) -> None:
    exam.put(INBOX, folder + "beach.mp4", b"x", **{"dropcut-edit-id": "e1"})
    facts = exam.files.head(INBOX, folder + "beach.mp4")
    assert facts
    assert facts.metadata == {"dropcut-edit-id": "e1"}


def test_keys_are_listed_in_order_and_a_folder_without_its_folders(exam: Storage, folder: str) -> None:
    for name in ("b.json", "a.mp4", "deep/c.mp4", "a.json"):
        exam.put(INBOX, folder + name, b"x")
    assert exam.files.keys(INBOX, folder) == [folder + name for name in ("a.json", "a.mp4", "b.json", "deep/c.mp4")]
    assert exam.files.keys(INBOX, folder, folder_only=True) == [folder + name for name in ("a.json", "a.mp4", "b.json")]
    assert exam.files.keys(INBOX, folder + "a.") == [folder + "a.json", folder + "a.mp4"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_frozen_copy_is_of_that_version_and_carries_no_metadata(exam: Storage, key: str) -> None:
    version = exam.put(INBOX, key, b"the version meant", private="yes")
    exam.put(INBOX, key, b"a newer one")
    exam.files.freeze(INBOX, key, version, "e1/1/clip.mp4", "video/mp4")
    assert exam.body(WORKROOM, "e1/1/clip.mp4") == b"the version meant"
    facts = exam.files.head(WORKROOM, "e1/1/clip.mp4")
    assert facts
    assert facts.metadata == {}


def test_a_shared_address_contains_the_mark_and_tells_its_expiry(exam: Storage) -> None:
    shared = exam.files.share("e1/1/clip.mp4")
    assert "e1/1/clip.mp4?" in shared.url
    assert 3000 < shared.expires_at - time.time() <= 3601


@pytest.mark.parametrize("key", ODD_KEYS)
def test_documents_are_written_under_any_name(exam: Storage, key: str) -> None:
    there = exam.etag(OUTBOX, key) if exam.files.head(OUTBOX, key) else None
    assert exam.files.write_json(OUTBOX, key, '{"prompt": "é"}', {}, there)
    assert exam.body(OUTBOX, key) == '{"prompt": "é"}'.encode()


def test_a_document_may_say_whose_it_is(exam: Storage, folder: str) -> None:
    exam.files.write_json(OUTBOX, f"{folder}beach.error.json", "{}", {"dropcut-edit-id": "e1"}, None)
    facts = exam.files.head(OUTBOX, f"{folder}beach.error.json")
    assert facts
    assert facts.metadata == {"dropcut-edit-id": "e1"}


def test_a_document_replaces_exactly_what_was_seen(exam: Storage, folder: str) -> None:
    key, never = folder + "beach.manifest.json", '"0123456789abcdef"'
    assert not exam.files.write_json(OUTBOX, key, "1", {}, never), "there is nothing that it could replace"
    assert exam.files.write_json(OUTBOX, key, "1", {}, None)
    first = exam.etag(OUTBOX, key)
    assert exam.files.write_json(OUTBOX, key, "2", {}, first)
    for stale in (first, None, never):
        assert not exam.files.write_json(OUTBOX, key, "3", {}, stale)
    assert exam.body(OUTBOX, key) == b"2"
    exam.files.delete(OUTBOX, key)
    assert not exam.files.write_json(OUTBOX, key, "3", {}, first)
    assert exam.files.write_json(OUTBOX, key, "3", {}, None), "a deleted one is none"


def test_a_file_is_deleted_only_as_it_was_seen(exam: Storage, folder: str) -> None:
    key = folder + "beach.error.json"
    exam.put(OUTBOX, key, b"ours")
    seen = exam.etag(OUTBOX, key)
    exam.put(OUTBOX, key, b"somebody else's")
    assert not exam.files.delete(OUTBOX, key, seen)
    assert exam.body(OUTBOX, key) == b"somebody else's"
    assert exam.files.delete(OUTBOX, key, exam.etag(OUTBOX, key))
    assert exam.files.head(OUTBOX, key) is None
    assert not exam.files.delete(OUTBOX, key, seen), "it is gone"


def test_anybody_with_the_address_gets_the_frozen_clip_and_nothing_else(s3_files: S3Files, s3: Any) -> None:
    s3.put_object(Bucket=INBOX, Key="secret.mp4", Body=b"the source")
    version = s3.head_object(Bucket=INBOX, Key="secret.mp4")["VersionId"]
    s3_files.freeze(INBOX, "secret.mp4", version, "e2/1/clip.mov", "video/quicktime")
    url = s3_files.share("e2/1/clip.mov").url
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"the source")
    assert answer.headers["content-type"] == "video/quicktime"


def test_an_error_other_than_a_missing_object_is_raised(s3_files: S3Files) -> None:
    with pytest.raises(ClientError):
        s3_files.keys("no-such-bucket", "")
