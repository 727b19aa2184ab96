"""docs/faults.md names every fault that can meet Dropcut, and tests that exist and play it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from checks.documents import CORE, REPOSITORY, STATE_MACHINE, load
from dropcut.domain.pauses import MAX_UNREADABLE, POLL_UNTIL, RESULT_LIVES, SEARCHES
from localcloud.simulator.catalogue import ANYWHERE, KINDS

PAGE = (REPOSITORY / "docs" / "faults.md").read_text(encoding="utf-8")
UNUSED = {"sync", "legacy", "upload", "credits"}  # stages that Dropcut never comes to
OURS = {(stage, kind) for stage, kinds in KINDS.items() if stage not in UNUSED for kind in kinds}


class Row(NamedTuple):
    happens: str
    faults: list[tuple[str, str]]
    tests: list[tuple[str, str]]


def read_rows() -> Iterator[Row]:
    for line in re.findall(r"^\| (?!what happens|---)(.*) \|$", PAGE, re.MULTILINE):
        happens, _, faults, tests = line.split(" | ")
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", tests)
        yield Row(happens, re.findall(r"`(\w+)/(\w+)`", faults), named)


@functools.cache
def module(path: str) -> ast.Module:
    return ast.parse((REPOSITORY / "tests" / path).read_text(encoding="utf-8"))


@functools.cache
def words(path: str, name: str) -> frozenset[str]:
    """The texts in a function or constant of a test module, and in the constants that it uses, imported ones too."""
    found: set[str] = set()
    for node in module(path).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tests."):
            if name in {alias.name for alias in node.names}:
                found |= words(str(node.module).removeprefix("tests.").replace(".", "/") + ".py", name)
        elif name in defined(node):
            parts = list(ast.walk(node))
            found |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
            constants = {part.id for part in parts if isinstance(part, ast.Name) and part.id.isupper()} - {name}
            found = found.union(*(words(path, constant) for constant in constants))
    return frozenset(found)


def defined(node: ast.stmt) -> set[str]:
    """The names that a statement of a module gives a value to."""
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


ROWS = list(read_rows())


def test_the_page_names_exactly_the_faults_that_can_be_played() -> None:
    named = {fault for row in ROWS for fault in row.faults}
    assert OURS - named == set()
    assert named - OURS == {("credits", "drops")}


def test_every_test_that_the_page_names_exists() -> None:
    named = {test for row in ROWS for test in row.tests}
    assert len(named) > 40
    assert [test for test in sorted(named) if not any(test[1] in defined(node) for node in module(test[0]).body)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.happens[:40])
def test_each_fault_of_a_row_is_played_by_its_tests(row: Row) -> None:
    assert row.tests
    told = [words(path, name) for path, name in row.tests]
    assert [fault for fault in row.faults if not any(set(fault) <= texts for texts in told)] == []


def test_stages_that_the_page_calls_unused_are_never_called() -> None:
    section = PAGE.partition("## Not used by Dropcut")[2]
    assert set(re.findall(r"`(\w+)`", section)) == UNUSED
    assert all(KINDS[stage].keys() >= ANYWHERE.keys() for stage in UNUSED)
    code = "".join(path.read_text(encoding="utf-8") for path in CORE.rglob("*.py"))
    assert [route for route in ("/v1/", "upload-asset", "get-user-credits") if route in code] == []


def pauses(state: str, error: str) -> float:
    """How long the state machine goes on trying after that error, in seconds."""
    (rule,) = [rule for rule in load(STATE_MACHINE)["States"][state]["Retry"] if error in rule["ErrorEquals"]]
    steps = (rule["IntervalSeconds"] * rule["BackoffRate"] ** number for number in range(rule["MaxAttempts"]))
    return sum((min(step, float(rule["MaxDelaySeconds"])) for step in steps), 0.0)


def test_the_times_on_the_page_are_those_of_the_program() -> None:
    minutes, hours = 60, 3600
    settling = load(STATE_MACHINE)["States"]["WaitForSubmitEdit"]["Seconds"]
    assert "in about ten minutes" in PAGE
    assert sum(SEARCHES) + settling == pytest.approx(10 * minutes, rel=0.1)
    assert "for about half an hour" in PAGE
    assert pauses("SubmitEdit", "ProviderBusy") == pytest.approx(30 * minutes, rel=0.2)
    assert "growing to six hours, for the seven days that the provider keeps it" in PAGE
    assert load(STATE_MACHINE)["States"]["DeliverEdit"]["Retry"][-1]["MaxDelaySeconds"] == 6 * hours
    assert RESULT_LIVES == 7 * 24 * hours < pauses("DeliverEdit", "States.ALL") < 8 * 24 * hours
    assert f"until {POLL_UNTIL // minutes} minutes after the submission" in PAGE
    assert (MAX_UNREADABLE, "more than twelve of those" in PAGE) == (12, True)
