"""What is wrong with a drop, in words. It stands apart from `sidecar`, which is slow to import."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong: where (JSON pointer, or `clip`), what was found, what is wrong, what to do."""

    field: str
    value: str
    problem: str
    fix: str
