"""Which clip belongs to which sidecar, judged by names alone. `X.mp4.json` beats `X.json`; suffixes know no case."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from dropcut.identity import SIDECAR_SUFFIX, is_clip, is_sidecar, split

Pair = tuple[str, str]  # clip key, sidecar key


def search_prefix(key: str) -> str:
    """What every possible partner's key begins with."""
    folder, stem, _ = split(key)
    while is_clip(folder + stem):  # "beach.mp4.json" may belong to "beach.mp4"
        stem = split(stem).stem
    return f"{folder}{stem}."


def sidecar_of(clip: str, keys: Sequence[str]) -> str | None:
    folder, stem, _ = split(clip)
    for wanted in (clip, folder + stem):
        matches = [key for key in keys if is_sidecar(key) and split(key).folder + split(key).stem == wanted]
        if matches:
            return min(matches, key=lambda key: (split(key).suffix != SIDECAR_SUFFIX, key))
    return None


def pairs_of(key: str, keys: Sequence[str]) -> list[Pair]:
    """The complete pairs that `key` is part of; none while its other half is missing."""
    if is_clip(key):
        sidecar = sidecar_of(key, keys)
        return [(key, sidecar)] if sidecar else []
    return [(clip, key) for clip in keys if is_clip(clip) and sidecar_of(clip, keys) == key]


def rivals_of(clip: str, keys: Sequence[str]) -> list[str]:
    """Other clips with this folder and stem: their outputs would have one name."""
    return [key for key in keys if is_clip(key) and key != clip and split(key)[:2] == split(clip)[:2]]


def nearest_name(key: str, keys: Sequence[str]) -> str | None:
    """The file of the folder whose name is most like the missing partner's: a typo is the commonest reason to wait."""
    stem = split(key).stem.lower()
    others = {
        split(other).stem.lower(): other for other in keys if other != key and split(other).folder == split(key).folder
    }
    wanted = [split(other).stem.lower() for other in others.values() if is_clip(other) != is_clip(key)] or list(others)
    near = difflib.get_close_matches(stem, wanted, n=1, cutoff=0.4)
    return others[near[0]] if near else None
