"""The JSON documents that leave the product: manifest, error file, notification. Their schemas are published from here.

Times are ISO 8601 in UTC with a Z, money is US dollars, sizes are bytes, lengths are seconds.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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


class Document(BaseModel):
    """Readers ignore fields that they do not know, so that a later version may add some."""

    model_config = ConfigDict(frozen=True)

    def as_file(self) -> str:
        """The text of a file, for people and for programs: indented, and with an end to its last line."""
        return self.model_dump_json(indent=2) + "\n"


class Place(Document):
    """An object in S3."""

    bucket: str
    key: str
    version_id: str | None = None


class Source(Document):
    """The clip as it was probed; null where it could not be read. `width` and `height` are as a player shows it."""

    clip: Place
    sidecar: Place
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


class Cost(Document):
    """`estimated_usd` is the higher reading of the price; `charged_usd` is the provider's word, null until it said
    so.
    """

    estimated_usd: float
    charged_usd: float | None


class Times(Document):
    submitted_at: str | None
    completed_at: str | None
    delivered_at: str | None


class Output(Document):
    video: Place
    size: int
    sha256: str


class Manifest(Document):
    """Lies beside the output and is written last: whoever sees it can rely on the video."""

    model_config = ConfigDict(frozen=True, title="Dropcut manifest")

    version: Literal[1] = 1
    status: Literal["DELIVERED"] = "DELIVERED"
    edit_id: str
    drop_id: str
    source: Source
    model: str = MODEL
    request: dict[str, Any] = Field(description="What was sent to the provider, defaults included, less video_url.")
    request_id: str
    attempt: int
    cost: Cost
    times: Times
    output: Output
    warnings: list[str]


class ProblemLine(Document):
    """`field` is a JSON pointer into the sidecar, or `clip`, or `drop`."""

    field: str
    value: str
    problem: str
    fix: str


class Notification(Document):
    """What happened to a drop. The message to machines; `event_id` is the same however often it is sent."""

    model_config = ConfigDict(frozen=True, title="Dropcut notification")

    version: Literal[1] = 1
    event_id: str
    status: Status
    folder: str
    clip: Place | None
    sidecar: Place | None
    edit_id: str | None = None
    drop_id: str | None = None
    summary: str
    what_to_do: str
    problems: list[ProblemLine] = []
    more_problems: int = Field(default=0, description="How many were left out here; the error file has more.")
    warnings: list[str] = []
    output: Place | None = None
    manifest: Place | None = None
    error: Place | None = None
    cost: Cost | None = None
    request_id: str | None = None


class ErrorFile(Document):
    """Lies where the result would have been."""

    model_config = ConfigDict(frozen=True, title="Dropcut error file")

    version: Literal[1] = 1
    status: Status
    summary: str
    what_to_do: str
    problems: list[ProblemLine]
    more_problems: int = Field(default=0, description="How many were left out: the file has at most 200, and 256 KB.")
    edit_id: str | None
    drop_id: str
    source: Source
    request_id: str | None
    cost: Cost | None
