"""House rules about the template and the state machine: one verb in five places, no circle, reasons."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.documents import CORE, REPOSITORY, STATE_MACHINE, TEMPLATE, error_classes, load, resources, strings_in
from checks.error_names import NEVER_RAN, PROOF_OF_NOTHING_SENT
from checks.statemachine import aliases, problems
from checks.states import states
from dropcut.domain.model import Edit, Ending

NEVER_A_STATE = {
    "start_edit",
    "settle_execution",
    "sweep_drops",
    "recover_drops",
    "recheck_edits",
}  # before, after and beside executions
NAMES = load(TEMPLATE)
MACHINE = load(STATE_MACHINE)
(MACHINE_ID,) = resources(NAMES, "AWS::Serverless::StateMachine")
SUBSTITUTIONS: dict[str, Any] = NAMES["Resources"][MACHINE_ID]["Properties"]["DefinitionSubstitutions"]
FUNCTIONS = resources(NAMES, "AWS::Serverless::Function")
GLOBALS: dict[str, Any] = NAMES.get("Globals", {}).get("Function", {})


def pascal(verb: str) -> str:
    """submit_edit -> SubmitEdit"""
    return "".join(word.capitalize() for word in verb.split("_"))


def verbs() -> set[str]:
    return {path.parent.name for path in (REPOSITORY / "functions").glob("*/app.py")}


def functions_called() -> dict[str, str]:
    """The functions that states of the machine call: state name to the function's logical id."""
    called = {}
    for state in states(MACHINE):
        resource = str(state.body.get("Resource", ""))
        if resource.startswith("${") and resource.endswith("}"):
            target = SUBSTITUTIONS[resource[2:-1]]
            called[state.name] = target.get("Fn::GetAtt", [target.get("Ref")])[0]
    return called


def test_one_verb_in_five_places() -> None:
    called = functions_called()
    assert verbs(), "there are functions"
    for verb in sorted(verbs()):
        logical_id = f"{pascal(verb)}Function"
        assert FUNCTIONS[logical_id]["Properties"]["CodeUri"].strip("./") == f"functions/{verb}"
        assert (CORE / "workflow" / f"{verb}.py").is_file()
        assert (REPOSITORY / "events" / f"{verb}.json").is_file()
        if verb not in NEVER_A_STATE:
            assert called.get(pascal(verb)) == logical_id, f"the state {pascal(verb)} calls {logical_id}"


def test_a_state_that_calls_a_function_is_named_after_it() -> None:
    assert {state: f"{state}Function" for state in functions_called()} == functions_called()


def test_every_function_of_the_template_has_its_folder() -> None:
    assert FUNCTIONS.keys() == {f"{pascal(verb)}Function" for verb in verbs()}


def test_the_state_machine_has_nothing_wrong() -> None:
    assert problems(MACHINE, set(SUBSTITUTIONS), error_classes()) == []
    assert aliases(STATE_MACHINE.read_text(encoding="utf-8")) == []


def test_the_machine_handles_every_ending_and_defaults_to_failure() -> None:
    asked = MACHINE["States"]["HowDidItEnd"]
    ends = {rule["StringEquals"]: rule["Next"] for rule in asked["Choices"]}
    assert ends | {"failed": asked["Default"]} == {ending.value: ending.value.capitalize() for ending in Ending}


def test_a_state_waits_a_little_longer_than_its_function_may_run() -> None:
    for state in states(MACHINE):
        if state.name in functions_called():
            function = FUNCTIONS[functions_called()[state.name]]["Properties"]
            allowed = function.get("Timeout", GLOBALS.get("Timeout", 3))
            assert allowed < state.body["TimeoutSeconds"] <= allowed + 60, state.name


EVERY_MACHINE = [STATE_MACHINE, *sorted((REPOSITORY / "tests" / "releases").glob("*/edit_video.asl.yaml"))]


@pytest.mark.parametrize("machine", EVERY_MACHINE, ids=lambda path: path.parent.name)
def test_the_spender_cannot_live_any_more_when_it_is_looked_up(machine: Path) -> None:
    running = load(machine)["States"]  # executions that an earlier release began keep its definition
    unknown = running["SubmitEdit"]["Catch"][-1]
    assert unknown["ErrorEquals"] == ["States.ALL"]
    wait = running[unknown["Next"]]
    assert wait["Next"] == "FindSubmission"
    assert wait["Seconds"] > FUNCTIONS["SubmitEditFunction"]["Properties"]["Timeout"]


def test_the_spender_is_taken_for_unpaid_only_with_a_proof() -> None:
    ours = error_classes()
    known = [name for rule in MACHINE["States"]["SubmitEdit"]["Catch"][:-1] for name in rule["ErrorEquals"]]
    proven = {name for name, above in ours.items() if PROOF_OF_NOTHING_SENT in above} | {NEVER_RAN}
    assert set(known) - proven == {"NotADrop"}  # which is raised before anything is read


def test_a_state_notes_only_the_message_that_was_sent() -> None:
    noting = [state.body["Parameters"] for state in states(MACHINE) if "updateItem" in str(state.body.get("Resource"))]
    assert noting
    for parameters in noting:
        assert parameters["ConditionExpression"] == "event_id = :event"
        row, event = parameters["Key"]["pk"]["S.$"], parameters["ExpressionAttributeValues"][":event"]["S.$"]
        assert (row.rpartition(".")[0], event.rpartition(".")[2]) == (event.rpartition(".")[0], "event_id")


def mentions(value: Any, logical_id: str) -> bool:
    """True if a piece of the template refers to a resource, by Ref, GetAtt or Sub, however short."""
    texts = strings_in(value)
    return any(text == logical_id or f"${{{logical_id}" in text or text.startswith(f"{logical_id}.") for text in texts)


def test_no_function_that_the_state_machine_names_holds_its_arn() -> None:
    assert not mentions(GLOBALS, MACHINE_ID)
    for logical_id in functions_called().values():
        body = NAMES["Resources"][logical_id]
        held = [body, *(NAMES["Resources"].get(name) for name in roles_of(body))]
        assert not mentions(held, MACHINE_ID), f"{logical_id} and the state machine would need each other first"


def roles_of(function: dict[str, Any]) -> list[str]:
    """The role that a function names, where SAM does not make it."""
    return [part for part in strings_in(function["Properties"].get("Role")) if part in NAMES["Resources"]]


def statements(node: yaml.Node) -> Iterator[yaml.Node]:
    """Every statement of every policy in the template, as it stands in the file."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "Statement" and isinstance(value, yaml.SequenceNode):
                yield from value.value
            elif key.value == "Policies" and isinstance(value, yaml.SequenceNode):
                yield from (item for item in value.value if "Statement" not in yaml.serialize(item))
            yield from statements(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from statements(item)


def test_every_statement_of_every_policy_has_its_reason_beside_it() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    lines = text.splitlines()
    root = yaml.compose(text, yaml.SafeLoader)
    assert root is not None
    bare = []
    for statement in statements(root):
        first, last = statement.start_mark.line, statement.end_mark.line
        beside = [lines[first], *lines[first + 1 : last]]
        if not lines[first - 1].strip().startswith("#") and not any(" # " in line for line in beside):
            bare.append(f"{TEMPLATE.name}:{first + 1}")
    assert bare == []


def test_rows_of_edits_never_expire() -> None:
    (table,) = resources(NAMES, "AWS::DynamoDB::Table").values()
    expiry = table["Properties"]["TimeToLiveSpecification"]["AttributeName"]
    assert expiry not in {field.name for field in fields(Edit)}
    writers = [path for path in CORE.rglob("*.py") if expiry in strings_of_code(path.read_text(encoding="utf-8"))]
    assert [path.name for path in writers] == ["journal.py"], "only halves and notices may expire, never the ledger"


def strings_of_code(text: str) -> set[str]:
    """Every string constant and keyword name in a module."""
    tree = list(ast.walk(ast.parse(text)))
    constants = {node.value for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return constants | {node.arg for node in tree if isinstance(node, ast.keyword) and node.arg}


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_a_function_runs_what_the_design_says(logical_id: str) -> None:
    properties = {**GLOBALS, **FUNCTIONS[logical_id]["Properties"]}
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["x86_64"]
    assert properties["Handler"] == "app.lambda_handler"
    assert properties["Tracing"] == "Active"


@pytest.mark.parametrize("kind", ["Parameters", "Outputs"])
def test_every_parameter_and_output_is_described(kind: str) -> None:
    assert [name for name, body in NAMES[kind].items() if not body.get("Description")] == []


def test_what_parses_strangers_bytes_may_read_the_inbox_and_nothing_else() -> None:
    parsers = [
        name for name, body in FUNCTIONS.items() if "MediainfoLayer" in strings_in(body["Properties"].get("Layers"))
    ]
    assert parsers == ["InspectClipFunction"]
    properties = FUNCTIONS["InspectClipFunction"]["Properties"]
    ((statement,),) = [policy["Statement"] for policy in properties["Policies"]]
    assert statement["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert statement["Resource"] == {"Fn::Sub": "${InboxBucket.Arn}/*"}
    assert "Environment" not in properties
    assert "InspectClipFunctionRole" not in {text for text in strings_in(NAMES["Resources"]) if "Role" in text}


def statements_of(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a function's policy, written there or referred to."""
    shared = NAMES["Resources"][policy["Ref"]]["Properties"]["PolicyDocument"] if "Ref" in policy else policy
    found: list[dict[str, Any]] = shared["Statement"]
    return found


# Function, action and resource of every right in the template.
RIGHTS: list[tuple[str, str, Any]] = [
    (name, action, statement["Resource"])
    for name, body in FUNCTIONS.items()
    for policy in body["Properties"].get("Policies", [])
    for statement in statements_of(policy)
    for action in strings_in([statement["Action"]])
]


def who_may(action: str, logical_id: str) -> set[str]:
    return {name for name, allowed, resource in RIGHTS if allowed == action and mentions(resource, logical_id)}


def test_no_right_is_to_everything() -> None:
    assert [name for name, action, resource in RIGHTS if "*" in action or "*" in strings_in([resource])] == []


def test_only_those_that_ask_the_provider_may_read_the_key() -> None:
    verbs_that_ask = ("SubmitEdit", "FindSubmission", "PollEdit", "FindResult", "DeliverEdit", "RecheckEdits")
    asking = {f"{verb}Function" for verb in verbs_that_ask}
    assert who_may("ssm:GetParameter", "ApiKeyParameterName") == asking


def test_only_the_spender_puts_a_clip_where_the_provider_reads_it() -> None:
    assert who_may("s3:PutObject", "WorkroomBucket") == {"SubmitEditFunction"}
    assert who_may("s3:GetObject", "WorkroomBucket") == set()


def test_only_deliveries_write_outputs_and_nobody_writes_clips() -> None:
    everywhere = {"Fn::Sub": "${OutboxBucket.Arn}/*"}  # the others write error files alone
    writers = {name for name, action, resource in RIGHTS if (action, resource) == ("s3:PutObject", everywhere)}
    assert writers == {"DeliverEditFunction", "RestoreOutputFunction"}
    assert who_may("s3:PutObject", "InboxBucket") | who_may("s3:DeleteObject", "InboxBucket") == set()


def test_the_clip_signing_role_reads_the_workroom_and_nothing_else() -> None:
    role = NAMES["Resources"]["ClipReaderRole"]["Properties"]
    ((statement,),) = [policy["PolicyDocument"]["Statement"] for policy in role["Policies"]]
    assert (statement["Action"], statement["Resource"]) == ("s3:GetObject", {"Fn::Sub": "${WorkroomBucket.Arn}/*"})
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": ["SubmitEditFunctionRole", "Arn"]}}


def test_old_versions_of_clips_and_outputs_are_kept() -> None:
    for bucket in ("InboxBucket", "OutboxBucket"):
        assert NAMES["Resources"][bucket]["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
