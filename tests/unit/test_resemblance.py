"""History rows in every shape that they may have: only this attempt's mark makes one ours; the rest is for a person."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dropcut.adapters.segmind.answers import history_rows
from dropcut.domain.dates import iso
from dropcut.domain.identity import mark
from dropcut.domain.model import Edit, HistoryRow, State
from dropcut.domain.pricing import MODEL
from dropcut.domain.recognition import MOST_CANDIDATES, candidates, is_ours, marked
from tests.fakes.examples import NOW, an_edit_in

EDIT = an_edit_in(State.SUBMITTING, request={"prompt": "a noir film. " * 50})
TWIN = replace(EDIT, edit_id="f" * 64)
OURS = f"https://workroom.s3.amazonaws.com/{mark(EDIT.edit_id, 1)}?X-Amz-Signature=topsecret"


def a_row(edit: Edit = EDIT, **more: Any) -> dict[str, Any]:
    """A row as the provider is documented to write it, for a submission of that edit."""
    url = OURS.replace(EDIT.edit_id, edit.edit_id)
    body = {**edit.request, "video_url": url, **more.pop("body", {})}
    row = {"request_id": "r1", "model_name": MODEL, "model_status": "PENDING", "credits_deduction": None}
    return {**row, "request_body": body, "generation_url": None, "model_created": iso(NOW + 2), **more}


def text_of_the_body(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "request_body": json.dumps(row["request_body"])}


SHAPES: dict[str, list[dict[str, Any]]] = {
    "as documented": [a_row()],
    "body as text": [text_of_the_body(a_row())],
    "under parameters": [{**a_row(), "request_body": None, "parameters": a_row()["request_body"]}],
    "query stripped": [a_row(body={"video_url": OURS.partition("?")[0]})],
    "path encoded": [a_row(body={"video_url": OURS.replace("/1/clip", "%2F1%2Fclip")})],
    "long prompt cut": [a_row(body={"prompt": EDIT.request["prompt"][:20] + "..."})],
    "prompt left out": [a_row(body={"prompt": None})],
    "null cost": [a_row(model_status="COMPLETED", credits_deduction=None)],
    "failed already": [a_row(model_status="FAILED", error="too wide")],
    "duplicated per output": [a_row(generation_url="https://h.example/1"), a_row(generation_url="https://h.example/2")],
    "duplicated, one unreadable": [a_row(request_body="{"), a_row()],
    "no time": [a_row(model_created=None)],
    "another time zone": [a_row(model_created="2026-11-24T06:00:02+05:30")],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_our_row_is_recognised_but_no_twin(shape: str) -> None:
    rows = history_rows({"data": SHAPES[shape]})
    assert [row.request_id for row in rows if is_ours(row, EDIT)] == ["r1"]
    assert not [row for row in rows if is_ours(row, TWIN) or is_ours(row, replace(EDIT, attempt=2))]
    assert candidates(rows, TWIN) == (), "it names the edit that it was sent for"


UNREADABLE: dict[str, dict[str, Any]] = {
    "no body": a_row(request_body=None),
    "a body that is cut": a_row(request_body=json.dumps(a_row()["request_body"])[:40]),
    "an address of its own": a_row(body={"video_url": "https://cdn.example/inputs/8d1f.mp4"}),
    "no address": a_row(body={"video_url": None}),
    "no address, prompt cut": a_row(body={"video_url": None, "prompt": EDIT.request["prompt"][:20] + "…"}),
    "no address, no time": a_row(body={"video_url": None}, model_created=None),
    "no model": a_row(body={"video_url": None}, model_name=None),
}


@pytest.mark.parametrize("shape", UNREADABLE)
def test_a_row_that_may_be_ours_is_shown_and_never_taken(shape: str) -> None:
    rows = history_rows([UNREADABLE[shape]])
    assert not [row for row in rows if is_ours(row, EDIT)]
    assert candidates(rows, EDIT) == ("r1",)


OTHERS: dict[str, dict[str, Any]] = {
    "another edit's mark": a_row(TWIN),
    "another attempt's mark": a_row(body={"video_url": OURS.replace("/1/", "/11/")}),
    "another model": a_row(body={"video_url": None}, model_name=f"{MODEL}-pro"),
    "another prompt": a_row(body={"video_url": None, "prompt": "a western"}),
    "our prompt and more": a_row(body={"video_url": None, "prompt": EDIT.request["prompt"] + "with rain"}),
    "long before": a_row(body={"video_url": None}, model_created=iso(NOW - 3600)),
    "long after": a_row(body={"video_url": None}, model_created=iso(NOW + 3600)),
    "nothing but an id": {"request_id": "r1"},
    "an id that no shell should see": a_row(body={"video_url": None}, request_id="r1\n--yes"),
}


@pytest.mark.parametrize("shape", OTHERS)
def test_what_something_speaks_against_is_not_shown(shape: str) -> None:
    assert candidates(history_rows([OTHERS[shape]]), EDIT) == ()


def seen(name: str, prompt: str, after: float | None, path: str = "") -> HistoryRow:
    (row,) = history_rows([{"request_id": name, "request_body": {"prompt": prompt}}])
    return replace(row, created_at=None if after is None else NOW + after, video_url_path=path)


def test_the_likeliest_come_first_and_only_so_many_are_shown() -> None:
    prompt = EDIT.request["prompt"]
    rows = [
        seen("unreadable", "", 1),
        seen("later", prompt, 60),
        seen("timeless", prompt, None),
        seen("near", prompt, 3),
    ]
    assert candidates(rows, EDIT) == ("near", "later", "timeless", "unreadable")
    twice = [seen(f"ours {n}", prompt, 900, "/" + mark(EDIT.edit_id, 1)) for n in (1, 2)]
    assert candidates([*rows, *twice], EDIT) == ("ours 1", "ours 2", "near", "later", "timeless")
    assert len(candidates([seen(str(n), prompt, n) for n in range(50)], EDIT)) == MOST_CANDIDATES


def test_a_mark_is_read_out_of_a_path() -> None:
    assert marked(seen("r", "", 0, "/w/" + mark(EDIT.edit_id, 12, ".mov"))) == (EDIT.edit_id, 12)
    assert marked(seen("r", "", 0, "/w/clip.mp4")) is None
