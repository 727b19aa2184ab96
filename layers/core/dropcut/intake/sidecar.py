"""The JSON beside the clip: its fields, and every problem that it can have, found at once and told in words.

Field names are the provider's own, so the JSON of its documentation, less `video_url`, is a valid sidecar. Limits:
Kling's and Segmind's published ones (prompt 1 to 2500 characters; at most four images and elements with a video).
"""

from __future__ import annotations

import difflib
import json
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from dropcut.domain.keys import code_point
from dropcut.domain.pricing import whole_seconds
from dropcut.domain.text import quote
from dropcut.intake.problem import Problem
from dropcut.intake.strict_json import NotStrictJson, parse_strict, step

MAX_BYTES = 64 * 1024
LONGEST_TYPO = 40  # characters; nobody mistypes a field's name or value at greater length
MAX_REFERENCES = 4  # images plus elements, when a video is supplied (Kling, Omni-Video)


def _https(url: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise ValueError("cannot be read as an address|write it as https://host/path") from None
    if parts.scheme != "https" or not parts.hostname or "." not in parts.hostname:
        raise ValueError("must be an https address that anybody can open|put the image on a public https address")
    if parts.username is not None or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise ValueError("has characters that do not belong in an address|write it percent-encoded, without a password")
    if re.search(r"[?&](x-amz-|x-goog-|signature=|sig=)", url, re.IGNORECASE):
        raise ValueError("is a signed address, which is a secret|use a public address that is not signed")
    return url


CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # Unicode's Cc, less tab, line feed, carriage return
Https = Annotated[str, Field(max_length=2048), AfterValidator(_https)]
Duration = Literal["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]


class Element(BaseModel):
    """A subject to place into the video, shown from the front and, if wished, from other sides."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    frontal_image_url: Https = Field(
        description="The subject from the front; https, jpg or png, sides of 300 px or more."
    )
    reference_image_urls: list[Https] = Field(default=[], max_length=3, description="Up to three further views of it.")


def _plain_text(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank|say what should change in the clip")
    if found := CONTROL.search(text):
        character = f"the control character {code_point(found[0])}"
        raise ValueError(f"has {character}|take it out; line breaks and tabs may stay")
    return text


class Sidecar(BaseModel):
    """What the person who drops a clip asks for."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="Dropcut sidecar")

    prompt: Annotated[str, AfterValidator(_plain_text)] = Field(
        min_length=1, max_length=2500,
        description="The edit, in words. @Image1 and @Element1 name the first entry of image_urls and of elements.",
    )  # fmt: skip
    mode: Literal["std", "pro"] = Field("pro", description="std gives 720p ($0.315 a second), pro 1080p ($0.42).")
    duration: Duration | None = Field(
        None,
        description="Seconds, as text. Left out, it is the clip's own length, which the output keeps in any case.",
    )
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = Field(
        "16:9", description="Sent as it is; an edit keeps the clip's own shape."
    )
    keep_audio: bool = Field(False, description="Keep the clip's sound in the output.")
    image_urls: list[Https] = Field(default=[], description="Reference images: https, jpg or png, 300 px or more.")
    elements: list[Element] = Field(default=[], description="Subjects to place into the video.")
    shot_type: Literal["customize"] | None = Field(None, description="The provider's only value that suits an edit.")
    rerun: int = Field(0, ge=0, le=1000, description="Raise it to buy the very same edit once more, on purpose.")

    def request(self, clip_seconds: float) -> dict[str, Any]:
        """The provider's request body less `video_url`, with every default written out."""
        body = self.model_dump(mode="json", exclude={"rerun"}, exclude_none=True)
        body.setdefault("duration", str(whole_seconds(clip_seconds)))
        return {name: value for name, value in body.items() if value != []}


def read_sidecar(raw: bytes) -> tuple[Sidecar | None, list[Problem]]:
    """Parse a sidecar's bytes. Gives the sidecar, or None and everything that is wrong with it."""
    if len(raw) > MAX_BYTES:
        return None, [
            Problem("", f"{len(raw)} bytes", "is larger than 64 KB", "keep only the prompt and its parameters")
        ]
    try:
        document = parse_strict(raw)
    except NotStrictJson as wrong:
        # Without a pointer the value is a place in the file, not something that stands there.
        return None, [Problem(at, _show(value) if at else value, what, fix) for at, value, what, fix in wrong.findings]
    if not isinstance(document, dict):
        return None, [Problem("", _show(document), "is not a JSON object", 'write {"prompt": "..."}')]
    try:
        sidecar = Sidecar.model_validate(document)
    except ValidationError as wrong:
        return None, [_in_words(error) for error in wrong.errors(include_url=False)] + _token_problems(document)
    problems = _token_problems(document)
    return (None, problems) if problems else (sidecar, [])


def _token_problems(document: dict[str, Any]) -> list[Problem]:
    """@Image and @Element must name something that is there, and there may be four of them in all."""
    images, elements = (document.get(field) for field in ("image_urls", "elements"))
    counts = {
        "Image": len(images) if isinstance(images, list) else 0,
        "Element": len(elements) if isinstance(elements, list) else 0,
    }
    problems = []
    if sum(counts.values()) > MAX_REFERENCES:
        found = f"{counts['Image']} images and {counts['Element']} elements"
        problems.append(
            Problem("/image_urls", found, "are more than four together", "keep at most four images and elements")
        )
    prompt = document.get("prompt")
    for kind, number in dict.fromkeys(re.findall(r"@(Image|Element)(\d+)", prompt if isinstance(prompt, str) else "")):
        if not 1 <= int(number[:6]) <= counts[kind]:
            field = "image_urls" if kind == "Image" else "elements"
            there = f"there is no number {number[:6]} in {field}, which has {counts[kind]}"
            problems.append(Problem("/prompt", f"@{kind}{number[:6]}", there, f"add it to {field} or take it out"))
    return problems


def unused_references(request: dict[str, Any]) -> list[str]:
    """Warnings: images and elements that the prompt never names are easily misunderstood by the model."""
    named = set(re.findall(r"@(?:Image|Element)\d+", request["prompt"]))
    there = [f"@Image{n + 1}" for n in range(len(request.get("image_urls", [])))]
    there += [f"@Element{n + 1}" for n in range(len(request.get("elements", [])))]
    return [f"{name} is given but the prompt never names it" for name in there if name not in named]


def _show(value: Any) -> str:
    """A value as JSON, at most 80 characters, without the secrets that somebody may have put there."""
    return quote(json.dumps(value, ensure_ascii=False, default=str), 80)


def _in_words(error: Any) -> Problem:
    """One of pydantic's findings as a Problem."""
    pointer = "".join(map(step, error["loc"]))
    kind, context, value = error["type"], error.get("ctx", {}), _show(error["input"])
    name = str(error["loc"][-1]) if error["loc"] else ""
    if kind == "missing":
        return Problem(pointer, "", "is missing", f"add {json.dumps(name)}")
    if kind == "extra_forbidden":
        return Problem(pointer, _show(name), "is not a known field", _nearest_field(error["loc"]))
    if kind == "literal_error":
        expected = context["expected"]
        return Problem(pointer, value, _one_of(expected), _literal_fix(error["input"], name, expected))
    if kind == "value_error":
        what, _, fix = str(context["error"]).partition("|")
        return Problem(pointer, value, what, fix)
    if kind == "string_too_short":
        return Problem(pointer, value, "is empty", FIXES[kind])
    if kind == "string_too_long":
        value, error["msg"] = f"{len(error['input'])} characters", f"is longer than {context['max_length']} characters"
    return Problem(pointer, value, _plain(error["msg"]), FIXES.get(kind, "see the table of fields in README.md"))


FIXES = {
    "string_too_long": "shorten it",
    "string_too_short": "say what should change in the clip",
    "string_type": "write it as text, in quotes",
    "bool_type": "write true or false, without quotes",
    "list_type": 'write a list: ["https://..."]',
    "int_type": "write a whole number, without quotes",
    "greater_than_equal": "write a whole number from 0 to 1000",
    "less_than_equal": "write a whole number from 0 to 1000",
    "too_long": "keep the best ones",
}


PLAIN = {
    "Input should be": "must be",
    "String should have": "must have",
    "List should have": "must have",
    " after validation": "",
    "a valid boolean": "true or false",
    "a valid list": "a list",
    "a valid string": "text",
    "a valid integer": "a whole number",
    "greater than or equal to 0": "0 or more",
    "less than or equal to 1000": "1000 or less",
}


def _nearest_field(loc: tuple[Any, ...]) -> str:
    name, known = str(loc[-1]), Element.model_fields if len(loc) > 1 else Sidecar.model_fields
    if name == "video_url":
        return "take it out: the clip beside the sidecar is the video"
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5) if len(name) <= LONGEST_TYPO else []
    return f"if you mean {json.dumps(near[0])}, write that" if near else f"known fields: {', '.join(known)}"


def _one_of(expected: str) -> str:
    """pydantic quotes as Python does; JSON takes double quotes only."""
    return "must be " + expected.replace("'", '"')


def _literal_fix(value: Any, name: str, expected: str) -> str:
    if name == "duration" and isinstance(value, int) and not isinstance(value, bool) and 3 <= value <= 15:
        return f'write it as text: "{value}"'
    if isinstance(value, str) and len(value) <= LONGEST_TYPO:
        near = difflib.get_close_matches(value.strip().lower(), re.findall(r"'([^']*)'", expected), n=1, cutoff=0.6)
        if near and (near[0] == value.strip().lower() or value.strip().isalpha()):  # "21:9" is no typo of "16:9"
            return f'if you mean "{near[0]}", write that'
    return "write one of these values, in quotes, or leave it out"


def _plain(message: str) -> str:
    """pydantic's own words, less the word "Input" that means nothing to the reader."""
    for theirs, ours in PLAIN.items():
        message = message.replace(theirs, ours)
    return message
