"""House rule: a function may do what its use case asks of the world, and nothing else.

What a use case asks is read from the code: every method of a port that its functions name, and the functions that
these call. What a method needs is in the table below.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from checks.documents import CORE, TEMPLATE, load, resources
from dropcut import ports

READ, CHANGE, WRITE, QUERY = "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:Query"
NEEDS = {
    "files": {
        "head": "s3:ListBucket s3:GetObject",  # the right to list makes a missing file a 404
        "listing": "s3:ListBucket",
        "keys": "s3:ListBucket",
        "read": "s3:GetObjectVersion",
        "stream": "s3:GetObjectVersion",
        "freeze": "s3:GetObjectVersion s3:PutObject",
        "share": "",  # SubmitEditAssumesClipReader
        "write_json": "s3:PutObject",
        "delete": "s3:DeleteObject",
        "upload": "s3:PutObject s3:AbortMultipartUpload",
    },
    "ledger": {
        "edit": READ,
        "reserve": f"{CHANGE} {WRITE}",
        "resolve": f"{CHANGE} {WRITE}",
        **dict.fromkeys(("prepare", "delay", "withdraw", "advance", "complete", "close_unpaid", "end"), CHANGE),
    },
    "journal": {
        "record_drop": f"{CHANGE} {QUERY}",
        "active_since": "dynamodb:DescribeTable",
        "unreadable": "",
        **dict.fromkeys(("halves_waiting", "unsent_notices", "unfinished", "doubts"), f"{QUERY}@index {READ}"),
        **dict.fromkeys(("drop", "was_told", "recovery", "output_owner"), READ),
        **dict.fromkeys(("wait_for_partner", "stop_waiting", "note_told", "note_recovery", "own_output"), WRITE),
        **dict.fromkeys(
            ("end_drop", "tell_end", "half_noticed", "notice_sent", "claim_telling", "release_telling"), CHANGE
        ),
        **dict.fromkeys(("look_again", "stop_looking", "look_later"), CHANGE),
    },
    "executions": {"start": "states:StartExecution", "status": "states:DescribeExecution"},
    "topic": {"publish": "sns:Publish"},
    "inspector": {"": "lambda:InvokeFunction"},
}
FUNCTIONS = resources(load(TEMPLATE), "AWS::Serverless::Function")


@cache
def module(name: str) -> tuple[dict[str, ast.AST], dict[str, tuple[str, str]]]:
    """The functions and classes of a module of the workflow, and where those come from that it imports from others."""
    tree = ast.parse((CORE / "workflow" / f"{name}.py").read_text(encoding="utf-8"))
    own: dict[str, ast.AST] = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    others = [node for node in imports if str(node.module).startswith("dropcut.workflow.")]
    return own, {alias.name: (str(node.module).split(".")[2], alias.name) for node in others for alias in node.names}


def reached(place: tuple[str, str], seen: set[tuple[str, str]]) -> Iterator[ast.AST]:
    """A function, and everything of the workflow that it names, directly or not."""
    own, others = module(place[0])
    if place in seen or place[1] not in own:
        return
    seen.add(place)
    for node in ast.walk(own[place[1]]):
        yield node
        if isinstance(node, ast.Name):
            yield from reached(others.get(node.id, (place[0], node.id)), seen)


def needed(verb: str) -> set[str]:
    """The actions that the use case of that verb needs."""
    found = set[str]()
    for node in reached((verb, verb), set()):
        if isinstance(node, ast.Attribute):
            found.update(NEEDS.get(node.attr, {}).get("", "").split())
            port = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            found.update(NEEDS.get(port, {}).get(node.attr, "").split())
    return found


def granted(properties: dict[str, Any]) -> list[str]:
    """The actions that a function's own policies allow; those on the index apart from those on the table."""
    found = []
    for policy in properties["Policies"]:
        for statement in policy.get("Statement", []):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            found += [f"{action}@index" if "/index/" in str(statement["Resource"]) else action for action in actions]
    return found


@pytest.mark.parametrize("port", ["Files", "Ledger", "Journal", "Executions", "Topic"])
def test_every_method_of_a_port_is_in_the_table(port: str) -> None:
    methods = {name for name in vars(getattr(ports, port)) if not name.startswith("_")}
    assert set(NEEDS[port.lower()]) == methods


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "InspectClipFunction"])
def test_a_function_may_do_what_it_does_and_nothing_else(function: str) -> None:
    properties = FUNCTIONS[function]["Properties"]
    assert set(granted(properties)) == needed(properties["CodeUri"].strip("/").rpartition("/")[2])


def test_only_submit_edit_reaches_the_paid_call() -> None:
    verbs = [path.stem for path in (CORE / "workflow").glob("*_*.py")]
    nodes = {verb: list(reached((verb, verb), set())) for verb in verbs}
    pays = {
        verb
        for verb, found in nodes.items()
        for node in found
        if isinstance(node, ast.Attribute) and node.attr == "submit"
    }
    assert pays == {"submit_edit"}


def test_nothing_may_be_deleted_from_the_ledger() -> None:
    assert "dynamodb:DeleteItem" not in TEMPLATE.read_text(encoding="utf-8")
