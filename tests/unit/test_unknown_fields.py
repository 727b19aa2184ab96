"""A rollback meets what a later version wrote: unknown fields are ignored, and missing ones have defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from boto3.dynamodb.types import TypeDeserializer

from dropcut.adapters.dynamodb.table import edit_attributes, edit_from, edit_key
from dropcut.domain.model import Cause, Clip, Delay, Drop
from dropcut.notifications.schemas import ErrorFile, Manifest, Notification
from dropcut.workflow.settle_execution import from_status_change
from dropcut_cli import status_text
from dropcut_cli.stack import ExecutionStatus
from dropcut_cli.status import status_of
from tests.fakes.documents import read
from tests.fakes.examples import NOW, PLENTY, a_clip, a_drop, an_edit
from tests.fakes.machine import REPOSITORY, call_handler
from tests.fakes.worlds import a_world_for

RELEASES = sorted(path.parent for path in (REPOSITORY / "tests" / "releases").glob("*/rows.json"))
EACH = pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
OPEN = ("request", "output")  # they are handed on as they are


def later(value: Any) -> Any:
    """The same as a version that is yet to come may write it: with more fields, at every depth."""
    if isinstance(value, list):
        return [later(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {**{name: later(item) for name, item in value.items()}, "a_later_field": {"with": ["more", 1]}}


def rows(release: Path) -> list[dict[str, Any]]:
    stored = json.loads((release / "rows.json").read_text(encoding="utf-8"))
    read = TypeDeserializer().deserialize
    return [{name: read(value) for name, value in row.items()} for row in stored]


def documents(release: Path, kind: str) -> Any:
    return json.loads((release / "documents.json").read_text(encoding="utf-8"))[kind]


def edits(release: Path) -> list[dict[str, Any]]:
    return [row for row in rows(release) if row["sk"] == "EDIT"]


def closed(edit: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(edit).items() if name not in OPEN}


@EACH
def test_the_rows_of_edits_are_read_with_and_without_later_fields(release: Path) -> None:
    assert len(edits(release)) > 10
    for row in edits(release):
        assert closed(edit_from(later(row))) == closed(edit_from(row)), row["state"]


SAID = {  # as the rows of before have it: these texts are theirs, whatever is written today
    "the provider failed it (capacity): busy; yet it charged for it": Cause.CHARGED,
    "its execution was stopped by hand; before that, the provider failed it (unknown): x; look up request r1 with the "
    "provider, for its history did not confirm that this was free": Cause.UNCONFIRMED,
    "trip/beach.mp4 was deleted before it was sent, so the edit was called off": Cause.CALLED_OFF,
    "the step that sends it broke off before it sent anything, each time for seven days; nothing is wrong with the "
    "files": Cause.NOT_THE_FILES,
    "the provider failed it (moderation): content policy": None,
}


@EACH
@pytest.mark.parametrize(("reason", "cause"), SAID.items(), ids=lambda value: str(value)[-12:])
def test_a_row_without_a_cause_gets_it_from_its_reason(release: Path, reason: str, cause: Cause | None) -> None:
    (row,) = [one for one in edits(release) if one["state"] == "FAILED"][:1]
    assert edit_from(row | {"reason": reason}).cause is cause
    assert edit_from(row | {"reason": reason, "cause": "CALLED_OFF"}).cause is Cause.CALLED_OFF, "the field decides"


@EACH
def test_a_cause_whose_reason_an_earlier_version_took_away_is_none(release: Path) -> None:
    rows_of = [one for one in edits(release) if one["state"] == "PREPARED"]
    assert edit_from(rows_of[0] | {"cause": "UNCONFIRMED"}).cause is None


@EACH
def test_a_status_can_be_shown_despite_later_fields_and_rows(release: Path) -> None:
    known: dict[str, Any] = {
        "stack": "dropcut",
        "execution": ExecutionStatus("e", None, None),
        "limits": PLENTY,
        "now": NOW,
    }
    for row in edits(release):
        mine = [one for one in rows(release) if one["pk"] == row["pk"]]
        more = [*map(later, mine), {"pk": row["pk"], "sk": "LATER#1"}]
        before, after = (status_text.edit_text(status_of(found, **known).as_json()) for found in (mine, more))
        assert after == before
    waits = {**edits(release)[0], "state": "PREPARED", "delayed_by": "A_LATER_REASON", "delayed_since": 1}
    assert "A_LATER_REASON" in status_text.edit_text(status_of([waits], **known).as_json())


@EACH
def test_the_functions_accept_state_machine_documents_with_later_fields(release: Path) -> None:
    taken = documents(release, "state_machine")
    assert {one["verb"] for one in taken} >= {"prepare_edit", "submit_edit", "poll_edit", "find_result"}
    for one in taken:
        verb, document = one["verb"], one["document"]
        given = [call_handler(verb, a_world_for(verb, document), put) for put in (document, later(document))]
        for name in ("outcome", "verdict", "status", "output_key", "wait_seconds"):
            assert given[0].get(name) == given[1].get(name), (one["walk"], verb)


@EACH
def test_counters_that_a_document_does_not_have_begin_at_nothing(release: Path) -> None:
    for one in documents(release, "state_machine"):
        verb, document = one["verb"], one["document"]
        if verb not in ("poll_edit", "find_result"):
            continue
        account = {name: document["generation"][name] for name in ("edit_id", "request_id")}
        told = call_handler(verb, a_world_for(verb, document), {**document, "generation": account})
        assert told["outcome"] == "completed"


def test_drops_and_clips_are_read_with_later_or_missing_fields() -> None:
    assert Drop.from_json(later(a_drop().as_json())) == a_drop()
    assert Clip.from_json(later(a_clip().as_json())) == a_clip()
    assert Clip.from_json({}) == Clip(
        size=0, sha256="", container="", seconds=0.0, width=0, height=0, fps=0.0, has_audio=False
    )
    bare = {"drop_id": "d", "bucket": "b", "clip_key": "k.mp4"}
    assert Drop.from_json(bare).as_json() == {**Drop.from_json(bare).as_json(), **bare}


def test_an_ended_execution_is_understood_with_later_fields() -> None:
    detail = {"status": "ABORTED", "input": json.dumps(later({"drop": a_drop().as_json()}))}
    assert from_status_change(later(detail))[:3] == (a_drop(), None, "ABORTED")


def test_another_reason_to_wait_is_another_patience() -> None:
    assert not Delay.CREDITS.goes_on("A_LATER_REASON")


@EACH
def test_stored_messages_are_read_with_and_without_later_fields(release: Path) -> None:
    for notice in documents(release, "notices"):
        body = json.loads(notice["message"]["default"])
        known = read(Notification, json.dumps(body))
        assert read(Notification, json.dumps(later(body))) == known
        assert json.loads(known.as_text()) | body == json.loads(known.as_text())


@EACH
def test_outbox_documents_fit_todays_schemas_despite_later_fields(release: Path) -> None:
    models: dict[str, Any] = {"manifest": Manifest, "error": ErrorFile}
    kinds = [(name.partition(".")[0], body) for name, body in documents(release, "files").items()]
    kinds += [("notification", json.loads(one["message"]["default"])) for one in documents(release, "notices")]
    assert {kind for kind, _ in kinds} == {"manifest", "error", "notification"}
    for kind, body in kinds:
        text = (REPOSITORY / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
        schema = jsonschema.Draft202012Validator(json.loads(text))
        for found in (body, later(body)):
            schema.validate(found)
            if kind in models:
                read(models[kind], json.dumps(found))


@EACH
def test_an_earlier_release_can_read_what_is_stored_within_an_edit(release: Path) -> None:
    """0.1.0 breaks on a name that it does not know in these: the edit under way, and with it each run of the sweep."""
    (known, *_), edit = edits(release), an_edit(clip=a_clip(longest_seconds=4.5, rotation=90))
    stored = edit_attributes(edit)
    for name in ("drop", "clip"):
        assert stored[name].keys() == known[name].keys()
    assert edit_from({**edit_key(edit.edit_id), **stored}).clip == edit.clip
