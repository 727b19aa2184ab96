"""The customer's money as the provider sees it: a balance that drops once per finished generation, and the bill."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Charge:
    """One generation billed."""

    request_id: str
    video_url: str  # without its query: a presigned one would be a secret
    mode: str
    seconds: int
    usd: float


class Account:
    """Balance, reservations and bill; the caller holds the provider's lock."""

    def __init__(self, balance: float, free_credits: float) -> None:
        self.credits = balance
        self.free_credits = free_credits
        self._reserved: dict[str, float] = {}
        self._charges: list[Charge] = []

    @property
    def balance(self) -> float:
        """Return what may be spent in all, reservations not counted."""
        return round(self.credits + self.free_credits, 6)

    def affords(self, usd: float) -> bool:
        """Say whether an estimate fits in what is neither spent nor reserved."""
        return usd <= self.balance - sum(self._reserved.values()) + 1e-9

    def reserve(self, request_id: str, usd: float) -> None:
        """Hold the estimate; the visible balance does not dip while a generation runs."""
        self._reserved[request_id] = usd

    def release(self, request_id: str) -> None:
        """Give a reservation back in full: failures are not billed."""
        self._reserved.pop(request_id, None)

    def charge(self, charge: Charge) -> float:
        """Bill a finished generation; return what remains."""
        self.release(charge.request_id)
        self.lose(charge.usd)
        self._charges.append(charge)
        return self.balance

    def lose(self, usd: float) -> None:
        """Take money away, free credits first, whether or not a generation explains it."""
        from_free = min(self.free_credits, usd)
        self.free_credits = round(self.free_credits - from_free, 6)
        self.credits = round(self.credits - (usd - from_free), 6)

    def bill(self) -> dict[str, Any]:
        """Return every generation billed and the total."""
        total = round(sum(charge.usd for charge in self._charges), 4)
        return {
            "generations": [asdict(charge) for charge in self._charges],
            "total_usd": total,
            "credits": self.credits,
            "free_credits": self.free_credits,
        }
