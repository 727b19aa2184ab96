"""A copy of this repository, as a fresh clone has it, for commands that change files."""

from __future__ import annotations

import shutil
from pathlib import Path

from checks.documents import REPOSITORY

MADE_HERE = (".git", ".workshop", ".aws-sam", "demo-output", "edited", "__pycache__", ".*_cache", ".hypothesis")


def copy_repository(folder: Path) -> Path:
    """Copy everything but what was made here; returns the folder."""
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*MADE_HERE))
    return folder


def files(folder: Path) -> set[Path]:
    """Every file below a folder."""
    return {path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()}
