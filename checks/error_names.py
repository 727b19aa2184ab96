"""Says what is wrong with the errors that a state machine retries and catches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from checks.states import State, states

SPENDER = "SubmitEdit"
PROOF_OF_NOTHING_SENT = "NotSent"  # the class in dropcut.domain.errors whose descendants may be retried by the spender
NEVER_RAN = "Lambda.TooManyRequestsException"  # Lambda turned the invocation away, so the spender did not even start

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


def is_known_error(name: str, ours: dict[str, set[str]]) -> bool:
    """True for what AWS can say and for the classes in dropcut.domain.errors."""
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
                yield f"{state.name} names the error {name}, which is neither AWS's nor in dropcut.domain.errors"
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
            if name != NEVER_RAN and PROOF_OF_NOTHING_SENT not in ours.get(name, set()) | {name}:
                yield f"{SPENDER} retries {name}, which does not prove that nothing was sent"
        if "States.ALL" not in error_names(state, "Catch"):
            yield f"{SPENDER} must catch States.ALL: whatever else happens to it leaves the outcome unknown"
