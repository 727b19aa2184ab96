"""House rules about the code that import-linter (pyproject.toml) cannot say: handlers, the environment, names."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.documents import CORE, REPOSITORY, error_classes

FUNCTIONS = REPOSITORY / "functions"
HANDLERS = sorted(FUNCTIONS.glob("*/app.py"))
MODULES = sorted(CORE.rglob("*.py"))
OURS = [REPOSITORY / name for name in ("layers/core", "functions", "localcloud", "checks", "dropcut_cli", "tests")]
EVERY_MODULE = sorted(path for folder in OURS for path in folder.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The dotted names of the modules that a file imports, wherever in it; a relative import begins with a dot."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def readable(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_imports_point_one_way() -> None:
    """The contracts of import-linter in pyproject.toml."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_are_written_out() -> None:
    assert [readable(path) for path in MODULES if any(name.startswith(".") for name in imports(path))] == []


def test_only_settings_reads_the_environment() -> None:
    def reads(path: Path) -> bool:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        taken = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        return bool((used | taken) & {"environ", "getenv"})

    assert [readable(path) for path in [*MODULES, *HANDLERS] if reads(path) and path.stem != "settings"] == []


def test_a_handler_imports_the_standard_library_powertools_and_dropcut_only() -> None:
    allowed = set(sys.stdlib_module_names) | {"aws_lambda_powertools", "dropcut"}
    strange = {readable(path): {name.split(".")[0] for name in imports(path)} - allowed for path in HANDLERS}
    assert {path: packages for path, packages in strange.items() if packages} == {}


def test_a_handler_decides_nothing() -> None:
    for path in HANDLERS:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        assert ast.get_docstring(tree), f"{readable(path)}: one sentence says what the function does"
        assert "lambda_handler" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)], "an exception's name is the message"


def test_a_function_folder_holds_app_py_and_nothing_else() -> None:
    found = {readable(path) for path in FUNCTIONS.rglob("*") if "__pycache__" not in path.parts and path.is_file()}
    assert found == {readable(path) for path in HANDLERS}


def test_importing_the_application_reads_nothing_and_opens_nothing() -> None:
    """In an interpreter without an environment, where every client and every socket is refused."""
    names = [".".join(path.relative_to(CORE.parent).with_suffix("").parts) for path in MODULES]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    program = f"""
import importlib, importlib.util, socket, boto3, botocore.session
def refuse(*_, **__):
    raise AssertionError("opened at import")
boto3.client = boto3.resource = boto3.Session = boto3.session.Session = botocore.session.Session.create_client = refuse
socket.socket.connect = socket.getaddrinfo = refuse
for name in {names!r}:
    importlib.import_module(name)
for path in {[str(path) for path in HANDLERS]!r}:
    spec = importlib.util.spec_from_file_location("app", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
    empty = {"PATH": os.defpath, "POWERTOOLS_DEV": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_is_called_utils_helpers_common_manager_or_base() -> None:
    nondescript = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
    assert not [readable(path) for path in EVERY_MODULE if path.stem in nondescript]


def test_the_error_tree_is_drawn_where_the_errors_are() -> None:
    drawn = ast.get_docstring(ast.parse((CORE / "domain" / "errors.py").read_text(encoding="utf-8"))) or ""
    assert not [name for name in error_classes() if name not in drawn]
