"""State machines in the embedded cloud: what the application's own machine relies on."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.executions import list_executions, states_entered, wait_for_execution
from localcloud.messages import watch_topic
from tests.integration.machines import Document, Machines


def task(machines: Machines, **more: Any) -> Document:
    return {"Type": "Task", "Resource": machines.outputs["Probe"], "End": True, **more}


def test_a_retry_by_class_name_goes_on_until_it_succeeds(machines: Machines) -> None:
    document = {"do": "flaky", "counter": machines.unique("flaky"), "failures": 2, "status": "ok"}
    execution = machines.run(machines.outputs["Machine"], document)
    assert execution.status == "SUCCEEDED"
    assert execution.output["result"] == {"attempts": 3}


def test_an_error_caught_by_class_name_reaches_the_table(machines: Machines) -> None:
    document = {"do": "fail", "error": "OutOfCredits", "status": "bad"}
    execution = machines.run(machines.outputs["Machine"], document)
    assert (execution.status, execution.error) == ("FAILED", "Told")
    assert states_entered(machines.cloud, execution.arn) == ["Probe", "Remember", "Failed"]
    row = machines.cloud.client("dynamodb").get_item(
        TableName=machines.outputs["Table"], Key={"pk": {"S": execution.name}}
    )
    assert row["Item"]["error"] == {"S": "OutOfCredits"}


def test_an_error_that_nothing_catches_fails_the_execution_by_its_name(machines: Machines) -> None:
    document = {"do": "fail", "error": "ValueError", "text": "odd", "status": "bad"}
    execution = machines.run(machines.outputs["Machine"], document)
    assert (execution.status, execution.error) == ("FAILED", "ValueError")
    assert json.loads(execution.cause or "")["errorMessage"] == "odd"


def test_a_function_that_timed_out_is_caught_as_such(machines: Machines) -> None:
    execution = machines.run(machines.outputs["Machine"], {"do": "sleep", "seconds": 9, "status": "bad"})
    row = machines.cloud.client("dynamodb").get_item(
        TableName=machines.outputs["Table"], Key={"pk": {"S": execution.name}}
    )
    assert row["Item"]["error"] == {"S": "Sandbox.Timedout"}


def test_a_message_has_its_two_texts_and_attributes_from_the_document(machines: Machines) -> None:
    with watch_topic(machines.cloud, machines.outputs["Topic"]) as watch:
        status = machines.unique("status")
        machines.run(machines.outputs["Machine"], {"do": "describe", "status": status})
        message = watch.wait_for(lambda message: message.attributes == {"status": status}, seconds=10)
    assert message.subject == "A probe came back"
    assert message.document["layer"] == "hello"
    assert message.text == "describe came back"


@pytest.mark.parametrize(
    "state",
    [
        {"Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "Topic", "Message": "x"}},
        {"Resource": "Probe"},
        {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "Probe"}},
        {
            "Resource": "arn:aws:states:::dynamodb:updateItem",
            "Parameters": {"TableName": "Table", "Key": {"pk": {"S": "x"}}},
        },
    ],
    ids=["sns", "function", "lambda-invoke", "dynamodb"],
)
def test_a_machine_whose_role_lacks_the_right_fails(machines: Machines, state: Document) -> None:
    text = json.dumps({"Type": "Task", "End": True, **state})
    for name in ("Topic", "Probe", "Table"):
        text = text.replace(f'"{name}"', f'"{machines.outputs[name]}"')
    execution = machines.run(machines.create({"A": json.loads(text)}, role="PowerlessRole"))
    assert execution.status == "FAILED"
    assert "AccessDenied" in str(execution.error) or "AuthorizationError" in str(execution.error)


def test_a_wait_takes_whole_seconds_from_the_document_and_is_scaled(machines: Machines) -> None:
    machine = machines.create({"W": {"Type": "Wait", "SecondsPath": "$.pause", "End": True}})
    began = time.monotonic()
    assert machines.run(machine, {"pause": 30}).status == "SUCCEEDED"
    assert 0.25 < time.monotonic() - began < 3
    assert machines.run(machine, {"pause": 0.5}).status == "FAILED", "AWS takes integers only"


def test_the_scale_of_waits_can_be_changed_while_it_runs(machines: Machines) -> None:
    machine = machines.create({"W": {"Type": "Wait", "Seconds": 100, "End": True}})
    machines.cloud.set_wait_scale(0)
    began = time.monotonic()
    machines.run(machine)
    machines.cloud.set_wait_scale(0.01)
    assert time.monotonic() - began < 0.9


def test_a_state_machines_own_timeout_is_not_scaled(machines: Machines) -> None:
    machine = machines.create({"W": {"Type": "Wait", "Seconds": 1000, "End": True}}, TimeoutSeconds=1)
    assert machines.run(machine).status == "TIMED_OUT"


def test_a_tasks_timeout_is_a_states_timeout(machines: Machines) -> None:
    execution = machines.run(machines.create({"A": task(machines, TimeoutSeconds=1)}), {"do": "sleep", "seconds": 1.9})
    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")


def test_an_execution_can_be_stopped_while_it_waits(machines: Machines) -> None:
    machine = machines.create({"W": {"Type": "Wait", "Seconds": 3000, "Next": "P"}, "P": {"Type": "Pass", "End": True}})
    arn = machines.start(machine, {})
    machines.states.stop_execution(executionArn=arn, error="Enough", cause="said a person")
    execution = wait_for_execution(machines.cloud, arn, seconds=5)
    assert execution.status == "ABORTED"
    time.sleep(0.2)
    assert states_entered(machines.cloud, arn) in (["W"], [])


def test_the_same_name_and_input_start_only_one_execution(machines: Machines) -> None:
    machine = machines.create({"W": {"Type": "Wait", "SecondsPath": "$.pause", "End": True}})
    first = machines.start(machine, {"pause": 100}, name="drop-1")
    assert machines.start(machine, {"pause": 100}, name="drop-1") == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start(machine, {"pause": 101}, name="drop-1")
    wait_for_execution(machines.cloud, first)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start(machine, {"pause": 100}, name="drop-1")
    assert [execution.name for execution in list_executions(machines.cloud, machine)] == ["drop-1"]


@pytest.mark.parametrize("name", ["x" * 81, "a b", "a/b", "a:b"])
def test_a_name_that_aws_refuses_is_refused(machines: Machines, name: str) -> None:
    machine = machines.create({"P": {"Type": "Pass", "End": True}})
    with pytest.raises(ClientError, match="InvalidName"):
        machines.start(machine, {}, name=name)


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Next": "Nowhere"},
        {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Nowhere"}]},
        {"Type": "Pass", "End": True, "Colour": "red"},
    ],
)
def test_a_definition_that_aws_refuses_is_refused(machines: Machines, state: Document) -> None:
    with pytest.raises(ClientError, match="InvalidDefinition"):
        machines.create({"A": state})


def test_a_deadline_is_compared_as_a_number(machines: Machines) -> None:
    states = {
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.now", "NumericGreaterThanPath": "$.deadline", "Next": "Late"}],
            "Default": "InTime",
        },
        "Late": {"Type": "Fail", "Error": "Late"},
        "InTime": {"Type": "Succeed"},
    }
    machine = machines.create(states)
    assert machines.run(machine, {"now": 5.5, "deadline": 5}).error == "Late"
    assert machines.run(machine, {"now": 4, "deadline": 5}).status == "SUCCEEDED"


def test_a_hundred_executions_at_once_all_end(machines: Machines) -> None:
    machine = machines.create(
        {"W": {"Type": "Wait", "Seconds": 20, "Next": "A"}, "A": task(machines, ResultSelector={"layer.$": "$.layer"})}
    )
    arns = [machines.start(machine, {"do": "describe"}) for _ in range(100)]
    ended = [wait_for_execution(machines.cloud, arn, seconds=60) for arn in arns]
    assert {execution.status for execution in ended} == {"SUCCEEDED"}
