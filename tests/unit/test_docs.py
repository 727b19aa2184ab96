"""The pages in docs/ and the changelog agree with the state machine, the ledger and the version."""

from __future__ import annotations

import argparse
import re

import dropcut
from checks.documents import REPOSITORY, STATE_MACHINE, load
from checks.states import states
from dropcut.domain.model import State
from dropcut_cli.command import parser

ARCHITECTURE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
DECISIONS = (REPOSITORY / "docs" / "decisions.md").read_text(encoding="utf-8")
OPERATIONS = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")

MACHINE = load(STATE_MACHINE)
DRAWN = [
    set(re.findall(r"^  (\S+) --> ([^\s:]+)", block, re.MULTILINE))
    for block in re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", ARCHITECTURE, re.DOTALL)
]


def steps() -> set[tuple[str, str]]:
    """Every way from one state of the machine to the next, its beginning and its ends included."""
    found = {("[*]", MACHINE["StartAt"])}
    for state in states(MACHINE):
        found |= {(state.name, target) for target in state.targets()}
        if state.body["Type"] in ("Succeed", "Fail"):
            found.add((state.name, "[*]"))
    return found


def test_the_diagram_shows_every_state_and_no_false_path() -> None:
    drawn = DRAWN[0]
    assert drawn - steps() == set()
    assert {state.name for state in states(MACHINE)} <= {name for way in drawn for name in way}


def test_the_picture_of_the_ledger_has_every_state_of_an_edit() -> None:
    assert {name for way in DRAWN[1] for name in way} - {"[*]"} == {state.value for state in State}


def test_every_trouble_status_has_a_section_on_the_operations_page() -> None:
    troubles = ("REJECTED", "FAILED", "IN_DOUBT", "UNDELIVERED", "ABANDONED")
    assert [name for name in troubles if f"## `{name}`" not in OPERATIONS] == []


def test_every_decision_is_dated_and_says_how_to_undo_it() -> None:
    entries = [text for text in DECISIONS.split("\n\n") if text.startswith("**")]
    assert len(entries) > 20
    assert [text[:60] for text in entries if not re.match(r"\*\*\d{4}-\d\d-\d\d · [^*]+\.\*\* ", text)] == []
    assert [text[:60] for text in entries if "*Undo:*" not in text] == []


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    versions = re.findall(r"^## \[([^\]]+)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert versions[0] == dropcut.__version__


def test_everything_that_can_be_typed_at_the_command_is_described() -> None:
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        assert f"./dropcut {name}" in OPERATIONS
        options = {option for action in command._actions for option in action.option_strings} - {"-h", "--help"}
        assert [option for option in options if option not in OPERATIONS] == []


def test_every_command_line_that_a_page_shows_can_be_typed() -> None:
    shown = [line.split("#")[0].split()[1:] for line in OPERATIONS.splitlines() if line.startswith("./dropcut ")]
    shown += [line.split()[1:] for line in re.findall(r"`(\./dropcut [^`]+)`", OPERATIONS + ARCHITECTURE)]
    assert len(shown) > 5
    for words in shown:
        if words != ["resolve"]:
            parser().parse_args(words)


def test_every_threat_names_tests_that_exist() -> None:
    page = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    threats = re.findall(r"^\| (?!threat|---)(.+) \|$", page, re.MULTILINE)
    for threat in threats:
        named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", threat.split(" | ")[-1])
        assert named, threat
        for path, test in named:
            text = (REPOSITORY / "tests" / path).read_text(encoding="utf-8")
            assert f"def {test}" in text, f"{path}::{test}"
    assert len(threats) > 20
