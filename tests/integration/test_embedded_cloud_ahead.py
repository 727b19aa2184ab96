"""A state machine's functions are started before it calls them; nobody notices but by the clock."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from checks.documents import STATE_MACHINE, load
from localcloud.cloud import Cloud
from localcloud.deploy import deploy
from localcloud.executions import wait_for_execution
from localcloud.lambda_ahead import functions_on_the_road

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.13, Handler: app.lambda_handler, Timeout: 10}}
Resources:
  EarlyFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: early}}
  LateFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: late}}
  IdleFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: early}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: Early
        States:
          Early: {Type: Task, Resource: !GetAtt EarlyFunction.Arn, Next: Late}
          Late: {Type: Task, Resource: !GetAtt LateFunction.Arn, End: true}
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref EarlyFunction}},
                 {LambdaInvokePolicy: {FunctionName: !Ref LateFunction}}]
Outputs:
  Machine: {Value: !Ref Machine}
  Early: {Value: !Ref EarlyFunction}
"""
EARLY = """
import time
STARTED = time.time()

def lambda_handler(event, context):
    return STARTED
"""


@pytest.fixture
def outputs(cloud: Cloud, tmp_path: Path, unique: Any) -> dict[str, str]:
    """A stack with a machine that names a function that works and one that cannot be loaded."""
    for name, code in (("early", EARLY), ("late", "import a_package_that_is_in_no_layer\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(code, encoding="utf-8")
    (tmp_path / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    return deploy(cloud, stack_name=unique("ahead"), parameters={}, root=tmp_path)


def started(cloud: Cloud, outputs: dict[str, str], name: str) -> bool:
    """True once a function of the stack has had a worker: the worker's log is there."""
    stack = outputs["Early"].partition("-EarlyFunction")[0]
    return any(cloud.workdir.glob(f"lambda-{stack}-{name}-*.log"))


def test_functions_that_a_state_machine_names_run_before_it_does(cloud: Cloud, outputs: dict[str, str]) -> None:
    deadline = time.monotonic() + 60
    while not started(cloud, outputs, "LateFunction"):  # one after the other: by then the early one has come up
        assert time.monotonic() < deadline
        time.sleep(0.02)
    before = time.time()
    answer = cloud.client("lambda").invoke(FunctionName=outputs["Early"])
    assert json.loads(answer["Payload"].read()) < before, "the call found a worker that had been started"
    assert not started(cloud, outputs, "IdleFunction"), "no machine names it"


def test_a_function_that_cannot_start_says_so(cloud: Cloud, outputs: dict[str, str]) -> None:
    arn = cloud.client("stepfunctions").start_execution(stateMachineArn=outputs["Machine"])["executionArn"]
    execution = wait_for_execution(cloud, arn)
    assert (execution.status, execution.error) == ("FAILED", "Runtime.ImportModuleError")


def test_only_the_functions_of_the_good_path_start_ahead() -> None:
    definition = json.dumps(load(STATE_MACHINE))
    for name in re.findall(r"\$\{(\w+Function)Arn\}", definition):
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:dropcut-{name}-0A1B"
        definition = definition.replace(f"${{{name}Arn}}", arn)
    good_day = ("InspectClip", "PrepareEdit", "SubmitEdit", "PollEdit", "DeliverEdit")
    assert functions_on_the_road(definition) == [f"dropcut-{verb}Function-0A1B" for verb in good_day]
