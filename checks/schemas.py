"""Publishes schemas/*.json from the models in dropcut: `--write` writes them, otherwise says which are out of date."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from dropcut.schemas import write_schemas

PUBLISHED = Path(__file__).resolve().parent.parent / "schemas"


def texts(folder: Path) -> dict[str, str]:
    """Every schema file in a folder, by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}


def stale_schemas() -> list[str]:
    """The published files that are not what the models say today, or that no model makes."""
    with tempfile.TemporaryDirectory() as folder:
        write_schemas(Path(folder))
        wanted = texts(Path(folder))
    found = texts(PUBLISHED)
    return [name for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)]


def main() -> int:
    if "--write" in sys.argv[1:]:
        for path in PUBLISHED.glob("*.json"):
            path.unlink()
        write_schemas(PUBLISHED)
    stale = stale_schemas()
    for name in stale:
        print(f"schemas/{name} is not what the models say: run `make schemas`")
    if not stale:
        print(f"schemas: {len(texts(PUBLISHED))} files are what the models say")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
