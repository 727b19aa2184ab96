"""MediaInfo's report becomes facts: the size as shown, the longest length, and words for what is no clip."""

from __future__ import annotations

from typing import Any

import pytest

from dropcut.adapters.mediainfo.reader import facts_in

PICTURE = {
    "Duration": "4000", "Source_Duration": "", "Width": "1280", "Height": "720", "FrameRate": "24.000",
    "FrameCount": "96", "Source_FrameCount": "", "Rotation": "0.000", "PixelAspectRatio": "1.000",
    "ScanType": "Progressive",
}  # fmt: skip


def a_report(*more: str, general: str = "MPEG-4|Base Media|4000", **changes: str) -> str:
    return "\n".join([f"General|{general}", "|".join(["Video", *{**PICTURE, **changes}.values()]), *more])


def test_an_ordinary_clip_is_told_with_all_its_facts() -> None:
    assert facts_in(a_report("Audio|4000|4023")) == {
        "container": "MPEG-4", "seconds": 4.0, "longest_seconds": 4.0, "width": 1280, "height": 720, "rotation": 0,
        "pixel_aspect_ratio": 1.0, "interlaced": False, "fps": 24.0, "has_audio": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"Rotation": "90.000"}, (720, 1280)),
        ({"Rotation": "270.000"}, (720, 1280)),
        ({"Rotation": "180.000"}, (1280, 720)),
        ({"Rotation": "-90.000"}, (720, 1280)),
        ({"Width": "1440", "Height": "1080", "PixelAspectRatio": "1.333"}, (1920, 1080)),
        ({"Width": "1440", "Height": "1080", "PixelAspectRatio": "1.333", "Rotation": "90.000"}, (1080, 1920)),
        ({"PixelAspectRatio": ""}, (1280, 720)),
    ],
)
def test_a_size_is_as_a_player_shows_it(changes: dict[str, str], size: tuple[int, int]) -> None:
    facts = facts_in(a_report(**changes))
    assert (facts["width"], facts["height"]) == size


@pytest.mark.parametrize(
    ("scan", "interlaced"), [("Progressive", False), ("Interlaced", True), ("MBAFF", True), ("PAFF", True), ("", False)]
)
def test_an_interlaced_clip_is_told_as_such(scan: str, interlaced: bool) -> None:
    assert facts_in(a_report(ScanType=scan))["interlaced"] is interlaced


SECOND_PICTURE = "|".join(["Video", *{**PICTURE, "Duration": "15000"}.values()])


@pytest.mark.parametrize(
    ("report", "longest"),
    [
        (a_report(), 4.0),
        (a_report(general="MPEG-4|Base Media|9000"), 9.0),
        (a_report(Source_Duration="9000"), 9.0),
        (a_report(Source_Duration="4010"), 4.01),
        (a_report(FrameCount="216"), 9.0),
        (a_report(Source_FrameCount="216"), 9.0),
        (a_report(SECOND_PICTURE), 15.0),
        (a_report("Audio|15000|"), 15.0),
        (a_report("Audio|4000|15000"), 15.0),
        (a_report("Audio|4023|4128"), 4.0),  # the padding of a codec
        (a_report("Other|15000|"), 15.0),
        (a_report("Text|15000|"), 15.0),
        (a_report(FrameRate="", FrameCount=""), 4.0),
    ],
)
def test_the_longest_length_is_that_of_every_reading(report: str, longest: float) -> None:
    facts = facts_in(report)
    assert (facts["seconds"], facts["longest_seconds"]) == (4.0, longest)


def test_what_an_edit_list_plays_counts_too() -> None:
    assert facts_in(a_report(), 20.0)["longest_seconds"] == 20.0
    assert facts_in(a_report(), 4.0)["longest_seconds"] == 4.0


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        ("", "is not a video"),
        ("General|||\n", "is not a video"),
        ("General|Matroska||4000\n", "is a Matroska file"),
        ("General|MPEG-4|Base Media|4000\nAudio|4000|\n", "has no picture"),
        (a_report(Width=""), "is damaged: its length or size cannot be read"),
        (a_report(Duration="", general="MPEG-4|Base Media|"), "is damaged: its length or size cannot be read"),
    ],
)
def test_what_is_no_clip_is_told_in_words(report: str, problem: str) -> None:
    assert facts_in(report) == {"problem": problem}


@pytest.mark.parametrize(
    ("changes", "fact", "value"),
    [
        ({"Duration": "4004.000000"}, "seconds", 4.004),
        ({"FrameRate": "25.000 / 50.000"}, "fps", 25.0),
        ({"FrameRate": ""}, "fps", 24.0),
        ({"FrameRate": "", "FrameCount": ""}, "fps", 0.0),
    ],
)
def test_numbers_are_read_in_every_way_that_mediainfo_writes_them(
    changes: dict[str, str], fact: str, value: Any
) -> None:
    assert facts_in(a_report(**changes))[fact] == value
