"""All the fakes together, and a way to break off a use case at any of its calls to the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from dropcut.domain.model import Clip, Drop, Limits, Notice
from dropcut.workflow.inspect_clip import inspect_clip
from tests.fakes.examples import INBOX, NOW, OUTBOX, PLENTY, a_clip
from tests.fakes.files import FakeFiles
from tests.fakes.journal import FakeJournal
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider, FakeResults


class FakeClock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FakeExecutions:
    """Starts nothing; `started` has the drops by name, `begun_with` the edits that executions were given."""

    def __init__(self) -> None:
        self.started: dict[str, Drop] = {}
        self.begun_with: dict[str, str] = {}
        self.statuses: dict[str, str] = {}

    def start(self, drop: Drop, name: str = "", edit_id: str | None = None) -> bool:
        name = name or drop.drop_id
        new = name not in self.started
        self.started.setdefault(name, drop)
        if new and edit_id:
            self.begun_with[name] = edit_id
        return new

    def status(self, name: str) -> str | None:
        return self.statuses.get(name, "RUNNING" if name in self.started else None)


class FakeTopic:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, notice: Notice) -> None:
        self.published.append(notice.as_json())


class FakeProber:
    """Finds the same clip, or the same words against it, in whatever bytes."""

    def __init__(self, finding: Clip | str) -> None:
        self.finding = finding

    def __call__(self, chunks: Iterator[bytes]) -> Clip | str:
        size = sum(len(chunk) for chunk in chunks)
        return replace(self.finding, size=size) if isinstance(self.finding, Clip) else self.finding


class FakeInspector:
    """Runs InspectClip in this process; `asked` counts, and `says` takes the place of its answer."""

    def __init__(self, services: Any) -> None:
        self._services = services
        self.asked = 0
        self.says: Any = None

    def __call__(self, drop: Drop) -> Any:
        self.asked += 1
        return inspect_clip(self._services, drop) if self.says is None else self.says


@dataclass
class FakeServices:
    """Fits `dropcut.ports.Services`."""

    clock: FakeClock = field(default_factory=FakeClock)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    provider: FakeProvider = field(default_factory=FakeProvider)
    results: FakeResults = field(default_factory=FakeResults)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    topic: FakeTopic = field(default_factory=FakeTopic)
    probe: FakeProber = field(default_factory=lambda: FakeProber(a_clip()))
    inspector: FakeInspector = field(init=False)
    inbox: str = INBOX
    outbox: str = OUTBOX
    stack: str = "dropcut"
    max_clip_seconds: float = 10.0
    limits: Limits = PLENTY
    first_wait_seconds: int = 150
    settle_seconds: int = 20
    half_wait_minutes: float = 15.0
    sweep_window_hours: float = 24.0
    files: FakeFiles = field(init=False)
    journal: FakeJournal = field(init=False)

    @property
    def max_usd_per_day(self) -> Decimal:
        return self.limits.usd_per_day

    def __post_init__(self) -> None:
        self.files = FakeFiles(self.clock)
        self.journal = FakeJournal(self.ledger)
        self.inspector = FakeInspector(self)


PORTS = ("ledger", "journal", "files", "provider", "results", "executions", "topic")


class Killed(BaseException):
    """The process died: no `except` of the product may see it."""


@dataclass
class Interruption:
    """Does `what` at the calls numbered in `at`: before they take effect, or after (`late`), when the answer is lost.

    Give `services()` to a use case; `calls` tells afterwards what it called.
    """

    world: Any
    at: set[int]
    what: Callable[[], object]
    late: bool = False
    calls: list[str] = field(default_factory=list)

    def services(self) -> Any:
        return _Seen(self.world, self)

    def call(self, name: str, method: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self.calls.append(name)
        strikes = len(self.calls) in self.at
        if strikes and not self.late:
            self.what()
        answer = method(*args, **more)
        if strikes and self.late:
            self.what()
        return answer


def die() -> None:
    raise Killed


def fail() -> None:
    raise RuntimeError("an AWS API has a bad day")


class _Seen:
    """The services, with every call to a port counted."""

    def __init__(self, world: Any, interruption: Interruption) -> None:
        self._world, self._interruption = world, interruption

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._world, name)
        return _SeenPort(name, value, self._interruption) if name in PORTS else value


class _SeenPort:
    def __init__(self, name: str, port: Any, interruption: Interruption) -> None:
        self._name, self._port, self._interruption = name, port, interruption

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)
        return lambda *args, **more: self._interruption.call(f"{self._name}.{name}", method, *args, **more)
