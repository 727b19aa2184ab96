"""A cloud that is started with a director does what it says at each effect, and nothing where it says nothing."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from localcloud.cloud import Cloud, start_cloud
from localcloud.deploy import deploy
from localcloud.executions import Execution, wait_for_execution
from localcloud.fault_hooks import event_of
from tests.faults.director import Director, Watch
from tests.faults.fault import HOUR, HOUR_SECONDS, Fault
from tests.integration.conftest import PROBE

COUNT = "effect probe.1 dynamodb:UpdateItem.1"
RECORD = "effect record.1 dynamodb:UpdateItem.1"


class Play:
    """The probe application with a director, and one run in it with faults of its own."""

    def __init__(self, cloud: Cloud, outputs: dict[str, str], director: Director) -> None:
        self.cloud, self.outputs, self.director = cloud, outputs, director
        self.about = f"subject-{secrets.token_hex(5)}"

    def spoil(self, *faults: str) -> Watch:
        return self.director.watch(Watch(self.about, tuple(map(Fault.parse, faults))))

    def run(self, **document: Any) -> Execution:
        """Let the state machine call the probe, which counts in the table."""
        given = {"do": "flaky", "failures": 0, "counter": self.about, "status": "ok", "about": self.about, **document}
        states = self.cloud.client("stepfunctions")
        machine = document.get("machine", self.outputs["Machine"])
        arn = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        return wait_for_execution(self.cloud, arn)

    def invoke(self, **document: Any) -> dict[str, Any]:
        """Call the probe; gives what it answers or its error."""
        given = {"do": "flaky", "failures": 0, "counter": self.about, **document}
        functions = self.cloud.client("lambda")
        answer = functions.invoke(FunctionName=self.outputs["Probe"], Payload=json.dumps(given))
        said = json.loads(answer["Payload"].read())
        return dict(said)

    def counted(self, key: str = "") -> int:
        """How often the table was changed."""
        row = {"pk": {"S": key or self.about}}
        item = self.cloud.client("dynamodb").get_item(TableName=self.outputs["Table"], Key=row).get("Item", {})
        return int(item.get("attempts", {"N": "0"})["N"])

    def drop(self, watch: Watch) -> int:
        """Upload a file, let all that comes of it end, and give how often its event was recorded."""
        key = f"{self.about}/clip.mp4"
        self.cloud.client("s3").put_object(Bucket=self.outputs["Inbox"], Key=key, Body=b"x")
        assert watch.rest(1, 30)
        return self.counted(f"event#{key}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, dict[str, str], Director]]:
    folder = tmp_path_factory.mktemp("directed")
    with Director() as director, start_cloud(folder, longest_wait=0.2, director=director.address) as cloud:
        outputs = deploy(cloud, stack_name="probe", parameters={"Stage": "integration"}, root=PROBE)
        names = {"Probe": "probe", "RecordEvent": "record"}
        director.verbs = {outputs[output].rpartition(":")[2]: verb for output, verb in names.items()}
        yield cloud, outputs, director


@pytest.fixture
def play(stage: tuple[Cloud, dict[str, str], Director]) -> Play:
    return Play(*stage)


def test_every_effect_has_its_name_and_number(play: Play) -> None:
    watch = play.spoil()
    assert play.run().status == "SUCCEEDED"
    seen = [(q["who"], q["name"], q["call"]) for q in watch.trace if q["kind"] == "effect" and q["phase"] == "after"]
    assert seen == [
        ("probe", "dynamodb:UpdateItem", 1),
        ("probe", "invocation", 1),
        ("Probe", "lambda:Invoke", 1),
        ("Publish", "sns:Publish", 1),
    ]
    assert [q["who"] for q in watch.trace if q["kind"] == "state"] == ["Probe", "Publish"]
    assert watch.rest(0, 30)


def test_no_wait_lasts_longer_than_the_cloud_was_told(play: Play) -> None:
    states = {"W": {"Type": "Wait", "Seconds": 3000, "End": True}}
    machine = play.cloud.client("stepfunctions").create_state_machine(
        name="patient",
        roleArn=play.outputs["MachineRole"],
        definition=json.dumps({"StartAt": "W", "States": states}),
    )["stateMachineArn"]
    began = time.monotonic()
    arn = play.cloud.client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    assert wait_for_execution(play.cloud, arn, seconds=20).status == "SUCCEEDED"
    assert time.monotonic() - began >= 0.2


def test_what_is_about_nobody_is_left_alone(play: Play) -> None:
    watch = play.spoil(f"{COUNT} before -> crash")
    assert play.invoke(counter="somebody-else") == {"attempts": 1}
    assert watch.trace == []


@pytest.mark.parametrize(
    ("phase", "what", "error", "changes"),
    [
        ("before", "crash", "Runtime.ExitError", 0),
        ("after", "crash", "Runtime.ExitError", 1),
        ("before", "refused", "EndpointConnectionError", 0),
        ("before", "throttled", "ProvisionedThroughputExceededException", 0),
        ("after", "lost for good", "ReadTimeoutError", 10),
    ],
)
def test_a_call_fails_before_or_after_it_was_made(play: Play, phase: str, what: str, error: str, changes: int) -> None:
    watch = play.spoil(f"{COUNT} {phase} -> {what}")
    assert play.invoke()["errorType"] == error
    assert play.counted() == changes
    assert len(watch.met) == 1
    assert play.invoke() == {"attempts": changes + 1}


def test_the_sdk_repeats_a_call_whose_answer_is_lost(play: Play) -> None:
    play.spoil(f"{COUNT} after -> lost")
    assert play.invoke() == {"attempts": 2}


def test_a_function_may_be_lost_before_and_after_its_work(play: Play) -> None:
    play.spoil("effect probe.1 invocation.1 before -> crash", "effect probe.2 invocation.1 after -> crash")
    assert play.invoke()["errorType"] == play.invoke()["errorType"] == "Runtime.ExitError"
    assert play.counted() == 1


def test_a_function_that_stalls_is_ended_by_its_time_limit(play: Play) -> None:
    play.spoil(f"{COUNT} before -> stall")
    assert play.invoke()["errorType"] == "Sandbox.Timedout"
    assert play.counted() == 0


def test_what_is_broken_stays_broken(play: Play) -> None:
    play.spoil(f"{COUNT} before -> broken")
    assert [play.invoke()["errorType"] for _ in range(2)] == ["EndpointConnectionError"] * 2


@pytest.mark.parametrize(
    ("fault", "error", "changes"),
    [
        ("lambda:Invoke.1 before -> refused", "Lambda.ServiceException", 0),
        ("lambda:Invoke.1 after -> lost", "Lambda.ServiceException", 1),
        ("lambda:Invoke.1 before -> throttled", "Lambda.TooManyRequestsException", 0),
    ],
)
def test_a_task_fails_with_the_error_names_of_aws(play: Play, fault: str, error: str, changes: int) -> None:
    play.spoil(f"effect Probe.1 {fault}")
    execution = play.run()
    assert (execution.status, execution.error) == ("FAILED", error)
    assert play.counted() == changes


def test_an_hour_of_throttling_is_counted_by_written_waits(play: Play) -> None:
    """Of which none lasts more than a fifth of a second here."""
    arn = play.outputs["Machine"]
    machines = play.cloud.client("stepfunctions")
    probe = json.loads(machines.describe_state_machine(stateMachineArn=arn)["definition"])["States"]["Probe"]
    retry = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 900, "BackoffRate": 1}
    states = {"Probe": {**probe, "Retry": [{**retry, "MaxAttempts": 50}], "End": True}}
    states["Probe"].pop("Next", None)
    states["Probe"].pop("Catch", None)
    role, definition = play.outputs["MachineRole"], json.dumps({"StartAt": "Probe", "States": states})
    patient = machines.create_state_machine(name="throttled", roleArn=role, definition=definition)["stateMachineArn"]
    watch = play.spoil(f"effect Probe.1 lambda:Invoke.1 before -> {HOUR}")
    assert play.run(machine=patient).status == "SUCCEEDED"
    waits = [heard["seconds"] for heard in watch.trace if heard["kind"] == "pause"]
    assert waits == [900] * (HOUR_SECONDS // 900)
    assert play.counted() == 1


def test_variables_change_for_one_invocation(play: Play) -> None:
    watch = play.spoil()
    watch.variables = {"probe": [{"STAGE": "elsewhere", "UNKNOWN": "never set"}, {}]}
    seen = [play.invoke(do="describe") for _ in range(3)]
    assert [one["stage"] for one in seen] == ["elsewhere", "integration", "elsewhere"]
    assert "UNKNOWN" not in seen[0]["variables"]
    watch.variables = {}
    assert play.invoke(do="describe")["stage"] == "integration"


def test_a_published_message_is_known_by_its_event(play: Play) -> None:
    watch = play.spoil()
    play.run()
    found = {heard.get("event_id", "") for heard in watch.trace if heard.get("name") == "sns:Publish"}
    assert found == {""}, "the probe's has none"
    attribute = {
        "event_id": {"DataType": "String", "StringValue": "e1"},
        "a": {"DataType": "String", "StringValue": "b"},
    }
    fields = {"Action": "Publish", "Message": "m"}
    for number, (name, value) in enumerate(attribute.items(), 1):
        fields[f"MessageAttributes.entry.{number}.Name"] = name
        fields |= {f"MessageAttributes.entry.{number}.Value.{key}": given for key, given in value.items()}
    assert event_of("sns:Publish", urlencode(fields).encode()) == {"event_id": "e1"}
    assert event_of("sns:Subscribe", urlencode(fields).encode()) == {}


def test_an_execution_times_out_as_a_state_is_entered(play: Play) -> None:
    watch = play.spoil("state Publish.1 entry.1 at -> time out")
    assert play.run().status == "TIMED_OUT"
    assert play.counted() == 1
    assert list(watch.executions.values()) == ["TIMED_OUT"]


def test_a_power_of_the_director_is_used_at_a_state(play: Play) -> None:
    used: list[str] = []
    play.director.powers["note"] = lambda watch, question: used.append(question["execution"])
    play.spoil("state Publish.1 entry.1 at -> note")
    assert play.run().arn in used


@pytest.mark.parametrize(("what", "recorded"), [("event lost", 0), ("event twice", 2), ("event late", 1)])
def test_an_announcement_is_lost_doubled_or_late(play: Play, what: str, recorded: int) -> None:
    watch = play.spoil(f"event record.1 clip.mp4.1 at -> {what}")
    began = time.monotonic()
    assert play.drop(watch) == recorded
    assert (time.monotonic() - began > 3) == (what == "event late")


def test_a_run_rests_only_after_lambdas_own_retries(play: Play) -> None:
    watch = play.spoil(f"{RECORD} after -> crash")
    assert play.drop(watch) == 2
    assert [q["failed"] for q in watch.trace if q["kind"] == "invocation over"] == [False]


def test_a_function_that_will_fail_starts_afresh(play: Play) -> None:
    watch = play.spoil("effect probe.1 nothing:Known.1 before -> crash")
    assert play.director.answer({"kind": "effect", "about": play.about, "who": "probe", "name": "invocation"} | AT) == {
        "do": "forget"
    }
    assert watch.met == set()


AT = {"phase": "before", "call": 1, "attempt": 1, "scene": "1"}
