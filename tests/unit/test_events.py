"""The sample events are what the handlers take: each handler gets its own, and its use case notes what arrives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dropcut.domain import identity
from dropcut.domain.generation import Generation
from dropcut.domain.model import Drop
from tests.fakes.machine import handler_module

REPOSITORY = Path(__file__).resolve().parents[2]
VERBS = sorted(path.parent.name for path in REPOSITORY.glob("functions/*/app.py"))
BESIDE_THE_MACHINE = ("start_edit", "settle_execution", "sweep_drops", "recover_drops", "recheck_edits")
OF_THE_MACHINE = [verb for verb in VERBS if verb not in BESIDE_THE_MACHINE]
CONTEXT = SimpleNamespace(
    function_name="dropcut-example",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:dropcut-example",
    aws_request_id="00000000-0000-0000-0000-000000000000",
)
ANSWERS: dict[str, Any] = {
    **dict.fromkeys(("submit_edit", "find_submission", "poll_edit", "find_result"), Generation()),
    **{verb: {"reasons": ["the row is odd"]} for verb in ("sweep_drops", "recover_drops", "recheck_edits")},
    "prepare_edit": {"verdict": "ready"},
    "deliver_edit": {"output_key": "trip/beach.mp4"},
    "report_failure": {"status": "FAILED"},
    "restore_output": {"how": "unchanged"},
}

Invoke = Callable[[str], tuple[Any, ...]]


def event(verb: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((REPOSITORY / "events" / f"{verb}.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Gives a handler its sample event; returns what the use case was called with, after the services."""

    def run(verb: str) -> tuple[Any, ...]:
        module, seen = handler_module(verb), list[tuple[Any, ...]]()

        def use_case(services: Any, *given: Any, **named: Any) -> Any:
            seen.append((*given, *named.values()))
            return ANSWERS.get(verb, {})

        monkeypatch.setattr(module, "services", object)
        monkeypatch.setattr(module, verb, use_case)
        module.lambda_handler(event(verb), CONTEXT)
        return seen[0]

    return run


def test_every_function_has_a_sample_event_and_there_are_no_others() -> None:
    assert sorted(path.stem for path in (REPOSITORY / "events").glob("*")) == VERBS


def test_an_upload_is_announced_by_bucket_and_plain_key(invoke: Invoke) -> None:
    assert invoke("start_edit") == ("dropcut-inbox-example", "trip/beach.mp4")


@pytest.mark.parametrize("verb", ["sweep_drops", "recover_drops", "recheck_edits"])
def test_the_clock_says_nothing_that_the_function_would_need(verb: str, invoke: Invoke) -> None:
    assert invoke(verb) == ()


def test_an_execution_that_ended_is_known_by_its_input(invoke: Invoke) -> None:
    drop, edit_id, status, cause, execution = invoke("settle_execution")
    assert drop.as_json() == json.loads(event("settle_execution")["detail"]["input"])["drop"]
    assert (edit_id, status, cause, execution) == (None, "ABORTED", "", drop.drop_id)


@pytest.mark.parametrize("verb", OF_THE_MACHINE)
def test_the_state_machines_document_is_what_the_handler_takes(verb: str, invoke: Invoke) -> None:
    given, document = invoke(verb), event(verb)
    if isinstance(given[0], Drop):
        assert given[0].as_json() == document["drop"]
        named = document.get("inspection") or document.get("edit", {}).get("edit_id")
        assert given[1:2] == ((named,) if len(given) > 1 else ())
    else:
        assert given == (Generation.from_json(document["generation"]),)


@pytest.mark.parametrize("verb", OF_THE_MACHINE)
def test_a_sample_drop_is_named_as_the_product_names_it(verb: str) -> None:
    drop = Drop.from_json(event(verb)["drop"])
    named = (drop.bucket, drop.clip_key, drop.clip_version, drop.sidecar_key, drop.sidecar_version)
    assert drop.drop_id == identity.drop_id(*named)


@pytest.mark.parametrize("verb", VERBS)
def test_a_sample_event_belongs_to_nobody(verb: str) -> None:
    text = json.dumps(event(verb))
    assert "dropcut-" in text
    assert not [word for word in ("000000000000", "127.0.0.1", "localhost", ".workshop", "X-Amz-") if word in text]
