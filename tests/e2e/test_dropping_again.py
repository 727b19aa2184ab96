"""Files dropped again buy nothing unless something about the edit is new, and nobody's output is lost."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.e2e.stand import Stand, eventually

ASK = {"prompt": "Make it an alien planet", "mode": "std"}


def submit_slowly(stand: Stand, folder: str, clip: bytes) -> int:
    """Drop what the provider will work on until its clock is put forward; gives the second in which it was dropped."""
    stand.provider.settings(generation_seconds=3000)
    try:
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        dropped = int(time.time())
        eventually(lambda: stand.posts(folder), "the first is submitted")
    finally:
        stand.provider.settings(generation_seconds=0.3)
    return dropped


def drop(stand: Stand, folder: str, clip: bytes, **more: Any) -> None:
    """Drop clip and sidecar, and wait until all that comes of it is over."""
    stand.drop(f"{folder}beach.mp4", clip, {**ASK, **more})
    assert {run.status for run in stand.finish(folder)} == {"SUCCEEDED"}


def test_the_same_upload_twice_pays_once_and_says_so_in_one_message(stand: Stand, folder: str, clip: bytes) -> None:
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


def test_a_sidecar_saved_again_with_other_spaces_and_order_pays_nothing(stand: Stand, folder: str, clip: bytes) -> None:
    drop(stand, folder, clip)
    stand.put(f"{folder}beach.json", json.dumps(dict(reversed(ASK.items())), indent=8).encode())
    stand.finish(folder)
    assert stand.statuses(folder) == ["DELIVERED", "UNCHANGED"]
    assert len(stand.bill(folder)) == 1


def test_rerun_buys_the_same_edit_once_more_and_only_once(stand: Stand, folder: str, clip: bytes) -> None:
    drop(stand, folder, clip)
    drop(stand, folder, clip, rerun=1)
    assert len(stand.bill(folder)) == 2
    drop(stand, folder, clip, rerun=1)
    assert len(stand.bill(folder)) == 2
    assert stand.statuses(folder) == ["DELIVERED", "DELIVERED", "UNCHANGED"]
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]


def test_a_new_prompt_is_a_new_edit_whose_output_takes_the_old_ones_place(
    stand: Stand, folder: str, clip: bytes
) -> None:
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


def test_somebody_elses_object_at_the_outputs_place_is_left_alone(stand: Stand, folder: str, clip: bytes) -> None:
    mine = {"Bucket": stand.outbox_bucket, "Key": f"{folder}beach.mp4", "Body": b"my own film"}
    stand.cloud.client("s3").put_object(**mine)
    drop(stand, folder, clip)
    (edit,) = stand.edits(folder)
    name = f"{folder}beach.{edit['edit_id'][:8]}"
    assert stand.outbox(folder) == sorted([f"{name}.manifest.json", f"{name}.mp4", f"{folder}beach.mp4"])
    assert stand.read(f"{folder}beach.mp4") == b"my own film"
    (warning,) = stand.document(f"{name}.manifest.json")["warnings"]
    assert f"{name}.mp4" in warning
    assert warning in stand.message(folder).document["warnings"]


def test_an_older_drop_that_ends_later_does_not_replace_the_newer_output(
    stand: Stand, folder: str, clip: bytes
) -> None:
    dropped = submit_slowly(stand, folder, clip)
    eventually(lambda: int(time.time()) > dropped, "S3 tells times in whole seconds, and the second is newer")
    stand.drop(f"{folder}beach.mp4", clip, {**ASK, "prompt": "Make it a psychedelic dream"})
    eventually(lambda: stand.messages(folder), "the second is delivered")
    stand.provider.advance(3000)
    stand.finish(folder)
    older, newer = stand.edits(folder)
    assert newer["output"]["key"] == f"{folder}beach.mp4"
    assert older["output"]["key"] == f"{folder}beach.{older['edit_id'][:8]}.mp4"
    assert older["completed_at"] > newer["completed_at"]
    assert stand.document(f"{folder}beach.manifest.json")["edit_id"] == newer["edit_id"]
    assert len(stand.bill(folder)) == 2


def test_an_edit_that_ends_after_a_newer_refusal_leaves_the_error_file(stand: Stand, folder: str, clip: bytes) -> None:
    submit_slowly(stand, folder, clip)
    stand.put(f"{folder}beach.json", b"{}")
    eventually(lambda: stand.messages(folder), "the second is refused")
    stand.provider.advance(3000)
    assert sorted(run.status for run in stand.finish(folder)) == ["FAILED", "SUCCEEDED"]
    assert stand.document(f"{folder}beach.error.json")["problems"][0]["field"] == "/prompt"
    assert stand.document(f"{folder}beach.manifest.json")["status"] == "DELIVERED"
    assert stand.statuses(folder) == ["REJECTED", "DELIVERED"]


def test_files_taken_back_before_they_were_read_buy_nothing(stand: Stand, folder: str, clip: bytes) -> None:
    drop(stand, folder, clip)
    stand.put(f"{folder}beach.json", json.dumps({**ASK, "prompt": "Make it a psychedelic dream"}).encode())
    for name in ("beach.json", "beach.mp4"):
        stand.cloud.client("s3").delete_object(Bucket=stand.inbox, Key=folder + name)
    stand.finish(folder)
    assert len(stand.posts(folder)) == 1


def test_dropped_again_while_its_edit_is_in_flight_nothing_is_bought_and_nothing_is_said(
    stand: Stand, folder: str, clip: bytes
) -> None:
    submit_slowly(stand, folder, clip)
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    eventually(lambda: [run for run in stand.executions(folder) if run.status == "SUCCEEDED"], "the second is over")
    assert stand.messages(folder) == []
    stand.provider.advance(3000)
    assert {run.status for run in stand.finish(folder)} == {"SUCCEEDED"}
    assert stand.statuses(folder) == ["DELIVERED"]
    assert len(stand.bill(folder)) == len(stand.posts(folder)) == 1


def test_dropped_again_after_it_failed_unpaid_a_new_attempt_is_bought(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "submit", "kind": "bad_request"})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert [run.status for run in stand.finish(folder)] == ["FAILED"]
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    (edit,) = stand.edits(folder)
    assert (edit["state"], edit["attempt"]) == ("DELIVERED", 2)
    assert stand.statuses(folder) == ["FAILED", "DELIVERED"]
    assert len(stand.bill(folder)) == 1
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]
