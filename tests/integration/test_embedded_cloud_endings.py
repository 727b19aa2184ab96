"""Every end of an execution in the embedded cloud is an event, as in AWS: what a net below the machine relies on."""

from __future__ import annotations

import json
import time

import pytest

from localcloud.executions import states_entered, wait_for_execution
from tests.integration.machines import Document, Machines


class StatusEvents:
    """A queue that hears of every execution of some machines."""

    def __init__(self, machines: Machines, *heard: str) -> None:
        self.sqs, name = machines.cloud.client("sqs"), machines.unique("status")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": list(heard)}}
        events = machines.cloud.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def details(self, wanted: int) -> list[Document]:
        seen: list[Document] = []
        for _ in range(20):
            received = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in received.get("Messages", []):
                seen.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            if len(seen) >= wanted:
                break
        assert {(event["source"], event["detail-type"]) for event in seen} == {
            ("aws.states", "Step Functions Execution Status Change")
        }
        return [event["detail"] for event in seen]


def test_every_end_of_an_execution_is_an_event_with_its_input(machines: Machines) -> None:
    pause = {"Type": "Wait", "Seconds": 3000, "End": True}
    failing = machines.create({"F": {"Type": "Fail", "Error": "E", "Cause": "because"}})
    endless, brief = machines.create({"W": pause}), machines.create({"W": pause}, TimeoutSeconds=1)
    fine = machines.create({"P": {"Type": "Pass", "Result": {"a": 1}, "End": True}})
    events = StatusEvents(machines, failing, endless, brief, fine)
    arns = [machines.start(machine, {"drop": "é"}, name="drop-7") for machine in (failing, endless, brief, fine)]
    machines.states.stop_execution(executionArn=arns[1], error="Enough", cause="said a person")
    ended = {wait_for_execution(machines.cloud, arn).status: arn for arn in arns}
    assert set(ended) == {"FAILED", "ABORTED", "TIMED_OUT", "SUCCEEDED"}

    details = events.details(8)
    assert [detail["status"] for detail in details].count("RUNNING") == 4
    for detail in (detail for detail in details if detail["status"] != "RUNNING"):
        assert detail["executionArn"] == ended[detail["status"]]
        assert detail["name"] == "drop-7"
        assert json.loads(detail["input"]) == {"drop": "é"}
        assert detail["inputDetails"] == {"included": True}
        assert detail["stopDate"] >= detail["startDate"] > 1_700_000_000_000, "milliseconds"
        failed = {"FAILED": ("E", "because")}.get(detail["status"], (None, None))
        assert (detail["error"], detail["cause"]) == failed
        assert detail["output"] == ('{"a":1}' if detail["status"] == "SUCCEEDED" else None)


def test_the_event_of_an_end_reaches_a_function(machines: Machines) -> None:
    """By a rule that a template makes, whose function is asked again where it fails."""
    detail = {"object": {"key": f"fail/{machines.unique('ended')}"}}
    machine = machines.create({"W": {"Type": "Wait", "Seconds": 3000, "End": True}})
    events, functions = machines.cloud.client("events"), machines.cloud.client("lambda")
    name, function = machines.unique("ended"), machines.outputs["RecordEvent"]
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine], "status": ["ABORTED"]}}
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    target = {"Id": "function", "Arn": function, "Input": json.dumps({"detail": detail})}
    functions.add_permission(
        FunctionName=function,
        StatementId=name,
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule=name, Targets=[target])
    arn = machines.start(machine, {})
    machines.states.stop_execution(executionArn=arn)
    row = {"pk": {"S": f"event#{detail['object']['key']}"}}
    table = machines.cloud.client("dynamodb")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        item = table.get_item(TableName=machines.outputs["Table"], Key=row).get("Item", {})
        if item.get("attempts", {}).get("N") == "2":
            break
        time.sleep(0.05)
    assert item["attempts"] == {"N": "2"}, "once more, as the function's template says"


def entries(machines: Machines, arn: str) -> list[str]:
    return states_entered(machines.cloud, arn)


def test_a_redriven_execution_goes_on_in_its_stopped_state(machines: Machines) -> None:
    """Under its own name and with what it had found out, which is what the console's button does."""
    states = {
        "First": {"Type": "Pass", "Result": "known", "ResultPath": "$.found", "Next": "Long"},
        "Long": {"Type": "Wait", "SecondsPath": "$.pause", "Next": "Last"},
        "Last": {"Type": "Pass", "End": True},
    }
    machine = machines.create(states)
    events = StatusEvents(machines, machine)
    arn = machines.start(machine, {"pause": 20_000}, name="drop-8")
    while "Long" not in entries(machines, arn):
        time.sleep(0.02)
    machines.states.stop_execution(executionArn=arn)
    machines.cloud.set_wait_scale(0)
    try:
        machines.states.redrive_execution(executionArn=arn)
        done = wait_for_execution(machines.cloud, arn)
    finally:
        machines.cloud.set_wait_scale(0.01)
    assert (done.status, done.output) == ("SUCCEEDED", {"pause": 20_000, "found": "known"})
    assert entries(machines, arn) == ["First", "Long", "Long", "Last"]
    assert [detail["status"] for detail in events.details(4)] == ["RUNNING", "ABORTED", "RUNNING", "SUCCEEDED"]


def test_failed_executions_are_redriven_but_succeeded_ones_are_not(machines: Machines) -> None:
    failing = machines.create({"P": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}})
    failed = machines.start(failing, {})
    assert wait_for_execution(machines.cloud, failed).status == "FAILED"
    machines.states.redrive_execution(executionArn=failed)
    assert wait_for_execution(machines.cloud, failed).error == "E"
    assert entries(machines, failed) == ["P", "F", "F"]
    fine = machines.start(machines.create({"P": {"Type": "Pass", "End": True}}), {})
    wait_for_execution(machines.cloud, fine)
    with pytest.raises(machines.states.exceptions.ExecutionNotRedrivable):
        machines.states.redrive_execution(executionArn=fine)
