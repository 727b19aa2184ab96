"""Reads the documents that leave the product, as strictly as their published schemas."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


def read(kind: type[T], text: str | bytes) -> T:
    """Return a manifest, an error file or a notification from its JSON."""
    return TypeAdapter(kind).validate_json(text)
