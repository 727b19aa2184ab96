"""The faults that a client must survive, queued by a test and played for the next exchange that matches."""

from __future__ import annotations

import random
import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from localcloud.simulator.catalogue import KINDS, REASONS, STAYING
from localcloud.simulator.settings import fits, spoken

KEPT = 10_000  # faults played that are remembered


class FaultRefused(ValueError):
    """A fault that this simulator cannot play."""


@dataclass(eq=False)  # two of the same words are two faults
class Fault:
    """One fault in the queue; ``times`` counts down, and 0 is without end."""

    stage: str
    kind: str
    times: int = 1
    skip: int = 0  # let so many matching exchanges pass first
    probability: float = 1.0
    match: dict[str, str] = field(default_factory=dict)  # video_url: a part of it; request_id, caller: all of it
    seconds: float = 1.0
    usd: float = 1.0
    status: int = 0
    reason: str = "unknown"
    text: str = ""
    location: str = ""

    @property
    def stays(self) -> bool:
        """Say whether the fault stays with a generation instead of spoiling one exchange."""
        return self.kind in STAYING.get(self.stage, set())

    def failure_text(self) -> str:
        """Return what a generation with this fault says when it fails."""
        return self.text or REASONS[self.reason]

    def fits(self, video_url: str, request_id: str, caller: str) -> bool:
        """Say whether ``match`` allows this exchange."""
        exact = {"request_id": request_id, "caller": caller}
        named = all(self.match.get(name, value) == value for name, value in exact.items())
        return named and self.match.get("video_url", "") in video_url


def parse_fault(data: object) -> Fault:
    """Make a fault of JSON; raises FaultRefused in words."""
    if not isinstance(data, dict):
        raise FaultRefused('a fault is an object such as {"stage": "submit", "kind": "answer_lost"}')
    stage, kind = data.get("stage"), data.get("kind")
    if not isinstance(stage, str) or stage not in KINDS:
        raise FaultRefused(f"stage must be one of {', '.join(KINDS)}")
    if not isinstance(kind, str) or kind not in KINDS[stage]:
        raise FaultRefused(f"{stage} can play {', '.join(KINDS[stage])}; not {kind!r}")
    if data.get("reason", "unknown") not in REASONS:
        raise FaultRefused(f"reason must be one of {', '.join(REASONS)}")
    match = data.get("match", {})
    if not isinstance(match, dict) or not set(match) <= {"video_url", "request_id", "caller"}:
        raise FaultRefused("match takes video_url (a part of it), request_id and caller")
    kinds = {field.name: str(field.type) for field in fields(Fault) if field.name != "match"}
    for name, value in data.items():
        if name not in kinds and name != "match":
            raise FaultRefused(f"a fault has {', '.join(kinds)} and match; not {name}")
        if name in kinds and not fits(value, kinds[name]):
            raise FaultRefused(f"{name} must be {spoken(kinds[name])}, not {value!r}")
    fault = Fault(**dict(data))
    if min(fault.times, fault.skip, fault.seconds, fault.usd) < 0 or not 0 <= fault.probability <= 1:
        raise FaultRefused("times, skip, seconds and usd are 0 or more, probability is from 0 to 1")
    return fault


def parse_faults(data: object) -> list[Fault]:
    """Make faults of one JSON object or a list of them; raises FaultRefused in words."""
    return [parse_fault(item) for item in (data if isinstance(data, list) else [data])]


class Faults:
    """The queue, first in first out among those that match."""

    def __init__(self, seed: int | None = None) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._considered: dict[Fault, set[str]] = {}  # generations that had their chance of a fault that stays
        self._played: list[dict[str, str]] = []
        self._random = random.Random(seed)
        self._exchange = threading.local()  # a request has a thread of its own

    def heard_from(self, caller: str) -> None:
        """Remember who makes the exchange that this thread is answering."""
        self._exchange.caller = caller

    def _fits(self, fault: Fault, video_url: str, request_id: str) -> bool:
        return fault.fits(video_url, request_id, getattr(self._exchange, "caller", ""))

    def reseed(self, seed: int | None) -> None:
        """Start the row of chances again."""
        self._random = random.Random(seed)

    def add(self, fault: Fault) -> None:
        """Queue a fault."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> int:
        """Drop the faults that wait; return how many. One that stays with a generation already goes on."""
        with self._lock:
            dropped = len(self._waiting)
            self._waiting.clear()
            self._considered.clear()
        return dropped

    def take(self, stage: str, *, video_url: str = "", request_id: str = "") -> Fault | None:
        """Return the fault to play in this exchange, if one waits for it."""
        with self._lock:
            for fault in self._waiting:
                wanted = fault.stage == stage and not fault.stays
                if wanted and self._fits(fault, video_url, request_id) and self._use(fault):
                    return self._noted(fault, request_id)
        return None

    def take_staying(self, *stages: str, video_url: str, request_id: str, held: Collection[str] = ()) -> list[Fault]:
        """Return the faults that stay with this generation from now on, one of a kind and none that it has already.

        Each fault considers a generation once, however often that is polled.
        """
        taken: dict[str, Fault] = {}
        with self._lock:
            for fault in list(self._waiting):
                wanted = fault.stage in stages and fault.stays and fault.kind not in {*taken, *held}
                asked = wanted and self._fits(fault, video_url, request_id) and self._first_time(fault, request_id)
                if asked and self._use(fault):
                    taken[fault.kind] = self._noted(fault, request_id)
        return list(taken.values())

    def _first_time(self, fault: Fault, request_id: str) -> bool:
        considered = self._considered.setdefault(fault, set())
        if request_id in considered:
            return False
        considered.add(request_id)
        return True

    def _use(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.probability < 1.0 and self._random.random() >= fault.probability:
            return False
        if fault.times:
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
                self._considered.pop(fault, None)
        return True

    def _noted(self, fault: Fault, request_id: str) -> Fault:
        self._played.append({"stage": fault.stage, "kind": fault.kind, "request_id": request_id})
        del self._played[:-KEPT]
        return fault

    def report(self) -> dict[str, Any]:
        """Return what waits, what was played, and what could be."""
        with self._lock:
            return {"waiting": [asdict(fault) for fault in self._waiting], "played": list(self._played), "kinds": KINDS}
