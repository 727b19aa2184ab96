"""Which clip belongs to which sidecar, judged by names alone. `X.mp4.json` beats `X.json`; suffixes know no case."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence

from dropcut.identity import CLIP_SUFFIXES, SIDECAR_SUFFIX, is_clip, is_sidecar, split
from dropcut.redaction import printable

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


def partner_names(key: str) -> list[str]:
    """What the missing half may be called, the likeliest first."""
    _, stem, _ = split(key)
    if is_clip(key):
        names = [stem + SIDECAR_SUFFIX, split(key).name + SIDECAR_SUFFIX]
        return [name for name in names if is_sidecar(name)]
    return [stem] if is_clip(stem) else [stem + suffix for suffix in CLIP_SUFFIXES]


def why_waiting(key: str, keys: Sequence[str]) -> str:
    """A sentence on what the folder shows about a half that waits, or nothing. A typo is the commonest reason."""
    folder = split(key).folder
    for partner in (folder + name for name in partner_names(key)):
        if partner in keys and is_clip(partner):
            winner = sidecar_of(partner, keys)
            if winner != key:
                return f"{_shown(partner)} has the sidecar {_shown(winner or '')}, which comes first."
            return f"{_shown(partner)} is an output of Dropcut; upload it without its metadata to edit it again."
    wanted = {unicodedata.normalize("NFC", folder + name): name for name in partner_names(key)}
    for other in keys:
        if unicodedata.normalize("NFC", other) in wanted:
            return f"{_shown(other)} looks the same but is written with other Unicode characters."
    nearest = nearest_name(key, keys)
    return f"The nearest name in its folder is {_shown(nearest)}: is there a typo?" if nearest else ""


def _shown(key: str) -> str:
    return printable(split(key).name)


def nearest_name(key: str, keys: Sequence[str]) -> str | None:
    """The file of the folder whose name is most like the missing partner's: a typo is the commonest reason to wait."""
    stem = split(key).stem.lower()
    others = {
        split(other).stem.lower(): other for other in keys if other != key and split(other).folder == split(key).folder
    }
    wanted = [split(other).stem.lower() for other in others.values() if is_clip(other) != is_clip(key)] or list(others)
    near = difflib.get_close_matches(stem, wanted, n=1, cutoff=0.4)
    return others[near[0]] if near else None
