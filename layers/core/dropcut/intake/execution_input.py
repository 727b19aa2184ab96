"""What an execution is given. The state machine and the functions may be started by hand, with anything."""

from __future__ import annotations

from typing import Any

from dropcut.domain.errors import NotADrop
from dropcut.domain.model import Drop

TEXTS = ("drop_id", "bucket", "clip_key", "clip_version", "sidecar_key", "sidecar_version")
NUMBERS = ("dropped_at", "settle_seconds")


def drop_in(document: Any) -> Drop:
    """The drop that an execution is about. Raises NotADrop, which names what is missing; a time that is none is 0."""
    drop = document.get("drop") if isinstance(document, dict) else None
    if not isinstance(drop, dict):
        raise NotADrop("drop")
    missing = [f"drop.{name}" for name in TEXTS if not (isinstance(drop.get(name), str) and drop[name])]
    if missing:
        raise NotADrop(*missing)
    return Drop.from_json(drop | {name: 0 for name in NUMBERS if not isinstance(drop.get(name, 0), int | float)})
