"""Between submission and result: failures, silence, nonsense, and a provider that forgets."""

from __future__ import annotations

import pytest

from localcloud.executions import states_entered
from localcloud.standing import put_api_key
from tests.e2e.faults import ERRORS, each
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, PRICE, assert_delivered, assert_ended
from tests.e2e.stand import Stand, eventually
from tests.e2e.test_provider_submission import drop_several

WORDS = {
    "input_invalid": "duration must be between",
    "media_unreachable": "could not download",
    "moderation": "content risk control",
    "unknown": "Something went wrong",
}


def test_a_failure_that_would_fail_again_is_told_in_the_providers_words_and_never_retried(
    stand: Stand, folder: str, clip: bytes
) -> None:
    stand.provider.inject([{"stage": "submit", "kind": "failed", "reason": reason} for reason in WORDS])
    said = []
    for place in drop_several(stand, folder, clip, len(WORDS)):
        said.append(assert_ended(stand, place, "FAILED").document["summary"])
        assert len(stand.posts(place)) == 1
    for reason, words in WORDS.items():
        assert len([summary for summary in said if words in summary and f"({reason})" in summary]) == 1


@pytest.mark.parametrize("failures", [2, 3])
def test_a_lack_of_capacity_is_tried_again_at_most_twice(stand: Stand, folder: str, clip: bytes, failures: int) -> None:
    faults = [{"stage": "submit", "kind": "failed", "reason": "capacity"}, {"stage": "poll", "kind": "failed_as_200"}]
    stand.provider.inject([{**fault, "times": failures} for fault in faults])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    if failures == 2:
        assert_delivered(stand, folder, attempt=3)
    else:
        assert "parallel task" in assert_ended(stand, folder, "FAILED").text
    paths = [post["video_url"].split("/")[-2] for post in stand.posts(folder)]
    assert paths == ["1", "2", "3"], "each attempt has a mark of its own"


def test_polls_that_fail_or_make_no_sense_are_made_again(stand: Stand, folder: str, clip: bytes) -> None:
    kinds = ["unknown_status", "json_list", *(kind for kind in ERRORS if kind != "not_found")]
    stand.provider.inject(each("poll", kinds))
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_delivered(stand, folder)
    (run,) = stand.executions(folder)
    assert states_entered(stand.cloud, run.arn).count("PollEdit") >= len(kinds)


def test_a_provider_that_is_slow_with_every_answer_is_waited_for(stand: Stand, folder: str, clip: bytes) -> None:
    for stage in ("submit", "poll", "result", "download"):
        stand.provider.inject({"stage": stage, "kind": "slow", "seconds": 1})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_delivered(stand, folder)


def test_a_key_that_is_replaced_while_a_generation_runs_is_read_anew(stand: Stand, folder: str, clip: bytes) -> None:
    """Between the old key's end at the provider and the new one in the parameter every poll is a 401."""
    old, new = stand.provider.api_key, "SG_00000000deadbeef"
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    try:
        eventually(lambda: stand.posts(folder), "it is submitted")
        stand.provider.settings(api_key=new)
        (run,) = stand.executions(folder)
        eventually(lambda: "PollEdit" in states_entered(stand.cloud, run.arn)[:-1], "one poll was refused")
        put_api_key(stand.cloud, new)
        assert_delivered(stand, folder)
    finally:
        stand.provider.settings(api_key=old)
        put_api_key(stand.cloud, old)


def test_a_generation_that_fails_only_at_its_end_is_told_and_not_paid(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "submit", "kind": "failed_late", "reason": "moderation"})
    stand.provider.settings(generation_seconds=2.5)
    try:
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        message = assert_ended(stand, folder, "FAILED")
    finally:
        stand.provider.settings(generation_seconds=0.3)
    assert "content risk control" in message.text
    assert message.document["cost"]["charged_usd"] is None
    (run,) = stand.executions(folder)
    assert states_entered(stand.cloud, run.arn).count("PollEdit") > 1


def test_one_look_that_finds_no_record_does_not_end_the_looking(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "poll", "kind": "not_found"})
    stand.provider.settings(generation_seconds=2.5)
    try:
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert_delivered(stand, folder)
    finally:
        stand.provider.settings(generation_seconds=0.3)


def test_a_result_is_read_in_every_shape(stand: Stand, folder: str, clip: bytes) -> None:
    kinds = ["output_list", "output_object", "no_url", "server_error"]
    stand.provider.inject([{"stage": "result", "kind": kind} for kind in kinds])
    for place in drop_several(stand, folder, clip, len(kinds)):
        assert_delivered(stand, place)


def test_a_record_that_expired_is_found_in_the_history_and_delivered(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "poll", "kind": "record_expired"})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert assert_delivered(stand, folder)["cost"]["charged_usd"] == PRICE
    (run,) = stand.executions(folder)
    assert "FindResult" in states_entered(stand.cloud, run.arn)


def test_a_generation_that_ends_after_its_record_expired_is_delivered(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.settings(generation_seconds=5000)
    try:
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        eventually(lambda: stand.posts(folder), "it is submitted")
        stand.provider.advance(3600)
        (run,) = stand.executions(folder)
        eventually(lambda: "WaitForResult" in states_entered(stand.cloud, run.arn), "its record is gone")
        stand.provider.advance(3600)
        with powers.time_flies(0.001):
            assert_delivered(stand, folder)
    finally:
        stand.provider.settings(generation_seconds=0.3)


def test_a_generation_that_takes_forty_minutes_is_told_of_once_and_then_delivered(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    def polls() -> list[str]:
        (run,) = stand.executions(folder)
        entered = states_entered(stand.cloud, run.arn)
        return [state for state in entered if state in ("PollEdit", "NotifyDelay")]

    stand.provider.settings(generation_seconds=3000)
    try:
        with powers.later("PollEditFunction", 41 * 60):
            stand.drop(f"{folder}beach.mp4", clip, ASK)
            eventually(lambda: stand.executions(folder), "it is started")
            eventually(lambda: len(polls()) >= 4, "it is polled three times")
            stand.provider.advance(3000)
            assert [run.status for run in stand.finish(folder)] == ["SUCCEEDED"]
    finally:
        stand.provider.settings(generation_seconds=0.3)
    assert polls()[:4] == ["PollEdit", "NotifyDelay", "PollEdit", "PollEdit"]
    assert polls().count("NotifyDelay") == 1
    overdue, end = stand.messages(folder)
    assert (overdue.document["status"], end.document["status"]) == ("OVERDUE", "DELIVERED")
    (post,) = stand.posts(folder)
    for words in (post["request_id"], "41 minutes ago", "never bought again"):
        assert words in overdue.text
    assert len(stand.bill(folder)) == 1


def test_a_cost_that_nobody_tells_is_said_to_be_unknown(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject([{"stage": "poll", "kind": "record_expired"}, {"stage": "history", "kind": "null_cost"}])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    manifest = assert_delivered(stand, folder)
    assert manifest["cost"] == {"estimated_usd": PRICE, "charged_usd": None}
    assert "not known" in stand.message(folder).text


def test_a_generation_that_never_ends_is_held_after_the_seven_days_that_a_result_lives(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "poll", "kind": "never_finishes"})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    eventually(lambda: stand.posts(folder), "it is submitted")
    stand.provider.advance(3600)
    with powers.time_flies(0.00001):
        stand.finish(folder)
    message = assert_ended(stand, folder, "UNDELIVERED")
    (post,) = stand.posts(folder)
    assert post["request_id"] in message.text
    assert message.document["request_id"] == post["request_id"]

    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    said = [status for status in stand.statuses(folder) if status != "OVERDUE"]  # by then it may have been told of
    assert said == ["UNDELIVERED", "UNDELIVERED"]
    assert len(stand.posts(folder)) == 1
