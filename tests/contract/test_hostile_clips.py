"""A dozen of the hostile clips, each dropped: refused in words, or priced at its longest reading.

`make hostile` drops them all, the large ones too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.corpus import CORPUS, SHORT, Hostile
from tests.hostile.exam import drop_it


def test_the_corpus_has_at_least_forty_clips_with_a_name_each() -> None:
    names = [clip.name for clip in CORPUS]
    assert len(names) >= 40
    assert len(set(names)) == len(names)
    assert set(names) >= SHORT


@pytest.mark.parametrize("clip", [clip for clip in CORPUS if clip.name in SHORT], ids=lambda clip: clip.name)
def test_a_hostile_clip_ends_as_it_must(clip: Hostile, tmp_path: Path) -> None:
    path = tmp_path / f"{clip.name}.mp4"
    clip.write(path)
    end = drop_it(path)
    assert end.is_as(clip.end), f"{end}, not {clip.end}"
