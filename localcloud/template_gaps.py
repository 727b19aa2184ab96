"""Properties that MiniStack's CloudFormation takes from a template and forgets, set after the resource is made.

Left out on purpose, to be asserted on the template: bucket lifecycles (nothing here runs them), point-in-time recovery,
a state machine's logging and tracing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb, lambda_svc, sns
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]


def complete_topic(arn: str, _: Properties) -> None:
    """Narrow the default policy to the owner's account, as SNS does; MiniStack's lets everybody publish."""
    attributes = sns._topics[arn]["attributes"]
    policy = json.loads(attributes["Policy"])
    if policy.get("Id") == "__default_policy_ID":
        policy["Statement"][0]["Condition"] = {"StringEquals": {"AWS:SourceOwner": attributes["Owner"]}}
        attributes["Policy"] = json.dumps(policy)


def complete_table(name: str, properties: Properties) -> None:
    """Switch time to live on or off."""
    wanted = properties.get("TimeToLiveSpecification")
    if wanted:
        dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": wanted})


def complete_function(name: str, properties: Properties) -> None:
    """Remember where the events of failed asynchronous invocations go."""
    target = (properties.get("DeadLetterConfig") or {}).get("TargetArn")
    if target:
        lambda_svc._functions[name]["config"]["DeadLetterConfig"] = {"TargetArn": target}


COMPLETIONS: dict[str, Callable[[str, Properties], None]] = {
    "AWS::SNS::Topic": complete_topic,
    "AWS::DynamoDB::Table": complete_table,
    "AWS::Lambda::Function": complete_function,
}


def completed(stock: Callable[..., Any], complete: Callable[[str, Properties], None], which: int) -> Callable[..., Any]:
    """MiniStack's handler, and then the completion; `which` of the handler's arguments is the wanted properties."""

    def handler(*arguments: Any, **more: Any) -> Any:
        made = stock(*arguments, **more)
        complete(made[0], arguments[which])
        return made

    return handler


def install() -> None:
    """Wrap the handlers that make and change these resources."""
    for kind, complete in COMPLETIONS.items():
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["create"] = completed(handlers["create"], complete, 1)  # (logical id, properties, stack)
        if "update" in handlers:
            handlers["update"] = completed(handlers["update"], complete, 2)  # (physical id, old, new, stack)
