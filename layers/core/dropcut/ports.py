"""What the use cases need of the world. The adapters and the tests' fakes both fit these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:  # a port names types; whoever uses it has imported those that it works with
    from dropcut.domain.model import (
        Cause,
        Clip,
        Delay,
        Doubt,
        Drop,
        Edit,
        Half,
        HistoryRow,
        Limits,
        Notice,
        ObjectFacts,
        Progress,
        State,
        Unfinished,
        Unreadable,
    )
    from dropcut.domain.recovery import Recovery
    from dropcut.domain.resolutions import Resolution


class Clock(Protocol):
    def __call__(self) -> float:
        """Epoch seconds."""


class Files(Protocol):
    """S3. Every read names a version, so nothing changes under a running edit."""

    def head(self, bucket: str, key: str, version: str | None = None) -> ObjectFacts | None: ...
    def listing(self, bucket: str, after: str = "") -> Iterator[tuple[str, float]]:
        """Every key of a bucket that comes after that one, in order, and when it was uploaded."""

    def keys(self, bucket: str, prefix: str, folder_only: bool = False, most: int | None = None) -> list[str]: ...
    def read(self, bucket: str, key: str, version: str, limit: int) -> bytes: ...
    def stream(self, bucket: str, key: str, version: str) -> Iterator[bytes]: ...
    def freeze(self, bucket: str, key: str, version: str, workroom_key: str, content_type: str) -> None: ...
    def share(self, workroom_key: str) -> SharedUrl: ...
    def write_json(self, bucket: str, key: str, text: str, metadata: dict[str, str], replaces: str | None) -> bool:
        """Write if what lies there is still `replaces` (an ETag; None for nothing). False if it is not."""

    def delete(self, bucket: str, key: str, seen: str | None = None) -> bool:
        """Delete, with `seen` (an ETag) only that object. False if it is another one by now."""

    def upload(
        self, key: str, chunks: Iterable[bytes], metadata: dict[str, str], replaces: str | None
    ) -> ObjectFacts: ...


class SharedUrl(NamedTuple):
    """A presigned address; `url` is a secret."""

    url: str
    expires_at: float


class Prober(Protocol):
    def __call__(self, chunks: Iterator[bytes]) -> Clip | str:
        """The clip's facts, or in words why these bytes are no clip."""


class Inspector(Protocol):
    def __call__(self, drop: Drop) -> Any:
        """What InspectClip says about the drop's clip: a document to be read by `read_inspection`, nothing else."""


class Provider(Protocol):
    """The one that edits, and is paid. `submit` is the only call that costs money."""

    def ready(self) -> None:
        """Raise KeyUnreadable unless a submission could be sent. Asked before the intent is written."""

    def submit(self, request: dict[str, Any], video_url: str) -> str: ...
    def status(self, request_id: str) -> Progress: ...
    def result(self, request_id: str) -> Progress: ...
    def past(self, request_id: str) -> Progress | None: ...
    def row(self, request_id: str) -> HistoryRow | None:
        """What the request history knows of one request of any age."""

    def search(self, since: float) -> list[HistoryRow]: ...

    def search_all(
        self, since: float, until: float | None = None, seconds: float = 0
    ) -> tuple[list[HistoryRow], bool]: ...


class Results(Protocol):
    """Reads a finished video from where the provider put it."""

    def open(self, url: str) -> AbstractContextManager[Iterator[bytes]]: ...


class Ledger(Protocol):
    """Every edit and every dollar. Each step is a conditional write; a lost race raises LedgerConflict.

    A reason is written together with its cause, and a reason without one leaves none.
    """

    def edit(self, edit_id: str) -> Edit | None:
        """The row as it is now (a consistent read)."""

    def prepare(self, edit: Edit, now: float) -> None:
        """Write down what an edit is. Changes nothing about its attempts; refuses where one is open or paid."""

    def reserve(self, edit: Edit, owner: str, limits: Limits, now: float) -> Edit:
        """Open the next attempt and reserve its money, in one transaction, if none is open, its end was not told, and
        the limits leave room. Raises LimitReached.
        """

    def delay(self, edit: Edit, why: Delay, now: float) -> Edit:
        """Note what the edit waits for, and since when. Nothing is open meanwhile."""

    def withdraw(self, edit: Edit, reason: str, now: float, *, tell: bool, cause: Cause | None = None) -> Edit:
        """It is not bought: from PREPARED or FAILED to FAILED. It leaves the sweep, unless somebody has to be told."""

    def advance(self, edit: Edit, to: State, now: float, **facts: Any) -> Edit:
        """One step of the same attempt, from exactly the state that `edit` was read in."""

    def complete(self, edit: Edit, charged_usd: Decimal | None, now: float) -> Edit:
        """The provider is done: the charge takes the place of the reservation."""

    def close_unpaid(self, edit: Edit, reason: str, now: float, cause: Cause | None = None) -> Edit:
        """Proven unpaid: the attempt is closed and its reservation released."""

    def end(self, edit: Edit, to: State, notice: Notice, now: float, **facts: Any) -> Notice:
        """The last step, and with it the message that has to go out; gives that back with the row that has it."""

    def resolve(self, edit: Edit, resolution: Resolution, notice: Notice | None = None) -> Resolved:
        """What was decided about a held edit, with its audit, from exactly the state that `edit` was read in. An end
        has a message; so has a request that is adopted without a person.
        """


class Resolved(NamedTuple):
    """A held edit after its resolution, and the message to send, if there is one."""

    edit: Edit
    notice: Notice | None


class Journal(Protocol):
    """What happened to files: drops, halves that wait, whose output lies where, messages still to send."""

    def record_drop(self, drop: Drop, now: float) -> bool:
        """True if this clip has other drops on record, at other versions."""

    def end_drop(self, drop: Drop, outcome: str, now: float, edit_id: str | None = None) -> None: ...
    def tell_end(self, drop: Drop, outcome: str, notice: Notice, now: float, edit_id: str | None = None) -> Notice:
        """The same with the message that has to go out; gives it back with the row that has it."""

    def wait_for_partner(self, half: Half) -> None: ...
    def stop_waiting(self, half: Half) -> None:
        """It has a partner. That version is known from now on, and is not told of if its partner goes."""

    def halves_waiting(self, before: float) -> list[Half]: ...
    def half_noticed(self, half: Half, now: float) -> None: ...
    def unsent_notices(self, before: float) -> list[Notice]: ...
    def notice_sent(self, notice: Notice, now: float) -> None: ...
    def drop(self, drop: Drop) -> DropRecord | None: ...
    def unfinished(self, before: float) -> list[Unfinished]: ...
    def doubts(self, now: float) -> list[Doubt]:
        """The edits in doubt whose time has come to be looked for again."""

    def look_again(self, doubt: Doubt, at: float) -> None:
        """Count a look in vain, and look again at that time."""

    def stop_looking(self, doubt: Doubt) -> None: ...
    def unreadable(self) -> list[Unreadable]:
        """The rows that could not be read, of those that were asked for since the last call."""

    def look_later(self, row: Unfinished | Half | Notice | Unreadable, now: float) -> None:
        """Send a row of the sweep to the end of its queue, as if it had been touched then."""

    def active_since(self) -> float: ...
    def was_told(self, what: str) -> bool:
        """Whether this was said before in the life of the stack."""

    def note_told(self, what: str, now: float) -> None: ...
    def claim_telling(self, what: str, now: float) -> bool:
        """Note it as told, for one caller of many at once: True for the one that has to say it."""

    def release_telling(self, what: str) -> None:
        """It could not be said after all."""

    def recovery(self) -> Recovery:
        """What `recover_drops` has still to look at; where it is not known, everything."""

    def note_recovery(self, recovery: Recovery) -> None: ...
    def output_owner(self, bucket: str, key: str) -> OutputOwner | None: ...
    def own_output(self, bucket: str, key: str, owner: OutputOwner) -> None: ...


class OutputOwner(NamedTuple):
    """Whose object lies at an output's key, which of its drops was the latest, and of which clip it is (empty in rows
    of release 0.1.0)."""

    edit_id: str
    etag: str
    dropped_at: float
    clip_bucket: str = ""
    clip_key: str = ""


class DropRecord(NamedTuple):
    """What became of a drop: its outcome ("" while it is not known, "EDIT" while its edit goes on), and its edit."""

    outcome: str
    edit_id: str | None


class Executions(Protocol):
    def start(self, drop: Drop, name: str = "", edit_id: str | None = None) -> bool:
        """True if this call started it, False if it had been started before. Its name is the drop's id by default;
        one that takes a held edit up again has a name of its own, and begins with the edit.
        """

    def status(self, name: str) -> str | None:
        """Step Functions' word for how an execution is, or None where there is none of that name."""


class Topic(Protocol):
    def publish(self, notice: Notice) -> None: ...


class Services(Protocol):
    """Everything that the use cases are given. `bootstrap` builds the real one; each function fills only its part."""

    @property
    def clock(self) -> Clock: ...
    @property
    def files(self) -> Files: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def provider(self) -> Provider: ...
    @property
    def results(self) -> Results: ...
    @property
    def executions(self) -> Executions: ...
    @property
    def topic(self) -> Topic: ...
    @property
    def probe(self) -> Prober: ...
    @property
    def inspector(self) -> Inspector: ...
    @property
    def inbox(self) -> str: ...
    @property
    def outbox(self) -> str: ...
    @property
    def stack(self) -> str:
        """The stack's name, for the commands that messages quote."""

    @property
    def max_clip_seconds(self) -> float: ...
    @property
    def max_usd_per_day(self) -> Decimal: ...
    @property
    def limits(self) -> Limits:
        """All that may be spent, for the one use case that spends."""

    @property
    def first_wait_seconds(self) -> int: ...
    @property
    def settle_seconds(self) -> int: ...
    @property
    def sweep_window_hours(self) -> float: ...
    @property
    def half_wait_minutes(self) -> float: ...
