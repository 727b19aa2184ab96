"""An execution that an earlier release began keeps its definition, and calls today's functions with their rights."""

from __future__ import annotations

from typing import Any

from localcloud.executions import states_entered
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK
from tests.e2e.stand import Stand


def as_in_release_0_1_0(machine: Any) -> None:
    """Nothing inspected a clip before PrepareEdit."""
    machine["States"]["WaitForSettling"]["Next"] = "PrepareEdit"
    del machine["States"]["InspectClip"]


def test_an_execution_of_release_0_1_0_inspects_its_clip(
    stand: Stand, powers: Powers, folder: str, clip: bytes
) -> None:
    with powers.definition(as_in_release_0_1_0):
        stand.drop(f"{folder}good/beach.mp4", clip, ASK)
        stand.drop(f"{folder}bad/beach.mp4", b"a text", ASK)
        runs = stand.finish(folder)
    assert sorted(run.status for run in runs) == ["FAILED", "SUCCEEDED"]
    assert not [run for run in runs if "InspectClip" in states_entered(stand.cloud, run.arn)]
    assert stand.outbox(folder) == [
        f"{folder}bad/beach.error.json",
        f"{folder}good/beach.manifest.json",
        f"{folder}good/beach.mp4",
    ]
    (problem,) = stand.document(f"{folder}bad/beach.error.json")["problems"]
    assert problem["problem"] == "is not a video"
    (source,) = [stand.document(f"{folder}good/beach.manifest.json")["source"]]
    assert (source["width"], source["height"], source["longest_seconds"]) == (1280, 720, 3.0)
