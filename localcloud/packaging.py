"""Builds the packages that `sam build` would, for this machine, cached by content under .workshop/build.

A function is its folder. A layer with a BuildMethod is its folder and its locked requirements, under python/, as SAM's
python workflow lays them out; a layer without one is its folder as it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from localcloud.workshop import WORKSHOP, WorkshopFailed, environment_for_uv, run

BUILD = WORKSHOP / "build"
LAMBDA_PYTHON = WORKSHOP / "lambda" / "bin" / "python"
KEEP_SECONDS = 3 * 86_400  # longer than anybody leaves a cloud standing: its workers run from these folders
IGNORED = (
    "__pycache__",
    ".pyc",
    ".egg-info",
    ".DS_Store",
    ".lock",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".aws-sam",
)


class PackagingFailed(Exception):
    """A layer's requirements cannot be installed; the text is the installer's."""


def function_package(folder: Path) -> Path:
    """The zip of a function's folder."""
    return package({str(path): folder / path for path in sources(folder)})


def layer_package(folder: Path, *, build_method: str | None) -> Path:
    """The zip of a layer, with its requirements.txt installed for the Lambda workers' interpreter."""
    if build_method is None:
        return function_package(folder)
    files = {}
    if (folder / "requirements.txt").is_file():
        dependencies = installed(folder / "requirements.txt")
        files = {f"python/{path}": dependencies / path for path in sources(dependencies, bytecode=True)}
    if build_method.startswith("python"):  # a makefile says itself what goes in: here, the requirements alone
        files.update({f"python/{path}": folder / path for path in sources(folder)})
    return package(files)


def sources(folder: Path, *, bytecode: bool = False) -> list[Path]:
    """The files below a folder that belong into a package, as relative paths, in a stable order."""
    ignored = tuple(name for name in IGNORED if not (bytecode and name in ("__pycache__", ".pyc")))
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.endswith(ignored))
        found += [Path(root, name).relative_to(folder) for name in sorted(names) if not name.endswith(ignored)]
    return found


def package(files: dict[str, Path]) -> Path:
    """A zip of these files, the same bytes for the same content; stored, since it only travels over loopback."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{fingerprint(files[name])}\0".encode())
    target = BUILD / "packages" / f"{digest.hexdigest()}.zip"
    if target.is_file():
        os.utime(target)
        return target
    prune()
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as unfinished,
        zipfile.ZipFile(unfinished, "w") as z,
    ):
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o755 << 16
            z.writestr(entry, files[name].read_bytes())
    Path(unfinished.name).rename(target)
    return target


def fingerprint(path: Path) -> str:
    """What stands for a file's content: installed files never change, so their size and path do; the rest is hashed."""
    if BUILD in path.parents:
        return f"{path}:{path.stat().st_size}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def installed(requirements: Path) -> Path:
    """The folder with these hashed requirements, and their bytecode, installed once for every later build."""
    digest = hashlib.sha256(requirements.read_bytes() + str(LAMBDA_PYTHON.readlink()).encode()).hexdigest()
    folder = BUILD / "dependencies" / digest[:20]
    with alone():
        if not folder.is_dir():
            install(requirements, folder)
    os.utime(folder)
    return folder


def install(requirements: Path, folder: Path) -> None:
    """Install beside the target and rename, so that a broken-off install is never taken for a whole one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent))
    python, uv = str(LAMBDA_PYTHON), str(WORKSHOP / "uv" / "bin" / "uv")
    command = [uv, "pip", "install", "--quiet", "--python", python, "--target", str(unfinished)]
    try:
        run([*command, "--no-deps", "--require-hashes", "-r", str(requirements)], environment_for_uv())
        # Bytecode that is valid whatever its time stamps: packages are unpacked with new ones. A third of a cold start.
        run([python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(unfinished)])
    except WorkshopFailed as problem:
        shutil.rmtree(unfinished)
        raise PackagingFailed(str(problem)) from problem
    unfinished.rename(folder)


def prune() -> None:
    """Forget builds that nothing has used for days: the core layer alone takes 35 MB at each change."""
    for kind in ("packages", "dependencies", "code"):
        for path in (BUILD / kind).glob("*"):
            with contextlib.suppress(FileNotFoundError):  # another test process forgets it too
                if time.time() - path.stat().st_mtime > KEEP_SECONDS:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one of several test processes install, and the others wait for it."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
