"""The request history is the last that knows of a request, so it is asked until it can be read."""

from __future__ import annotations

import pytest

from localcloud.executions import states_entered
from tests.e2e.faults import ERRORS, each
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, PRICE, assert_delivered, assert_ended
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


@pytest.mark.parametrize("hours", [1, 24])
def test_a_row_that_lands_hours_late_is_found_and_delivered_at_no_further_cost(
    stand: Stand, powers: Powers, folder: str, clip: bytes, hours: int
) -> None:
    late = {"stage": "history", "kind": "late", "seconds": 3600 * hours}
    stand.provider.inject([{"stage": "submit", "kind": "answer_lost"}, late])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_ended(stand, folder, "IN_DOUBT", billed=1)
    powers.recheck(later=3600)
    assert stand.statuses(folder) == ["IN_DOUBT"]
    stand.provider.advance(3600 * hours)
    for later in (3, 9):  # the second run finds nothing more
        powers.recheck(later=3600 * later)
    stand.finish("")  # other tests' edits may have been in doubt as well
    assert [run.status for run in stand.finish(folder)] == ["FAILED", "SUCCEEDED"]
    assert stand.statuses(folder) == ["IN_DOUBT", "FOUND", "DELIVERED"]
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]
    assert len(stand.posts(folder)) == len(stand.bill(folder)) == 1
    (edit,) = stand.edits(folder)
    assert (edit["state"], edit["execution"]) == ("DELIVERED", f"{edit['owner']}-2")


@pytest.mark.parametrize("fault", ["never", "null_cost"])
def test_a_failure_that_the_history_does_not_confirm_is_told_so_and_never_sent_again(
    stand: Stand, powers: Powers, folder: str, clip: bytes, fault: str
) -> None:
    capacity = {"stage": "submit", "kind": "failed", "reason": "capacity"}
    stand.provider.inject([capacity, {"stage": "history", "kind": fault}])
    with powers.time_flies(0.001):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        message = assert_ended(stand, folder, "FAILED")
    assert "its history did not confirm that this was free" in message.text
    assert len(stand.posts(folder)) == 1
