"""The values that the product is made of. All are frozen; money is Decimal US dollars, times are epoch seconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from dropcut.domain.keys import OutboxKeys, outbox_keys


class State(StrEnum):
    """Where an edit stands in the ledger. Only PREPARED, RESERVED and FAILED prove that nothing was bought."""

    PREPARED = "PREPARED"  # understood and priced; nothing reserved
    RESERVED = "RESERVED"  # an attempt is open and its money reserved; nothing sent
    SUBMITTING = "SUBMITTING"  # the intent is written: from here on the POST may have left
    SUBMITTED = "SUBMITTED"  # the provider answered with a request id
    COMPLETED = "COMPLETED"  # the provider is done and has charged
    DELIVERED = "DELIVERED"  # the output lies in the outbox
    FAILED = "FAILED"  # its last attempt is proven unpaid, unless `charged_usd` or the cause says otherwise
    IN_DOUBT = "IN_DOUBT"  # sent, outcome unknown, the history does not know: looked for again, or a person decides
    UNDELIVERED = "UNDELIVERED"  # paid, could not be copied: held for a person
    ABANDONED = "ABANDONED"  # a person gave up on it; what it may have cost stays counted


class Cause(StrEnum):
    """What follows from a reason, where more does than its words say. The words are for people alone."""

    CHARGED = "CHARGED"  # the provider failed it and charged for it all the same: there is no file
    UNCONFIRMED = "UNCONFIRMED"  # failed, and free by the provider's status alone: nothing more is bought by itself
    CALLED_OFF = "CALLED_OFF"  # its files were deleted before it was sent: there is nothing to mend
    NOT_BILLED = "NOT_BILLED"  # a person said so of an edit in doubt: there is nothing to mend
    NOT_THE_FILES = "NOT_THE_FILES"  # nobody has to change them: they may be dropped again as they are


class Ending(StrEnum):
    """How an execution ends that has something to say: the state machine asks for it when it is said."""

    DELIVERED = "delivered"
    UNCHANGED = "unchanged"  # nothing was bought, and nothing is wrong
    REJECTED = "rejected"
    FAILED = "failed"  # the state of the edit says what is known about the money

    def document(self, notice: Notice, **more: Any) -> dict[str, Any]:
        """Return `$.ending`."""
        return {"how": self, "notice": notice.as_json(), **more}


OPEN = frozenset({State.RESERVED, State.SUBMITTING, State.SUBMITTED, State.COMPLETED})
HELD = frozenset({State.IN_DOUBT, State.UNDELIVERED})


def known_fields(kind: type, document: dict[str, Any]) -> dict[str, Any]:
    """What this version knows of a stored value: a later one may have written more before it was rolled back."""
    return {field.name: document[field.name] for field in fields(kind) if field.name in document}


@dataclass(frozen=True, kw_only=True)
class Drop:
    """One arrival: a clip and its sidecar at these versions. It is the input of the state machine."""

    drop_id: str
    bucket: str
    clip_key: str
    clip_version: str = ""
    sidecar_key: str = ""
    sidecar_version: str = ""
    dropped_at: float = 0.0  # when the later of the two was uploaded: of two drops, which is the newer
    settle_seconds: int = 0  # how long to wait for the other half to be replaced too

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def outbox(self) -> OutboxKeys:
        """Where everything about the clip lands, unless somebody else's object lies there."""
        return outbox_keys(self.clip_key)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Drop:
        return cls(**known_fields(cls, document))


@dataclass(frozen=True, kw_only=True)
class Clip:
    """What was learned from the clip's bytes."""

    size: int = 0  # bytes
    sha256: str = ""
    container: str = ""  # "MPEG-4" or "QuickTime", as MediaInfo names them
    seconds: float = 0.0  # of the picture, as its headers say
    width: int = 0  # pixels as shown: release 0.1.0 wrote them as stored
    height: int = 0
    fps: float = 0.0
    has_audio: bool = False
    # None where release 0.1.0 wrote the row, which did not know them.
    longest_seconds: float | None = None  # of everything in it, however its headers are read
    rotation: int | None = None  # degrees clockwise by which a player turns the stored picture
    pixel_aspect_ratio: float | None = None  # width of a stored pixel to its height
    interlaced: bool | None = None

    @property
    def longest(self) -> float:
        """Seconds that may have to be paid."""
        return max(self.seconds, self.longest_seconds or 0.0)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Clip:
        return cls(**known_fields(cls, document))


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notification in its envelope, as SNS is given it."""

    event_id: str
    status: str
    folder: str  # "/" for the top of the inbox, since SNS refuses empty attributes
    subject: str
    message: dict[str, str]  # `default` for machines, `email` for people
    row: dict[str, str] = field(default_factory=dict)  # the key of the row that has it on record; empty for none

    def as_json(self) -> dict[str, Any]:
        """For the state machine, which publishes it and then notes in its row that it was sent."""
        told = {name: value for name, value in asdict(self).items() if name != "row"}
        return {**self.row, **told}

    def unsent(self) -> dict[str, Any]:
        """The attributes of an edit whose end it tells, until it is sent."""
        return {"notice": self, "event_id": self.event_id, "notified_at": None}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Notice:
        row = {str(name): str(document[name]) for name in ("pk", "sk") if name in document}
        texts = {name: document.get(name, "") for name in ("event_id", "status", "folder", "subject")}
        return cls(**texts, message=document.get("message", {}), row=row)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One thing to buy, as the ledger remembers it. `attempt` counts from 1; 0 means that none was opened."""

    edit_id: str
    state: State
    drop: Drop
    clip: Clip
    request: dict[str, Any]  # the provider's body less `video_url`
    estimated_usd: Decimal
    warnings: tuple[str, ...] = ()
    rerun: int = 0
    attempt: int = 0
    owner: str = ""  # the drop whose execution carries it
    execution: str = ""  # the execution's name, where it is not the drop's id: it was taken up again
    reserved_day: str = ""  # the day whose counter holds the reservation
    sent_at: float | None = None
    request_id: str | None = None
    vouched_by: str | None = None  # whoever adopted that request without proof that it is this attempt's
    submitted_at: float | None = None
    completed_at: float | None = None
    charged_usd: Decimal | None = None
    delayed_since: float | None = None  # waits for a limit or for credits; nothing is open
    delayed_by: str | None = None  # a Delay
    reason: str | None = None  # why it failed or is held
    cause: Cause | None = None  # of that reason
    candidates: tuple[str, ...] = ()  # request ids that may be this attempt's, for a person to judge
    output: dict[str, Any] | None = None  # bucket, key, version, etag, bytes, sha256
    notice: Notice | None = None  # about its end, as it was or will be sent
    event_id: str | None = None  # of that message
    notified_at: str | None = None

    @property
    def drift_usd(self) -> Decimal | None:
        """What the provider charged beyond the estimate, once it said; the estimate is the higher reading."""
        return None if self.charged_usd is None else self.charged_usd - self.estimated_usd

    @property
    def carried_drop(self) -> Drop:
        """The drop whose execution carries it: another one of the same files may have described it last."""
        return replace(self.drop, drop_id=self.owner or self.drop.drop_id)

    @property
    def carrier(self) -> str:
        """The name of the execution that carries it, or did last."""
        return self.execution or self.carried_drop.drop_id

    def is_of(self, drop: Drop) -> bool:
        """True unless another drop has it: a newer one of the same files may have prepared it."""
        return self.owner in ("", drop.drop_id)

    def with_warning(self, warning: str) -> Edit:
        return replace(self, warnings=(*self.warnings, warning))


class Delay(StrEnum):
    """Why an edit is not sent yet."""

    SPENDING_OFF = "SPENDING_OFF"
    DAY_LIMIT = "DAY_LIMIT"
    IN_FLIGHT_LIMIT = "IN_FLIGHT_LIMIT"
    CREDITS = "CREDITS"
    BROKEN_OFF = "BROKEN_OFF"  # the step that sends it died, and the ledger proves that it had sent nothing

    @property
    def patience(self) -> str:
        """What it uses up: one patience with this stack's limits together, one with the credits, one with workers."""
        return {Delay.CREDITS: "credits", Delay.BROKEN_OFF: "workers"}.get(self, "limits")

    def goes_on(self, before: str | None) -> bool:
        """Whether it uses up the same patience as the delay before it."""
        return before in {delay for delay in Delay if delay.patience == self.patience}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What may be spent. The ledger holds to the first two in the transaction that opens an attempt."""

    usd_per_day: Decimal
    in_flight: int
    spending: bool = True
    credit_wait_hours: float = 24.0


UNVERSIONED = "null"  # S3's name for the one version of an object that was uploaded while none were kept


@dataclass(frozen=True, kw_only=True)
class ObjectFacts:
    """What S3 says about an object without giving it away."""

    key: str
    version: str  # UNVERSIONED on a bucket that keeps no versions
    etag: str
    size: int
    modified: float
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The provider's answer about one request. `status` is its own word, or "GONE" for 404."""

    status: str
    error: str = ""
    charged_usd: Decimal | None = None
    result_url: str | None = field(default=None, repr=False)  # public but unguessable: never logged


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One request in the provider's history, whatever envelope it came in."""

    request_id: str
    video_url_path: str  # without scheme, host and query; "" where it cannot be read
    progress: Progress
    model: str = ""
    prompt: str = ""  # perhaps cut
    created_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A drop or an edit that nobody has touched for a while, and the execution that should be at it."""

    row: dict[str, str]  # the key of its row
    drop: Drop
    edit_id: str | None
    execution: str


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """An edit that is IN_DOUBT, and how often it was looked for since."""

    edit_id: str
    looks: int = 0


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A row that somebody has to look at, and that this version of the code cannot read."""

    row: dict[str, str]  # its key
    why: str


@dataclass(frozen=True, kw_only=True)
class Half:
    """One file whose partner has not come."""

    bucket: str
    key: str
    version: str
    since: float
