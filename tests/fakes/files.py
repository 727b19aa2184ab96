"""Buckets in memory, with versions, metadata and conditional uploads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dropcut.domain.errors import DeliveryFailed
from dropcut.domain.model import ObjectFacts
from dropcut.ports import Clock, SharedUrl
from tests.fakes.examples import OUTBOX, WORKROOM


@dataclass(frozen=True)
class Stored:
    """One version of an object; `data` is None for a delete marker."""

    version: str
    data: bytes | None
    modified: float
    metadata: dict[str, str] = field(default_factory=dict)
    content_type: str = ""

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.data or b"").hexdigest()}-{self.version}"'


class FakeFiles:
    """`log` has every write in its order."""

    def __init__(self, clock: Clock, shared_seconds: float = 3600) -> None:
        self._clock = clock
        self.shared_seconds = shared_seconds
        self.objects: dict[tuple[str, str], list[Stored]] = {}
        self.log: list[str] = []

    def put(self, bucket: str, key: str, data: bytes, version: str = "", **metadata: str) -> ObjectFacts:
        """What somebody uploads."""
        stored = self._store(bucket, key, data, metadata, version=version)
        return _facts(key, stored)

    def head(self, bucket: str, key: str, version: str | None = None) -> ObjectFacts | None:
        stored = self._find(bucket, key, version)
        return _facts(key, stored) if stored else None

    def keys(self, bucket: str, prefix: str, folder_only: bool = False, most: int | None = None) -> list[str]:
        there = [key for where, key in self.objects if where == bucket and key.startswith(prefix)]
        flat = [key for key in there if not (folder_only and "/" in key.removeprefix(prefix))]
        return sorted(key for key in flat if self._find(bucket, key, None))[:most]

    def listing(self, bucket: str, after: str = "") -> Iterator[tuple[str, float]]:
        for key in self.keys(bucket, ""):
            if key > after:
                yield key, self.objects[bucket, key][-1].modified

    def read(self, bucket: str, key: str, version: str, limit: int) -> bytes:
        return self._data(bucket, key, version)[:limit]

    def stream(self, bucket: str, key: str, version: str) -> Iterator[bytes]:
        data = self._data(bucket, key, version)
        yield from (data[start : start + 100] for start in range(0, len(data), 100))

    def freeze(self, bucket: str, key: str, version: str, workroom_key: str, content_type: str) -> None:
        self._store(WORKROOM, workroom_key, self._data(bucket, key, version), {}, content_type)

    def share(self, workroom_key: str) -> SharedUrl:
        url = f"https://workroom.example/{workroom_key}?X-Amz-Signature=secret"
        return SharedUrl(url, self._clock() + self.shared_seconds)

    def write_json(self, bucket: str, key: str, text: str, metadata: dict[str, str], replaces: str | None) -> bool:
        there = self._find(bucket, key, None)
        if (there.etag if there else None) != replaces:
            return False
        self._store(bucket, key, text.encode(), metadata, "application/json")
        return True

    def delete(self, bucket: str, key: str, seen: str | None = None) -> bool:
        there = self._find(bucket, key, None)
        if seen and (there.etag if there else None) != seen:
            return False
        self.log.append(f"delete {bucket}/{key}")
        if (bucket, key) in self.objects:
            self._store(bucket, key, None, {})
        return True

    def upload(self, key: str, chunks: Iterable[bytes], metadata: dict[str, str], replaces: str | None) -> ObjectFacts:
        data = b"".join(chunks)
        there = self._find(OUTBOX, key, None)
        if (there.etag if there else None) != replaces or not data:
            raise DeliveryFailed("the outbox refused the upload: PreconditionFailed")
        return _facts(key, self._store(OUTBOX, key, data, metadata, "video/mp4"))

    def text(self, bucket: str, key: str) -> str:
        """The newest version of an object as text."""
        return self._data(bucket, key, None).decode()

    def _store(
        self,
        bucket: str,
        key: str,
        data: bytes | None,
        metadata: dict[str, str],
        content_type: str = "",
        version: str = "",
    ) -> Stored:
        versions = self.objects.setdefault((bucket, key), [])
        stored = Stored(version or f"v{len(versions) + 1}", data, self._clock(), metadata, content_type)
        versions.append(stored)
        if data is not None:
            self.log.append(f"write {bucket}/{key}")
        return stored

    def _find(self, bucket: str, key: str, version: str | None) -> Stored | None:
        versions = self.objects.get((bucket, key), [])
        wanted = versions[-1:] if version is None else [stored for stored in versions if stored.version == version]
        return wanted[0] if wanted and wanted[0].data is not None else None

    def _data(self, bucket: str, key: str, version: str | None) -> bytes:
        stored = self._find(bucket, key, version)
        if stored is None or stored.data is None:
            raise FileNotFoundError(f"{bucket}/{key} at {version}")
        return stored.data


def _facts(key: str, stored: Stored) -> ObjectFacts:
    size = len(stored.data or b"")
    return ObjectFacts(
        key=key,
        version=stored.version,
        etag=stored.etag,
        size=size,
        modified=stored.modified,
        metadata=stored.metadata,
    )
