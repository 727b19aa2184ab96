"""A short form of `make fuzz`: the same inputs each time, so that a red test is red again."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.__main__ import main
from tests.fuzz.properties import PROPERTIES, check, tried

SHORT = settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_holds_for_whatever_strangers_write(name: str) -> None:
    check(name, SHORT)


def test_the_long_form_says_what_it_tried(capsys: pytest.CaptureFixture[str]) -> None:
    tried.clear()
    assert main(["--minutes", "0"]) == 0
    assert all(f"0  {name}\n" in capsys.readouterr().out for name in list(PROPERTIES)[:1])
