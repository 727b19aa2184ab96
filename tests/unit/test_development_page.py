"""docs/development.md tells the truth: tests run its commands, its tables and paths are those of the repository."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from checks.documents import REPOSITORY
from localcloud.editors import ADVICE
from localcloud.workshop import ENVIRONMENTS
from tests.fakes import walk
from tests.readme.commands import commands
from tests.readme.shell import environment_of_a_person

PAGE = (REPOSITORY / "docs" / "development.md").read_text(encoding="utf-8")
COMMANDS = commands(PAGE)

# The commands that this test runs as they stand, and the tests that run what the others come to.
QUICK = ("make invoke", "make walk", "make test TEST=tests/unit/")
RUN_ELSEWHERE = {
    "make dev": "tests/integration/test_debugger.py::_a_workshop_for_editors",
    ".workshop/dev/bin/python benchmarks/cold_starts.py": "tests/integration/test_cold_starts.py::"
    "test_the_benchmark_compares_a_cold_start_with_its_floor",
    "make debug": "tests/integration/test_debugger.py::test_an_end_to_end_test_waits_for_the_debugger",
    "make test TEST=tests/e2e/": "tests/e2e/test_names.py::test_a_clip_may_lie_in_no_folder",
    "make check": ".ci/run",
    "make volume": "tests/e2e/test_volume.py",
    "make statemachine": "tests/unit/test_house_rules_template.py::test_the_state_machine_has_nothing_wrong",
    "sam build": "tests/integration/test_sam_deploys.py",
    "make fuzz": "tests/unit/test_fuzz.py::test_the_long_form_says_what_it_tried",
    "make hostile": "tests/contract/test_hostile_clips.py::test_a_hostile_clip_ends_as_it_must",
    "make mutants": "tests/unit/checks/test_mutants.py::test_a_mutant_that_a_test_notices_is_killed_by_it",
    "make fresh": "tests/unit/test_house_rules_text.py::test_every_lock_carries_hashes_and_matches_its_sources",
}
WRITING = ("make schemas", "make requirements")  # they change files; `make fresh` says whether they were run


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith(QUICK)])
def test_a_quick_command_of_the_page_does_what_it_stands_for(command: str) -> None:
    env = environment_of_a_person()
    done = subprocess.run(command, shell=True, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_a_test_runs_every_other_command_on_the_page() -> None:
    others = [one for one in COMMANDS if not one.startswith((*QUICK, *WRITING))]
    assert [one for one in others if not one.startswith(tuple(RUN_ELSEWHERE))] == []
    assert [one for one in RUN_ELSEWHERE if not any(other.startswith(one) for other in others)] == []
    for place in RUN_ELSEWHERE.values():
        path, _, name = place.partition("::")
        text = (REPOSITORY / path).read_text(encoding="utf-8")
        assert not name or name in {
            node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
        }


def test_every_option_of_the_walk_is_explained_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        walk.main(["--help"])
    there = set(re.findall(r"(--[a-z-]+)", capsys.readouterr().out)) - {"--help"}
    table = PAGE.partition("| option |")[2].partition("\n\n")[0]
    assert set(re.findall(r"(--[a-z][a-z-]*)", table)) == there


def test_every_environment_of_the_workshop_is_explained() -> None:
    assert {f".workshop/{name}" for name in ENVIRONMENTS} <= set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))


def test_every_file_and_folder_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:tests|layers|localcloud|functions|statemachine|docs|events)/[\w./<>]*)`", PAGE)
    assert len(named) > 15
    paths = [name.replace("<verb>", "poll_edit") for name in named]
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_the_setup_says_the_commands_that_the_page_explains() -> None:
    said = re.findall(r"make (invoke|walk|test|debug)\b", ADVICE)
    assert said == ["invoke", "walk", "test", "debug"]
    assert ".workshop/dev/bin/python" in ADVICE
    assert "docs/development.md" in ADVICE
    assert [path for path in re.findall(r"TEST=(\S+\.py)", ADVICE) if not (REPOSITORY / path).is_file()] == []
