"""An edit that is held for a person: what is known of it, and what becomes of it by that person's word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.operators import done, dropcut, person, refused
from tests.e2e.outcomes import ASK, PRICE, assert_books_agree, assert_ended
from tests.e2e.stand import Row, Stand


def in_doubt(stand: Stand, folder: str, clip: bytes, *faults: Row) -> str:
    """A drop whose submission's outcome nobody knows; gives its edit id."""
    stand.provider.inject([{"stage": "submit", "kind": "answer_lost"}, *faults] if faults else
                          {"stage": "submit", "kind": "reset"})  # fmt: skip
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    assert_ended(stand, folder, "IN_DOUBT", billed=1 if faults else 0)
    return only(stand, folder)["edit_id"]  # type: ignore[no-any-return]


def only(stand: Stand, folder: str) -> Row:
    (edit,) = stand.edits(folder)
    return edit


def statuses(stand: Stand, folder: str) -> list[str]:
    return [message.attributes["status"] for message in stand.messages(folder)]


def reserved(stand: Stand) -> float:
    return sum(float(row["reserved_usd"]) for row in stand.ledger() if row["pk"].startswith("DAY#"))


def audits(stand: Stand, edit_id: str) -> list[Row]:
    return [row for row in stand.ledger() if row["pk"] == f"EDIT#{edit_id}" and row["sk"].startswith("AUDIT#")]


def test_an_adopted_request_is_delivered_at_no_further_cost(stand: Stand, folder: str, clip: bytes) -> None:
    edit_id = in_doubt(stand, folder, clip, {"stage": "history", "kind": "late", "seconds": 900})
    (bill,) = stand.bill(folder)
    request_id, adopt = bill["request_id"], ("resolve", edit_id, "--adopt")

    stand.provider.advance(900)
    before = stand.ledger()
    planned = done(dropcut(stand, "resolve", edit_id[:12], "--adopt", request_id, "--dry-run"))
    assert "Confirmed by the provider's history" in planned
    assert stand.ledger() == before, "a dry run writes nothing"

    assert request_id in done(dropcut(stand, *adopt, request_id, "--note", "seen", "--yes"))
    assert [run.status for run in stand.finish(folder)] == ["FAILED", "SUCCEEDED"]
    edit = only(stand, folder)
    assert (edit["state"], edit["request_id"], edit["execution"]) == ("DELIVERED", request_id, f"{edit['owner']}-2")
    assert stand.outbox(folder) == [f"{folder}beach.manifest.json", f"{folder}beach.mp4"]
    assert statuses(stand, folder) == ["IN_DOUBT", "DELIVERED"]
    assert len(stand.posts(folder)) == len(stand.bill(folder)) == 1
    (audit,) = audits(stand, edit_id)
    assert (audit["what"], audit["note"], audit["before"]["state"]) == ("adopt", "seen", "IN_DOUBT")
    assert audit["after"]["request_id"] == request_id
    assert ":root" in audit["who"]
    assert "adopt by" in done(dropcut(stand, "status", f"s3://{stand.inbox}/{folder}beach.mp4"))
    assert_books_agree(stand)


def test_an_edit_that_was_not_billed_is_bought_again(stand: Stand, folder: str, clip: bytes) -> None:
    edit_id, held = in_doubt(stand, folder, clip), reserved(stand)
    not_billed = ("resolve", edit_id, "--not-billed", "--yes")
    assert "--early" in refused(dropcut(stand, *not_billed)), "rows may land late"
    assert "FAILED" in done(dropcut(stand, *not_billed, "--early"))
    assert statuses(stand, folder) == ["IN_DOUBT", "FAILED"]
    assert stand.document(f"{folder}beach.error.json")["status"] == "FAILED"
    assert only(stand, folder)["state"] == "FAILED"
    assert reserved(stand) == pytest.approx(held - PRICE)
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    runs = [run.status for run in stand.finish(folder)]  # one more where superseded halves came first
    assert (runs[0], runs[-1]) == ("FAILED", "SUCCEEDED")
    assert (only(stand, folder)["state"], only(stand, folder)["attempt"]) == ("DELIVERED", 2)
    assert len(stand.bill(folder)) == 1
    assert statuses(stand, folder) == ["IN_DOUBT", "FAILED", "DELIVERED"]
    assert_books_agree(stand)


def test_an_abandoned_edit_is_bought_again_only_by_rerun(stand: Stand, folder: str, clip: bytes) -> None:
    edit_id, held = in_doubt(stand, folder, clip), reserved(stand)
    assert "ABANDONED" in done(dropcut(stand, "resolve", edit_id, "--give-up", "--note", "who knows", "--yes"))
    assert reserved(stand) == pytest.approx(held), "it may have been paid, so it stays counted"
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    assert statuses(stand, folder) == ["IN_DOUBT", "ABANDONED", "ABANDONED"], "decided, and dropped again"
    said = stand.messages(folder)[-1].text
    for told in ("given up on 20", "who knows", '"rerun": 1', "nothing was bought"):
        assert told in said
    assert len(stand.posts(folder)) == 1
    stand.drop(f"{folder}beach.mp4", clip, {**ASK, "rerun": 1})
    stand.finish(folder)
    assert statuses(stand, folder) == ["IN_DOUBT", "ABANDONED", "ABANDONED", "DELIVERED"]
    assert len(stand.bill(folder)) == 1
    assert_books_agree(stand)


def test_status_shows_what_is_held_and_the_days_dollars(stand: Stand, folder: str, clip: bytes) -> None:
    held_edit = in_doubt(stand, folder, clip)
    assert 'no stack "another"' in refused(dropcut(stand, "status", "--stack", "another"))
    text = done(dropcut(stand, "status"))
    assert f"{held_edit[:12]}  IN_DOUBT held" in text
    assert "MaxUsdPerDay" in text
    document: Any = json.loads(done(dropcut(stand, "status", "--json")))
    assert held_edit in [edit["edit_id"] for edit in document["edits"]]
    assert document["in_flight"] == {"limit": document["in_flight"]["limit"], "places": 0, "leaked": []}
    story = done(dropcut(stand, "status", held_edit[:8]))
    for known in (held_edit, "IN_DOUBT", "$0.945", "FAILED in Failed", f"resolve {held_edit} --adopt REQUEST_ID"):
        assert known in story
    one = json.loads(done(dropcut(stand, "status", held_edit, "--json")))
    assert (one["state"], one["clip"]["key"], one["message"]["status"]) == (
        "IN_DOUBT",
        f"{folder}beach.mp4",
        "IN_DOUBT",
    )


def test_the_permissions_on_the_operations_page_are_enough(stand: Stand, folder: str, clip: bytes) -> None:
    edit_id = in_doubt(stand, folder, clip, {"stage": "history", "kind": "late", "seconds": 900})
    stand.provider.advance(900)
    (bill,) = stand.bill(folder)
    allowed = person(stand, folder.rstrip("/"))
    assert edit_id[:12] in done(dropcut(stand, "status", **allowed))
    assert edit_id in done(dropcut(stand, "status", edit_id[:8], **allowed))
    adopt = ("resolve", edit_id, "--adopt", bill["request_id"])
    assert "Confirmed" in (said := dropcut(stand, *adopt, "--yes", **allowed)).stderr
    assert "carries it on" in done(said)
    assert [run.status for run in stand.finish(folder)] == ["FAILED", "SUCCEEDED"]
    (audit,) = audits(stand, edit_id)
    assert audit["who"].endswith(f":user/{folder.rstrip('/')}")
    given_up = in_doubt(stand, f"{folder}more/", clip)
    ended = done(dropcut(stand, "resolve", given_up, "--give-up", "--yes", **allowed))
    assert "A message tells" in ended, "and nothing was refused"
    assert "could not" not in ended
    assert statuses(stand, f"{folder}more/") == ["IN_DOUBT", "ABANDONED"]
    assert stand.document(f"{folder}more/beach.error.json")["status"] == "ABANDONED"
