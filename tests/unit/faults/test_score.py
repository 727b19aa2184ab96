"""The judge of the campaign: a run that is well is well, and each rule is broken by what breaks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import score
from tests.faults.books import Account, find, owner_of
from tests.faults.score import judge

Row = dict[str, Any]
VIDEO = b"a video"
SHA = hashlib.sha256(VIDEO).hexdigest()
URL = "http://here/e1/1/clip.mp4"


class FakeBooks:
    """One folder, of which everything is known."""

    def __init__(self) -> None:
        self.account = Account()
        self.accounts = {"subject-1": self.account}
        self.contents: dict[str, bytes] = {}
        self.places: set[str] = set()

    def content(self, version: Row) -> bytes:
        return self.contents[version["VersionId"]]

    def made(self, request_id: str) -> str | None:
        return SHA if request_id == "r1" else None

    def store(self, key: str, body: bytes) -> None:
        version = f"v{len(self.contents)}"
        self.contents[version] = body
        self.account.objects.append({"Key": f"subject-1/{key}", "VersionId": version, "Size": len(body)})


def message(status: str = "DELIVERED", event_id: str = "m1", **more: Any) -> Row:
    return {"status": status, "event_id": event_id, "edit_id": "e1", "drop_id": "d1", "request_id": "r1", **more}


@pytest.fixture
def books() -> FakeBooks:
    """An edit that was delivered as it should be."""
    known = FakeBooks()
    known.store("beach.mp4", VIDEO)
    known.store("beach.manifest.json", json.dumps({"edit_id": "e1", "output": {"sha256": SHA}}).encode())
    output = {"version": "v0", "sha256": SHA}
    edit = {"state": "DELIVERED", "request_id": "r1", "event_id": "m1", "output": output, "attempt": 1}
    known.account.rows = [
        {"pk": "EDIT#e1", "sk": "EDIT", **edit},
        {"pk": "CLIP#c", "sk": "DROP#d1", "outcome": "EDIT"},
    ]
    known.account.bill = [{"request_id": "r1", "video_url": URL}]
    known.account.posts = [{"video_url": URL, "accepted": True}]
    known.account.messages = [message()]
    return known


def edit(books: FakeBooks, **changes: Any) -> None:
    books.account.rows[0] |= changes


def rules(books: FakeBooks) -> set[str]:
    return {finding.rule for finding in judge(books, "subject-1").findings}  # type: ignore[arg-type]


def test_an_edit_that_went_well_breaks_no_rule(books: FakeBooks) -> None:
    found = judge(books, "subject-1")  # type: ignore[arg-type]
    assert found.findings == []
    assert (found.ends, found.billed, found.billed_for_delivered) == (["DELIVERED"], 1, 1)


def billed_again(books: FakeBooks) -> None:
    books.account.bill.append({"request_id": "r2", "video_url": "http://here/e1/2/clip.mp4"})


def sent_again(books: FakeBooks) -> None:
    books.account.posts *= 2


def lost(books: FakeBooks) -> None:
    edit(books, state="FAILED")


def held_in_silence(books: FakeBooks) -> None:
    edit(books, state="UNDELIVERED")


def open_edit(books: FakeBooks) -> None:
    edit(books, state="SUBMITTED")


def open_drop(books: FakeBooks) -> None:
    del books.account.rows[1]["outcome"]


def nothing_known(books: FakeBooks) -> None:
    books.account.rows = []


def untold(books: FakeBooks) -> None:
    books.account.messages = []


def without_words(books: FakeBooks) -> None:
    del books.account.rows[0]["event_id"]


def told_twice(books: FakeBooks) -> None:
    books.account.messages.append(message(event_id="m2"))


def half_a_video(books: FakeBooks) -> None:
    books.store("beach.e1.mp4", VIDEO[:3])


def replaced(books: FakeBooks) -> None:
    edit(books, output={"version": "v9", "sha256": SHA})


def without_manifest(books: FakeBooks) -> None:
    del books.account.objects[1]


def place_kept(books: FakeBooks) -> None:
    books.places.add("e1")


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (billed_again, score.TWICE),
        (sent_again, score.SENT_TWICE),
        (lost, score.LOST),
        (held_in_silence, score.LOST),
        (open_edit, score.NO_END),
        (open_drop, score.NO_END),
        (nothing_known, score.NO_END),
        (untold, score.SILENT),
        (without_words, score.SILENT),
        (told_twice, score.REPEATED),
        (half_a_video, score.BROKEN),
        (replaced, score.UNFINISHED),
        (without_manifest, score.UNFINISHED),
        (place_kept, score.LEAKED),
    ],
)
def test_each_rule_is_broken_by_what_breaks_it(books: FakeBooks, spoil: Callable[[FakeBooks], None], rule: str) -> None:
    spoil(books)
    assert rule in rules(books)


def test_a_paid_edit_may_be_held_if_somebody_was_told_why(books: FakeBooks) -> None:
    edit(books, state="UNDELIVERED", reason="403")
    books.account.messages = [message("UNDELIVERED")]
    found = judge(books, "subject-1")  # type: ignore[arg-type]
    assert found.findings == []
    assert found.held == ["403"]


def test_the_same_message_sent_twice_under_its_one_id_is_fine(books: FakeBooks) -> None:
    books.account.messages *= 2
    assert rules(books) == set()


def test_a_charge_belongs_to_the_folder_whose_edit_its_clip_names() -> None:
    assert owner_of({"video_url": URL}, {"e0": "subject-0", "e1": "subject-1"}) == "subject-1"
    assert owner_of({"video_url": "http://here/other.mp4"}, {"e1": "subject-1"}) == ""


def test_a_field_is_found_however_deep_it_lies() -> None:
    assert find({"data": [{"rows": {"generation_url": "http://here"}}]}, "generation_url") == "http://here"
    assert find({"data": [{"generation_url": None}]}, "generation_url") == ""
