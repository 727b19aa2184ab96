"""Every switch of the simulated provider, so that a fact that is unknown in reality can be tried both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

SLUG = "kling-o3-video2video-edit"


class SettingRefused(ValueError):
    """A setting does not exist or has a value of the wrong kind."""


@dataclass(frozen=True)
class Settings:
    """How the provider behaves; all durations are provider seconds, which last ``time_scale`` real seconds each."""

    api_key: str = "SG_0123456789abcdef"
    credits: float = 100.0  # US dollars at the start
    free_credits: float = 0.0
    time_scale: float = 1.0
    generation_seconds: float | None = None  # None: about N(200, 60), the latency published for the model
    queue_seconds: float | None = None  # None: mostly a second, at worst thirty
    record_seconds: float = 3600.0  # a request is forgotten so long after it was submitted
    file_seconds: float = 7 * 86400.0  # an output file is deleted so long after it was made
    history_seconds: float = 5.0  # until a row lands in the history; the real delay is unknown
    billed_by: str = "clip"  # "clip" or "duration": both readings of the price are plausible
    no_credits_status: int = 402  # 402 was seen on v2, 406 is documented
    enum_check: str = "submit"  # "submit": 406 at once; "model": accepted, then FAILED
    requests_per_minute: int = 0  # 0: no limit; the real plan's limit is unknown
    min_clip_seconds: float = 3.0
    max_clip_seconds: float = 10.05
    max_clip_bytes: int = 200_000_000
    fetch_seconds: float = 30.0  # real seconds for the download of the clip
    moderation_word: str = "forbidden"
    retired_slugs: str = "kling-o1-video-to-video-edit"  # comma-separated
    seed: int | None = None  # of everything random but ids

    def updated(self, changes: Mapping[str, Any]) -> Settings:
        """Return these settings with ``changes`` made; raises SettingRefused in words."""
        known = {field.name: str(field.type) for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise SettingRefused(f"there is no setting {name!r}; settings: {', '.join(sorted(known))}")
            if not fits(value, known[name]):
                raise SettingRefused(f"{name} must be {known[name]}, not {value!r}")
        result = replace(self, **changes)
        if result.time_scale <= 0:
            raise SettingRefused("time_scale must be above 0")
        if result.billed_by not in ("clip", "duration") or result.enum_check not in ("submit", "model"):
            raise SettingRefused("billed_by is 'clip' or 'duration', enum_check is 'submit' or 'model'")
        return result

    def public(self) -> dict[str, Any]:
        """Return the settings without the key."""
        return {name: value for name, value in asdict(self).items() if name != "api_key"}


def fits(value: object, kind: str) -> bool:
    """Say whether a value from JSON is of the kind that an annotation names."""
    if value is None:
        return "None" in kind
    if isinstance(value, bool):
        return kind == "bool"
    if kind.startswith("float"):
        return isinstance(value, int | float)
    return isinstance(value, int if kind.startswith("int") else str)
