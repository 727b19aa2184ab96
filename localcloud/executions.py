"""Reads executions and logs: what a person would look up in the Step Functions and CloudWatch consoles."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from localcloud.cloud import Cloud


@dataclass(frozen=True)
class Execution:
    """One execution of a state machine, as it stands."""

    arn: str
    name: str
    status: str  # RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED
    input: Any
    output: Any  # None unless SUCCEEDED
    error: str | None
    cause: str | None
    started: float  # seconds since the epoch
    stopped: float | None


def list_executions(cloud: Cloud, machine_arn: str) -> list[Execution]:
    """Every execution of a state machine, oldest first."""
    pages = cloud.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine_arn)
    arns = [listed["executionArn"] for page in pages for listed in page["executions"]]
    return sorted((describe_execution(cloud, arn) for arn in arns), key=lambda execution: execution.started)


def describe_execution(cloud: Cloud, arn: str) -> Execution:
    """One execution as it stands."""
    answer = cloud.client("stepfunctions").describe_execution(executionArn=arn)
    stopped = answer.get("stopDate")
    return Execution(
        arn=arn,
        name=answer["name"],
        status=answer["status"],
        input=json.loads(answer["input"]),
        output=json.loads(answer["output"]) if answer["status"] == "SUCCEEDED" else None,
        error=answer.get("error"),
        cause=answer.get("cause"),
        started=answer["startDate"].timestamp(),
        stopped=stopped.timestamp() if stopped else None,
    )


def wait_for_execution(cloud: Cloud, arn: str, seconds: float = 60.0) -> Execution:
    """The execution when it has ended; AssertionError, with the states that it went through, if it does not."""
    deadline = time.monotonic() + seconds
    while (execution := describe_execution(cloud, arn)).status == "RUNNING":
        if time.monotonic() > deadline:
            path = " -> ".join(states_entered(cloud, arn))
            raise AssertionError(f"{execution.name} has not ended after {seconds} s: {path}")
        time.sleep(0.02)
    return execution


def history(cloud: Cloud, arn: str) -> list[dict[str, Any]]:
    """All events of an execution, oldest first, as GetExecutionHistory gives them; it may be running."""
    pages = cloud.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def states_entered(cloud: Cloud, arn: str) -> list[str]:
    """The names of the states that an execution has entered, in order, with repetitions."""
    entered = [event.get("stateEnteredEventDetails") for event in history(cloud, arn)]
    return [details["name"] for details in entered if details]


def function_log(cloud: Cloud, function_name: str) -> list[str]:
    """Every line that a function has logged, oldest first, from the log group that its configuration names."""
    config = cloud.client("lambda").get_function_configuration(FunctionName=function_name)
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    logs = cloud.client("logs")
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        events = [event for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"].rstrip("\n") for event in sorted(events, key=lambda event: event["timestamp"])]
