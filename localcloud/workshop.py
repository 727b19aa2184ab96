"""Makes the environments under .workshop/ from hashed locks, so that a laptop needs only Python.

Standard library only, and in a Python that 3.8 can still read, so that an old interpreter is told what to do in words.

    python3 -m localcloud.workshop                 # .workshop/uv, .workshop/dev, .workshop/lambda
    python3 -m localcloud.workshop --with-sam      # and .workshop/sam, the real SAM CLI
    python3 -m localcloud.workshop --for-editors   # and .workshop/debug, a debugger; then says how to use them

DROPCUT_PYTHON names the interpreter to use when the choice below is not the wanted one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
WORKSHOP = REPOSITORY / ".workshop"
LOCKS = REPOSITORY / "localcloud" / "requirements"
CORE = REPOSITORY / "layers" / "core"

OLDEST, NEWEST, PREFERRED = (3, 11), (3, 14), (3, 13)
RECIPE = "1"  # Raise it when this file builds an environment differently from the same lock.
ENVIRONMENTS = {
    "dev": "tests, checks and the embedded cloud",
    "lambda": "what a Lambda worker runs on",
    "sam": "the SAM CLI",
    "debug": "the debugger that a Lambda worker can be looked into with",
}
EXTRAS = {"--with-sam": ["sam"], "--for-editors": ["sam", "debug"]}


class WorkshopFailed(Exception):
    """The environments cannot be made; the text says what to do about it."""


class Interpreter(NamedTuple):
    """A Python to build with, and the reason for choosing it."""

    path: str
    version: str
    why: str


def say(text: str) -> None:
    print("workshop: " + text, file=sys.stderr, flush=True)


def run(command: list[str], env: dict[str, str] | None = None) -> str:
    """Run to the end and return its standard output; raise WorkshopFailed with what it said if it fails."""
    import subprocess

    done = subprocess.run(command, check=False, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-4000:]
        raise WorkshopFailed("this command failed:\n  " + " ".join(command) + "\n" + said)
    return done.stdout


def version_of(python: str) -> tuple[int, ...]:
    """The interpreter's version, or () where it does not run (a pyenv shim without its version, for one)."""
    with contextlib.suppress(WorkshopFailed, OSError, ValueError):
        said = run([python, "-c", "import sys; print(*sys.version_info[:3])"])
        return tuple(int(part) for part in said.split())
    return ()


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def preferred_candidates() -> list[str]:
    """Where a Python of Lambda's own version may be: on PATH, or installed by pyenv but not switched on."""
    name = "python" + dotted(PREFERRED)
    on_path = shutil.which(name)
    by_pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(dotted(PREFERRED) + "*/bin/" + name), reverse=True)
    return ([on_path] if on_path else []) + [str(path) for path in by_pyenv]


def choose_interpreter() -> Interpreter:
    """Lambda's own version where there is one, so that a laptop finds what Lambda would; else the one running this."""
    wanted = os.environ.get("DROPCUT_PYTHON")
    if wanted:
        found = version_of(shutil.which(wanted) or wanted)
        if not OLDEST <= found[:2] <= NEWEST:
            raise WorkshopFailed(f"DROPCUT_PYTHON={wanted} is not a Python {dotted(OLDEST)} to {dotted(NEWEST)}.")
        return Interpreter(shutil.which(wanted) or wanted, dotted(found), "named by DROPCUT_PYTHON")
    for path in preferred_candidates():
        found = version_of(path)
        if found[:2] == PREFERRED:
            return Interpreter(path, dotted(found), "the version that Lambda runs")
    own = tuple(sys.version_info[:3])
    if not OLDEST <= own[:2] <= NEWEST:
        raise WorkshopFailed(
            f"this is Python {dotted(own)}; Dropcut needs {dotted(OLDEST)} to {dotted(NEWEST)}. "
            f"Install one and name it: make demo PYTHON=python{dotted(PREFERRED)}"
        )
    return Interpreter(sys.executable, dotted(own), f"it started this, and no Python {dotted(PREFERRED)} was found")


def python_for_sam() -> str | None:
    """A Python of the version that Lambda runs, with pip, or None: `sam build` wants one on PATH."""
    return next((path for path in preferred_candidates() if can(path, "pip")), None)


def environment_for_uv() -> dict[str, str]:
    """uv's settings: never fetch an interpreter, and use the package index that pip was told to use."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    env.pop("VIRTUAL_ENV", None)
    if "PIP_INDEX_URL" in env and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & set(env):
        env["UV_DEFAULT_INDEX"] = env["PIP_INDEX_URL"]
    return env


def stamp_of(name: str) -> str:
    """What the environment must have been made from; anything else makes it stale."""
    digest = hashlib.sha256(RECIPE.encode())
    for source in [LOCKS / (name + ".txt"), *([CORE / "pyproject.toml"] if name == "dev" else [])]:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def is_fresh(name: str) -> bool:
    """True if the environment was finished from today's lock, here, and its interpreter still exists."""
    stamp = WORKSHOP / name / "stamp"
    program = WORKSHOP / name / "bin" / ("uv" if name == "uv" else "python")
    if not stamp.is_file() or not program.exists():
        return False
    made_from, _, where = stamp.read_text().partition("\n")
    wanted = os.environ.get("DROPCUT_PYTHON")
    if wanted and name != "uv" and f" at {shutil.which(wanted) or wanted}," not in where:
        return False
    return made_from == stamp_of(name) and str(WORKSHOP) in where


def write_stamp(name: str, interpreter: Interpreter) -> None:
    said = f"{stamp_of(name)}\nPython {interpreter.version} at {interpreter.path}, {interpreter.why}\nin {WORKSHOP}\n"
    (WORKSHOP / name / "stamp").write_text(said)


def can(python: str, module: str) -> bool:
    """True if this interpreter can import the module."""
    with contextlib.suppress(WorkshopFailed, OSError):
        run([python, "-c", "import " + module])
        return True
    return False


def make_uv(interpreter: Interpreter) -> None:
    """Put uv, and nothing else, under .workshop/uv: by venv, or by pip alone where Debian left ensurepip out."""
    home = WORKSHOP / "uv"
    shutil.rmtree(home, ignore_errors=True)
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(LOCKS / "uv.txt")]
    pythons = list(dict.fromkeys([interpreter.path, sys.executable]))
    with_venv = next((python for python in pythons if can(python, "venv, ensurepip")), None)
    with_pip = next((python for python in pythons if can(python, "pip")), None)
    if with_venv:
        run([with_venv, "-m", "venv", str(home)])
        run([str(home / "bin" / "python"), "-m", "pip", *install])
    elif with_pip:
        run([with_pip, "-m", "pip", *install, "--target", str(home)])
    else:
        raise WorkshopFailed(
            f"Python at {interpreter.path} has neither venv nor pip. "
            "On Debian and Ubuntu: sudo apt-get install python3-venv; elsewhere: python3 -m ensurepip --user"
        )
    write_stamp("uv", interpreter)


def make_environment(name: str, interpreter: Interpreter) -> None:
    """Bring one environment to exactly what its lock says; the application's package is editable in dev."""
    home, uv, env = WORKSHOP / name, str(WORKSHOP / "uv" / "bin" / "uv"), environment_for_uv()
    with contextlib.suppress(FileNotFoundError):
        (home / "stamp").unlink()
    if not (home / "bin" / "python").exists() or version_of(str(home / "bin" / "python")) != version_of(
        interpreter.path
    ):
        run([uv, "venv", "--quiet", "--clear", "--python", interpreter.path, str(home)], env)
    target = ["--quiet", "--python", str(home / "bin" / "python")]
    # awslambdaric is built for Linux only. Elsewhere its wheel is installed all the same, for the Python in it, and
    # localcloud/runtime_client.py stands in for its extension module.
    foreign = ["--python-platform", "x86_64-manylinux_2_28"] if name == "lambda" and sys.platform != "linux" else []
    run([uv, "pip", "sync", *target, *foreign, "--require-hashes", str(LOCKS / (name + ".txt"))], env)
    if name == "dev":
        run([uv, "pip", "install", *target, "--no-deps", "--no-build-isolation", "--editable", str(CORE)], env)
    write_stamp(name, interpreter)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Keep two starts at the same time from building the same folder."""
    import fcntl

    WORKSHOP.mkdir(exist_ok=True)
    with (WORKSHOP / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(names: list[str]) -> None:
    """Make what is missing or stale of these environments; a fraction of a second where nothing is."""
    with alone():
        stale = [name for name in names if not is_fresh(name)]
        if stale:
            interpreter = choose_interpreter()
            say(f"Python {interpreter.version} at {interpreter.path}: {interpreter.why}")
            if not is_fresh("uv"):
                say("the first time this takes a minute or so; installing uv, which installs the rest")
                make_uv(interpreter)
            for name in stale:
                say(f"making .workshop/{name}: {ENVIRONMENTS[name]}")
                make_environment(name, interpreter)
        _, python, _ = (WORKSHOP / names[0] / "stamp").read_text().split("\n", 2)
        say(f"{', '.join(names)} ready; {python}")


def main() -> int:
    options = sys.argv[1:]
    try:
        ensure(["dev", "lambda", *[name for option in options for name in EXTRAS.get(option, [])]])
        if "--for-editors" in options:
            from localcloud.editors import ADVICE

            print(ADVICE)
    except WorkshopFailed as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("stopped; the next run goes on from here")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
