"""Writes the published JSON Schemas from the models: `python -m dropcut.schemas DIRECTORY`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from dropcut.documents import ErrorFile, Manifest, Notification
from dropcut.sidecar import Sidecar

PUBLISHED: dict[str, type[BaseModel]] = {
    "sidecar": Sidecar,
    "manifest": Manifest,
    "error": ErrorFile,
    "notification": Notification,
}


def schema_text(model: type[BaseModel]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


def write_schemas(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, model in PUBLISHED.items():
        (directory / f"{name}.schema.json").write_text(schema_text(model), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
