"""Times as the documents and the table write them: UTC, ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime


def day_of(epoch: float) -> str:
    """The day in UTC, as 2026-11-22."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d")


def iso(epoch: float | None) -> str | None:
    """Epoch seconds as ISO 8601, UTC, whole seconds."""
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
