"""Fetches what a request names, as the provider does: over http, in time, and not too much of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from localcloud.simulator.generations import without_query
from localcloud.simulator.parameters import GenerationFailed

CONNECT_SECONDS = 5
PIECE_BYTES = 256 * 1024


def download(url: str, path: Path, *, seconds: float, most_bytes: int, kind: str) -> str:
    """Write what lies under ``url`` to ``path`` and return its sha256; ``kind`` is "video" or "image".

    Raises GenerationFailed. "Reference media rejected" is what a live service said of a URL; the rest is a guess.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            for piece in _pieces(url, seconds):
                size += len(piece)
                if size > most_bytes:
                    limit = most_bytes // 1_000_000
                    raise GenerationFailed(f"Validation error: {kind} file size must be at most {limit}MB.")
                digest.update(piece)
                file.write(piece)
    except (requests.RequestException, ValueError) as error:  # ValueError: a URL that cannot be read at all
        reason = type(error).__name__
        raise GenerationFailed(f"Reference media rejected: could not fetch {without_query(url)} ({reason}).") from None
    return digest.hexdigest()


def _pieces(url: str, seconds: float) -> Iterator[bytes]:
    deadline = time.monotonic() + seconds
    with requests.get(url, stream=True, timeout=(CONNECT_SECONDS, seconds)) as response:
        if response.status_code != 200:
            shown, status = without_query(url), response.status_code
            raise GenerationFailed(f"Reference media rejected: could not download {shown} (HTTP {status}).")
        for piece in response.iter_content(PIECE_BYTES):
            if time.monotonic() > deadline:
                raise GenerationFailed(f"Reference media rejected: download timed out after {seconds:g}s.")
            yield piece
