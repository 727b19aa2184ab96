"""Nobody can tell whether a request was accepted: it is looked up, never sent again, and the books agree."""

from __future__ import annotations

from localcloud.executions import states_entered
from tests.e2e.outcomes import ASK, assert_books_agree, assert_delivered, assert_ended
from tests.e2e.stand import Stand


def test_a_lost_answer_is_looked_up_and_never_sent_again(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "submit", "kind": "answer_lost"})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_delivered(stand, folder)
    assert len(stand.posts(folder)) == 1
    (run,) = stand.executions(folder)
    assert "FindSubmission" in states_entered(stand.cloud, run.arn)


def test_what_may_be_paid_is_held_and_never_bought_again(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject([{"stage": "submit", "kind": "answer_lost"}, {"stage": "history", "kind": "never"}])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    message = assert_ended(stand, folder, "IN_DOUBT", billed=1)
    (billed,) = stand.bill(folder)
    mark = message.document["what_to_do"].split("video_url has ")[1].split(". ")[0]
    assert mark in billed["video_url"]

    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    assert stand.statuses(folder) == ["IN_DOUBT", "IN_DOUBT"]
    assert len(stand.posts(folder)) == 1


def test_the_ledger_and_the_bill_agree_to_the_cent(stand: Stand, folder: str, clip: bytes) -> None:
    """Over everything that this stand has seen: what is charged, and what stays reserved because nobody knows."""
    stand.provider.inject({"stage": "submit", "kind": "cost_differs", "usd": 2.5})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_delivered(stand, folder, usd=2.5)
    assert_books_agree(stand)
