"""Every command that the README asks for is typed by a test as it stands, or is what runs the tests."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator

import pytest

from checks.documents import REPOSITORY
from tests.readme.commands import README, begins, commands, readme
from tests.readme.shell import environment_of_a_person


def asked_for() -> Iterator[list[str]]:
    """The beginnings by which tests ask for the README's commands: `readme("make demo")`."""
    for path in (REPOSITORY / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "readme":
                yield [
                    word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)
                ]


ASKED = [words for words in asked_for() if words]
TYPED = sorted({beginning for words in ASKED for beginning in words})


def untyped(page: str) -> list[str]:
    return [command for command in commands(page) if not begins(command, TYPED)]


def test_every_command_of_the_readme_is_typed_by_a_test() -> None:
    assert untyped(README) == []


def test_no_test_asks_for_a_command_that_the_readme_has_lost() -> None:
    assert [words for words in ASKED if not readme(*words)] == []


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("Type `make coffee` now.", ["make coffee"]),
        ("A long one: `sam list\nendpoints`.", ["sam list endpoints"]),
        (
            "```sh\nmake coffee   # black\naws s3 ls \\\n  s3://INBOX\n```\n",
            ["make coffee   # black", "aws s3 ls    s3://INBOX"],
        ),
        ("```sh\ncurl -s localhost\n```\nsays `make tea`.", ["curl -s localhost", "make tea"]),
    ],
)
def test_a_new_command_that_no_test_types_is_found(page: str, found: list[str]) -> None:
    assert untyped(page) == found


def test_what_only_looks_like_a_command_is_none() -> None:
    page = "`make` and `python3.13`, `beach.mp4`.\n\n```text\nmake coffee\n```\n"
    assert commands(page) == []


def test_a_sentence_may_name_a_command_from_a_block() -> None:
    assert commands("```sh\nsam build && sam deploy --guided\n```\nafter `sam deploy`") == [
        "sam build && sam deploy --guided"
    ]


def steps(command: str) -> list[str]:
    """What a make command would run, less what `make setup` runs before it."""
    said = [
        subprocess.run(
            f"{shown} --dry-run --no-print-directory",
            shell=True,
            cwd=REPOSITORY,
            env=environment_of_a_person(),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.splitlines()
        for shown in (command, "make setup")
    ]
    return [line for line in said[0] if line not in said[1]]


def test_make_faults_and_make_volume_run_the_tested_programs() -> None:
    # The campaign takes twenty minutes, the flood two; tests/e2e/test_faults.py and test_volume.py play a part of each.
    (faults,), (volume,) = readme("make faults"), readme("make volume")
    assert steps(faults) == [".workshop/dev/bin/python -m tests.faults "]
    assert steps(volume) == [".workshop/dev/bin/python -m tests.volume "]


def test_fuzzing_is_what_a_short_form_of_is_among_the_tests() -> None:
    # The whole takes as long as it is told to; tests/unit/test_fuzz.py plays a part of it.
    (fuzz,) = readme("make fuzz")
    assert steps(fuzz) == [".workshop/dev/bin/python -m tests.fuzz "]


def test_make_hostile_runs_the_clips_that_a_test_samples() -> None:
    # All of them take minutes and gigabytes; tests/contract/test_hostile_clips.py drops a dozen.
    (hostile,) = readme("make hostile")
    assert steps(hostile) == [".workshop/dev/bin/python -m tests.hostile --check "]


def test_make_mutants_runs_the_program_that_a_test_tries() -> None:
    # All of them take twenty minutes; tests/unit/checks/test_mutants.py tries one.
    (mutants,) = readme("make mutants")
    assert steps(mutants) == [".workshop/dev/bin/python -m checks.mutants "]


def test_check_is_its_three_parts_and_what_ci_runs() -> None:
    # Typed here, they would run themselves: `make check` is what runs this test, after the first two.
    (check,) = readme("make check")
    parts = readme("make lint", "make template", "make test")
    parts = [part for part in parts if "=" not in part]
    assert sorted(steps(check)) == sorted(line for part in parts for line in steps(part))
    assert all(steps(part) for part in parts)
    assert (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").endswith(f"exec {check}\n")


def test_the_quick_checks_are_those_that_tests_hold_too() -> None:
    # tests/unit/test_house_rules_template.py, test_house_rules_text.py and checks/test_schemas.py.
    quick = [
        line.rpartition(" ")[2] for command in readme("make statemachine", "make fresh") for line in steps(command)
    ]
    assert quick == ["checks.statemachine", "checks.requirements", "checks.schemas"]
