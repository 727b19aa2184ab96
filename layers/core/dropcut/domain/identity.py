"""Names of drops, edits and attempts: SHA-256 in hex, since a key may be 1,024 bytes of anything."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(*parts: Any) -> str:
    """SHA-256 in hex over a canonical JSON list: no two different lists give the same text."""
    return hashlib.sha256(canonical(list(parts)).encode("ascii")).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces, ASCII only: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def drop_id(bucket: str, clip_key: str, clip_version: str, sidecar_key: str, sidecar_version: str) -> str:
    """Names one arrival, and the execution that handles it (64 characters; Step Functions allows 80)."""
    return digest("drop", bucket, clip_key, clip_version, sidecar_key, sidecar_version)


def edit_id(bucket: str, clip_key: str, clip_sha256: str, request: dict[str, Any], rerun: int) -> str:
    """Names one thing to buy.

    The bytes of the clip count, not its ETag (which depends on part sizes and encryption) and not its version: the
    same files dropped again are the same edit.
    """
    return digest("edit", bucket, clip_key, clip_sha256, request, rerun)


def mark(edit: str, attempt: int, suffix: str = ".mp4") -> str:
    """The workroom key of an attempt's frozen clip.

    The provider has no idempotency key and no metadata field (provider docs, async inference), so this path, seen in
    the provider's request history as part of `video_url`, is how a lost submission is recognised.
    """
    return f"{edit}/{attempt}/clip{suffix.lower()}"
