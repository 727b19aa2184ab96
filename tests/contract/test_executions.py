"""Starting executions and sending messages, in the embedded cloud and by the fakes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from dropcut.adapters.sns import SnsTopic
from dropcut.adapters.step_functions import StepFunctionsExecutions
from dropcut.domain.model import Drop, Notice
from dropcut.ports import Executions
from localcloud.cloud import Cloud
from localcloud.executions import wait_for_execution
from localcloud.messages import watch_topic
from tests.fakes.examples import a_drop
from tests.fakes.services import FakeExecutions

_numbers = itertools.count()


@pytest.fixture
def machine(cloud: Cloud) -> str:
    """A state machine that does nothing."""
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    name = f"nothing-{next(_numbers)}"
    role = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    created = cloud.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=role
    )
    return str(created["stateMachineArn"])


@dataclass
class Exam:
    executions: Executions
    let_end: Callable[[Drop], None]


@pytest.fixture(params=["fake", "step functions"])
def exam(request: pytest.FixtureRequest, cloud: Cloud) -> Exam:
    if request.param == "fake":
        fake = FakeExecutions()
        return Exam(fake, lambda drop: fake.statuses.update({drop.drop_id: "SUCCEEDED"}))
    machine = request.getfixturevalue("machine")
    real = StepFunctionsExecutions(cloud.client("stepfunctions"), machine)

    def let_end(drop: Drop) -> None:
        wait_for_execution(cloud, execution_of(machine, drop))

    return Exam(real, let_end)


def execution_of(machine: str, drop: Drop) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:{drop.drop_id}"


def test_a_drop_is_started_once_however_often_it_is_announced(exam: Exam) -> None:
    """While it runs, Step Functions answers a start with the same input as if it were the first."""
    assert exam.executions.start(a_drop()) is True
    exam.let_end(a_drop())
    assert exam.executions.start(a_drop()) is False
    assert exam.executions.start(a_drop(clip_version="c2")) is True


def test_an_execution_is_asked_after_by_its_name(exam: Exam) -> None:
    assert exam.executions.status(a_drop().drop_id) is None
    exam.executions.start(a_drop())
    assert exam.executions.status(a_drop().drop_id) in ("RUNNING", "SUCCEEDED")
    exam.let_end(a_drop())
    assert exam.executions.status(a_drop().drop_id) == "SUCCEEDED"


def test_starting_a_drop_again_with_another_settle_time_starts_nothing(exam: Exam) -> None:
    """Announced a second time, a drop may be told to settle first; the first start stands."""
    assert exam.executions.start(a_drop()) is True
    assert exam.executions.start(replace(a_drop(), settle_seconds=20)) is False


def test_a_resumed_edit_has_an_execution_of_its_own(exam: Exam) -> None:
    name = f"{a_drop().drop_id}-2"
    exam.executions.start(a_drop())
    assert exam.executions.status(name) is None
    assert exam.executions.start(a_drop(), name, "e" * 64) is True
    exam.let_end(replace(a_drop(), drop_id=name))
    assert exam.executions.status(name) is not None
    assert exam.executions.start(a_drop(), name, "e" * 64) is False


def test_it_begins_with_the_edit(cloud: Cloud, machine: str) -> None:
    StepFunctionsExecutions(cloud.client("stepfunctions"), machine).start(a_drop(), "again", "e" * 64)
    arn = execution_of(machine, replace(a_drop(), drop_id="again"))
    started = cloud.client("stepfunctions").describe_execution(executionArn=arn)
    assert json.loads(started["input"]) == {"drop": a_drop().as_json(), "edit": {"edit_id": "e" * 64}}


@pytest.mark.parametrize("key", ["a b/50%+.mp4", "海辺 🏖.mp4", "line\nbreak.mp4", "x" * 1020 + ".mp4"])
def test_an_execution_gets_the_drop_as_it_is(cloud: Cloud, machine: str, key: str) -> None:
    drop = a_drop(key)
    StepFunctionsExecutions(cloud.client("stepfunctions"), machine).start(drop)
    started = cloud.client("stepfunctions").describe_execution(executionArn=execution_of(machine, drop))
    assert json.loads(started["input"]) == {"drop": drop.as_json()}


def test_a_message_arrives_as_text_for_people_and_json_for_machines(cloud: Cloud) -> None:
    topic = cloud.client("sns").create_topic(Name=f"topic-{next(_numbers)}")["TopicArn"]
    texts = {"default": json.dumps({"clip": "海辺.mp4"}), "email": "海辺.mp4 is edited"}
    notice = Notice(
        event_id="e1", status="DELIVERED", folder="/", subject="Dropcut DELIVERED: beach.mp4", message=texts
    )
    with watch_topic(cloud, topic) as watch:
        SnsTopic(cloud.client("sns"), topic).publish(notice)
        message = watch.wait_for(lambda message: message.subject is not None, seconds=20)
    assert message.subject == notice.subject
    assert {name: message.attributes[name] for name in ("status", "folder", "event_id")} == {
        "status": "DELIVERED",
        "folder": "/",
        "event_id": "e1",
    }
    assert message.document == {"clip": "海辺.mp4"}
    assert "海辺.mp4 is edited" in message.text
