"""The workshop chooses its interpreter, and knows when an environment is out of date."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from localcloud import workshop
from localcloud.workshop import Interpreter, WorkshopFailed


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with locks, no environments, and a machine without any Python 3.13 but perhaps this one."""
    locks, core = tmp_path / "requirements", tmp_path / "core"
    locks.mkdir()
    core.mkdir()
    (core / "pyproject.toml").write_text("[project]\n")
    for name in ("uv", *workshop.ENVIRONMENTS):
        (locks / f"{name}.txt").write_text(f"{name}==1\n")
    monkeypatch.setattr(workshop, "LOCKS", locks)
    monkeypatch.setattr(workshop, "CORE", core)
    monkeypatch.setattr(workshop, "WORKSHOP", tmp_path / ".workshop")
    monkeypatch.setattr(workshop, "preferred_candidates", list)
    monkeypatch.delenv("DROPCUT_PYTHON", raising=False)
    return tmp_path


def finish(bench: Path, name: str = "dev") -> None:
    """Leave what a finished environment leaves."""
    program = bench / ".workshop" / name / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text("")
    workshop.write_stamp(name, Interpreter(sys.executable, "3.13.0", "it started this"))


def test_the_interpreter_that_lambda_runs_is_preferred(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "preferred_candidates", lambda: ["/shim/python3.13", "/real/python3.13"])
    monkeypatch.setattr(workshop, "version_of", {"/shim/python3.13": (), "/real/python3.13": (3, 13, 1)}.__getitem__)
    assert workshop.choose_interpreter() == ("/real/python3.13", "3.13.1", "the version that Lambda runs")


@pytest.mark.parametrize("version", [(3, 11, 7), (3, 12, 1), (3, 14, 0)])
def test_any_supported_interpreter_does(
    bench: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    chosen = workshop.choose_interpreter()
    assert chosen.path == sys.executable
    assert chosen.why == "it started this, and no Python 3.13 was found"


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 15, 0)])
def test_an_unsupported_interpreter_is_told_what_to_do(
    bench: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(WorkshopFailed) as refusal:
        workshop.choose_interpreter()
    assert "Dropcut needs 3.11 to 3.14" in str(refusal.value)
    assert "make demo PYTHON=python3.13" in str(refusal.value)


def test_a_named_interpreter_is_taken_or_refused_by_name(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPCUT_PYTHON", sys.executable)
    assert workshop.choose_interpreter().why == "named by DROPCUT_PYTHON"
    monkeypatch.setenv("DROPCUT_PYTHON", "/nowhere/python3.13")
    with pytest.raises(WorkshopFailed) as refusal:
        workshop.choose_interpreter()
    assert "/nowhere/python3.13" in str(refusal.value)


def test_a_finished_environment_is_left_alone(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(bench)
    monkeypatch.setattr(workshop, "run", lambda *_: pytest.fail("nothing was to be done"))
    workshop.ensure(["dev"])


@pytest.mark.parametrize("changed", ["requirements/dev.txt", "core/pyproject.toml"])
def test_a_changed_lock_makes_an_environment_stale(bench: Path, changed: str) -> None:
    finish(bench)
    (bench / changed).write_text("changed\n")
    assert not workshop.is_fresh("dev")


def test_an_environment_whose_interpreter_is_gone_is_stale(bench: Path) -> None:
    finish(bench)
    program = bench / ".workshop" / "dev" / "bin" / "python"
    program.unlink()
    program.symlink_to(bench / "uninstalled" / "python3.13")
    assert not workshop.is_fresh("dev")


def test_an_environment_of_a_moved_folder_is_stale(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(bench)
    moved = bench / "elsewhere"
    (bench / ".workshop").rename(moved)
    monkeypatch.setattr(workshop, "WORKSHOP", moved)
    assert not workshop.is_fresh("dev")


def test_a_failed_command_is_shown_with_its_output() -> None:
    with pytest.raises(WorkshopFailed) as failure:
        workshop.run([sys.executable, "-c", "import sys; sys.exit('no such lock')"])
    assert "import sys; sys.exit" in str(failure.value)
    assert "no such lock" in str(failure.value)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], ["dev", "lambda"]),
        (["--with-sam"], ["dev", "lambda", "sam"]),
        (["--for-editors"], ["dev", "lambda", "sam", "debug"]),
    ],
)
def test_each_option_makes_what_it_is_for(
    bench: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], wanted: list[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(workshop, "ensure", asked.extend)
    monkeypatch.setattr(sys, "argv", ["workshop", *options])
    assert workshop.main() == 0
    assert asked == wanted


def test_an_editor_is_told_its_interpreter_on_standard_output(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in workshop.ENVIRONMENTS:
        finish(bench, name)
    monkeypatch.setattr(sys, "argv", ["workshop", "--for-editors"])
    assert workshop.main() == 0
    said = capsys.readouterr()
    assert ".workshop/dev/bin/python" in said.out
    assert "dev, lambda, sam, debug ready" in said.err


def test_the_debugger_is_in_no_environment_but_its_own() -> None:
    locks = {name: (workshop.LOCKS / f"{name}.txt").read_text(encoding="utf-8") for name in workshop.ENVIRONMENTS}
    assert [name for name, lock in locks.items() if "debugpy==" in lock] == ["debug"]
