"""Every switch of the simulated provider, so that a fact that is unknown in reality can be tried both ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

SLUG = "kling-o3-video2video-edit"
CHOICES: dict[str, tuple[str | int, ...]] = {
    "billed_by": ("clip", "duration"),
    "editing": ("real", "copy"),
    "enum_check": ("submit", "model"),
    "no_credits_status": (402, 406),
    "sync_answer": ("bytes", "json"),
    "upload_answer": ("file_urls", "urls"),
}


class SettingRefused(ValueError):
    """A setting does not exist or has a value of the wrong kind."""


@dataclass(frozen=True)
class Settings:
    """How the provider behaves; all durations are provider seconds, which last ``time_scale`` real seconds each."""

    api_key: str = "SG_0123456789abcdef"
    credits: float = 100.0  # US dollars at the start
    free_credits: float = 0.0
    std_usd_per_second: float = 0.315  # autumn 2026: 3 s of std and 15 s of pro
    pro_usd_per_second: float = 0.42  # give the published range of $0.945 to $6.30 exactly
    user_id: str = "7f1c2b9e-0000-4000-8000-000000000001"  # of the account; in the lists of generations
    user_email: str = "customer@example.com"
    time_scale: float = 1.0
    generation_seconds: float | None = None  # None: about N(200, 60), the latency published for the model
    queue_seconds: float | None = None  # None: mostly a second, at worst thirty
    record_seconds: float = 3600.0  # a request is forgotten so long after it was submitted
    file_seconds: float = 7 * 86400.0  # an output file is deleted so long after it was made
    history_seconds: float = 5.0  # until a row lands in the history; the real delay is unknown
    billed_by: str = "clip"  # "clip" or "duration": both readings of the price are plausible
    no_credits_status: int = 402  # v2's: 402 was seen, 406 is documented; v1 always says 406
    enum_check: str = "submit"  # "submit": 406 at once; "model": accepted, then FAILED
    requests_per_minute: int = 0  # 0: no limit; the real plan's limit is unknown
    polls_count: bool = False  # towards that limit; unknown, and a careful client assumes it
    sync_seconds: float = 60.0  # v1 gives up waiting then, with a 504
    sync_answer: str = "bytes"  # of v1: "bytes" of the video, or "json"; the documentation has both
    upload_answer: str = "file_urls"  # or "urls": the documentation has both
    max_body_bytes: int = 70_000_000  # a file of 50 MB as a data URL; the real limit is unknown
    editing: str = "real"  # or "copy": the clip comes back as it is, for load tests with many clips
    min_clip_seconds: float = 3.0
    max_clip_seconds: float = 10.05
    max_clip_bytes: int = 200_000_000
    max_image_bytes: int = 10_000_000
    fetch_seconds: float = 30.0  # real seconds for the download of the clip, and of each image
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
                raise SettingRefused(f"{name} must be {spoken(known[name])}, not {value!r}")
        result = replace(self, **changes)
        if result.time_scale <= 0:
            raise SettingRefused("time_scale must be above 0")
        if negative := [name for name, value in changes.items() if isinstance(value, int | float) and value < 0]:
            raise SettingRefused(f"{negative[0]} must be 0 or more")
        for name, choices in CHOICES.items():
            if getattr(result, name) not in choices:
                raise SettingRefused(f"{name} must be {' or '.join(map(repr, choices))}, not {getattr(result, name)!r}")
        return result

    def usd_per_second(self, mode: str) -> float:
        """Return the rate of a mode."""
        return self.std_usd_per_second if mode == "std" else self.pro_usd_per_second

    def public(self) -> dict[str, Any]:
        """Return the settings without the key."""
        return {name: value for name, value in asdict(self).items() if name != "api_key"}


def fits(value: object, kind: str) -> bool:
    """Say whether a value from JSON is of the kind that an annotation names."""
    if value is None:
        return "None" in kind
    if isinstance(value, bool) or kind == "bool":
        return isinstance(value, bool) and kind == "bool"
    if kind.startswith("float"):
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, int if kind.startswith("int") else str)


def spoken(kind: str) -> str:
    """Return an annotation as a person would say it."""
    words = {"float": "a number", "int": "a whole number", "str": "text", "bool": "true or false", "None": "null"}
    return " or ".join(words[part] for part in kind.split(" | "))
