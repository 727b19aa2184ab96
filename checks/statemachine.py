"""Says what is wrong with the state machine's definition: what Step Functions would find too late, and our own rules.

Neither cfn-lint nor `sam validate` looks into the file that DefinitionUri names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from checks.documents import STATE_MACHINE, TEMPLATE, error_classes, load, resources, strings_in

SPENDER = "SubmitEdit"
PROOF_OF_NOTHING_SENT = "NotSent"  # the class in dropcut.errors whose descendants may be retried by the spender
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
ANY_ARN = "arn:aws:lambda:us-east-1:123456789012:function:any"
WHOLE_NUMBERS = {"TimeoutSeconds", "HeartbeatSeconds", "Seconds", "IntervalSeconds", "MaxAttempts", "MaxDelaySeconds"}

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html and, for Lambda and the services
# called directly, what their integration pages list.
SERVICE_ERRORS = {
    prefix + name
    for prefix, names in {
        "States.": "ALL DataLimitExceeded ExceedToleratedFailureThreshold HeartbeatTimeout Http.Socket IntrinsicFailure"
        " ItemReaderFailed NoChoiceMatched ParameterPathFailure Permissions ResultPathMatchFailure ResultWriterFailed"
        " Runtime TaskFailed Timeout",
        "Lambda.": "AWSLambdaException ClientExecutionTimeoutException CodeStorageExceededException"
        " ENILimitReachedException SdkClientException ServiceException TooManyRequestsException Unknown",
        "Sandbox.": "Timedout Timeout",
        "Runtime.": "ExitError HandlerNotFound ImportModuleError MarshalError OutOfMemory Unknown UserCodeSyntaxError",
    }.items()
    for name in names.split()
}
DIRECT_SERVICES = re.compile(r"(DynamoDB|DynamoDb|SNS|Sns)\.\w+")


@dataclass(frozen=True)
class State:
    """One state and the names of those beside it, which are all it can go to."""

    name: str
    body: dict[str, Any]
    neighbours: frozenset[str]

    def targets(self) -> list[str]:
        """Where it can go, by whatever road."""
        rules = [*self.body.get("Choices", []), *self.body.get("Catch", [])]
        roads = [self.body.get("Next"), self.body.get("Default"), *(rule.get("Next") for rule in rules)]
        return [road for road in roads if road is not None]


def scopes(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine and every machine inside its Parallel and Map states."""
    yield machine
    for body in machine["States"].values():
        for inner in [*body.get("Branches", []), body.get("ItemProcessor"), body.get("Iterator")]:
            if inner:
                yield from scopes(inner)


def states(machine: dict[str, Any]) -> Iterator[State]:
    """Every state at any depth."""
    for scope in scopes(machine):
        for name, body in scope["States"].items():
            yield State(name, body, frozenset(scope["States"]))


def wrong_roads(machine: dict[str, Any]) -> Iterator[str]:
    """Targets that do not exist, states that nothing leads to, states that lead nowhere."""
    for scope in scopes(machine):
        inside = {name: State(name, body, frozenset(scope["States"])) for name, body in scope["States"].items()}
        for name, targets in [("StartAt", [scope["StartAt"]]), *((n, s.targets()) for n, s in inside.items())]:
            yield from (f"{name} goes to {target}, which does not exist" for target in targets if target not in inside)
        reached, coming = set[str](), [scope["StartAt"]]
        while coming:
            name = coming.pop()
            if name in inside and name not in reached:
                reached.add(name)
                coming += inside[name].targets()
        yield from (f"nothing leads to {name}" for name in inside if name not in reached)
    for state in states(machine):
        ends = state.body["Type"] in {"Choice", "Succeed", "Fail"}
        if ends == (("Next" in state.body) or bool(state.body.get("End"))):
            yield f"{state.name} needs exactly one way on: Next or End (a Choice, Succeed or Fail needs none)"


def straight_road(machine: dict[str, Any], start: str) -> str:
    """The type of the state at the end of the road that only Next and Default lead along; "" for a circle."""
    for scope in scopes(machine):
        name, seen = start, set[str]()
        while name in scope["States"] and name not in seen:
            seen.add(name)
            body = scope["States"][name]
            following = body.get("Next", body.get("Default"))
            if following is None:
                return str(body["Type"])
            name = following
    return ""


def wrong_choices(machine: dict[str, Any]) -> Iterator[str]:
    """A question nobody thought of must end red, not by States.NoChoiceMatched and not by luck."""
    for state in states(machine):
        if state.body["Type"] != "Choice":
            continue
        if "Default" not in state.body:
            yield f"{state.name} is a Choice without a Default"
        elif straight_road(machine, state.body["Default"]) != "Fail":
            yield f"the Default of {state.name} does not lead to failure"


def wrong_times(machine: dict[str, Any]) -> Iterator[str]:
    """What may wait for ever."""
    if "TimeoutSeconds" not in machine:
        yield "the machine has no TimeoutSeconds"
    for state in states(machine):
        if state.body["Type"] == "Task" and not {"TimeoutSeconds", "TimeoutSecondsPath"} & set(state.body):
            yield f"{state.name} has no TimeoutSeconds"
        for part in [state.body, *state.body.get("Retry", [])]:
            for field in sorted(WHOLE_NUMBERS & set(part)):
                if not isinstance(part[field], int):
                    yield f"{field} of {state.name} is not a whole number: {part[field]!r}"


def is_known_error(name: str, ours: dict[str, set[str]]) -> bool:
    """True for what AWS can say and for the classes in dropcut.errors."""
    return name in ours or name in SERVICE_ERRORS or DIRECT_SERVICES.fullmatch(name) is not None


def error_names(state: State, field: str) -> list[str]:
    """The error names in a state's Retry or Catch."""
    return [name for rule in state.body.get(field, []) for name in rule["ErrorEquals"]]


def asked_errors(value: Any) -> Iterator[str]:
    """The error names that a Choice compares a caught error with."""
    if isinstance(value, dict):
        if str(value.get("Variable", "")).endswith(".Error") and isinstance(value.get("StringEquals"), str):
            yield value["StringEquals"]
        for part in value.values():
            yield from asked_errors(part)
    elif isinstance(value, list):
        for part in value:
            yield from asked_errors(part)


def wrong_errors(machine: dict[str, Any], ours: dict[str, set[str]]) -> Iterator[str]:
    """Error names that nothing ever raises, and States.ALL where Step Functions refuses it."""
    for state in states(machine):
        names = [*error_names(state, "Retry"), *error_names(state, "Catch"), *asked_errors(state.body.get("Choices"))]
        for name in names:
            if not is_known_error(name, ours):
                yield f"{state.name} names the error {name}, which is neither AWS's nor in dropcut.errors"
        for field in ("Retry", "Catch"):
            rules = [rule["ErrorEquals"] for rule in state.body.get(field, [])]
            if any("States.ALL" in rule and (rule != ["States.ALL"] or rule is not rules[-1]) for rule in rules):
                yield f"States.ALL must stand alone and last in {field} of {state.name}"


def blind_retries(machine: dict[str, Any], ours: dict[str, set[str]]) -> Iterator[str]:
    """Retries of the spender without a proof that the provider took nothing: each of them can pay twice."""
    for state in states(machine):
        if state.name != SPENDER:
            continue
        for name in error_names(state, "Retry"):
            if PROOF_OF_NOTHING_SENT not in ours.get(name, set()) | {name}:
                yield f"{SPENDER} retries {name}, which does not prove that nothing was sent"
        if "States.ALL" not in error_names(state, "Catch"):
            yield f"{SPENDER} must catch States.ALL: whatever else happens to it leaves the outcome unknown"


def wrong_placeholders(machine: dict[str, Any], given: set[str]) -> Iterator[str]:
    """Substitutions that the template does not give, or gives in vain."""
    used = {name for text in strings_in(machine) for name in PLACEHOLDER.findall(text)}
    yield from (f"${{{name}}} is not in the template's DefinitionSubstitutions" for name in sorted(used - given))
    yield from (f"the template substitutes {name}, which the machine does not use" for name in sorted(given - used))


def refused_by_a_parser(machine: dict[str, Any]) -> Iterator[str]:
    """What a whole interpreter of the language says (the one that the embedded cloud runs)."""
    import json

    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException

    definition = PLACEHOLDER.sub(ANY_ARN, json.dumps(machine))
    try:
        AmazonStateLanguageParser.parse(definition)
    except (ASLParserException, ValueError) as refusal:
        yield f"not the Amazon States Language: {str(refusal).partition(' expecting ')[0]}"


def aliases(text: str) -> list[str]:
    """YAML aliases: CloudFormation's handler turns them into plain strings, so the deployment fails on AWS alone.

    https://github.com/aws-cloudformation/cfn-language-discussion/issues/49 and DefinitionProcessor.java of its handler.
    """
    tokens = (token for token in yaml.scan(text, yaml.SafeLoader) if isinstance(token, yaml.AliasToken))
    return [f"line {token.start_mark.line + 1}: write *{token.value} out, AWS resolves no aliases" for token in tokens]


def problems(machine: dict[str, Any], given: set[str], ours: dict[str, set[str]]) -> list[str]:
    """All that is wrong with the definition, in words.

    given: the names in DefinitionSubstitutions; ours: the classes in dropcut.errors with their ancestors.
    """
    return [
        *wrong_roads(machine),
        *wrong_choices(machine),
        *wrong_times(machine),
        *wrong_errors(machine, ours),
        *blind_retries(machine, ours),
        *wrong_placeholders(machine, given),
        *refused_by_a_parser(machine),
    ]


def main() -> int:
    machine, template = load(STATE_MACHINE), load(TEMPLATE)
    (declared,) = resources(template, "AWS::Serverless::StateMachine").values()
    given = set(declared["Properties"]["DefinitionSubstitutions"])
    found = [*aliases(STATE_MACHINE.read_text(encoding="utf-8")), *problems(machine, given, error_classes())]
    for problem in found:
        print(f"{STATE_MACHINE.name}: {problem}")
    if not found:
        print(f"state machine: {len(list(states(machine)))} states, nothing wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
