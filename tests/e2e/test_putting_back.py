"""A paid output that was deleted or replaced is put back when the same files are dropped again: for nothing."""

from __future__ import annotations

from typing import Any

from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, valid
from tests.e2e.stand import Row, Stand

OTHER = {**ASK, "prompt": "Make it a psychedelic dream"}


def drop(stand: Stand, folder: str, clip: bytes, ask: Row | None = None) -> bytes:
    """Drop clip and sidecar, and wait until all that comes of it is over; gives what then is the output."""
    stand.drop(f"{folder}beach.mp4", clip, ask or ASK)
    assert stand.finish(folder)[-1].status == "SUCCEEDED"
    return stand.read(f"{folder}beach.mp4")


def delete(stand: Stand, key: str, **version: str) -> None:
    stand.cloud.client("s3").delete_object(Bucket=stand.outbox_bucket, Key=key, **version)


def assert_put_back(stand: Stand, folder: str, key: str, video: bytes, bought: int = 1) -> Row:
    """The same bytes, a manifest that says so, one message, a ledger that knows; gives the manifest."""
    assert stand.read(key) == video
    manifest: Row = valid(stand.document(key.removesuffix(".mp4") + ".manifest.json"), "manifest")
    said = valid(stand.messages(folder)[-1].document, "notification")
    assert said["status"] == "RESTORED"
    assert said["output"] == manifest["output"]["video"]
    assert any("nothing was bought" in warning for warning in manifest["warnings"])
    head = stand.cloud.client("s3").head_object(Bucket=stand.outbox_bucket, Key=key)
    (edit,) = [edit for edit in stand.edits(folder) if edit["edit_id"] == manifest["edit_id"]]
    known: dict[str, Any] = edit["output"]
    assert (edit["state"], known["key"], known["version"]) == ("DELIVERED", key, head["VersionId"])
    assert len(stand.bill(folder)) == len(stand.posts(folder)) == bought
    return manifest


def test_an_output_deleted_by_its_owner_is_put_back_and_not_bought_again(
    stand: Stand, folder: str, clip: bytes
) -> None:
    video = drop(stand, folder, clip)
    first = stand.document(f"{folder}beach.manifest.json")
    for key in stand.outbox(folder):
        delete(stand, key)
    assert drop(stand, folder, clip) == video
    second = assert_put_back(stand, folder, f"{folder}beach.mp4", video)
    for same in ("edit_id", "request", "request_id", "cost"):
        assert second[same] == first[same]

    drop(stand, folder, clip)
    assert stand.statuses(folder) == ["DELIVERED", "RESTORED", "UNCHANGED"], "once it is back it stays"

    manifest = f"{folder}beach.manifest.json"
    delete(stand, manifest)
    drop(stand, folder, clip)
    drop(stand, folder, clip)
    assert stand.statuses(folder)[3:] == ["RESTORED", "UNCHANGED"], "a manifest that is gone alone comes back alone"
    third = valid(stand.document(manifest), "manifest")
    assert (third["output"], third["times"]) == (second["output"], second["times"])
    assert {said.document["manifest"]["key"] for said in stand.messages(folder)} == {manifest}
    versions = stand.cloud.client("s3").list_object_versions(Bucket=stand.outbox_bucket, Prefix=f"{folder}beach.mp4")
    assert len(versions["Versions"]) == 2


def test_an_output_that_a_later_edit_replaced_takes_its_place_again(stand: Stand, folder: str, clip: bytes) -> None:
    first = drop(stand, folder, clip)
    second = drop(stand, folder, clip, OTHER)
    assert first != second
    assert drop(stand, folder, clip) == first
    assert_put_back(stand, folder, f"{folder}beach.mp4", first, bought=2)
    assert drop(stand, folder, clip, OTHER) == second
    assert stand.statuses(folder) == ["DELIVERED", "DELIVERED", "RESTORED", "RESTORED"]
    assert len(stand.bill(folder)) == 2


def test_an_output_that_somebody_replaced_by_his_own_film_comes_back_beside_it(
    stand: Stand, folder: str, clip: bytes
) -> None:
    video = drop(stand, folder, clip)
    mine = {"Bucket": stand.outbox_bucket, "Key": f"{folder}beach.mp4", "Body": b"my own film"}
    stand.cloud.client("s3").put_object(**mine)
    assert drop(stand, folder, clip) == b"my own film"
    (edit,) = stand.edits(folder)
    assert_put_back(stand, folder, f"{folder}beach.{edit['edit_id'][:8]}.mp4", video)


def test_an_output_whose_version_is_gone_for_good_is_told_of_and_not_bought_again(
    stand: Stand, folder: str, clip: bytes
) -> None:
    drop(stand, folder, clip)
    delete(stand, f"{folder}beach.mp4", VersionId=stand.edits(folder)[0]["output"]["version"])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert {run.status for run in stand.finish(folder)} == {"SUCCEEDED"}
    assert stand.statuses(folder) == ["DELIVERED", "UNCHANGED"]
    said = stand.messages(folder)[-1]
    assert "that version of it no longer exists" in said.text
    assert '"rerun": 1' in said.text
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json"]
    assert len(stand.bill(folder)) == len(stand.posts(folder)) == 1


def test_an_output_that_cannot_be_put_back_is_told_of_as_unpaid_and_is_put_back_by_the_next_drop(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    video = drop(stand, folder, clip)
    delete(stand, f"{folder}beach.mp4")
    elsewhere = powers.variables("RestoreOutputFunction", OUTBOX_BUCKET=stand.outputs["WorkroomBucket"])
    with elsewhere, powers.time_flies(0.0005):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert "FAILED" in [run.status for run in stand.finish(folder)]
    said = valid(stand.messages(folder)[-1].document, "notification")
    error = valid(stand.document(f"{folder}beach.error.json"), "error")
    assert said["status"] == error["status"] == "FAILED"
    assert "its output could not be put back into its place, and nothing was bought now" in said["summary"]
    assert stand.edits(folder)[0]["state"] == "DELIVERED"

    assert drop(stand, folder, clip) == video
    assert_put_back(stand, folder, f"{folder}beach.mp4", video)
    assert f"{folder}beach.error.json" not in stand.outbox(folder)
