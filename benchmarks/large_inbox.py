"""What does a look through a large inbox take, and what do hostile file names take? Against a floor of the same run.

    .workshop/dev/bin/python benchmarks/large_inbox.py [--keys 100000] [--recent 5000]

S3 and the ledger are stand-ins that answer at once and count, so the times are those of the code alone. The floor is
the listing gone through and nothing done. Memory is measured in a second run, since that slows a run down.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import random
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this file is run as it stands

from dropcut.domain.model import Drop, Half, ObjectFacts
from dropcut.domain.pairing import in_order, why_waiting
from dropcut.domain.recovery import Recovery
from dropcut.ports import DropRecord
from dropcut.workflow.recover_drops import recover_drops

NOW, DAY = 1_795_500_000.0, 86_400.0
HOSTILE_NAMES, HOSTILE_OBJECTS = 5_000, 11_000  # that once took a minute of the sweep, and ten of the look
ROW = "{:44}{:>9.3f} s{:>9.1f} x{:>9}{:>10.1f} MB"


@dataclass
class Inbox:
    """Pairs of files in folders of a hundred; every so many of them is one of the last day."""

    keys: int
    recent: int
    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        pairs = self.keys // 2
        stems = [f"folder{number // 100:05d}/clip{number:07d}" for number in range(pairs)]
        self.names = sorted(stem + suffix for stem in stems for suffix in (".mp4", ".json"))
        recent = stems[:: max(1, pairs // self.recent)][: self.recent]
        self.ages = {stem: 3_600.0 + 80_000 * number / len(recent) for number, stem in enumerate(recent)}

    def uploaded(self, key: str) -> float:
        return NOW - self.ages.get(key.rpartition(".")[0], 3 * DAY)

    def listing(self, _: str, after: str = "") -> Iterator[tuple[str, float]]:
        for key in self.names[bisect.bisect_right(self.names, after) :]:
            yield key, self.uploaded(key)
        self.calls["list 1,000 keys"] += -(-self.keys // 1_000)

    def keys_like(self, _: str, prefix: str, most: int) -> list[str]:
        self.calls["list one beginning"] += 1
        first = bisect.bisect_left(self.names, prefix)
        return list(itertools.takewhile(lambda key: key.startswith(prefix), self.names[first : first + most]))

    def head(self, _: str, key: str) -> ObjectFacts:
        self.calls["head"] += 1
        return ObjectFacts(key=key, version="v1", etag="e", size=1, modified=self.uploaded(key))


class Ledger:
    """Knows every drop, or none, and counts what it is asked."""

    def __init__(self, known: bool, calls: Counter[str]) -> None:
        self._known, self._calls, self.progress = known, calls, Recovery()

    def drop(self, _: Drop) -> DropRecord | None:
        self._calls["read a drop"] += 1
        return DropRecord("EDIT", "e1") if self._known else None

    def recovery(self) -> Recovery:
        return self.progress

    def note_recovery(self, recovery: Recovery) -> None:
        self.progress = recovery

    def active_since(self) -> float:
        return NOW - 30 * DAY

    def record_drop(self, *_: object) -> bool:
        self._calls["note a drop (3)"] += 3
        return False

    def stop_waiting(self, _: Half) -> None:
        self._calls["note a half"] += 1


@dataclass
class World:
    """As much of the services as a look needs."""

    files: Any
    journal: Ledger
    calls: Counter[str]
    inbox: str = "inbox"
    sweep_window_hours: float = 24.0
    settle_seconds: int = 0
    now: float = NOW

    def clock(self) -> float:
        return self.now

    @property
    def executions(self) -> Any:
        return self

    def start(self, _: Drop) -> bool:
        self.calls["start"] += 1
        return True


class Files:
    """The port's names for an inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self.listing, self.keys, self.head = inbox.listing, inbox.keys_like, inbox.head


def a_world(inbox: Inbox, known: bool) -> World:
    inbox.calls.clear()
    return World(Files(inbox), Ledger(known, inbox.calls), inbox.calls)


def measured(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_of(work: Callable[[], object]) -> float:
    """Megabytes."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def look(inbox: Inbox, known: bool, before: Recovery | None = None) -> Recovery:
    """One run to its end, an hour after the last one if there was one."""
    world = a_world(inbox, known)
    if before:
        world.journal.progress, world.now = before, NOW + 3_600
    services: Any = world
    found = recover_drops(services)
    if not found["looked"] or found["failed"]:
        raise SystemExit(f"the run did not do its work: {found}")
    return world.journal.progress


def shuffled_names() -> list[str]:
    order = random.Random(1)  # noqa: S311 - no secret
    letters = "ab" * 40  # the longest that are compared, and of the letters that take longest
    names = ["".join(order.sample(letters, len(letters))) for _ in range(HOSTILE_NAMES)]
    return [f"x/{name}.mp4" for name in names]


def one_beginning() -> list[tuple[str, float]]:
    suffixes = ["".join(letters) for letters in itertools.product("mM", "pP", "4")]
    suffixes += ["".join(letters) for letters in itertools.product("mM", "oO", "vV")]
    combined = itertools.islice(itertools.product(suffixes, repeat=4), HOSTILE_OBJECTS)
    return sorted(("z/a." + ".".join(combination), 0.0) for combination in combined)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100_000, help="files in the inbox (100,000)")
    parser.add_argument("--recent", type=int, default=5_000, help="recent pairs among them (5,000)")
    options = parser.parse_args()
    inbox, names, objects = Inbox(options.keys, options.recent), shuffled_names(), one_beginning()
    floor = min(measured(lambda: sum(1 for _ in inbox.listing(""))) for _ in range(3))
    known = look(inbox, known=True)
    works: list[tuple[str, Callable[[], object]]] = [
        ("the listing, and nothing done", lambda: sum(1 for _ in inbox.listing(""))),
        (f"a look, {options.recent:,} recent pairs all known", lambda: look(inbox, known=True)),
        (f"a look, {options.recent:,} recent pairs all unknown", lambda: look(inbox, known=False)),
        ("the look an hour later", lambda: look(inbox, known=True, before=known)),
        (f"a hint among {HOSTILE_NAMES:,} shuffled names", lambda: why_waiting("x/" + "ab" * 40 + ".json", names)),
        (f"{HOSTILE_OBJECTS:,} objects of one beginning", lambda: sum(1 for _ in in_order(objects))),
    ]
    print(f"{options.keys:,} keys; the floor is {floor:.3f} s")
    print(f"{'':44}{'time':>11}{'of floor':>11}{'calls':>9}{'peak':>13}")
    details = []
    for name, work in works:
        inbox.calls.clear()
        took = measured(work)
        calls = dict(inbox.calls)
        print(ROW.format(name, took, took / floor, sum(calls.values()), peak_of(work)), flush=True)
        details.append(f"{name}: " + ", ".join(f"{number:,} {call}" for call, number in calls.items()))
    print("\nCalls:", *(line for line in details if not line.endswith(": ")), sep="\n  ")


if __name__ == "__main__":
    main()
