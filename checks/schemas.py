"""Publishes schemas/*.json from the models in dropcut: `--write` writes them, otherwise says which are out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from dropcut.intake.sidecar import Sidecar
from dropcut.notifications.schemas import ErrorFile, Manifest, Notification

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
PUBLISHED: dict[str, type] = {
    "sidecar": Sidecar,
    "manifest": Manifest,
    "error": ErrorFile,
    "notification": Notification,
}


def schema_text(model: type) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **TypeAdapter(model).json_schema()}
    return json.dumps(schema, indent=2) + "\n"


def stale_schemas() -> list[str]:
    """The published files that are not what the models say today, or that no model makes."""
    wanted = {f"{name}.schema.json": schema_text(model) for name, model in PUBLISHED.items()}
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return [name for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)]


def write_schemas() -> None:
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, model in PUBLISHED.items():
        (FOLDER / f"{name}.schema.json").write_text(schema_text(model), encoding="utf-8")


def main() -> int:
    if "--write" in sys.argv[1:]:
        write_schemas()
    stale = stale_schemas()
    for name in stale:
        print(f"schemas/{name} is not what the models say: run `make schemas`")
    if not stale:
        print(f"schemas: {len(PUBLISHED)} files are what the models say")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
