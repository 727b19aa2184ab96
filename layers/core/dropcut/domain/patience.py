"""How long an edit waits to be sent, for each reason, and what is told meanwhile."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dropcut.domain.identity import digest
from dropcut.domain.model import Delay, Limits

LIMIT_WAIT = 7 * 24 * 3600  # seconds, for room under a limit of this stack, and for workers that live
LONGEST_PAUSE = {Delay.BROKEN_OFF: 30 * 60}  # each try takes more of an execution's history; ten minutes for the rest
TELL_FULL_HOUSE_AFTER = 15 * 60  # which is usual when many files are dropped at once


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long an edit has waited to be sent, for each kind of reason by itself, and which reasons were told.

    Every account of a generation carries it on, so that reasons that take turns neither begin again nor are told again.
    Pauses are counted, not the clock.
    """

    seconds: dict[str, float] = field(default_factory=dict)  # by Delay.patience
    told: tuple[str, ...] = ()
    delays: int = 0  # pauses so far
    returns: int = 0  # times that the step that sends it broke off before it sent anything

    @classmethod
    def of(cls, generation: dict[str, Any]) -> Patience:
        """Read it in a document of a generation; release 0.1.0 counted the last reason only, beside everything else."""
        if known := generation.get("patience"):
            return cls(
                seconds=dict(known.get("seconds", {})),
                told=tuple(known.get("told", ())),
                delays=known.get("delays", 0),
                returns=known.get("returns", 0),
            )
        last = generation.get("delayed_by")
        return cls(
            seconds={Delay(last).patience: generation.get("delayed_seconds", 0)} if last else {},
            told=(generation["told"],) if generation.get("told") else (),
            delays=generation.get("delays", 0),
            returns=generation.get("returns", 0),
        )

    def waited(self, delay: Delay) -> float:
        return self.seconds.get(delay.patience, 0)

    def after(self, delay: Delay, pause: int, *, telling: bool) -> Patience:
        seconds = self.seconds | {delay.patience: self.waited(delay) + pause}
        told = (*self.told, str(delay)) if telling else self.told
        return replace(self, seconds=seconds, told=told, delays=self.delays + 1)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"told": list(self.told)}


def next_try(delays: int, name: str, longest: int = 600) -> int:
    """The pause before room is looked for again: 30 s growing to ten minutes, spread, or all would come at once."""
    spread = int(digest(name, delays)[:4], 16) / 0xFFFF
    return round(min(30 * 1.5 ** min(delays - 1, 20), longest) * (0.8 + 0.4 * spread))


def longest_delay(delay: Delay, limits: Limits | None) -> float:
    """How long an edit waits for that reason. Raises ValueError where the limits are needed and not given."""
    if delay is not Delay.CREDITS:
        return LIMIT_WAIT
    if limits is None:
        raise ValueError("the limits say how long an edit waits for credits")
    return limits.credit_wait_hours * 3600


def worth_telling(delay: Delay, waited: float) -> bool:
    return delay is not Delay.IN_FLIGHT_LIMIT or waited >= TELL_FULL_HOUSE_AFTER
