"""Faults by the dozen, as the simulator takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# What any exchange with the provider can come to instead of its own answer, but for an answer that is only slow.
ERRORS = ("bad_gateway", "unavailable", "gateway_timeout", "server_error", "rate_limited", "reset", "not_found",
          "unauthorized", "truncated")  # fmt: skip


def each(stage: str, kinds: Iterable[str], **more: Any) -> list[dict[str, Any]]:
    """One fault of every kind, to be met in that order."""
    return [{"stage": stage, "kind": kind, **more} for kind in kinds]
