"""A file whose other half does not come is told of once, with the likeliest typo; nothing that S3 keeps is lost."""

from __future__ import annotations

import pytest

from tests.e2e.local_powers import Powers
from tests.e2e.stand import Stand, about

SIDECAR = b'{"prompt": "Make it an alien planet", "mode": "std"}'


def test_a_clip_that_waits_gets_one_notice_with_the_nearest_name_and_is_still_edited_when_its_sidecar_comes(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.put(f"{folder}beach.mp4", clip)
    stand.put(f"{folder}beech.json", SIDECAR)
    stand.put(f"{folder}mountain.json", SIDECAR)
    stand.finish(folder)
    powers.sweep()
    assert stand.messages(folder) == [], "a minute has not passed"

    powers.let_halves_wait(f"{folder}beach.mp4", minutes=2)
    powers.sweep()
    powers.let_halves_wait(f"{folder}beach.mp4", minutes=2)
    powers.sweep()
    message = stand.message(folder)
    assert message.attributes["status"] == "WAITING"
    assert message.document["clip"]["key"] == f"{folder}beach.mp4"
    for told in ("beach.mp4 waits for a sidecar: beach.json or beach.mp4.json", "beech.json", "nothing was paid"):
        assert told in message.text
    assert "mountain" not in message.text
    assert stand.executions(folder) == []

    stand.put(f"{folder}beach.json", SIDECAR)
    assert [run.status for run in stand.finish(folder)] == ["SUCCEEDED"]
    assert [message.attributes["status"] for message in stand.messages(folder)] == ["WAITING", "DELIVERED"]
    assert len(stand.bill(folder)) == 1


def test_a_sidecar_that_waits_is_told_which_clips_it_could_belong_to(stand: Stand, powers: Powers, folder: str) -> None:
    stand.put(f"{folder}beach.json", SIDECAR)
    stand.finish(folder)
    powers.let_halves_wait(f"{folder}beach.json", minutes=2)
    powers.sweep()
    message = stand.message(folder)
    assert message.document["clip"] is None
    assert message.document["sidecar"]["key"] == f"{folder}beach.json"
    assert "waits for a clip: beach.mp4 or beach.mov" in message.text
    assert "typo" not in message.text


def test_a_half_whose_partner_only_looks_as_if_it_were_there_is_told_why(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    """Mac OS writes é as two characters; a second sidecar does not count; our own outputs are not edited again."""
    stand.put(f"{folder}caf\u00e9.mp4", clip)
    stand.put(f"{folder}cafe\u0301.json", SIDECAR)
    stand.drop(f"{folder}beach.mp4", clip, SIDECAR, f"{folder}beach.mp4.json")
    stand.finish(folder)
    stand.put(f"{folder}beach.json", SIDECAR)
    stand.announce(f"{folder}old.mp4")
    source = {"Bucket": stand.outbox_bucket, "Key": f"{folder}beach.mp4"}
    stand.cloud.client("s3").copy_object(Bucket=stand.inbox, Key=f"{folder}old.mp4", CopySource=source)
    stand.put(f"{folder}old.json", SIDECAR)
    stand.finish(folder)
    hints = {
        "caf\u00e9.mp4": "other Unicode characters",
        "beach.json": "beach.mp4 has the sidecar beach.mp4.json, which comes first",
        "old.json": "old.mp4 is an output of Dropcut",
    }
    for name in hints:
        powers.let_halves_wait(folder + name, minutes=2)
    powers.sweep()
    told = {about(message): message.text for message in stand.messages(folder) if "waits for" in message.text}
    assert set(told) == {folder + name for name in hints}
    for name, hint in hints.items():
        assert hint in told[folder + name]
    assert len(stand.bill(folder)) == 1


def test_a_file_that_was_taken_back_is_not_told_of(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
    stand.put(f"{folder}beach.mp4", clip)
    stand.finish(folder)
    stand.cloud.client("s3").delete_object(Bucket=stand.inbox, Key=f"{folder}beach.mp4")
    powers.let_halves_wait(f"{folder}beach.mp4", minutes=2)
    powers.sweep()
    assert stand.messages(folder) == []


def test_an_inbox_whose_versioning_was_suspended_starts_nothing_until_it_is_on_again(
    stand: Stand, folder: str, clip: bytes
) -> None:
    def keep_versions(status: str) -> None:
        configuration = {"Status": status}
        stand.cloud.client("s3").put_bucket_versioning(Bucket=stand.inbox, VersioningConfiguration=configuration)

    for name, body in (("beach.json", SIDECAR), ("beach.mp4", clip)):
        stand.announce(folder + name)
        keep_versions("Suspended")
        stand.cloud.client("s3").put_object(Bucket=stand.inbox, Key=folder + name, Body=body)
        keep_versions("Enabled")
    stand.finish(folder)
    assert stand.executions(folder) == []
    message = stand.message(folder)
    assert message.attributes["status"] == "LEFT_ALONE"
    assert "aws s3api put-bucket-versioning" in message.text

    stand.drop(f"{folder}beach.mp4", clip, SIDECAR)
    assert [run.status for run in stand.finish(folder)] == ["SUCCEEDED"]
    assert stand.statuses(folder) == ["LEFT_ALONE", "DELIVERED"]
    assert len(stand.bill(folder)) == 1


@pytest.mark.usefixtures("deaf_to_uploads")
def test_a_pair_whose_last_announcement_was_lost_is_started_by_the_sweep(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    powers.announce_uploads(True)
    stand.put(f"{folder}beach.mp4", clip)
    stand.finish(folder)
    powers.announce_uploads(False)
    stand.cloud.client("s3").put_object(Bucket=stand.inbox, Key=f"{folder}beach.json", Body=SIDECAR)
    powers.let_halves_wait(f"{folder}beach.mp4", minutes=2)
    powers.sweep()
    powers.sweep()
    assert [run.status for run in stand.finish(folder)] == ["SUCCEEDED"]
    assert stand.message(folder).attributes["status"] == "DELIVERED"
    assert len(stand.bill(folder)) == 1
