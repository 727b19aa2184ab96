"""What `recover_drops` has still to look at, remembered from one run to the next as spans of upload times.

A look goes through the whole inbox once, over several runs where the inbox is that large. New upload times are `todo`.
What failed is tried `again` by a later look, after everything that is new and once all that failed before had its turn,
so that files which always fail do not block the others. Losing this memory costs only reads: what was started is known
by its row.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import count, pairwise
from typing import Any, NamedTuple

from dropcut.domain.dates import day_of
from dropcut.domain.identity import digest
from dropcut.domain.pairing import PairOrHalf

DAY, MINUTE = 86_400.0, 60.0  # seconds
AFTER_THE_FIRST_DAY = 55 * MINUTE  # between two looks; the clock rings every 15 minutes, not to the second
# S3 dates a multipart upload by its beginning, so an object may appear with a time that was looked at before. Two hours
# are 200 MB at 30 kB a second. Once a day the look goes back to where the bucket's lifecycle ends unfinished uploads.
SLOW_UPLOAD, SLOWEST_UPLOAD = 120 * MINUTE, 2 * DAY
MOST_SPANS = 50  # that are remembered; more are joined, and what lies between is looked at once more

Position = tuple[float, str]  # when it was uploaded, and a hash of its key: many files may have one second
LAST = "~"  # after every hash


class Span(NamedTuple):
    """From the first position to the last, both included."""

    first: Position
    last: Position


def position(found: PairOrHalf) -> Position:
    return found.uploaded, digest(found.key)[:16]


def seconds(first: float, last: float) -> Span:
    return Span((first, ""), (last, LAST))


def covers(spans: Iterable[Span], at: Position) -> bool:
    return any(span.first <= at <= span.last for span in spans)


def below(spans: Iterable[Span], at: Position | None) -> list[Span]:
    """What of the spans is not newer than that; nothing where there is no such position."""
    return [Span(span.first, min(span.last, at)) for span in spans if at and span.first <= at]


def since(spans: Iterable[Span], first: float) -> list[Span]:
    """What of the spans is not older than that."""
    return [Span(max(span.first, (first, "")), span.last) for span in spans if span.last >= (first, "")]


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same spans in order, each position once; too many are joined over the smallest gaps."""
    apart: list[Span] = []
    for span in sorted(spans):
        if apart and span.first <= apart[-1].last:
            apart[-1] = Span(apart[-1].first, max(apart[-1].last, span.last))
        else:
            apart.append(span)
    gaps = sorted(range(1, len(apart)), key=lambda n: apart[n].first[0] - apart[n - 1].last[0])
    ends = [0, *sorted(gaps[-(MOST_SPANS - 1) :]), len(apart)] if apart else []
    return tuple(Span(apart[one].first, apart[other - 1].last) for one, other in pairwise(ends))


class Newest:
    """The newest of what it is shown, at most so many; `missed` is the newest of the rest, `failed` what went wrong."""

    def __init__(self, most: int) -> None:
        self._most, self._heap, self._number = most, list[tuple[Position, int, PairOrHalf]](), count()
        self.missed: Position | None = None
        self.failed: list[Span] = []

    def add(self, at: Position, found: PairOrHalf) -> None:
        heapq.heappush(self._heap, (at, next(self._number), found))
        if len(self._heap) > self._most:
            self.miss(heapq.heappop(self._heap)[0])

    def miss(self, at: Position) -> None:
        self.missed = max(self.missed or at, at)

    def __iter__(self) -> Iterator[tuple[Position, PairOrHalf]]:
        """The newest first."""
        for at, _, found in sorted(self._heap, reverse=True):
            yield at, found


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """The look that is under way, or the last one if `after` is empty."""

    at: float = 0.0  # when a run last worked
    until: float = 0.0  # the latest upload time of this look
    todo: tuple[Span, ...] = ()  # not looked at yet
    again: tuple[Span, ...] = ()  # to be tried again, or perhaps uploaded late
    failed: tuple[Span, ...] = ()  # to be tried again once nothing is left of `again`
    after: str = ""  # the key after which the next run goes on
    todo_left: tuple[Span, ...] = ()  # what this look had no time or no room for, for the next one
    again_left: tuple[Span, ...] = ()
    left_alone: int = 0  # pairs from before the stack that this look has seen

    def is_due(self, now: float, active: float) -> bool:
        """At each run in the stack's first day, when events may be lost to a rule that is not heard yet, and while
        there is more to do; hourly after that.
        """
        rests = self.at <= now < self.at + AFTER_THE_FIRST_DAY  # a clock that was set back says nothing
        return not rests or now < active + DAY or bool(self.after or self.todo or self.again)

    def begin(self, now: float, first: float, until: float) -> Recovery:
        """The look to go on with: the one under way, or a new one at all that was uploaded from `first` to `until`."""
        known = self if self.at <= now else Recovery()
        if known.after:
            return known
        until = max(until, known.until)
        back = SLOW_UPLOAD if day_of(until) == day_of(known.until) else SLOWEST_UPLOAD
        failed = joined(since([*known.failed, seconds(known.until - back, known.until)], first))
        again = joined(since(known.again, first))
        todo = joined(since([*known.todo, seconds(known.until, until)], first))
        return Recovery(at=now, until=until, todo=todo, again=again or failed, failed=failed if again else ())

    def end(self, now: float, after: str, new: Newest, again: Newest, left_alone: int) -> Recovery:
        """After a run: the same look up to `after`, or the next one where that is empty."""
        todo_left = joined([*self.todo_left, *below(self.todo, new.missed)])
        again_left = joined([*self.again_left, *below(self.again, again.missed)])
        failed = joined([*self.failed, *new.failed, *again.failed])
        if not after:
            return Recovery(at=now, until=self.until, todo=todo_left, again=again_left, failed=failed)
        left = replace(self, todo_left=todo_left, again_left=again_left, failed=failed)
        return replace(left, at=now, after=after, left_alone=left_alone)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Any) -> Recovery:
        """As it was stored; where that cannot be read, everything is looked at once more."""
        try:
            spans = {
                name: tuple(Span(*((float(at), str(key)) for at, key in span)) for span in document[name])
                for name in ("todo", "again", "failed", "todo_left", "again_left")
            }
            at, until, alone = float(document["at"]), float(document["until"]), int(document["left_alone"])
            return cls(at=at, until=until, after=str(document["after"]), left_alone=alone, **spans)
        except (KeyError, TypeError, ValueError):
            return cls()
