"""An execution that an earlier release began keeps its definition, and calls today's functions with their rights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.executions import states_entered
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK
from tests.e2e.stand import Stand
from tests.fakes.machine import EARLIER, definition


def as_released(release: Path, outputs: dict[str, str]) -> Callable[[Any], None]:
    """Put an earlier definition in the place of the deployed one, and give it what the template gives."""

    def change(machine: dict[str, Any]) -> None:
        given = {"NotificationTopicArn": outputs["NotificationTopicArn"], "LedgerTableName": outputs["LedgerTable"]}
        given |= {f"{name}FunctionArn": state.get("Resource") for name, state in machine["States"].items()}
        earlier = filled(definition(release), given)
        machine.clear()
        machine.update(earlier)

    return change


def filled(value: Any, given: dict[str, str]) -> Any:
    """A document with its substitutions, each of which is all of a string."""
    if isinstance(value, dict):
        return {name: filled(part, given) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, given) for part in value]
    return given[value[2:-1]] if isinstance(value, str) and value.startswith("${") else value


@pytest.mark.parametrize("release", EARLIER, ids=lambda path: path.parent.name)
def test_an_earlier_machine_delivers_and_rejects(
    release: Path, stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with powers.definition(as_released(release, stand.outputs)):
        stand.drop(f"{folder}good/beach.mp4", clip, ASK)
        stand.drop(f"{folder}bad/beach.mp4", b"a text", ASK)
        runs = stand.finish(folder)
    assert sorted(run.status for run in runs) == ["FAILED", "SUCCEEDED"]
    entered = {state for run in runs for state in states_entered(stand.cloud, run.arn)}
    assert {"NotifyDelivered", "RecordDelivered", "NotifyRejected", "RecordRejected"} <= entered
    assert stand.outbox(folder) == [
        f"{folder}bad/beach.error.json",
        f"{folder}good/beach.manifest.json",
        f"{folder}good/beach.mp4",
    ]
    (problem,) = stand.document(f"{folder}bad/beach.error.json")["problems"]
    assert problem["problem"] == "is not a video"
    source = stand.document(f"{folder}good/beach.manifest.json")["source"]
    assert (source["width"], source["height"], source["longest_seconds"]) == (1280, 720, 3.0)
