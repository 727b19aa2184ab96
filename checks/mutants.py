"""Tries the mutants of checks/mutants.toml: small, wrong changes of what guards money. A test must notice each.

Each is put into a copy of the repository, never into the checkout. Its own tests run first. If they pass, the fast
suites run. The result is 1 if a mutant survives, or if its text is not there exactly once.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checks.documents import REPOSITORY
from localcloud.clips import CACHE as CLIPS
from tests.readme.checkout import copy_repository

LIST = Path(__file__).with_suffix(".toml")
FAST = ("tests/unit", "tests/contract")
# Nothing about money: these run the Makefile, which would make a workshop in the copy, and the last reads the list.
ELSEWHERE = [f"tests/unit/{name}" for name in ("test_development_page.py", "test_readme_commands.py", "workshop")]
ELSEWHERE += ["tests/unit/checks/test_mutants.py"]
PYTEST = (sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider")
NOTICED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?::.+?)(?: - .*)?$", re.MULTILINE)
ALL_PASSED, SOME_FAILED = 0, 1  # what pytest returns; anything else means that it could not run the tests


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """`old` stands in `file` exactly once and is replaced by `new`; `harm` says what that would do to a person."""

    id: str
    harm: str
    file: str
    old: str
    new: str
    tests: list[str]

    def times(self, root: Path = REPOSITORY) -> int:
        path = root / self.file
        return path.read_text(encoding="utf-8").count(self.old) if path.is_file() else 0

    def apply(self, root: Path) -> None:
        path = root / self.file
        path.write_text(path.read_text(encoding="utf-8").replace(self.old, self.new), encoding="utf-8")


def mutants() -> list[Mutant]:
    return [Mutant(**entry) for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]]


@contextmanager
def a_copy() -> Iterator[Path]:
    """A folder with the repository's files, less what was made here, and with the clips that were drawn before."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        root = copy_repository(Path(folder, "dropcut"))
        (root / ".workshop").mkdir()
        CLIPS.mkdir(parents=True, exist_ok=True)
        (root / ".workshop" / CLIPS.name).symlink_to(CLIPS)
        yield root


def run(root: Path, *command: str) -> tuple[int, str]:
    """Run a command in a copy, whose own package comes before the one that is installed editable."""
    env = dict(os.environ, PYTHONPATH=f"{root / 'layers' / 'core'}{os.pathsep}{root}", PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def failing(root: Path, *tests: str) -> list[str]:
    """The tests that fail in a copy. Raises RuntimeError where they cannot even run."""
    code, said = run(root, *PYTEST, *tests)
    found = NOTICED.findall(said)
    if code != ALL_PASSED and (code != SOME_FAILED or not found):
        raise RuntimeError(said.strip()[-300:])
    return found


def verdict(mutant: Mutant, whole: bool) -> str:
    """`killed by <test>`, SURVIVED, or why neither can be said."""
    if mutant.times() != 1:
        return f"BROKEN: its text is {mutant.times()} times in {mutant.file}"
    try:
        with a_copy() as root:
            mutant.apply(root)
            found = [] if whole else failing(root, "-x", *mutant.tests)
            found = found or unlike_unchanged(failing(root, *FAST, *(f"--ignore={path}" for path in ELSEWHERE)))
    except RuntimeError as why:
        return f"BROKEN: {why}"
    return f"killed by {', '.join(found)}" if found else "SURVIVED"


def unlike_unchanged(found: list[str]) -> list[str]:
    """Those of the failing tests that pass without a mutant: some need more of the workshop than a copy has."""
    with a_copy() as root:
        anyway = failing(root, *{name.partition("::")[0] for name in found}) if found else []
    return [name for name in found if name not in anyway]


def sound(chosen: list[Mutant]) -> bool:
    """Whether the unchanged copy imports its own package and passes all tests: else their failing would say nothing."""
    with a_copy() as root:
        where = run(root, sys.executable, "-c", "import dropcut; print(dropcut.__file__)")[1].strip()
        print(f"dropcut is {where}", flush=True)
        anyway = failing(root, *sorted({path for mutant in chosen for path in mutant.tests}))
        print("without a mutant all tests pass" if not anyway else f"without a mutant these fail: {anyway}", flush=True)
        return not anyway and Path(where).resolve().is_relative_to(root.resolve())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m checks.mutants", description="Break the money path.")
    parser.add_argument("--only", nargs="+", metavar="ID", help="try these and no others")
    parser.add_argument("--whole", action="store_true", help="name every test of the fast suites that notices it")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="how many at a time (2)")
    wanted = parser.parse_args(arguments)
    known = {mutant.id: mutant for mutant in mutants()}
    if unknown := set(wanted.only or ()) - known.keys():
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = [known[name] for name in wanted.only or known]
    if not sound(chosen):
        print("so nothing was tried")
        return 1
    with ThreadPoolExecutor(wanted.jobs) as pool:
        verdicts = pool.map(lambda mutant: verdict(mutant, wanted.whole), chosen)
        bad = 0
        for mutant, said in zip(chosen, verdicts, strict=True):
            bad += not said.startswith("killed")
            print(f"{mutant.id:<45} {said}", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - bad} killed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
