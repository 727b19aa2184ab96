"""So many requests a minute, and a 429 that says when the next one may come."""

from __future__ import annotations

import time

from localcloud.simulator.clock import Clock
from localcloud.simulator.exchange import rate_refusal
from localcloud.simulator.replies import Reply

WINDOW = 60.0  # provider seconds


class Limiter:
    """Remembers the last minute's requests; the caller holds the provider's lock."""

    def __init__(self) -> None:
        self._taken: list[float] = []

    def refusal(self, limit: int, clock: Clock) -> Reply | None:
        """Count a request, or return the 429 that it gets; a limit of 0 is none."""
        now = clock.now()
        self._taken = [moment for moment in self._taken if moment > now - WINDOW]
        if limit <= 0 or len(self._taken) < limit:
            self._taken.append(now)
            return None
        return rate_refusal(self.reset_at(clock))

    def reset_at(self, clock: Clock) -> float:
        """Return the moment in real time when the oldest of the last minute's requests stops counting."""
        now = clock.now()
        left = self._taken[0] + WINDOW - now if self._taken else 0.0
        return time.time() + clock.in_real_seconds(max(0.0, left))
