"""Files dropped again buy nothing unless something about the edit is new, and nobody's output is lost."""

from __future__ import annotations

from typing import Any

from tests.e2e.stand import Stand

ASK = {"prompt": "Make it an alien planet", "mode": "std"}


def drop(stand: Stand, folder: str, clip: bytes, **more: Any) -> None:
    """Drop clip and sidecar, and wait until all that comes of it is over."""
    stand.drop(f"{folder}beach.mp4", clip, {**ASK, **more})
    assert {run.status for run in stand.finish(folder)} == {"SUCCEEDED"}


def test_the_same_upload_twice_pays_once_and_says_so(stand: Stand, folder: str, clip: bytes) -> None:
    drop(stand, folder, clip)
    before = stand.read(f"{folder}beach.manifest.json"), stand.read(f"{folder}beach.mp4")
    drop(stand, folder, clip)
    assert stand.statuses(folder) == ["DELIVERED", "UNCHANGED"]
    assert len(stand.bill(folder)) == len(stand.posts(folder)) == 1
    assert (stand.read(f"{folder}beach.manifest.json"), stand.read(f"{folder}beach.mp4")) == before
    said = stand.messages(folder)[-1]
    assert "nothing was bought" in said.text
    assert '"rerun": 1' in said.text
    assert said.document["output"]["key"] == f"{folder}beach.mp4"


def test_rerun_buys_the_same_edit_once_more(stand: Stand, folder: str, clip: bytes) -> None:
    drop(stand, folder, clip)
    drop(stand, folder, clip, rerun=1)
    assert len(stand.bill(folder)) == 2
    drop(stand, folder, clip, rerun=1)
    assert len(stand.bill(folder)) == 2
    assert stand.statuses(folder) == ["DELIVERED", "DELIVERED", "UNCHANGED"]
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]


def test_a_new_prompt_replaces_the_output_of_the_old_one(stand: Stand, folder: str, clip: bytes) -> None:
    drop(stand, folder, clip)
    first = stand.document(f"{folder}beach.manifest.json")
    drop(stand, folder, clip, prompt="Make it a psychedelic dream")
    second = stand.document(f"{folder}beach.manifest.json")
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]
    assert first["edit_id"] != second["edit_id"]
    assert len(stand.read(f"{folder}beach.mp4")) == second["output"]["size"]
    assert stand.statuses(folder) == ["DELIVERED", "DELIVERED"]
    assert sorted(billed["request_id"] for billed in stand.bill(folder)) == sorted(
        manifest["request_id"] for manifest in (first, second)
    )
    versions = stand.cloud.client("s3").list_object_versions(Bucket=stand.outbox_bucket, Prefix=f"{folder}beach.mp4")
    assert len(versions["Versions"]) == 2, "the first output is kept as an older version"
