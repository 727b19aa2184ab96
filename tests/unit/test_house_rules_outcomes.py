"""House rules about what travels: the state machine's Choices and the enumerations of the code name the same words."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest

from checks.documents import CORE, STATE_MACHINE, load
from checks.states import State, states
from dropcut.domain.decisions import DropVerdict
from dropcut.domain.generation import Outcome

MACHINE = load(STATE_MACHINE)
WORDS: dict[str, type[StrEnum]] = {"$.generation.outcome": Outcome, "$.edit.verdict": DropVerdict}
# The words that mean the Default of a Choice: a failure to be reported.
LEFT_TO_THE_DEFAULT = {
    "IsEditReady": set[str](),
    "IsSubmitted": {Outcome.FAILED, Outcome.NOT_FOUND, Outcome.CALLED_OFF},
    "IsEditDone": {Outcome.FAILED},
    "WhatDoesItWaitFor": set[str](),
    "IsResultFound": {Outcome.FAILED, Outcome.LOST},
}


def rules_in(rule: Any) -> Iterator[dict[str, Any]]:
    """Every comparison of a Choice, those within And, Or and Not too."""
    if isinstance(rule, list):
        for one in rule:
            yield from rules_in(one)
    elif isinstance(rule, dict):
        if "Variable" in rule:
            yield rule
        for one in rule.values():
            yield from rules_in(one)


def words_of(choice: State, variable: str) -> set[str]:
    """The values that a Choice compares a variable with."""
    rules = [rule for rule in rules_in(choice.body.get("Choices", [])) if rule["Variable"] == variable]
    return {rule["StringEquals"] for rule in rules if "StringEquals" in rule}


def choices_on(variable: str) -> list[State]:
    return [state for state in states(MACHINE) if words_of(state, variable)]


def steps_before(choice: State) -> list[str]:
    """The states that lead to a Choice."""
    return [state.name for state in states(MACHINE) if state.body.get("Next") == choice.name]


def use_case(step: str) -> str | None:
    """The use case that a state calls; None for one that calls a service."""
    verb = "".join(f"_{c.lower()}" if c.isupper() else c for c in step).lstrip("_")
    return verb if (CORE / "workflow" / f"{verb}.py").is_file() else None


def words_before(choice: State, variable: str) -> set[str]:
    """The words that a Choice may be asked about: what the use case before it can give, or what led to the service."""
    found = set[str]()
    for step in steps_before(choice):
        if verb := use_case(step):
            found |= given_by(verb, WORDS[variable])
        else:
            rules = [rule for other in choices_on(variable) for rule in other.body["Choices"]]
            found |= {rule["StringEquals"] for rule in rules if rule["Next"] == step}
    return found


@functools.cache
def tree_of(path: str) -> list[ast.stmt]:
    return ast.parse((CORE / f"{path}.py").read_text(encoding="utf-8")).body


def functions_in(body: list[ast.stmt]) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


(ACCOUNT,) = [one for one in tree_of("domain/generation") if isinstance(one, ast.ClassDef) and one.name == "Generation"]
METHODS = functions_in(ACCOUNT.body)


def members_in(function: ast.FunctionDef, words: type[StrEnum]) -> set[str]:
    """The members that a function names, itself or by a method of Generation."""
    attributes = [node for node in ast.walk(function) if isinstance(node, ast.Attribute)]
    named = [node for node in attributes if isinstance(node.value, ast.Name) and node.value.id == words.__name__]
    called = [METHODS[node.attr] for node in attributes if node.attr in METHODS.keys() - {function.name}]
    return {words[node.attr] for node in named}.union(*(members_in(method, words) for method in called))


def given_by(verb: str, words: type[StrEnum]) -> set[str]:
    """The members that a use case names, in its function and in each one that this calls, wherever that stands."""
    found, seen, ahead = set[str](), set[tuple[str, str]](), [(verb, verb)]
    while ahead:
        module, name = one = ahead.pop()
        body = tree_of(f"workflow/{module}")
        here = functions_in(body)
        if one in seen or name not in here:
            continue
        seen.add(one)
        found |= members_in(here[name], words)
        imports = [node for node in body if isinstance(node, ast.ImportFrom)]
        homes = {alias.name: str(node.module) for node in imports for alias in node.names}
        names = {node.id for node in ast.walk(here[name]) if isinstance(node, ast.Name)}
        ours = [(homes.get(used, f"dropcut.workflow.{module}"), used) for used in names]
        ahead += [(home.rpartition(".")[2], used) for home, used in ours if home.startswith("dropcut.workflow.")]
    return found


EACH = pytest.mark.parametrize(
    ("variable", "choice"),
    [(variable, choice) for variable in WORDS for choice in choices_on(variable)],
    ids=lambda value: value.name if isinstance(value, State) else "",
)


def test_each_choice_on_a_word_says_what_its_default_is_for() -> None:
    found = {choice.name for variable in WORDS for choice in choices_on(variable)}
    assert found == LEFT_TO_THE_DEFAULT.keys()


@EACH
def test_a_choice_names_only_words_of_the_step_before_it(variable: str, choice: State) -> None:
    assert words_of(choice, variable) <= words_before(choice, variable)


@EACH
def test_each_word_that_a_step_can_give_has_its_way_on(variable: str, choice: State) -> None:
    assert words_before(choice, variable) - words_of(choice, variable) == LEFT_TO_THE_DEFAULT[choice.name]


@pytest.mark.parametrize("variable", WORDS)
def test_every_word_is_given_by_some_step(variable: str) -> None:
    given = (words_before(choice, variable) for choice in choices_on(variable))
    assert set[str]().union(*given) == set(WORDS[variable])
