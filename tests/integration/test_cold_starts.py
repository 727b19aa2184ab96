"""A function imports what its good path uses, and the benchmark that measures it runs for anybody."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.cold_starts import Bench, layers
from benchmarks.served_world import served
from tests.fakes.invoke import VERBS
from tests.fakes.machine import REPOSITORY

READ_STRANGERS_TEXT = {"inspect_clip", "prepare_edit"}
ASK_THE_PROVIDER = {"deliver_edit", "find_result", "find_submission", "poll_edit", "recheck_edits", "submit_edit"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_imports_only_what_it_uses(verb: str) -> None:
    bench = Bench(verb, layers())
    with served(bench.world) as address:
        names = bench.cold(address).names
    assert ("requests" in names) == (verb in ASK_THE_PROVIDER)
    assert ("pydantic" in names) == (verb in READ_STRANGERS_TEXT)
    assert "aws_lambda_powertools.utilities.data_classes" not in names, "40 modules for two fields of an event"


def test_the_benchmark_compares_a_cold_start_with_its_floor() -> None:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "cold_starts.py"), "--rounds", "2", "poll_edit"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.stderr == ""
    assert "poll_edit" in done.stdout
    assert "outcome completed" in done.stdout
