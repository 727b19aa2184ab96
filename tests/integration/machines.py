"""State machines to try the embedded cloud with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.executions import Execution, wait_for_execution

Document = dict[str, Any]


class Machines:
    """Runs the probe application's machine, and machines made up by a test."""

    def __init__(self, cloud: Cloud, outputs: dict[str, str], unique: Callable[[str], str]) -> None:
        self.cloud, self.outputs, self.unique = cloud, outputs, unique
        self.states = cloud.client("stepfunctions")

    def create(self, states: Document, *, role: str = "MachineRole", **machine: Any) -> str:
        definition = {"StartAt": next(iter(states)), "States": states, **machine}
        answer = self.states.create_state_machine(
            name=self.unique("machine"), roleArn=self.outputs[role], definition=json.dumps(definition)
        )
        return str(answer["stateMachineArn"])

    def start(self, machine: str, document: Document, **more: Any) -> str:
        return str(
            self.states.start_execution(stateMachineArn=machine, input=json.dumps(document), **more)["executionArn"]
        )

    def run(self, machine: str, document: Document | None = None) -> Execution:
        return wait_for_execution(self.cloud, self.start(machine, document or {}))
