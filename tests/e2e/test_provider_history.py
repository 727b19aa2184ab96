"""The request history is the last that knows of a request, so it is asked until it can be read."""

from __future__ import annotations

from localcloud.executions import states_entered
from tests.e2e.faults import ERRORS, each
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, PRICE, assert_delivered
from tests.e2e.stand import Stand


def test_a_lost_submission_is_looked_for_until_the_history_can_be_read_and_is_never_sent_again(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "submit", "kind": "answer_lost"})
    stand.provider.inject(each("history", [*ERRORS, "slow"], seconds=0.5))
    with powers.time_flies(0.001):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert_delivered(stand, folder)
    assert len(stand.posts(folder)) == 1
    (run,) = stand.executions(folder)
    assert states_entered(stand.cloud, run.arn).count("FindSubmission") >= len(ERRORS)


def test_an_expired_record_is_looked_up_until_the_history_can_be_read(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.inject({"stage": "poll", "kind": "record_expired"})
    stand.provider.inject(each("history", ERRORS))
    with powers.time_flies(0.0001):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert assert_delivered(stand, folder)["cost"]["charged_usd"] == PRICE
    (run,) = stand.executions(folder)
    assert states_entered(stand.cloud, run.arn).count("FindResult") >= len(ERRORS)


def test_a_finished_result_that_nobody_tells_the_address_of_is_asked_for_again(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    """COMPLETED, and then neither the result nor the history can be read, in every way there is."""
    stand.provider.inject([*each("result", [*ERRORS, "no_url"]), *each("history", ERRORS)])
    with powers.time_flies(0.0005):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        assert_delivered(stand, folder)
    (run,) = stand.executions(folder)
    assert states_entered(stand.cloud, run.arn).count("DeliverEdit") == 1, "retries, not other states"
