"""Over a limit, or without credits, an edit waits, costs nothing, says why once, and goes on by itself."""

from __future__ import annotations

from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, PRICE, assert_books_agree, valid
from tests.e2e.stand import Stand, eventually

HASTE = 0.008  # half a minute, the first pause before room is looked for again, lasts a quarter of a second


def assert_told_of_a_wait_and_then_delivered(stand: Stand, prefix: str, words: str) -> None:
    """One message of each, in this order, and one generation on the bill."""
    assert [run.status for run in stand.finish(prefix)] == ["SUCCEEDED"]
    wait, end = stand.messages(prefix)
    said = valid(wait.document, "notification")
    assert (said["status"], end.document["status"]) == ("DELAYED", "DELIVERED")
    assert words in wait.text
    assert "nothing was paid" in wait.text
    assert said["event_id"] != end.document["event_id"]
    assert [billed["usd"] for billed in stand.bill(prefix)] == [PRICE]
    (edit,) = stand.edits(prefix)
    assert not {"delayed_by", "delayed_since"} & set(edit), "nothing of the wait stays"


def test_an_edit_waits_while_spending_is_off(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
    with powers.variables("SubmitEditFunction", SPENDING_ENABLED="false"), powers.time_flies(HASTE):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        eventually(lambda: stand.statuses(folder), "it is told of")
        assert stand.places() == set()
        assert [edit["state"] for edit in stand.edits(folder)] == ["PREPARED"]
        assert stand.posts(folder) == []
    assert_told_of_a_wait_and_then_delivered(stand, folder, "SpendingEnabled")


def test_an_edit_waits_for_credits_and_then_goes_on(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
    stand.provider.settings(credits=0.5)
    try:
        with powers.time_flies(HASTE):
            stand.drop(f"{folder}beach.mp4", clip, ASK)
            eventually(lambda: len(stand.posts(folder)) >= 2, "it was turned away twice")
            eventually(lambda: not stand.places(), "between two tries it holds no place")
            assert stand.statuses(folder) == ["DELAYED"]
    finally:
        stand.provider.settings(credits=10_000.0)
    assert_told_of_a_wait_and_then_delivered(stand, folder, "CreditWaitHours")
    accepted = [post["accepted"] for post in stand.posts(folder)]
    assert accepted == [False] * (len(accepted) - 1) + [True]
    assert stand.edits(folder)[0]["attempt"] == len(accepted), "each was proven unpaid before the next was opened"
    assert_books_agree(stand)
