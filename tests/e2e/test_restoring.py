"""A paid output that was deleted is put back when the same files are dropped again: for nothing."""

from __future__ import annotations

from tests.e2e.outcomes import ASK, valid
from tests.e2e.stand import Stand


def drop(stand: Stand, folder: str, clip: bytes) -> bytes:
    """Drop clip and sidecar, and wait until all that comes of it is over; gives what then is the output."""
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert stand.finish(folder)[-1].status == "SUCCEEDED"
    return stand.read(f"{folder}beach.mp4")


def delete(stand: Stand, *keys: str) -> None:
    for key in keys:
        stand.cloud.client("s3").delete_object(Bucket=stand.outbox_bucket, Key=key)


def test_a_deleted_output_is_put_back_for_nothing(stand: Stand, folder: str, clip: bytes) -> None:
    key, manifest = f"{folder}beach.mp4", f"{folder}beach.manifest.json"
    video = drop(stand, folder, clip)
    first = stand.document(manifest)
    delete(stand, *stand.outbox(folder))

    assert drop(stand, folder, clip) == video
    second = valid(stand.document(manifest), "manifest")
    said = valid(stand.messages(folder)[-1].document, "notification")
    assert (said["status"], said["output"]) == ("RESTORED", second["output"]["video"])
    assert any("nothing was bought" in warning for warning in second["warnings"])
    for same in ("edit_id", "request", "request_id", "cost"):
        assert second[same] == first[same]
    (edit,) = stand.edits(folder)
    version = stand.cloud.client("s3").head_object(Bucket=stand.outbox_bucket, Key=key)["VersionId"]
    assert (edit["state"], edit["output"]["key"], edit["output"]["version"]) == ("DELIVERED", key, version)

    drop(stand, folder, clip)
    assert stand.statuses(folder) == ["DELIVERED", "RESTORED", "UNCHANGED"], "once it is back it stays"
    delete(stand, manifest)
    drop(stand, folder, clip)
    assert stand.statuses(folder)[3:] == ["RESTORED"], "a manifest that is gone alone comes back alone"
    third = valid(stand.document(manifest), "manifest")
    assert (third["output"], third["times"]) == (second["output"], second["times"])
    assert len(stand.bill(folder)) == len(stand.posts(folder)) == 1
