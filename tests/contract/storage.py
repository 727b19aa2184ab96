"""Buckets to be examined, the fake ones and those of S3 alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dropcut.ports import Files

ODD_KEYS = [
    "beach.mp4", "a b/50%+1 & more.mp4", "%2Fbeach%20.mp4", "旅行/海辺 🏖.mp4", "line\nbreak.mp4", "a//b.mp4",
    "x" * 900 + ".mp4", "f" * 500 + "/" + "x" * 519 + ".mp4", "plus+and'quote\".mp4",
]  # fmt: skip


@dataclass
class Storage:
    files: Files
    put: Callable[..., str]  # bucket, key, data, **metadata -> version

    def body(self, bucket: str, key: str) -> bytes | None:
        facts = self.files.head(bucket, key)
        return self.files.read(bucket, key, facts.version, 1 << 30) if facts else None

    def etag(self, bucket: str, key: str) -> str:
        facts = self.files.head(bucket, key)
        assert facts
        return facts.etag
