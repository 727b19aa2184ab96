"""A file whose other half does not come is told of once, with the likeliest typo; nothing that S3 keeps is lost."""

from __future__ import annotations

from tests.e2e.local_powers import Powers
from tests.e2e.stand import Stand

SIDECAR = b'{"prompt": "Make it an alien planet", "mode": "std"}'


def test_a_waiting_clip_is_told_of_once_and_edited_later(
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


def test_an_inbox_without_versions_starts_nothing_and_says_so(stand: Stand, folder: str, clip: bytes) -> None:
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
