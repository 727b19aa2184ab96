"""A clip and a sidecar, dropped in every way that people drop files, give one edit, one bill and one message."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from typing import Any

import pytest
from pymediainfo import MediaInfo

from localcloud.executions import states_entered
from tests.e2e.outcomes import valid
from tests.e2e.stand import Stand

ASK = {"prompt": "Make it an alien planet", "mode": "std", "keep_audio": True}
SIDECAR = json.dumps(ASK).encode()


def probe(video: bytes) -> Any:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(video)
        file.flush()
        return MediaInfo.parse(file.name)


def assert_one_edit(stand: Stand, folder: str, key: str = "beach") -> dict[str, Any]:
    """One green execution, one generation billed, one message, a video and its manifest; gives the manifest."""
    runs = stand.finish(folder)
    assert [run.status for run in runs] == ["SUCCEEDED"]
    assert stand.outbox(folder) == [f"{folder}{key}.manifest.json", f"{folder}{key}.mp4"]
    manifest: dict[str, Any] = valid(stand.document(f"{folder}{key}.manifest.json"), "manifest")
    (billed,) = stand.bill(folder)
    assert (billed["request_id"], billed["usd"]) == (manifest["request_id"], manifest["cost"]["charged_usd"])
    assert len(stand.posts(folder)) == 1
    message = valid(stand.message(folder).document, "notification")
    assert (message["status"], message["request_id"]) == ("DELIVERED", manifest["request_id"])
    return manifest


def test_a_clip_and_then_its_sidecar_are_one_edit(stand: Stand, folder: str, clip: bytes) -> None:
    version = stand.put(f"{folder}beach.mp4", clip)
    stand.finish(folder)
    assert stand.executions(folder) == []
    stand.put(f"{folder}beach.json", SIDECAR)
    manifest = assert_one_edit(stand, folder)

    video = stand.read(f"{folder}beach.mp4")
    came = probe(video)
    assert came.video_tracks[0].duration / 1000 == pytest.approx(3.0, abs=0.1)
    assert len(came.audio_tracks) == 1
    assert hashlib.sha256(video).hexdigest() == manifest["output"]["sha256"]
    assert manifest["output"]["size"] == len(video)
    assert video != clip

    source = manifest["source"]
    assert source["clip"] == {"bucket": stand.inbox, "key": f"{folder}beach.mp4", "version_id": version}
    assert (source["sha256"], source["size"]) == (hashlib.sha256(clip).hexdigest(), len(clip))
    assert (source["width"], source["height"], source["has_audio"]) == (1280, 720, True)
    assert manifest["request"] == {**ASK, "duration": "3", "aspect_ratio": "16:9"}
    assert manifest["cost"] == {"estimated_usd": 0.945, "charged_usd": 0.945}
    assert (manifest["attempt"], manifest["warnings"]) == (1, [])
    times = manifest["times"]
    assert times["submitted_at"] <= times["completed_at"] <= times["delivered_at"]


def test_a_sidecar_and_then_its_clip_are_one_message(stand: Stand, folder: str, clip: bytes) -> None:
    stand.put(f"{folder}beach.json", SIDECAR)
    stand.finish(folder)
    assert stand.executions(folder) == []
    stand.put(f"{folder}beach.mp4", clip)
    manifest = assert_one_edit(stand, folder)

    message = stand.message(folder)
    assert message.subject == "Dropcut DELIVERED: beach.mp4"
    event_id = message.document["event_id"]
    assert message.attributes == {"status": "DELIVERED", "folder": folder, "event_id": event_id}
    said = message.document
    assert said["clip"]["key"] == f"{folder}beach.mp4"
    assert said["output"] == manifest["output"]["video"]
    assert said["manifest"]["key"] == f"{folder}beach.manifest.json"
    assert said["cost"] == manifest["cost"]
    for told in (f"{folder}beach.mp4 is edited", f"s3://{stand.outbox_bucket}/{folder}beach.mp4", "$0.945"):
        assert told in message.text
    (run,) = stand.executions(folder)
    assert [state for state in states_entered(stand.cloud, run.arn) if state != "PollEdit"] == [
        *(
            "IsTakenUpAgain",
            "WaitForSettling",
            "InspectClip",
            "PrepareEdit",
            "IsEditReady",
            "SubmitEdit",
            "IsSubmitted",
        ),
        "WaitForProvider",
        *("IsEditDone", "DeliverEdit", "NotifyEnding", "RecordEnding", "HowDidItEnd", "Delivered"),
    ]


def test_a_clip_uploaded_in_parts_is_one_edit(stand: Stand, folder: str, clip: bytes) -> None:
    from boto3.s3.transfer import TransferConfig

    padded = clip + (8 + 6_000_000).to_bytes(4, "big") + b"free" + bytes(6_000_000)  # players skip such a box
    stand.put(f"{folder}beach.json", SIDECAR)
    in_parts = TransferConfig(multipart_threshold=5 * 1024**2, multipart_chunksize=5 * 1024**2)
    stand.announce(f"{folder}beach.mp4")
    stand.cloud.client("s3").upload_fileobj(io.BytesIO(padded), stand.inbox, f"{folder}beach.mp4", Config=in_parts)
    assert assert_one_edit(stand, folder)["source"]["sha256"] == hashlib.sha256(padded).hexdigest()


def test_a_refused_drop_that_is_corrected_is_delivered(stand: Stand, folder: str, clip: bytes) -> None:
    stand.drop(f"{folder}beach.mp4", clip, {"promt": "Make it an alien planet"})
    assert [run.status for run in stand.finish(folder)] == ["FAILED"]
    assert stand.outbox(folder) == [f"{folder}beach.error.json"]
    stand.put(f"{folder}beach.json", SIDECAR)
    assert [run.status for run in stand.finish(folder)] == ["FAILED", "SUCCEEDED"]
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]
    assert [message.attributes["status"] for message in stand.messages(folder)] == ["REJECTED", "DELIVERED"]
    assert len(stand.bill(folder)) == 1
