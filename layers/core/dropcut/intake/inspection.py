"""The document `$.inspection`: what InspectClip found out, for PrepareEdit to judge.

It comes from where hostile bytes are parsed, so it is read like a stranger's: every type and every bound is checked,
and text is cut. A document that fails is a clip that cannot be read; it is never an error.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dropcut.domain.model import Clip

NOT_UNDERSTOOD = "could not be understood; it may be damaged"
MOST_WORDS = 200  # characters of a problem

Seconds = Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)]
Pixels = Annotated[int, Field(gt=0, lt=1_000_000)]


class _Facts(BaseModel):
    """The fields of `Clip`; unknown ones are ignored, since a later release may write more."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    container: Literal["MPEG-4", "QuickTime"]
    seconds: Seconds
    width: Pixels
    height: Pixels
    fps: Annotated[float, Field(ge=0, lt=1e6, allow_inf_nan=False)]
    has_audio: bool
    longest_seconds: Seconds
    rotation: Annotated[int, Field(ge=0, lt=360)]
    pixel_aspect_ratio: Annotated[float, Field(gt=0, lt=1e3, allow_inf_nan=False)]
    interlaced: bool


def read_inspection(document: Any) -> Clip | str:
    """Return the clip's facts, or in words why it is no clip."""
    if not isinstance(document, dict):
        return NOT_UNDERSTOOD
    problem = document.get("problem")
    if isinstance(problem, str) and problem:
        return problem[:MOST_WORDS]
    try:
        return Clip(**_Facts.model_validate(document.get("clip")).model_dump())
    except ValidationError:
        return NOT_UNDERSTOOD
