"""The packages that the fast deployer builds: what is in them, and when they are built again."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from localcloud.cloud import REPOSITORY
from localcloud.packaging import PackagingFailed, function_package, layer_package


def names(package: Path) -> list[str]:
    with zipfile.ZipFile(package) as opened:
        return opened.namelist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source" / "inner").mkdir(parents=True)
    (tmp_path / "source" / "app.py").write_text("A = 1\n")
    (tmp_path / "source" / "inner" / "part.txt").write_text("text\n")
    return tmp_path / "source"


def test_a_function_is_its_folder_without_what_running_leaves_there(folder: Path) -> None:
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "app.cpython-313.pyc").write_bytes(b"x")
    assert names(function_package(folder)) == ["app.py", "inner/part.txt"]


def test_a_package_is_named_by_its_content(folder: Path) -> None:
    first = function_package(folder)
    (folder / "app.py").touch()
    assert function_package(folder) == first
    (folder / "app.py").write_text("A = 2\n")
    assert function_package(folder) != first


def test_a_layer_without_a_build_method_is_its_folder(folder: Path) -> None:
    assert names(layer_package(folder, build_method=None)) == ["app.py", "inner/part.txt"]


def test_the_core_layer_has_the_package_and_its_locked_requirements() -> None:
    found = set(names(layer_package(REPOSITORY / "layers" / "core", build_method="python3.13")))
    for needed in (
        "dropcut/__init__.py",
        "pydantic/__init__.py",
        "requests/__init__.py",
        "aws_lambda_powertools/__init__.py",
    ):
        assert f"python/{needed}" in found
    assert not any(name.startswith("python/boto") for name in found), "boto3 is the runtime's own"


def test_a_requirement_without_its_hash_is_refused(folder: Path) -> None:
    (folder / "requirements.txt").write_text("a-package-that-is-not-locked==1.0\n")
    with pytest.raises(PackagingFailed, match="hash"):
        layer_package(folder, build_method="python3.13")
