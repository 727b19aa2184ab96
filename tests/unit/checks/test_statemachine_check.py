"""The check of the state machine finds what it says it finds: a sound machine, broken one way at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from checks.statemachine import aliases, problems

OURS = {"DropcutError": set[str](), "NotSent": {"DropcutError"}, "ProviderBusy": {"NotSent", "DropcutError"}}
OURS["SubmissionUnknown"] = {"DropcutError"}

SOUND: dict[str, Any] = {
    "StartAt": "SubmitEdit",
    "TimeoutSeconds": 700000,
    "States": {
        "SubmitEdit": {
            "Type": "Task",
            "Resource": "${SubmitEditArn}",
            "TimeoutSeconds": 70,
            "ResultPath": "$.submission",
            "Retry": [{"ErrorEquals": ["ProviderBusy"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2.0}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "ReportFailure"}],
            "Next": "IsEditDone",
        },
        "IsEditDone": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.submission.status", "StringEquals": "DONE", "Next": "Delivered"}],
            "Default": "ReportFailure",
        },
        "Delivered": {"Type": "Succeed"},
        "ReportFailure": {"Type": "Pass", "Next": "Failed"},
        "Failed": {"Type": "Fail", "Error": "EditFailed", "Cause": "see error.json"},
    },
}

Break = Callable[[dict[str, Any]], object]
BROKEN: dict[str, tuple[Break, str]] = {
    "a target that does not exist": (
        lambda states: states["SubmitEdit"].update(Next="IsEditDnoe"),
        "SubmitEdit goes to IsEditDnoe, which does not exist",
    ),
    "a caught error that goes nowhere": (
        lambda states: states["SubmitEdit"]["Catch"][0].update(Next="Lost"),
        "SubmitEdit goes to Lost, which does not exist",
    ),
    "a state that nothing leads to": (
        lambda states: states.update(Forgotten={"Type": "Succeed"}),
        "nothing leads to Forgotten",
    ),
    "no way on": (
        lambda states: states["ReportFailure"].pop("Next"),
        "ReportFailure needs exactly one way on",
    ),
    "a question without a default": (
        lambda states: states["IsEditDone"].pop("Default"),
        "IsEditDone is a Choice without a Default",
    ),
    "a default that ends green": (
        lambda states: states["IsEditDone"].update(Default="Delivered"),
        "the Default of IsEditDone does not lead to failure",
    ),
    "a task without a time limit": (
        lambda states: states["SubmitEdit"].pop("TimeoutSeconds"),
        "SubmitEdit has no TimeoutSeconds",
    ),
    "a number that is a placeholder": (
        lambda states: states["SubmitEdit"].update(TimeoutSeconds="${Limit}"),
        "TimeoutSeconds of SubmitEdit is not a whole number",
    ),
    "an error that nothing raises": (
        lambda states: states["SubmitEdit"]["Retry"][0].update(ErrorEquals=["ProviderBsuy"]),
        "SubmitEdit names the error ProviderBsuy, which is neither AWS's nor in dropcut.domain.errors",
    ),
    "a blind retry of everything": (
        lambda states: states["SubmitEdit"]["Retry"].append({"ErrorEquals": ["States.ALL"]}),
        "SubmitEdit retries States.ALL, which does not prove that nothing was sent",
    ),
    "a blind retry of a crashed function": (
        lambda states: states["SubmitEdit"]["Retry"].append({"ErrorEquals": ["Lambda.Unknown"]}),
        "SubmitEdit retries Lambda.Unknown, which does not prove that nothing was sent",
    ),
    "a blind retry after a lost answer": (
        lambda states: states["SubmitEdit"]["Retry"].append({"ErrorEquals": ["SubmissionUnknown"]}),
        "SubmitEdit retries SubmissionUnknown, which does not prove that nothing was sent",
    ),
    "a spender whose crash nobody catches": (
        lambda states: states["SubmitEdit"]["Catch"][0].update(ErrorEquals=["SubmissionUnknown"]),
        "SubmitEdit must catch States.ALL",
    ),
    "States.ALL with company": (
        lambda states: states["SubmitEdit"]["Catch"][0].update(ErrorEquals=["States.ALL", "ProviderBusy"]),
        "States.ALL must stand alone and last in Catch of SubmitEdit",
    ),
    "a placeholder that the template does not give": (
        lambda states: states["SubmitEdit"].update(Resource="${SubmitEidtArn}"),
        "${SubmitEidtArn} is not in the template's DefinitionSubstitutions",
    ),
    "a field that is not in the language": (
        lambda states: states["Failed"].update(Colour="red"),
        "not the Amazon States Language",
    ),
}


def test_a_sound_machine_passes() -> None:
    assert problems(SOUND, {"SubmitEditArn"}, OURS) == []


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_machine_is_told_what_is_wrong(wrong: str) -> None:
    break_it, said = BROKEN[wrong]
    machine = copy.deepcopy(SOUND)
    break_it(machine["States"])
    assert [problem for problem in problems(machine, {"SubmitEditArn"}, OURS) if problem.startswith(said)]


def test_an_invocation_that_lambda_turned_away_may_be_sent_again() -> None:
    machine = copy.deepcopy(SOUND)
    machine["States"]["SubmitEdit"]["Retry"].append({"ErrorEquals": ["Lambda.TooManyRequestsException"]})
    assert problems(machine, {"SubmitEditArn"}, OURS) == []


def test_a_machine_may_not_run_for_ever() -> None:
    endless = {name: value for name, value in SOUND.items() if name != "TimeoutSeconds"}
    assert "the machine has no TimeoutSeconds" in problems(endless, {"SubmitEditArn"}, OURS)


def test_an_arn_of_one_partition_is_named() -> None:
    machine = copy.deepcopy(SOUND)
    machine["States"]["SubmitEdit"]["Resource"] = "arn:aws:states:::sns:publish"
    assert "arn:aws:states:::sns:publish is of one partition: write arn:${Partition}:" in problems(machine, set(), OURS)


def test_an_arn_with_a_substitution_for_its_partition_is_sound() -> None:
    machine = copy.deepcopy(SOUND)
    machine["States"]["SubmitEdit"]["Resource"] = "arn:${Partition}:states:::sns:publish"
    machine["States"]["SubmitEdit"]["Parameters"] = {"TopicArn": "${TopicArn}", "Message": "x"}
    assert problems(machine, {"Partition", "TopicArn"}, OURS) == []


def test_a_substitution_that_nothing_uses_is_named() -> None:
    found = problems(SOUND, {"SubmitEditArn", "TopicArn"}, OURS)
    assert found == ["the template substitutes TopicArn, which the machine does not use"]


def test_states_inside_a_map_are_checked_too() -> None:
    machine = copy.deepcopy(SOUND)
    inner = {"StartAt": "Probe", "States": {"Probe": {"Type": "Task", "Resource": "${SubmitEditArn}", "Next": "Gone"}}}
    machine["States"]["ReportFailure"] = {"Type": "Map", "ItemProcessor": inner, "Next": "Failed"}
    found = problems(machine, {"SubmitEditArn"}, OURS)
    assert "Probe goes to Gone, which does not exist" in found
    assert "Probe has no TimeoutSeconds" in found


def test_a_yaml_alias_is_named_with_its_line() -> None:
    text = "One: &patiently [1]\nTwo: *patiently\n"
    assert aliases(text) == ["line 2: write *patiently out, AWS resolves no aliases"]
    assert aliases(text.splitlines()[0]) == []
