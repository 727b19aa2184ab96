"""Says what is wrong with the state machine's definition: what Step Functions would find too late, and our own rules.

Neither cfn-lint nor `sam validate` looks into the file that DefinitionUri names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from checks.documents import STATE_MACHINE, TEMPLATE, error_classes, load, resources, strings_in
from checks.error_names import blind_retries, wrong_errors
from checks.states import State, scopes, states, straight_road

PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
ANY_ARN = "arn:aws:lambda:us-east-1:123456789012:function:any"
PARTITION = "Partition"  # the one substitution that is a part of an ARN: aws, aws-cn, aws-us-gov
WHOLE_NUMBERS = {"TimeoutSeconds", "HeartbeatSeconds", "Seconds", "IntervalSeconds", "MaxAttempts", "MaxDelaySeconds"}


def wrong_roads(machine: dict[str, Any]) -> Iterator[str]:
    """Targets that do not exist, states that nothing leads to, states that lead nowhere."""
    for scope in scopes(machine):
        inside = {name: State(name, body) for name, body in scope["States"].items()}
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


def wrong_placeholders(machine: dict[str, Any], given: set[str]) -> Iterator[str]:
    """Substitutions that the template does not give, or gives in vain."""
    used = {name for text in strings_in(machine) for name in PLACEHOLDER.findall(text)}
    yield from (f"${{{name}}} is not in the template's DefinitionSubstitutions" for name in sorted(used - given))
    yield from (f"the template substitutes {name}, which the machine does not use" for name in sorted(given - used))


def wrong_arns(machine: dict[str, Any]) -> Iterator[str]:
    """ARNs that exist in one partition of AWS only."""
    named = [text for text in strings_in(machine) if text.startswith("arn:aws")]
    yield from (f"{text} is of one partition: write arn:${{{PARTITION}}}:" for text in named)


def refused_by_a_parser(machine: dict[str, Any]) -> Iterator[str]:
    """What a whole interpreter of the language says (the one that the embedded cloud runs)."""
    import json

    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException

    definition = PLACEHOLDER.sub(lambda name: "aws" if name[1] == PARTITION else ANY_ARN, json.dumps(machine))
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

    given: the names in DefinitionSubstitutions; ours: the classes in dropcut.domain.errors with their ancestors.
    """
    return [
        *wrong_roads(machine),
        *wrong_choices(machine),
        *wrong_times(machine),
        *wrong_errors(machine, ours),
        *blind_retries(machine, ours),
        *wrong_placeholders(machine, given),
        *wrong_arns(machine),
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
