"""Which clip belongs to which sidecar, judged by names alone. `X.mp4.json` beats `X.json`; suffixes know no case.

Anybody who may upload chooses these names. So the work grows with their number and no faster, and only a bounded number
of names of a bounded length is ever compared letter by letter.
"""

from __future__ import annotations

import difflib
import heapq
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from dropcut.domain.keys import CLIP_SUFFIXES, SIDECAR_SUFFIX, is_clip, is_nameless, is_sidecar, split
from dropcut.domain.text import printable

Pair = tuple[str, str]  # clip key, sidecar key
NEARLY_CLIPS = (".webm", ".mkv", ".avi", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp")  # videos, but not mp4 or mov
LONGEST_NAME = 80  # characters; a longer name is not searched for a typo
CLOSELY = 50  # names that are compared letter by letter, which costs up to half a millisecond each


class PairOrHalf(NamedTuple):
    """A clip with its sidecar, or a half that is alone; `uploaded` is the time of the later upload."""

    key: str
    sidecar: str | None
    uploaded: float


def search_prefix(key: str) -> str:
    """What every possible partner's key begins with."""
    folder, stem, _ = split(key)
    end = len(stem)
    while end > 4 and not stem.startswith("_") and stem[end - 4 : end].lower() in CLIP_SUFFIXES:
        end -= 4  # "beach.mp4.json" may belong to "beach.mp4"
    return f"{folder}{stem[:end]}."


def sidecar_of(clip: str, keys: Iterable[str]) -> str | None:
    return _sidecar_in(_sidecars(keys), clip)


def pairs_of(key: str, keys: Sequence[str]) -> list[Pair]:
    """The complete pairs that `key` is part of; none while its other half is missing."""
    sidecars = _sidecars(keys)
    if is_clip(key):
        sidecar = _sidecar_in(sidecars, key)
        return [(key, sidecar)] if sidecar else []
    return [(clip, key) for clip in keys if is_clip(clip) and _sidecar_in(sidecars, clip) == key]


def _sidecars(keys: Iterable[str]) -> dict[str, str]:
    """The sidecar that counts, by its key without the suffix; the usual spelling of the suffix comes first."""
    found: dict[str, str] = {}
    for key in filter(is_sidecar, keys):
        base = _base(key)
        found[base] = min(found.get(base, key), key, key=_spelling)
    return found


def _sidecar_in(sidecars: dict[str, str], clip: str) -> str | None:
    return sidecars.get(clip) or sidecars.get(_base(clip))


def _base(key: str) -> str:
    parts = split(key)
    return parts.folder + parts.stem


def _spelling(sidecar: str) -> tuple[bool, str]:
    return split(sidecar).suffix != SIDECAR_SUFFIX, sidecar


def rivals_of(clip: str, keys: Sequence[str]) -> list[str]:
    """Other clips with this folder and stem: their outputs would have one name."""
    return [key for key in keys if is_clip(key) and key != clip and split(key)[:2] == split(clip)[:2]]


class _Group:
    """The files whose keys differ in the suffix alone: counting upper and lower case, 12 clips and 16 sidecars."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.clips: dict[str, float] = {}
        self.sidecars: dict[str, float] = {}
        self.own: dict[str, tuple[str, float]] = {}  # by clip: the sidecar with its whole name, which comes first


def in_order(listing: Iterable[tuple[str, float]]) -> Iterator[PairOrHalf]:
    """Every complete pair, and every half that is alone, of keys that come in S3's order with their upload times.

    Partners lie between keys that begin alike, so only the groups along the present key are kept: the memory does not
    grow with the inbox.
    """
    open_groups: list[_Group] = []
    for key, uploaded in listing:
        clip = is_clip(key)
        if not clip and not is_sidecar(key):
            if is_nameless(key):
                yield PairOrHalf(key, None, uploaded)
            continue
        base = _base(key)
        while open_groups and not key.startswith(open_groups[-1].base + "."):
            yield from _close(open_groups)
        if not open_groups or open_groups[-1].base != base:
            open_groups.append(_Group(base))
        (open_groups[-1].clips if clip else open_groups[-1].sidecars)[key] = uploaded
    while open_groups:
        yield from _close(open_groups)


def _close(open_groups: list[_Group]) -> Iterator[PairOrHalf]:
    """Take the innermost group away: every key that begins like it has been seen."""
    group = open_groups.pop()
    best = min(group.sidecars, key=_spelling, default=None)
    used = False
    for clip, uploaded in group.clips.items():
        mine = group.own.get(clip) or (best and (best, group.sidecars[best]))
        used = used or bool(mine and mine[0] == best)
        yield PairOrHalf(clip, mine[0], max(uploaded, mine[1])) if mine else PairOrHalf(clip, None, uploaded)
    if best and open_groups and group.base in open_groups[-1].clips:  # "beach.mp4.json" and, around it, "beach.mp4"
        open_groups[-1].own[group.base] = (best, group.sidecars[best])
        used = True
    for sidecar, uploaded in group.sidecars.items():
        if sidecar != best or not used:
            yield PairOrHalf(sidecar, None, uploaded)


def partner_names(key: str) -> list[str]:
    """What the missing half may be called, the likeliest first."""
    _, stem, _ = split(key)
    if is_clip(key):
        names = [stem + SIDECAR_SUFFIX, split(key).name + SIDECAR_SUFFIX]
        return [name for name in names if is_sidecar(name)]
    return [stem] if is_clip(stem) else [stem + suffix for suffix in CLIP_SUFFIXES]


def usual_names(key: str) -> list[str]:
    """The keys that matter to this one's pairs, in the spellings that people and cameras use."""
    base = _base(key)
    clips = [key if is_clip(key) else base, *(base + suffix for suffix in CLIP_SUFFIXES)]
    clips += [
        clip[: -len(suffix)] + suffix.upper() for clip in clips for suffix in CLIP_SUFFIXES if clip.endswith(suffix)
    ]
    names = [name + suffix for name in (base, *clips) for suffix in (SIDECAR_SUFFIX, SIDECAR_SUFFIX.upper())]
    return [name for name in dict.fromkeys([*clips, *names]) if is_clip(name) or is_sidecar(name)]


def why_waiting(key: str, keys: Sequence[str]) -> str:
    """A sentence on what the folder shows about a half that waits, or nothing. A typo is the commonest reason."""
    folder = split(key).folder
    for partner in (folder + name for name in partner_names(key)):
        if partner in keys and is_clip(partner):
            winner = sidecar_of(partner, keys)
            if winner != key:
                return f"{_shown(partner)} has the sidecar {_shown(winner or '')}, which comes first."
            return f"{_shown(partner)} is an output of Dropcut; upload it without its metadata to edit it again."
    for video in _nearly_clips(key, keys):
        return f"{_shown(video)} has a format that Dropcut does not edit: convert it to mp4 or mov and upload that."
    near = [other for other in keys if split(other).folder == folder and len(split(other).name) <= LONGEST_NAME]
    wanted = {unicodedata.normalize("NFC", name) for name in partner_names(key)}
    for other in near:
        if unicodedata.normalize("NFC", split(other).name) in wanted:
            return f"{_shown(other)} looks the same but is written with other Unicode characters."
    nearest = nearest_name(key, near)
    return f"The nearest name in its folder is {_shown(nearest)}: is there a typo?" if nearest else ""


def _nearly_clips(key: str, keys: Iterable[str]) -> Iterator[str]:
    """The videos of another format that a sidecar was written for."""
    base = _base(key)
    for other in keys if is_sidecar(key) else ():
        if other.startswith(base) and split(other).suffix.lower() in NEARLY_CLIPS and base in (other, _base(other)):
            yield other


def _shown(key: str) -> str:
    return printable(split(key).name)


def nearest_name(key: str, keys: Sequence[str]) -> str | None:
    """The file of the folder whose name is most like the missing partner's: a typo is the commonest reason to wait.

    Of many names only the few whose beginnings and ends agree best are compared in full.
    """
    folder, stem, _ = split(key)
    near = [other for other in keys if other != key and split(other).folder == folder]
    near = [other for other in near if len(split(other).stem) <= LONGEST_NAME] if len(stem) <= LONGEST_NAME else []
    fits = is_sidecar if is_clip(key) else is_clip
    others = {split(other).stem.lower(): other for other in filter(fits, near)} or {
        split(other).stem.lower(): other for other in near
    }
    likely = heapq.nlargest(CLOSELY, others, key=lambda other: _ends_shared(stem.lower(), other))
    closest = difflib.get_close_matches(stem.lower(), likely, n=1, cutoff=0.4)
    return others[closest[0]] if closest else None


def _ends_shared(one: str, other: str) -> int:
    """How many characters two names share at their beginnings and at their ends; a typo lies between."""
    return _shared(one, other) + _shared(one[::-1], other[::-1])


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
