"""What an execution is given. The state machine and the functions may be started by hand, with anything."""

from __future__ import annotations

from typing import Any

from dropcut.errors import NotADrop
from dropcut.model import Drop

TEXTS = ("drop_id", "bucket", "clip_key", "clip_version", "sidecar_key", "sidecar_version")
NUMBERS = ("dropped_at", "settle_seconds")  # older documents may lack them


def drop_in(document: Any) -> Drop:
    """The drop that an execution is about. Raises NotADrop, which names what is missing."""
    drop = document.get("drop") if isinstance(document, dict) else None
    if not isinstance(drop, dict):
        raise NotADrop("drop")
    texts = [f"drop.{name}" for name in TEXTS if not (isinstance(drop.get(name), str) and drop[name])]
    numbers = [f"drop.{name}" for name in NUMBERS if not isinstance(drop.get(name, 0), int | float)]
    if texts or numbers:
        raise NotADrop(*texts, *numbers)
    return Drop.from_json(drop)
