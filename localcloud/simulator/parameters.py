"""What the model refuses in a request's parameters, before it looks at the clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.simulator.rates import DURATIONS, MODES
from localcloud.simulator.settings import Settings

MAX_REFERENCES = 4  # images and elements together, beside a video
MAX_PROMPT = 2500
ENUMS = {"mode": MODES, "aspect_ratio": ("16:9", "9:16", "1:1"), "duration": DURATIONS}


class GenerationFailed(Exception):
    """The request ran and failed; the text is what the customer reads."""


def enum_problem(body: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a parameter of a fixed set, if anything; the wording is a guess."""
    for name, allowed in ENUMS.items():
        if name in body and body[name] not in allowed:
            return f"Invalid value {body[name]!r} for parameter '{name}'. Allowed values: {', '.join(allowed)}"
    return None


def check_parameters(body: Mapping[str, Any], settings: Settings) -> None:
    """Refuse what the model refuses without looking at the clip; raises GenerationFailed."""
    prompt = body.get("prompt")
    if not prompt or not isinstance(prompt, str):
        raise GenerationFailed("Prompt is required for video generation.")
    if len(prompt) > MAX_PROMPT:
        raise GenerationFailed(f"Validation error: prompt must be at most {MAX_PROMPT} characters, got {len(prompt)}.")
    if settings.moderation_word and settings.moderation_word.lower() in prompt.lower():
        raise GenerationFailed(
            "The request was rejected: failure to pass the content risk control of the platform (1301)."
        )
    if problem := enum_problem(body):
        raise GenerationFailed(f"Validation error: {problem}")
    references = [*list_of(body, "image_urls"), *list_of(body, "elements")]
    if len(references) > MAX_REFERENCES:
        total = len(references)
        raise GenerationFailed(
            f"Validation error: images and elements must be at most {MAX_REFERENCES} with a video, got {total}."
        )
    require_web_address(body.get("video_url"))


def require_web_address(url: object) -> None:
    """Refuse what is no http(s) URL, in the words of a live service; raises GenerationFailed."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise GenerationFailed("Reference media rejected: URL must be a valid HTTP or HTTPS URL.")


def list_of(body: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list parameter, empty if it is not given; raises GenerationFailed."""
    value = body.get(name) or []
    if not isinstance(value, list):
        raise GenerationFailed(f"Validation error: {name} must be a list.")
    return value
