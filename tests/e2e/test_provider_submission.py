"""Whatever the provider says to a submission, or does not say: nothing is paid twice and nothing paid is lost.

Faults wait in a queue, so of several drops at once each meets one of them, and what must hold does not depend on which.
"""

from __future__ import annotations

import pytest

from localcloud.executions import states_entered
from tests.e2e.faults import each
from tests.e2e.outcomes import ASK, assert_delivered, assert_ended
from tests.e2e.stand import Stand, eventually, together


def drop_several(stand: Stand, folder: str, clip: bytes, number: int) -> list[str]:
    """Drop so many clips at once; gives their folders."""
    folders = [f"{folder}{n}/" for n in range(number)]
    together([lambda place=place: stand.drop(f"{place}beach.mp4", clip, ASK) for place in folders])  # type: ignore[misc]
    stand.finish(folder)
    return folders


def test_an_accepted_submission_whose_answer_is_lost_is_found_in_the_history(
    stand: Stand, folder: str, clip: bytes
) -> None:
    kinds = ["answer_lost", "bad_gateway_accepted", "gateway_timeout_accepted", "no_request_id", "truncated"]
    stand.provider.inject(each("submit", kinds))
    for place in drop_several(stand, folder, clip, len(kinds)):
        assert_delivered(stand, place)
        (post,) = stand.posts(place)
        assert post["fault"] in kinds
        (run,) = stand.executions(place)
        assert "FindSubmission" in states_entered(stand.cloud, run.arn)
    assert len(stand.bill(folder)) == len(kinds)


def test_a_lost_submission_is_recognised_whatever_the_historys_rows_look_like(
    stand: Stand, folder: str, clip: bytes
) -> None:
    shapes = ["body_as_string", "query_stripped", "prompt_cut", "duplicated"]
    stand.provider.inject([*each("history", shapes), {"stage": "history", "kind": "late", "seconds": 3}])
    stand.provider.inject({"stage": "submit", "kind": "answer_lost"})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_delivered(stand, folder)
    assert len(stand.posts(folder)) == 1


def test_an_unknown_outcome_that_the_history_does_not_know_is_held_and_never_sent_again(
    stand: Stand, folder: str, clip: bytes
) -> None:
    refused = ["bad_gateway", "unavailable", "gateway_timeout", "server_error", "reset"]
    stand.provider.inject(each("submit", refused))
    places = drop_several(stand, folder, clip, len(refused))
    for place in places:
        message = assert_ended(stand, place, "IN_DOUBT")
        (edit,) = stand.edits(place)
        assert f"{edit['edit_id']}/1/clip" in message.text
        assert "is not known" in message.text
        assert len(stand.posts(place)) == 1

    stand.drop(f"{places[0]}beach.mp4", clip, ASK)
    stand.finish(places[0])
    assert len(stand.posts(places[0])) == 1
    first, second = stand.messages(places[0])
    assert second.attributes["status"] == "IN_DOUBT"
    assert second.document["what_to_do"] == first.document["what_to_do"]


def test_a_paid_submission_that_never_appears_in_the_history_is_held_with_its_mark(
    stand: Stand, folder: str, clip: bytes
) -> None:
    stand.provider.inject([{"stage": "submit", "kind": "answer_lost"}, {"stage": "history", "kind": "never"}])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    message = assert_ended(stand, folder, "IN_DOUBT", billed=1)
    (billed,) = stand.bill(folder)
    mark = message.document["what_to_do"].split("video_url has ")[1].split(". ")[0]
    assert mark in billed["video_url"]
    assert len(stand.posts(folder)) == 1


@pytest.mark.parametrize("kind", ["rate_limited", "unauthorized"])
def test_a_passing_refusal_is_tried_again_and_paid_once(stand: Stand, folder: str, clip: bytes, kind: str) -> None:
    stand.provider.inject({"stage": "submit", "kind": kind, "times": 1 if kind == "unauthorized" else 3})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_delivered(stand, folder)
    assert [post["accepted"] for post in stand.posts(folder)][-1] is True


def test_more_drops_than_the_rate_limit_allows_are_all_bought_once(stand: Stand, folder: str, clip: bytes) -> None:
    places = [f"{folder}{number}/" for number in range(4)]
    stand.provider.advance(60)  # what came before this test is no longer of the last minute
    stand.provider.settings(requests_per_minute=2)
    try:
        for place in places:
            stand.drop(f"{place}beach.mp4", clip, ASK)
        eventually(lambda: 429 in [post["status"] for post in stand.posts(folder)], "one was turned away")
        assert len([post for post in stand.posts(folder) if post["accepted"]]) == 2
        stand.provider.advance(60)
        stand.finish(folder)
    finally:
        stand.provider.settings(requests_per_minute=0)
    for place in places:
        assert_delivered(stand, place)


def test_a_refusal_that_proves_that_nothing_was_taken_fails_unpaid_with_the_providers_words(
    stand: Stand, folder: str, clip: bytes
) -> None:
    kinds = {"bad_request": "Bad request", "not_found": "HTTP 404"}
    stand.provider.inject([{"stage": "submit", "kind": kind} for kind in kinds])
    said = []
    for place in drop_several(stand, folder, clip, len(kinds)):
        message = assert_ended(stand, place, "FAILED")
        assert "nothing was paid" in message.text
        assert len(stand.posts(place)) == 1
        said.append(message.text)
    for words in kinds.values():
        assert len([text for text in said if words in text]) == 1

    stand.drop(f"{folder}0/beach.mp4", clip, ASK)
    stand.finish(f"{folder}0/")
    (edit,) = stand.edits(f"{folder}0/")
    assert (edit["state"], edit["attempt"]) == ("DELIVERED", 2), "proven unpaid, so dropping it again buys it"
    assert len(stand.bill(f"{folder}0/")) == 1
    assert f"{folder}0/beach.error.json" not in stand.outbox(folder)


def test_a_lack_of_credits_is_waited_for_by_whichever_code_it_comes(stand: Stand, folder: str, clip: bytes) -> None:
    refusals: list[dict[str, object]] = [{"kind": "no_credits"}, {"kind": "no_credits", "status": 406}]
    stand.provider.inject([{"stage": "submit", **refusal} for refusal in refusals])
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    assert [message.attributes["status"] for message in stand.messages(folder)] == ["DELAYED", "DELIVERED"]
    assert [post["status"] for post in stand.posts(folder)] == [402, 406, 200]
    assert len(stand.bill(folder)) == 1


def test_a_wrong_api_key_fails_unpaid(stand: Stand, folder: str, clip: bytes) -> None:
    stand.provider.inject({"stage": "submit", "kind": "unauthorized", "times": 2})
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    message = assert_ended(stand, folder, "FAILED")
    assert "401" in message.text
    assert [post["accepted"] for post in stand.posts(folder)] == [False, False]
