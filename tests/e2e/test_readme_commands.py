"""A newcomer types what the README says, in a fresh clone. (`test_sam_deploys.py` has the commands that deploy.)"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.documents import REPOSITORY
from checks.requirements import LOCKS
from localcloud.clips import make_clip
from localcloud.cloud import WORKSHOP
from localcloud.up import to_type
from tests.readme.checkout import copy_repository, files
from tests.readme.commands import readme
from tests.readme.shell import Shell, environment_of_a_person
from tests.readme.terminal import Terminal

pytestmark = [pytest.mark.index, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The repository as somebody gets it who has never run anything; half a gigabyte when it was used."""
    yield (folder := copy_repository(tmp_path_factory.mktemp("clone") / "dropcut"))
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shell(clone: Path) -> Iterator[Shell]:
    """A shell in the clone, after `make setup`."""
    with Shell(clone, environment_of_a_person()) as shell:
        for command in readme("make setup"):
            assert "ready" in shell.enter(command)
        for cache in ("clips", "edits"):  # pictures that this machine has drawn before: drawing takes long
            (WORKSHOP / cache).mkdir(exist_ok=True)
            (clone / ".workshop" / cache).symlink_to(WORKSHOP / cache)
        yield shell


@pytest.mark.parametrize("command", readme("make help"))
def test_help_lists_every_target_with_what_it_does(shell: Shell, command: str) -> None:
    targets = re.findall(r"^([a-z]+):.*## (.*)", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    shown = shell.enter(command)
    assert targets
    assert [name for name, words in targets if f"make {name}" not in shown or words not in shown] == []


@pytest.mark.parametrize("command", readme("make demo"))
def test_the_demo_leaves_what_came_on_disk(shell: Shell, clone: Path, command: str) -> None:
    for name in re.findall(r"[\w./-]+\.(?:mp4|mov)\b", command):
        make_clip(clone / name, seconds=3.0, container=name.rpartition(".")[2])
    for name in re.findall(r"(?:SIDECAR=|--sidecar[ =])([\w./-]+)", command):
        (clone / name).write_text('{"prompt": "Make it night"}', encoding="utf-8")
    shell.enter(command)
    came = {path.name.partition(".")[2] for path in (clone / "demo-output" / "came").iterdir()}
    refused = 'PROMPT=""' in command
    assert came == ({"error.json"} if refused else {"mp4", "manifest.json"})


@pytest.mark.parametrize("command", readme("make test TEST", ".workshop/dev/bin/python -m pytest"))
def test_a_part_of_the_tests_runs_alone(shell: Shell, command: str) -> None:
    few = "" if "TEST=" in command else "--ignore-glob=*/test_[!w]*"  # of a suite, which is being run already
    shell.enter(f"export PYTEST_ADDOPTS='{few}'")
    assert re.search(r"\b[1-9]\d* passed", shell.enter(command))
    shell.enter("unset PYTEST_ADDOPTS")


@pytest.mark.parametrize("command", readme("make format"))
def test_format_puts_code_into_its_one_layout(shell: Shell, clone: Path, command: str) -> None:
    untidy = clone / "checks" / "untidy.py"
    untidy.write_text('"""Nothing."""\nWORDS = [ "a"  ,"b" ]\n', encoding="utf-8")
    shell.enter(command)
    assert untidy.read_text(encoding="utf-8") == '"""Nothing."""\n\nWORDS = ["a", "b"]\n'


@pytest.mark.parametrize("command", readme("make schemas"))
def test_schemas_are_written_from_the_models(shell: Shell, clone: Path, command: str) -> None:
    published = sorted(path.relative_to(REPOSITORY) for path in (REPOSITORY / "schemas").iterdir())
    shutil.rmtree(clone / "schemas")
    (clone / "schemas").mkdir()
    shell.enter(command)
    assert [(clone / path).read_bytes() for path in published] == [
        (REPOSITORY / path).read_bytes() for path in published
    ]


@pytest.fixture
def nothing_to_lock(shell: Shell, clone: Path) -> Iterator[None]:
    """Sources that ask for no package. Real ones need the index, and give other versions tomorrow."""
    stamp = ".workshop/dev/stamp"
    touched = [stamp, *(path for lock in LOCKS for path in (lock, *LOCKS[lock][0]))]
    before = {path: (clone / path).read_text(encoding="utf-8") for path in touched}
    for path in {source for sources, _ in LOCKS.values() for source in sources}:
        wanted = re.sub(r"^dependencies = \[.*?^\]", "dependencies = []", before[path], flags=re.MULTILINE | re.DOTALL)
        (clone / path).write_text(wanted if path.endswith(".toml") else "", encoding="utf-8")
    digest = "from localcloud.workshop import stamp_of; print(stamp_of('dev'))"
    fresh = shell.enter(
        f'.workshop/dev/bin/python -c "{digest}"'
    )  # or `make` would bring the workshop up to date first
    (clone / stamp).write_text(fresh + before[stamp].partition("\n")[2], encoding="utf-8")
    yield
    for path, text in before.items():
        (clone / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("command", readme("make requirements"))
def test_every_lock_is_written_anew(shell: Shell, clone: Path, nothing_to_lock: None, command: str) -> None:
    shell.enter(command)
    for lock, (sources, _) in LOCKS.items():
        (line,) = (clone / lock).read_text(encoding="utf-8").splitlines()
        assert line.startswith(f'# Made by "make requirements" from {", ".join(sources)} (sha256 ')
        assert line not in (REPOSITORY / lock).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", readme("make clean"))
def test_clean_leaves_what_a_clone_has(tmp_path: Path, command: str) -> None:
    clone = copy_repository(tmp_path / "dropcut")
    wanted = files(clone)
    for made in (
        ".workshop/dev/bin/python",
        ".aws-sam/build.toml",
        "demo-output/came/beach.mp4",
        "checks/__pycache__/x.pyc",
    ):
        (clone / made).parent.mkdir(parents=True, exist_ok=True)
        (clone / made).touch()
    with Shell(clone, environment_of_a_person()) as shell:
        shell.enter(command)
    assert files(clone) == wanted


@pytest.mark.parametrize("command", readme("make up ARGS=--help"))
def test_the_options_of_up_are_told(shell: Shell, command: str) -> None:
    assert "--speed" in shell.enter(command)


@pytest.mark.parametrize("command", readme("make walk"))
def test_the_state_machine_walks_alone(shell: Shell, command: str) -> None:
    assert "DeliverEdit" in shell.enter(command)


@pytest.mark.parametrize("command", readme("make invoke", "make debug"))
def test_one_function_is_run_alone_or_asked_for(shell: Shell, command: str) -> None:
    named = "VERB=" in command
    assert "poll_edit" in shell.enter(command, status=0 if named else 2)


@pytest.fixture(scope="module")
def with_aws(shell: Shell, clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who has an `aws` command: here, the one that `make dev` brings."""
    for command in readme("make dev"):
        assert ".workshop/dev/bin/python" in shell.enter(command)
    folder = tmp_path_factory.mktemp("bin")
    (folder / "aws").symlink_to(clone / ".workshop" / "sam" / "bin" / "aws")
    return environment_of_a_person(PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(scope="module")
def standing(clone: Path, with_aws: dict[str, str]) -> Iterator[Terminal]:
    """`make up` in a terminal of its own."""
    (command,) = [command for command in readme("make up") if "--help" not in command]
    with Terminal(command, clone, with_aws) as terminal:
        terminal.wait_for("Ctrl-C stops everything.")
        yield terminal


def test_the_commands_that_up_prints_bring_the_edited_file(
    standing: Terminal, with_aws: dict[str, str], clone: Path
) -> None:
    export, drop, and_its_sidecar, fetch = printed(standing)
    assert drop.startswith("aws s3 cp ")
    with Shell(clone, with_aws) as other_terminal:
        for command in (export, drop, and_its_sidecar):
            other_terminal.enter(command)
        said = standing.wait_for("status=DELIVERED")
        other_terminal.enter(fetch)
    assert re.search(r"Output: +s3://\S+/trip/beach.mp4", said)
    assert {path.name for path in (clone / "edited").iterdir()} == {"beach.mp4", "beach.manifest.json"}


def test_the_commands_without_aws_can_be_typed_too(standing: Terminal, clone: Path) -> None:
    export, drop, _, _ = printed(standing)
    inbox, outbox = re.findall(r"^  (?:in|out)box +(\S+)$", standing.text, re.MULTILINE)
    clip = clone / drop.split()[3]
    drop, and_its_sidecar, fetch = to_type(None, inbox, outbox, clip, clip.with_suffix(".json"))
    shutil.rmtree(clone / "edited")
    with Shell(clone, environment_of_a_person()) as other_terminal:
        for command in (export, drop, and_its_sidecar):
            other_terminal.enter(command)
        standing.wait_for("status=UNCHANGED")
        other_terminal.enter(fetch)
    assert (clone / "edited" / clip.name).stat().st_size > 0


def test_control_c_ends_up_without_a_trace(standing: Terminal) -> None:
    (port,) = re.findall(r"^  cloud +http://127.0.0.1:(\d+)$", standing.text, re.MULTILINE)
    said = standing.press_control_c()
    assert "nothing is left running" in said
    assert "Error" not in said, "make says so where the command ends with a failure"
    assert [path for path in Path("/proc").glob("[0-9]*/cmdline") if f'"port": {port},' in read(path)] == []


def printed(terminal: Terminal) -> list[str]:
    """The commands that `make up` asks to be typed."""
    _, _, below = terminal.text.partition("In another terminal, here:\n\n")
    return [line.strip() for line in below.partition("\n\n")[0].splitlines()]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
