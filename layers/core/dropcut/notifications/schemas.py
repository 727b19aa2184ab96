"""The JSON documents that leave the product: manifest, error file, notification. Their schemas are published from here.

Times are ISO 8601 in UTC with a Z, money is US dollars, sizes are bytes, lengths are seconds. These are plain
dataclasses, since pydantic, which makes the schemas of them, is slow to import and most functions only write documents.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from dropcut.domain.pricing import MODEL

Status = Literal[
    "DELIVERED",
    "RESTORED",
    "UNCHANGED",
    "REJECTED",
    "FAILED",
    "IN_DOUBT",
    "FOUND",
    "UNDELIVERED",
    "ABANDONED",
    "DELAYED",
    "OVERDUE",
    "WAITING",
    "LEFT_ALONE",
]


@dataclass(frozen=True, kw_only=True)
class Document:
    """Readers ignore fields that they do not know, so that a later version may add some."""

    def as_text(self) -> str:
        """JSON on one line, for a message."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    def as_file(self) -> str:
        """The text of a file, for people and for programs: indented, and with an end to its last line."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, kw_only=True)
class S3Object(Document):
    """An object in S3."""

    bucket: str
    key: str
    version_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source(Document):
    """The clip as it was probed; null where it could not be read. `width` and `height` are as a player shows it."""

    clip: S3Object
    sidecar: S3Object
    size: int | None = None
    sha256: str | None = None
    container: str | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    has_audio: bool | None = None
    longest_seconds: float | None = None
    rotation: int | None = None
    pixel_aspect_ratio: float | None = None
    interlaced: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Cost(Document):
    """`estimated_usd` is the higher reading of the price; `charged_usd` is the provider's word, null until it said
    so.
    """

    estimated_usd: float
    charged_usd: float | None


@dataclass(frozen=True, kw_only=True)
class Times(Document):
    submitted_at: str | None
    completed_at: str | None
    delivered_at: str | None


@dataclass(frozen=True, kw_only=True)
class Output(Document):
    video: S3Object
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest(Document):
    """Lies beside the output and is written last: whoever sees it can rely on the video."""

    __pydantic_config__: ClassVar = {"title": "Dropcut manifest"}

    version: Literal[1] = 1
    status: Literal["DELIVERED"] = "DELIVERED"
    edit_id: str
    drop_id: str
    source: Source
    model: str = MODEL
    request: dict[str, Any] = field(
        metadata={"description": "What was sent to the provider, defaults included, less video_url."}
    )
    request_id: str
    attempt: int
    cost: Cost
    times: Times
    output: Output
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProblemLine(Document):
    """`field` is a JSON pointer into the sidecar, or `clip`, or `drop`."""

    field: str
    value: str
    problem: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Notification(Document):
    """What happened to a drop. The message to machines; `event_id` is the same however often it is sent."""

    __pydantic_config__: ClassVar = {"title": "Dropcut notification"}

    version: Literal[1] = 1
    event_id: str
    status: Status
    folder: str
    clip: S3Object | None
    sidecar: S3Object | None
    edit_id: str | None = None
    drop_id: str | None = None
    summary: str
    what_to_do: str
    problems: tuple[ProblemLine, ...] = ()
    more_problems: int = field(
        default=0, metadata={"description": "How many were left out here; the error file has more."}
    )
    warnings: tuple[str, ...] = ()
    output: S3Object | None = None
    manifest: S3Object | None = None
    error: S3Object | None = None
    cost: Cost | None = None
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ErrorFile(Document):
    """Lies where the result would have been."""

    __pydantic_config__: ClassVar = {"title": "Dropcut error file"}

    version: Literal[1] = 1
    status: Status
    summary: str
    what_to_do: str
    problems: tuple[ProblemLine, ...]
    more_problems: int = field(
        default=0, metadata={"description": "How many were left out: the file has at most 200, and 256 KB."}
    )
    edit_id: str | None
    drop_id: str
    source: Source
    request_id: str | None
    cost: Cost | None
