"""Executions that are walked one state at a time, so that anything can happen between two states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dropcut.domain.model import Drop
from dropcut.workflow.settle_execution import settle_execution
from tests.fakes.machine import Caught, Machine, definition
from tests.fakes.services import FakeServices, Interruption


@dataclass
class Run:
    """One execution of the real state machine."""

    world: FakeServices
    drop: Drop
    name: str = ""  # the drop's id, where it is no edit that was taken up again
    state: str = field(default_factory=lambda: str(definition()["StartAt"]))
    document: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.name or self.drop.drop_id
        self.document["drop"] = self.drop.as_json()
        if edit_id := self.world.executions.begun_with.get(self.name):
            self.document["edit"] = {"edit_id": edit_id}

    @property
    def status(self) -> str:
        return str(self.world.executions.status(self.name))

    def to_its_next_task(self) -> None:
        """Walk up to the next state in which something can go wrong."""
        while self.status == "RUNNING" and definition()["States"][self.state]["Type"] != "Task":
            self.go_on()

    def go_on(self, interruption: Interruption | None = None) -> None:
        """Do what this state is there for, if the execution was not stopped; it may be while it does it."""
        if self.status != "RUNNING":
            return
        services = interruption.services() if interruption else self.world
        state = definition()["States"][self.state]
        if state["Type"] in ("Succeed", "Fail"):
            self.end({"Succeed": "SUCCEEDED", "Fail": "FAILED"}[state["Type"]])
            return
        try:
            self.state = Machine(self.world, services)._step(state, self.document)
        except Caught:  # and nobody caught it
            self.end("FAILED")

    def end(self, status: str) -> None:
        if self.status == "RUNNING":
            self.world.executions.statuses[self.name] = status

    def settle(self, services: Any = None) -> None:
        """What the rule on the execution's status does, if it ended badly."""
        if self.status in ("FAILED", "ABORTED", "TIMED_OUT"):
            edit_id = self.world.executions.begun_with.get(self.name)
            settle_execution(services or self.world, self.drop, edit_id, self.status, execution=self.name)


@dataclass
class Runs:
    """Every execution that anybody started."""

    world: FakeServices
    known: dict[str, Run] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Run]:
        for name, drop in self.world.executions.started.items():
            if name not in self.known:
                self.known[name] = Run(self.world, drop, name)
        return iter(list(self.known.values()))

    def running(self) -> list[Run]:
        return [run for run in self if run.status == "RUNNING"]

    def over(self) -> list[Run]:
        return [run for run in self if run.status != "RUNNING"]
