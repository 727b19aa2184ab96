"""What may be said when starting the simulator alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.simulator.__main__ import main
from localcloud.simulator.command import faults_from, parse_arguments, prices_in, settings_from
from localcloud.simulator.settings import Settings


def test_without_arguments_it_is_the_published_provider() -> None:
    assert settings_from(parse_arguments([])) == Settings()


def test_a_price_list_may_name_one_mode_or_both() -> None:
    assert prices_in("") == {}
    assert prices_in("pro=1") == {"pro_usd_per_second": 1.0}
    assert prices_in("std=0.5, pro=1") == {"std_usd_per_second": 0.5, "pro_usd_per_second": 1.0}


def test_any_setting_is_json_or_plain_text() -> None:
    told = parse_arguments(["--set", "billed_by=duration", "--set", "polls_count=true", "--set", "seed=7"])
    settings = settings_from(told)
    assert (settings.billed_by, settings.polls_count, settings.seed) == ("duration", True, 7)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--prices", "std"], "--prices takes std=DOLLARS and pro=DOLLARS, not 'std'"),
        (["--prices", "std=cheap"], "not 'std=cheap'"),
        (["--prices", "ultra=3"], "not 'ultra=3'"),
        (["--prices", "std=-1"], "std_usd_per_second must be 0 or more"),
        (["--credits", "nan"], "credits must be a number, not nan"),
        (["--set", "credits=many"], "credits must be a number, not 'many'"),
        (["--set", "polls_count=yes"], "polls_count must be true or false, not 'yes'"),
        (["--set", "requests_per_minute=1.5"], "requests_per_minute must be a whole number, not 1.5"),
        (["--set", "billed_by=moon"], "billed_by must be 'clip' or 'duration', not 'moon'"),
        (["--set", "no_credits_status=400"], "no_credits_status must be 402 or 406, not 400"),
        (["--set", "speed=3"], "there is no setting 'speed'"),
        (["--time-scale", "0"], "time_scale must be above 0"),
        (["--port", "99999"], "cannot listen on port 99999"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert main(arguments) in (1, 2)
    output = capsys.readouterr()
    assert output.err.startswith("simulator: ")
    assert output.err.count("\n") == 1
    assert told in output.err
    assert output.out == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file"),
        ("{", "Expecting"),
        ("[7]", "a fault is an object"),
        ('[{"stage": "poll", "kind": "answer_lost"}]', "poll can play"),
        ('[{"stage": "poll", "kind": "slow", "seconds": "long"}]', "seconds must be a number, not 'long'"),
    ],
)
def test_a_file_of_unknown_faults_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, told: str
) -> None:
    path = tmp_path / "faults.json"
    if text is not None:
        path.write_text(text)
    assert main(["--faults", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"simulator: {path}: ")
    assert told in error


def test_a_file_may_hold_one_fault_or_a_list(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('{"stage": "poll", "kind": "slow", "probability": 0.1, "times": 0}')
    assert [(fault.kind, fault.times) for fault in faults_from(path)] == [("slow", 0)]


def test_the_help_shows_options_defaults_and_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    text = capsys.readouterr().out
    for word in ("--prices", "std=0.315,pro=0.42", "--faults", "SG_0123456789abcdef", "billed_by=", "example:"):
        assert word in text
    assert "--child" not in text
