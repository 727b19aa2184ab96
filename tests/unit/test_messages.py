"""What people and machines are told: fit for SNS, complete, and without a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dropcut.domain.model import Drop, Edit, Half, Notice, State
from dropcut.domain.pairing import why_waiting
from dropcut.intake.problem import Problem
from dropcut.intake.sidecar import MAX_BYTES, read_sidecar
from dropcut.notifications import endings, updates
from dropcut.notifications.envelope import as_notice, email_text
from dropcut.notifications.schemas import Notification, S3Object
from tests.fakes.documents import read
from tests.fakes.examples import OUTBOX, a_drop, a_sidecar, an_edit_in

KEYS = [
    "trip/beach.mp4",
    "beach.mp4",
    "a trip/50%+1 & more.mp4",
    "旅行/海辺 🏖.mp4",
    "trip/line\nbreak\r\x00\x7f.mp4",
    "\u202etrip/\u200bgpj.mp4",
    "f" * 500 + "/" + "x" * 519 + ".mp4",
    "/beach.mp4",
    " .mp4",
]
PROBLEMS = [Problem("/prompt", "", "is missing", 'add "prompt"')]


def a_drop_of(key: str) -> Drop:
    return a_drop(key, key.removesuffix(".mp4") + ".json")


def every_notification(drop: Drop) -> Iterator[Notification]:
    """One of each kind that the product can send."""
    delivered = replace(an_edit_in(State.DELIVERED, output={"key": "trip/beach.mp4", "version": "v1"}), drop=drop)
    video = S3Object(bucket=OUTBOX, key="trip/beach.mp4", version_id="v1")
    yield endings.rejected(drop, PROBLEMS, OUTBOX)
    yield endings.delivered(delivered.with_warning("a warning"), drop, video, video)
    yield endings.unchanged(delivered, drop, OUTBOX, still_there=True)
    yield endings.unchanged(delivered, drop, OUTBOX, still_there=False)
    for state in endings.ENDINGS:
        yield endings.failed(drop, an_edit_in(state, drop=drop), state, "a reason", OUTBOX)
        yield endings.held(an_edit_in(state, drop=drop), drop, OUTBOX)
    yield endings.failed(drop, None, State.FAILED, "a reason", OUTBOX)
    for key in (drop.clip_key, drop.sidecar_key):
        half = Half(bucket=drop.bucket, key=key, version="v1", since=0.0)
        yield updates.waiting(half, "")
        yield updates.waiting(half, why_waiting(key, [key, drop.clip_key, f"{drop.clip_key}.json"]))


def as_sent(body: Notification) -> dict[str, Any]:
    return as_notice(body).as_json()


@pytest.mark.parametrize("key", KEYS)
def test_sns_takes_every_message_about_a_file_of_any_name(key: str) -> None:
    for body in every_notification(a_drop_of(key)):
        sent = as_sent(body)
        assert sent["subject"].isascii()
        assert sent["subject"].isprintable()
        assert len(sent["subject"]) < 100
        assert sent["subject"][0].isalnum()
        for attribute in ("status", "folder", "event_id"):
            assert isinstance(sent[attribute], str)
            assert sent[attribute].strip(), "SNS refuses an empty attribute"
            assert sent[attribute].isprintable()
        assert "default" in sent["message"]
        assert len(json.dumps(sent).encode()) < 256 * 1024


@pytest.mark.parametrize("key", KEYS)
def test_the_machines_copy_names_the_exact_keys(key: str) -> None:
    for body in every_notification(a_drop_of(key)):
        document = json.loads(as_sent(body)["message"]["default"])
        assert read(Notification, as_sent(body)["message"]["default"]) == body
        named = {place["key"] for place in (document["clip"], document["sidecar"]) if place}
        assert named <= {key, key.removesuffix(".mp4") + ".json"}
        assert named


@pytest.mark.parametrize("key", KEYS)
def test_the_mail_is_readable_text_that_says_what_to_do(key: str) -> None:
    for body in every_notification(a_drop_of(key)):
        mail = as_sent(body)["message"]["email"]
        assert mail.startswith(body.summary)
        assert body.what_to_do in mail
        assert all(line.isprintable() for line in mail.splitlines())
        assert len(mail.splitlines()) == mail.count("\n"), "no other line breaks than those of the mail itself"


def test_every_message_tells_what_is_known_about_the_money() -> None:
    said = {body.status: body.summary for body in every_notification(a_drop())}
    assert "nothing was paid" in said["FAILED"]
    assert "nothing was paid" in said["REJECTED"]
    assert "is not known" in said["IN_DOUBT"]
    assert "nothing was bought" in said["UNCHANGED"]
    assert "was accepted by the provider as request request-1" in said["UNDELIVERED"]
    assert "Nothing was started" in said["WAITING"]


def test_a_message_about_a_submission_in_doubt_names_the_mark() -> None:
    edit = an_edit_in(State.IN_DOUBT)
    assert f"{edit.edit_id}/1/clip" in endings.failed(a_drop(), edit, State.IN_DOUBT, "x", OUTBOX).what_to_do


def test_a_repeated_event_keeps_its_id() -> None:
    ids = [[body.event_id for body in every_notification(a_drop())] for _ in range(2)]
    assert ids[0] == ids[1]


def test_different_events_have_different_ids() -> None:
    drop, edit = a_drop(), an_edit_in(State.FAILED)
    bodies = [
        endings.rejected(drop, PROBLEMS, OUTBOX),
        endings.failed(drop, edit, State.FAILED, "x", OUTBOX),
        endings.failed(drop, replace(edit, attempt=2), State.FAILED, "x", OUTBOX),
        endings.failed(drop, edit, State.IN_DOUBT, "x", OUTBOX),
        endings.failed(a_drop(clip_version="c2"), None, State.FAILED, "x", OUTBOX),
    ]
    assert len({body.event_id for body in bodies}) == len(bodies)


def test_a_message_shows_fifty_problems_and_the_error_file_all() -> None:
    many = [Problem(f"/{n}", "1", "is not a known field", "take it out") for n in range(73)]
    body = endings.rejected(a_drop(), many, OUTBOX)
    assert (len(body.problems), body.more_problems) == (50, 23)
    assert len(endings.error_file(body, a_drop(), None, many).problems) == 73
    assert "and 23 more" in email_text(body)


HUGE = {
    "32,000 numbers": b'{"prompt": "a", "image_urls": [' + b",".join([b"1"] * 32_000) + b"]}",
    "7,000 names": ("{" + ",".join(f'"{n:x}":0' for n in range(7000)) + "}").encode(),
    "characters that are written out": (
        "{" + ",".join(f'"{n}' + "\x7f" * 300 + '":0' for n in range(200)) + "}"
    ).encode(),
    "a name as long as a file": b'{"' + b"n" * 30_000 + b'": [' + b",".join([b"NaN"] * 8000) + b"]}",
}


@pytest.mark.parametrize("case", HUGE)
def test_an_error_file_stays_small_and_says_what_it_leaves_out(case: str) -> None:
    assert len(HUGE[case]) <= MAX_BYTES
    _, problems = read_sidecar(HUGE[case])
    body = endings.rejected(a_drop(), problems, OUTBOX)
    filed = endings.error_file(body, a_drop(), None, problems)
    assert len(filed.as_file().encode()) < 256_000
    assert 0 < len(filed.problems) <= 200
    assert len(filed.problems) + filed.more_problems == len(body.problems) + body.more_problems == len(problems)


SECRET_SIDECARS = [
    {"image_urls": ["https://b.s3.amazonaws.com/x.png?X-Amz-Signature=topsecret"]},
    {"image_urls": ["http://b.example/x.png?topsecret"]},
    {"image_urls": ["https://me:topsecret@b.example/x.png"]},
    {"video_url": "https://b.s3.amazonaws.com/x.mp4?X-Amz-Signature=topsecret"},
    {"api_key": "SG_0123456789abcdef"},
    {"SG_0123456789abcdef": 1},
    {"prompt": ["SG_0123456789abcdef"]},
    {"mode": "SG_0123456789abcdef"},
    {"https://b.s3.amazonaws.com/x?X-Amz-Signature=topsecret": 1},
    {"https://me:topsecret@b.example/x": 1},
    {"http://b.example/x?topsecret": 1},
    *({"image_urls": ["x" * n + "https://me:" + "topsecret" * 9 + "@b.example/x.png"]} for n in (0, 40, 60, 270)),
    *({"mode": "x" * n + "SG_0123456789abcdef"} for n in range(50, 80)),
    *({"x" * n + "SG_0123456789abcdef": {"y": 1}} for n in range(50, 300)),
]


@pytest.mark.parametrize("fields", SECRET_SIDECARS)
def test_a_refusal_never_repeats_a_secret(fields: dict[str, Any]) -> None:
    _, problems = read_sidecar(a_sidecar(**fields))
    assert problems
    body = endings.rejected(a_drop(), problems, OUTBOX)
    told = json.dumps(as_sent(body)) + endings.error_file(body, a_drop(), None, problems).as_file()
    assert "topsecret" not in told
    assert "SG_0" not in told
    assert "0123456789abcdef" not in told.replace(a_drop().drop_id, "")


def test_a_notice_is_read_as_it_was_stored() -> None:
    for body in every_notification(a_drop()):
        notice = replace(as_notice(body), row={"pk": "EDIT#e", "sk": "EDIT"})
        assert Notice.from_json(json.loads(json.dumps(notice.as_json()))) == notice


def test_a_waiting_half_is_told_with_the_nearest_name() -> None:
    half = Half(bucket="inbox", key="trip/beach.mp4", version="v1", since=0.0)
    body = updates.waiting(half, why_waiting(half.key, [half.key, "trip/baech.json"]))
    assert "baech.json" in body.summary
    assert body.clip == S3Object(bucket="inbox", key="trip/beach.mp4", version_id="v1")
    assert body.sidecar is None


def test_the_message_of_a_held_edit_names_the_current_drop() -> None:
    edit: Edit = an_edit_in(State.UNDELIVERED)
    later = a_drop(clip_version="c2")
    body = endings.held(edit, later, OUTBOX)
    assert body.clip == S3Object(bucket="inbox", key="trip/beach.mp4", version_id="c2")
    assert body.event_id != endings.failed(edit.drop, edit, edit.state, "x", OUTBOX).event_id


def test_problems_as_long_as_a_sidecar_still_fit_into_a_message() -> None:
    """SNS takes 256 KiB, and so does the state machine; keys of a sidecar may be as long as the sidecar."""
    drop = a_drop_of("f" * 500 + "/" + "\x01" * 500 + ".mp4")
    many = [Problem("/" + "旅" * 900, "\x01" * 900, "is not a known field", "x" * 900) for _ in range(200)]
    body = endings.rejected(drop, many, OUTBOX)
    assert body.problems
    assert len(body.problems) + body.more_problems == 200
    assert len(json.dumps(as_sent(body)).encode()) < 200_000


@pytest.mark.parametrize("state", [State.IN_DOUBT, State.UNDELIVERED])
def test_a_held_edit_has_one_event_id_for_each_drop(state: State) -> None:
    edit = an_edit_in(state)
    first = endings.failed(edit.drop, edit, state, "a reason", OUTBOX)
    assert endings.held(edit, edit.drop, OUTBOX).event_id == first.event_id
    assert endings.held(edit, a_drop(sidecar_version="s2"), OUTBOX).event_id != first.event_id


@pytest.mark.parametrize("state", [State.IN_DOUBT, State.UNDELIVERED])
def test_commands_for_a_held_edit_include_a_custom_stack_name(state: State) -> None:
    edit = an_edit_in(state)
    usual, other = (endings.held(edit, edit.drop, OUTBOX, stack).what_to_do for stack in ("dropcut", "films"))
    assert f"  ./dropcut status {edit.edit_id}\n" in usual
    assert f"  ./dropcut --stack films status {edit.edit_id}\n" in other
    assert "./dropcut resolve" not in other
