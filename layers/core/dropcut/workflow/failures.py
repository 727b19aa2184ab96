"""What went wrong with some of many rows or files, where the others are not to blame."""

from __future__ import annotations

from dataclasses import dataclass, field

from dropcut.domain.text import quote

REASONS = 20  # that are kept to be logged


@dataclass
class Failures:
    """How many there were, and the reasons of the first ones, without secrets."""

    number: int = 0
    reasons: list[str] = field(default_factory=list)

    def note(self, about: str, error: Exception | str) -> None:
        self.number += 1
        if len(self.reasons) < REASONS:
            why = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
            self.reasons.append(quote(f"{about}: {why}", 300))
