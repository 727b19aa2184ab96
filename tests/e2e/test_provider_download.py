"""A result is delivered whole or not at all, however often its download breaks."""

from __future__ import annotations

from localcloud.executions import states_entered
from tests.e2e.faults import ERRORS, each
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, assert_delivered, assert_ended
from tests.e2e.stand import Stand
from tests.e2e.test_provider_submission import drop_several

BROKEN = ("cut_short", "cut_short_undeclared", "html", "empty", "corrupt", "repeated", "mistyped", "forbidden",
          "redirect")  # fmt: skip


def test_a_broken_download_is_repeated_until_it_is_whole_and_leaves_nothing_behind(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject(each("download", [*BROKEN, *ERRORS]))  # as many as deliver_edit is tried again
    with powers.time_flies(0.0001):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert_delivered(stand, folder)
    (run,) = stand.executions(folder)
    assert states_entered(stand.cloud, run.arn).count("DeliverEdit") == 1, "a retry, not another state"
    s3, place = stand.cloud.client("s3"), {"Bucket": stand.outbox_bucket, "Prefix": folder}
    versions = s3.list_object_versions(**place)["Versions"]
    assert sorted(version["Key"] for version in versions) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]
    assert s3.list_multipart_uploads(**place).get("Uploads", []) == []


def test_a_download_that_is_too_long_or_packed_is_delivered_as_it_was_made(
    stand: Stand, folder: str, clip: bytes
) -> None:
    kinds = ["overlong", "gzip"]
    stand.provider.inject(each("download", kinds))
    for place in drop_several(stand, folder, clip, len(kinds)):
        assert_delivered(stand, place)


def test_a_result_on_a_host_that_is_not_on_the_list_is_held_unfetched(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "result", "kind": "elsewhere"})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    message = assert_ended(stand, folder, "UNDELIVERED", billed=1)
    assert "localhost is not on the list of result hosts" in message.text


def test_slow_and_dripping_downloads_are_waited_for(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "download", "kind": "slow_drip", "seconds": 2})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_delivered(stand, folder)


def test_a_delivery_that_fails_for_days_and_then_works_is_delivered_and_was_bought_once(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "download", "kind": "forbidden", "times": 16})  # pauses of more than a day in all
    with powers.time_flies(0.00002):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert_delivered(stand, folder)


def test_a_result_that_could_not_be_had_for_seven_days_is_held_as_paid_and_never_bought_again(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "download", "kind": "forbidden"})
    with powers.later("DeliverEditFunction", 8 * 24 * 3600):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        message = assert_ended(stand, folder, "UNDELIVERED", billed=1)
    (billed,) = stand.bill(folder)
    assert billed["request_id"] in message.document["summary"]
    assert "403" in message.text
    assert "seven days, and they are over" in message.text
    assert message.document["cost"]["charged_usd"] == billed["usd"]

    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    assert len(stand.posts(folder)) == 1
    assert [message.attributes["status"] for message in stand.messages(folder)] == ["UNDELIVERED", "UNDELIVERED"]
