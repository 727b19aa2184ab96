"""S3 keys: what a file in the inbox is, and where everything about it lands in the outbox.

A key is up to 1,024 bytes of anything, so keys are split, never joined to a path.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dropcut.domain.identity import digest

CLIP_SUFFIXES = (".mp4", ".mov")
SIDECAR_SUFFIX = ".json"
OWN_SUFFIXES = (".manifest.json", ".error.json", ".status.json")
MAX_KEY_BYTES = 1024  # S3's own limit, in UTF-8
# XML 1.0, section 2.2. S3 takes a key with such a character, but nobody can parse its answer to a multipart upload,
# which repeats the key: what was paid could not be delivered.
# They are written as what is left out: the long ranges of what is taken would need ten times as long to compile.
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Key(NamedTuple):
    """An S3 key split into `folder` (empty, or ending in "/"), `stem` and `suffix` (as written, dot included)."""

    folder: str
    stem: str
    suffix: str

    @property
    def name(self) -> str:
        return self.stem + self.suffix


def split(key: str) -> Key:
    folder, slash, name = key.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    return Key(folder + slash, stem, dot + suffix) if dot else Key(folder + slash, name, "")


def is_clip(key: str) -> bool:
    parts = split(key)
    return bool(parts.stem) and parts.suffix.lower() in CLIP_SUFFIXES and not parts.name.startswith("_")


def is_sidecar(key: str) -> bool:
    parts = split(key)
    if not parts.stem or parts.suffix.lower() != SIDECAR_SUFFIX or parts.name.startswith("_"):
        return False
    return not parts.name.lower().endswith(OWN_SUFFIXES)


def is_nameless(key: str) -> bool:
    """True for a file called just `.mp4`, `.mov` or `.json`: it has no name that another file could share."""
    parts = split(key)
    return not parts.stem and parts.suffix.lower() in (*CLIP_SUFFIXES, SIDECAR_SUFFIX)


def undeliverable(key: str) -> str | None:
    """The first character for which nothing can be delivered under a key, as U+0001; None where there is none."""
    found = NOT_IN_XML.search(key)
    return code_point(found[0]) if found else None


def code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


class OutboxKeys(NamedTuple):
    """Where everything about one clip lands in the outbox."""

    video: str
    manifest: str
    error: str


def outbox_keys(clip_key: str, distinct: str = "") -> OutboxKeys:
    """`trip/beach.mov` gives `trip/beach.mp4`, `.manifest.json`, `.error.json`; `distinct` is put after the stem.

    A key that would pass S3's limit is shortened at its end and gets a hash instead, so that nothing is lost for the
    length of a name.
    """
    folder, stem, _ = split(clip_key)
    base = folder + stem + (f".{distinct}" if distinct else "")
    room = MAX_KEY_BYTES - len(".manifest.json")
    if len(base.encode()) > room:
        tail = "~" + digest(clip_key, distinct)[:8]
        base = base.encode()[: room - len(tail)].decode(errors="ignore") + tail
    return OutboxKeys(base + ".mp4", base + ".manifest.json", base + ".error.json")


def manifest_beside(video_key: str) -> str:
    """The key of the manifest that lies beside an output."""
    return video_key.removesuffix(".mp4") + ".manifest.json"
