"""Over a limit, or without credits, an edit waits, costs nothing, says why once, and goes on by itself."""

from __future__ import annotations

import time
from decimal import Decimal

from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, PRICE, assert_books_agree, valid
from tests.e2e.stand import Stand, eventually, together

HASTE = 0.008  # half a minute, the first pause before room is looked for again, lasts a quarter of a second


def committed_today(stand: Stand) -> Decimal:
    today = "DAY#" + time.strftime("%Y-%m-%d", time.gmtime())
    return sum((row["committed_usd"] for row in stand.ledger() if row["pk"] == today), Decimal(0))


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


def test_five_clips_with_two_places_are_never_more_than_two_at_the_provider_and_are_all_delivered(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    folders = [f"{folder}{number}/" for number in range(5)]
    with powers.limits(MAX_EDITS_IN_FLIGHT="2"), powers.time_flies(HASTE):
        together([lambda place=place: stand.drop(f"{place}beach.mp4", clip, ASK) for place in folders])  # type: ignore[misc]
        assert {run.status for run in stand.finish(folder)} == {"SUCCEEDED"}
    ended = {edit["request_id"]: float(edit["completed_at"]) for edit in stand.edits(folder)}
    posts = stand.posts(folder)
    assert len(posts) == len(ended) == len(stand.bill(folder)) == 5
    for post in posts:
        there = [one for one in posts if one["time"] <= post["time"] < ended[one["request_id"]]]
        assert len(there) <= 2, "at the moment of this submission"
    for place in folders:
        assert stand.statuses(place) in (["DELIVERED"], ["DELAYED", "DELIVERED"]), (
            "a wait is told of once, if it is long"
        )
    assert stand.places() == set()
    assert_books_agree(stand)


def test_the_dollars_of_a_day_are_not_exceeded_and_the_rest_waits_for_more(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.finish("")
    most = committed_today(stand) + 1
    with powers.limits(MAX_USD_PER_DAY=str(most)), powers.time_flies(HASTE):
        folders = [f"{folder}{number}/" for number in range(2)]
        together([lambda place=place: stand.drop(f"{place}beach.mp4", clip, ASK) for place in folders])  # type: ignore[misc]
        eventually(lambda: sorted(stand.statuses(folder)) == ["DELAYED", "DELIVERED"], "one is in, one waits")
        assert len(stand.bill(folder)) == 1, "each costs $0.945 and there was one dollar"
        assert committed_today(stand) <= most
        (waiting,) = [edit for edit in stand.edits(folder) if edit["state"] != "DELIVERED"]
        assert (waiting["state"], waiting["attempt"], waiting["delayed_by"]) == ("PREPARED", 0, "DAY_LIMIT")
    (late,) = [place for place in folders if stand.statuses(place)[0] == "DELAYED"]
    assert_told_of_a_wait_and_then_delivered(stand, late, f"MaxUsdPerDay is ${most:.2f}")


def test_while_spending_is_switched_off_nothing_is_sent_and_afterwards_it_goes_on_by_itself(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with powers.limits(SPENDING_ENABLED="false"), powers.time_flies(HASTE):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        eventually(lambda: stand.statuses(folder), "it is told of")
        assert stand.places() == set()
        assert [edit["state"] for edit in stand.edits(folder)] == ["PREPARED"]
        assert stand.posts(folder) == []
    assert_told_of_a_wait_and_then_delivered(stand, folder, "SpendingEnabled")


def test_credits_are_waited_for_and_the_edit_goes_on_when_they_come(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
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


def test_credits_that_never_come_end_the_edit_unpaid_and_dropping_it_again_buys_it(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    stand.provider.settings(credits=0.5, no_credits_status=406)
    try:
        with powers.limits(CREDIT_WAIT_HOURS="0.02"), powers.time_flies(HASTE):
            stand.drop(f"{folder}beach.mp4", clip, ASK)
            assert [run.status for run in stand.finish(folder)] == ["FAILED"]
    finally:
        stand.provider.settings(credits=10_000.0, no_credits_status=402)
    wait, end = stand.messages(folder)
    assert (wait.document["status"], end.document["status"]) == ("DELAYED", "FAILED")
    assert "After 0.02 hours" in wait.text
    for words in ("nothing was paid", "credits"):
        assert words in end.text
    assert (stand.bill(folder), stand.places()) == ([], set())
    assert stand.document(f"{folder}beach.error.json")["status"] == "FAILED"

    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    assert stand.statuses(folder) == ["DELAYED", "FAILED", "DELIVERED"]
    assert len(stand.bill(folder)) == 1
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]
    assert_books_agree(stand)


def test_a_file_that_is_deleted_while_its_edit_waits_takes_it_back(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with powers.limits(SPENDING_ENABLED="false"), powers.time_flies(HASTE):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        eventually(lambda: stand.statuses(folder), "it is told of")
        stand.cloud.client("s3").delete_object(Bucket=stand.inbox, Key=f"{folder}beach.json")
        assert [run.status for run in stand.finish(folder)] == ["FAILED"]
    assert stand.statuses(folder) == ["DELAYED", "FAILED"]
    assert "beach.json was deleted before it was sent" in stand.messages(folder)[-1].text
    assert stand.posts(folder) == []


def test_a_file_that_is_replaced_while_its_edit_waits_is_bought_as_it_is_then(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with powers.limits(SPENDING_ENABLED="false"), powers.time_flies(HASTE):
        stand.drop(f"{folder}beach.mp4", clip, ASK)
        eventually(lambda: stand.statuses(folder), "it is told of")
        stand.drop(f"{folder}beach.mp4", clip, {**ASK, "prompt": "the corrected prompt"})
        eventually(lambda: len(stand.statuses(folder)) >= 2, "the newer one waits too")
    assert {run.status for run in stand.finish(folder)} == {"SUCCEEDED"}
    assert stand.statuses(folder)[-1] == "DELIVERED"
    states = {edit["request"]["prompt"]: edit["state"] for edit in stand.edits(folder)}
    assert states == {ASK["prompt"]: "FAILED", "the corrected prompt": "DELIVERED"}
    assert len(stand.posts(folder)) == 1
