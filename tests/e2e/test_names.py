"""Any key that S3 takes is a good name; what is not a drop is left alone."""

from __future__ import annotations

import pytest

from tests.e2e.stand import Stand, unique

SIDECAR = b'{"prompt": "Make it an alien planet", "mode": "std"}'
LONG = "ü" * 80 + "/" + "long " * 100 + "/"
NAMES = {
    "spaces": "my trip/day one/the beach",
    "plus": "a+b/c++d",
    "percent": "100%/50%25 off%2Fnow",
    "punctuation": "a=b&c/what?#!'\"<x>;*~$",
    "many scripts": "旅行/пляж 🏖 שלום/Ünïcödé",
    "a newline": "two\nlines/be\nach",
    "900 bytes": LONG + "x" * (900 - len(LONG.encode())),
    "dots": "v1.2/beach.final.v3",
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


def test_the_longest_name_there_is_is_delivered_under_a_shorter_one(stand: Stand, folder: str, clip: bytes) -> None:
    base = folder + "x" * (1024 - len(folder) - len(".json"))
    stand.drop(f"{base}.mp4", clip, SIDECAR, f"{base}.json")
    assert [run.status for run in stand.finish(folder)] == ["SUCCEEDED"]
    manifest, video = stand.outbox(folder)
    assert manifest == video.removesuffix(".mp4") + ".manifest.json"
    assert stand.message(folder).document["output"]["key"] == video
    assert len(stand.bill(folder)) == 1


def test_what_is_not_a_drop_starts_nothing(stand: Stand, folder: str, clip: bytes) -> None:
    names = ["", "notes.txt", "beach.mkv", "beach.jpg", "beach.manifest.json", "beach.error.json", "beach.status.json",
             "_draft.mp4", "_draft.json", "mp4"]  # fmt: skip
    for name in names:
        stand.put(folder + name, clip if name.endswith("mp4") else SIDECAR if name else b"")
    stand.finish(folder)
    assert stand.executions(folder) == []
    assert stand.messages(folder) == []
    assert stand.outbox(folder) == []
    assert [row for row in stand.ledger() if str(row.get("key", "")).startswith(folder)] == []


def test_other_peoples_files_in_the_outbox_are_never_replaced_or_deleted(
    stand: Stand, folder: str, clip: bytes
) -> None:
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


def test_an_output_copied_into_the_inbox_is_not_edited_again(stand: Stand, folder: str, clip: bytes) -> None:
    stand.drop(f"{folder}beach.mp4", clip, SIDECAR)
    stand.finish(folder)
    for name in ("beach.mp4", "beach.manifest.json"):
        stand.announce(f"{folder}again/{name}")
        source = {"Bucket": stand.outbox_bucket, "Key": folder + name}
        stand.cloud.client("s3").copy_object(Bucket=stand.inbox, Key=f"{folder}again/{name}", CopySource=source)
    stand.put(f"{folder}again/beach.json", SIDECAR)
    stand.finish(folder)
    assert stand.executions(f"{folder}again/") == []
    assert len(stand.bill(folder)) == 1
