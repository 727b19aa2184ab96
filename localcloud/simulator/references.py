"""Reference images and elements: fetched, held against the model's limits, and handed on to be seen in the edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymediainfo import MediaInfo

from localcloud.simulator.downloads import download
from localcloud.simulator.parameters import GenerationFailed, list_of, require_web_address
from localcloud.simulator.settings import Settings

LEAST_SIDE = 300  # pixels
MOST_RATIO = 2.5  # of the longer to the shorter side
MORE_VIEWS = 3  # of one element, beside its frontal image
DEMUXERS = {"JPEG": "jpeg_pipe", "PNG": "png_pipe"}


@dataclass(frozen=True)
class Picture:
    """A reference on the simulator's disk; the demuxer keeps the encoder from taking it for anything else."""

    path: Path
    sha256: str
    demuxer: str


def reference_urls(body: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the name and the images of every reference, images first; raises GenerationFailed in guessed words."""
    found = [(f"image_urls[{n}]", [url]) for n, url in enumerate(list_of(body, "image_urls"))]
    for n, element in enumerate(list_of(body, "elements")):
        name = f"elements[{n}]"
        if not isinstance(element, dict):
            raise GenerationFailed(f"Validation error: {name} must be an object.")
        more = list_of(element, "reference_image_urls")
        if len(more) > MORE_VIEWS:
            raise GenerationFailed(f"Validation error: {name} takes at most {MORE_VIEWS} reference_image_urls.")
        frontal = element.get("frontal_image_url")  # optional, as published
        found.append((name, [*([] if frontal is None else [frontal]), *more]))
    for name, urls in found:
        if not urls:
            raise GenerationFailed(f"Validation error: {name} requires an image.")
        for url in urls:
            require_web_address(url)
    return found


def fetch_pictures(body: Mapping[str, Any], folder: Path, settings: Settings) -> list[Picture]:
    """Fetch and check all references; return the first image of each, which is the one that will be seen."""
    seen: list[Picture] = []
    for name, urls in reference_urls(body):
        pictures = [_fetch(name, url, folder / f"{name}-{n}", settings) for n, url in enumerate(urls)]
        seen.append(pictures[0])
    return seen


def _fetch(name: str, url: str, path: Path, settings: Settings) -> Picture:
    seconds, most = settings.fetch_seconds, settings.max_image_bytes
    digest = download(url, path, seconds=seconds, most_bytes=most, kind="image")
    tracks = MediaInfo.parse(str(path)).image_tracks
    if not tracks or tracks[0].format not in DEMUXERS:
        raise GenerationFailed(f"Unsupported image format: {name} must be a .jpg, .jpeg or .png image.")
    width, height = int(tracks[0].width or 0), int(tracks[0].height or 0)
    if min(width, height) < LEAST_SIDE:
        limit = f"at least {LEAST_SIDE}px"
        raise GenerationFailed(f"Validation error: {name} width and height must be {limit}, got {width}x{height}.")
    if max(width, height) > MOST_RATIO * min(width, height):
        limit = f"between 1:{MOST_RATIO} and {MOST_RATIO}:1"
        raise GenerationFailed(f"Validation error: {name} aspect ratio must be {limit}, got {width}x{height}.")
    return Picture(path, digest, DEMUXERS[tracks[0].format])
