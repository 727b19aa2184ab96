"""Walks a state machine's definition, into its Parallel and Map states too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class State:
    """One state, by its name and what the definition says of it."""

    name: str
    body: dict[str, Any]

    def targets(self) -> list[str]:
        """Where it can go, by whatever road."""
        rules = [*self.body.get("Choices", []), *self.body.get("Catch", [])]
        roads = [self.body.get("Next"), self.body.get("Default"), *(rule.get("Next") for rule in rules)]
        return [road for road in roads if road is not None]


def scopes(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine and every machine inside its Parallel and Map states."""
    yield machine
    for body in machine["States"].values():
        for inner in [*body.get("Branches", []), body.get("ItemProcessor"), body.get("Iterator")]:
            if inner:
                yield from scopes(inner)


def states(machine: dict[str, Any]) -> Iterator[State]:
    """Every state at any depth."""
    for scope in scopes(machine):
        for name, body in scope["States"].items():
            yield State(name, body)


def straight_road(machine: dict[str, Any], start: str) -> str:
    """The type of the state at the end of the road that only Next and Default lead along; "" for a circle."""
    for scope in scopes(machine):
        name, seen = start, set[str]()
        while name in scope["States"] and name not in seen:
            seen.add(name)
            body = scope["States"][name]
            following = body.get("Next", body.get("Default"))
            if following is None:
                return str(body["Type"])
            name = following
    return ""
