"""The list of mutants fits today's code, and the program that tries them tells a killed one from one that survives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks import mutants
from checks.documents import REPOSITORY

LISTED = mutants.mutants()
QUICK = next(mutant for mutant in LISTED if mutant.id == "estimate-rounded-down")


@pytest.mark.parametrize("mutant", LISTED, ids=lambda mutant: mutant.id)
def test_the_text_of_a_mutant_is_in_its_file_once(mutant: mutants.Mutant) -> None:
    assert mutant.times() == 1
    assert mutant.old != mutant.new
    assert mutant.tests
    assert [path for path in mutant.tests if not (REPOSITORY / path).is_file()] == []


def test_every_mutant_has_an_id_of_its_own() -> None:
    assert len({mutant.id for mutant in LISTED}) == len(LISTED)


def test_a_mutant_that_a_test_notices_is_killed_by_it() -> None:
    before = (REPOSITORY / QUICK.file).read_bytes()
    assert mutants.verdict(QUICK, whole=False).startswith("killed by tests/unit/test_pricing.py::")
    assert (REPOSITORY / QUICK.file).read_bytes() == before


def test_a_mutant_that_no_test_notices_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "FAST", tuple(QUICK.tests))
    harmless = replace(QUICK, new=QUICK.old)
    assert mutants.verdict(harmless, whole=False) == "SURVIVED"


def test_a_mutant_that_cannot_be_imported_is_not_killed() -> None:
    assert mutants.verdict(replace(QUICK, new="("), whole=False).startswith("BROKEN")
    assert mutants.verdict(replace(QUICK, old="nowhere"), whole=False).startswith("BROKEN: its text is 0 times")


def test_a_test_that_fails_without_the_mutant_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = iter(
        [[], ["tests/unit/test_a.py::test_1", "tests/unit/test_a.py::test_2"], ["tests/unit/test_a.py::test_1"]]
    )
    monkeypatch.setattr(mutants, "failing", lambda *_: next(failing))
    assert mutants.verdict(QUICK, whole=False) == "killed by tests/unit/test_a.py::test_2"


def test_nothing_is_tried_where_its_tests_fail_without_a_mutant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "failing", lambda *_: ["tests/unit/test_a.py::test_1"])
    assert mutants.main(["--only", QUICK.id]) == 1
    assert "nothing was tried" in capsys.readouterr().out
