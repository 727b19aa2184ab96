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
from tests.faults.stage import Upload

Row = dict[str, Any]
VIDEO = b"a video"
SHA = hashlib.sha256(VIDEO).hexdigest()
URL = "http://here/e1/1/clip.mp4"
CLIP, SIDECAR = "subject-1/beach.mp4", "subject-1/beach.json"
BEGUN = 10.0  # when the function began that bought it


class FakeBooks:
    """One folder, of which everything is known."""

    def __init__(self) -> None:
        self.account = Account()
        self.accounts = {"subject-1": self.account}
        self.contents: dict[str, bytes] = {}
        self.places: set[str] = set()
        self.silent: set[str] = set()  # requests of which the provider has no row

    def content(self, version: Row) -> bytes:
        return self.contents[version["VersionId"]]

    def made(self, request_id: str) -> str | None:
        return SHA if request_id == "r1" else None

    def can_be_known(self, request_id: str) -> bool:
        return request_id not in self.silent

    def store(self, key: str, body: bytes) -> None:
        version = f"v{len(self.contents)}"
        self.contents[version] = body
        self.account.objects.append({"Key": f"subject-1/{key}", "VersionId": version, "Size": len(body)})


def message(status: str = "DELIVERED", event_id: str = "m1", **more: Any) -> Row:
    known = {"edit_id": "e1", "drop_id": "d1", "request_id": "r1", "summary": f"it is {status}"}
    return {"status": status, "event_id": event_id, **known, **more}


def telling(event_id: str, times: int = 1) -> list[Row]:
    """An entry into a state that publishes a message, perhaps several times."""
    publish = {"kind": "effect", "who": "Notify", "name": "sns:Publish", "phase": "after", "execution": "arn"}
    return [{"kind": "state", "who": "Notify", "execution": "arn"}, *[{**publish, "event_id": event_id}] * times]


@pytest.fixture
def books() -> FakeBooks:
    """An edit that was delivered as it should be."""
    known = FakeBooks()
    known.store("beach.mp4", VIDEO)
    known.store("beach.manifest.json", json.dumps({"edit_id": "e1", "output": {"sha256": SHA}}).encode())
    output = {"version": "v0", "sha256": SHA}
    edit = {"state": "DELIVERED", "request_id": "r1", "event_id": "m1", "output": output, "attempt": 1}
    drop = {"drop_id": "d1", "clip_key": CLIP, "clip_version": "c1", "sidecar_key": SIDECAR, "sidecar_version": "s1"}
    known.account.rows = [
        {"pk": "EDIT#e1", "sk": "EDIT", "drop": drop, **edit},
        {"pk": "CLIP#c", "sk": "DROP#d1", "outcome": "EDIT"},
    ]
    known.account.bill = [{"request_id": "r1", "video_url": URL, "seconds": 3}]
    known.account.posts = [{"video_url": URL, "accepted": True, "headers": {"x-simulator-scene": "s"}}]
    known.account.uploads = [Upload(1.0, CLIP, "c1", "clip"), Upload(2.0, SIDECAR, "s1", "sidecar")]
    known.account.trace = [
        {"kind": "state", "who": "SubmitEdit", "execution": "arn"},
        {"kind": "effect", "who": "submit_edit", "scene": "s", "name": "invocation", "phase": "before", "at": BEGUN},
        *telling("m1"),
    ]
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


def told_on_two_occasions(books: FakeBooks) -> None:
    books.account.trace += telling("m1")


def told_under_a_new_number(books: FakeBooks) -> None:
    books.account.messages += [
        message("DELAYED", "m2", summary="$5 a day", request_id=None),
        message("DELAYED", "m3", summary="$6 a day", request_id="r0"),
    ]


def deleted(books: FakeBooks) -> None:
    books.account.uploads.append(Upload(BEGUN - 1, SIDECAR, "", ""))


def replaced_in_time(books: FakeBooks) -> None:
    books.account.uploads.append(Upload(BEGUN - 1, CLIP, "c2", "another clip"))


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
        (told_on_two_occasions, score.TOLD_AGAIN),
        (told_under_a_new_number, score.TOLD_AGAIN),
        (deleted, score.GONE),
        (replaced_in_time, score.GONE),
        (half_a_video, score.BROKEN),
        (replaced, score.UNFINISHED),
        (without_manifest, score.UNFINISHED),
        (place_kept, score.LEAKED),
    ],
)
def test_each_rule_is_broken_by_what_breaks_it(books: FakeBooks, spoil: Callable[[FakeBooks], None], rule: str) -> None:
    spoil(books)
    assert rule in rules(books)


def test_a_paid_edit_may_be_held_with_a_message(books: FakeBooks) -> None:
    edit(books, state="UNDELIVERED", reason="403")
    books.account.messages = [message("UNDELIVERED")]
    found = judge(books, "subject-1")  # type: ignore[arg-type]
    assert found.findings == []
    assert found.held == ["403"]


def test_a_message_may_be_sent_twice_under_one_id(books: FakeBooks) -> None:
    books.account.messages *= 2
    assert rules(books) == set()


def test_a_message_published_again_on_one_occasion_is_told_once(books: FakeBooks) -> None:
    books.account.trace += telling("m2", times=3)
    books.account.messages.append(message("DELAYED", "m2", summary="no room"))
    books.account.messages.append(message("DELAYED", "m3", summary="no credits"))
    assert rules(books) == set(), "two reasons to wait are two messages"


def test_files_that_change_during_the_purchase_may_be_bought(books: FakeBooks) -> None:
    books.account.uploads.append(Upload(BEGUN + 1, SIDECAR, "", ""))
    assert rules(books) == set()


def test_the_same_bytes_uploaded_again_are_the_same_files(books: FakeBooks) -> None:
    books.account.uploads.append(Upload(BEGUN - 1, SIDECAR, "s2", "sidecar"))
    assert rules(books) == set()


def test_a_charge_that_nobody_can_know_breaks_no_rule(books: FakeBooks) -> None:
    edit(books, state="FAILED", event_id="m2")
    books.account.bill[0]["seconds"] = 0
    books.account.messages = [message("FAILED", "m2")]
    assert rules(books) == {score.LOST}, "its row is there to be read"
    books.silent.add("r1")
    found = judge(books, "subject-1")  # type: ignore[arg-type]
    assert (found.findings, found.beyond_knowing) == ([], 1)


def test_an_unsent_edit_may_end_with_its_drop(books: FakeBooks) -> None:
    edit(books, state="PREPARED", attempt=0)
    books.account.bill, books.account.posts, books.account.objects = [], [], []
    del books.account.rows[0]["event_id"]
    assert rules(books) == {score.NO_END}
    books.account.rows[1]["outcome"] = "SUPERSEDED"
    assert rules(books) == set()


def test_a_charge_belongs_to_the_folder_of_its_edit() -> None:
    assert owner_of({"video_url": URL}, {"e0": "subject-0", "e1": "subject-1"}) == "subject-1"
    assert owner_of({"video_url": "http://here/other.mp4"}, {"e1": "subject-1"}) == ""


def test_a_field_is_found_however_deep_it_lies() -> None:
    assert find({"data": [{"rows": {"generation_url": "http://here"}}]}, "generation_url") == "http://here"
    assert find({"data": [{"generation_url": None}]}, "generation_url") == ""
