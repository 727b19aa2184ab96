"""Any key that S3 takes is a good name, and a name in the outbox that somebody else has taken stays theirs."""

from __future__ import annotations

import pytest

from tests.e2e.stand import Stand, unique

SIDECAR = b'{"prompt": "Make it an alien planet", "mode": "std"}'
LONG = "ü" * 80 + "/" + "long " * 100 + "/"
NAMES = {
    "every character": "100% 50%25+off%2F/旅行 пляж 🏖 שלום/two\nlines=b&c/what?#!'\"<x>;*~$.v1.2",
    "900 bytes": LONG + "x" * (900 - len(LONG.encode())),
}


def assert_delivered(stand: Stand, prefix: str, base: str) -> None:
    (run,) = stand.finish(prefix)
    assert run.status == "SUCCEEDED"
    assert stand.outbox(prefix) == [f"{base}.manifest.json", f"{base}.mp4"]
    message = stand.message(prefix)
    assert message.document["clip"]["key"] == f"{base}.mp4"
    assert message.document["output"]["key"] == f"{base}.mp4"
    assert message.attributes["status"] == "DELIVERED"
    assert message.subject.isascii()
    assert len(message.subject) < 100
    assert "is edited" in message.text
    assert stand.document(f"{base}.manifest.json")["source"]["clip"]["key"] == f"{base}.mp4"
    assert len(stand.bill(prefix)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_may_have_any_name(stand: Stand, folder: str, clip: bytes, name: str) -> None:
    base = folder + NAMES[name]
    stand.drop(f"{base}.mp4", clip, SIDECAR)
    assert_delivered(stand, folder, base)


def test_a_clip_may_lie_in_no_folder(stand: Stand, clip: bytes) -> None:
    base = unique("beach")
    stand.drop(f"{base}.mp4", clip, SIDECAR)
    assert_delivered(stand, base, base)
    assert stand.message(base).attributes["folder"] == "/"
    assert stand.message(base).document["folder"] == ""


def test_foreign_files_in_the_outbox_are_never_replaced_or_deleted(stand: Stand, folder: str, clip: bytes) -> None:
    s3, theirs = stand.cloud.client("s3"), [f"{folder}beach.{kind}.json" for kind in ("error", "manifest")]
    for key in theirs:
        s3.put_object(Bucket=stand.outbox_bucket, Key=key, Body=b"mine")
    stand.drop(f"{folder}beach.mp4", clip, b"no JSON")
    stand.finish(folder)
    (error,) = set(stand.outbox(folder)) - set(theirs)
    assert (stand.document(error)["status"], stand.message(folder).document["error"]["key"]) == ("REJECTED", error)

    stand.put(f"{folder}beach.json", SIDECAR)
    stand.finish(folder)
    manifest, video = sorted(set(stand.outbox(folder)) - set(theirs))
    assert stand.document(manifest)["output"]["video"]["key"] == video
    said = stand.messages(folder)[-1].document
    assert (said["status"], said["output"]["key"], said["manifest"]["key"]) == ("DELIVERED", video, manifest)
    assert {stand.read(key) for key in theirs} == {b"mine"}
