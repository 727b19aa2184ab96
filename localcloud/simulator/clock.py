"""The provider's time: it can run faster than the wall clock and be moved on, so that an hour's expiry is testable."""

from __future__ import annotations

import threading
import time

WAKE_SECONDS = 0.25  # a waiting thread looks this often whether it was cancelled


class Clock:
    """Counts provider seconds since the start; one lasts ``time_scale`` real seconds."""

    def __init__(self, time_scale: float) -> None:
        self._scale = time_scale
        self._counted = 0.0
        self._advanced = 0.0
        self._since = time.monotonic()
        self._moved = threading.Condition(threading.RLock())

    def now(self) -> float:
        """Return the provider seconds since the start."""
        with self._moved:
            return self._counted + (time.monotonic() - self._since) / self._scale

    def rescale(self, time_scale: float) -> None:
        """Let time run at another pace from now on."""
        with self._moved:
            self._counted, self._since = self.now(), time.monotonic()
            self._scale = time_scale
            self._moved.notify_all()

    def advance(self, seconds: float) -> None:
        """Move forward by so many provider seconds at once."""
        with self._moved:
            self._counted += seconds
            self._advanced += seconds
            self._moved.notify_all()

    @property
    def advanced(self) -> float:
        """Return the seconds that the clock was moved forward in all."""
        with self._moved:
            return self._advanced

    def wake(self) -> None:
        """Let those who wait look at once whether they were cancelled."""
        with self._moved:
            self._moved.notify_all()

    def in_provider_seconds(self, real_seconds: float) -> float:
        """Return how many provider seconds pass in so many real ones."""
        return real_seconds / self._scale

    def in_real_seconds(self, provider_seconds: float) -> float:
        """Return how many real seconds so many provider seconds last."""
        return provider_seconds * self._scale

    def wait_until(self, moment: float, cancelled: threading.Event) -> bool:
        """Sleep until ``moment``; return False if cancelled before."""
        with self._moved:
            while not cancelled.is_set():
                left = (moment - self.now()) * self._scale
                if left <= 0:
                    return True
                self._moved.wait(min(left, WAKE_SECONDS))
        return False
