"""Ask MediaInfo what one clip is, in a process of its own: `python -m dropcut.adapters.mediainfo.reader < clip`.

A C++ library reads a stranger's bytes here, so the process first gives up what it does not need: memory and time beyond
a bound, and, once the library is loaded, every further file and connection. It prints the facts as one line of JSON:
the fields of `dropcut.domain.model.Clip` that MediaInfo knows, or `{"problem": "why this is no clip"}`.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from typing import IO, Any

from dropcut.intake.mp4 import edit_list_seconds

# Bounds of this process. A good clip takes 60 MB of address space beyond Python's own, and a tenth of a second.
MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 10
MOST_ANSWER = 64 * 1024  # bytes; it prints into a file, so the same bound keeps it from filling the disk
LIMITS = {
    "RLIMIT_AS": MEMORY,
    "RLIMIT_CPU": CPU_SECONDS,
    "RLIMIT_FSIZE": MOST_ANSWER,
    "RLIMIT_NPROC": 0,
    "RLIMIT_CORE": 0,
}
NO_MORE_FILES = {"RLIMIT_NOFILE": 0}  # what is open stays usable; nothing takes the place of what is closed

UNUSABLE, UNREADABLE = 3, 4  # exit codes: MediaInfo cannot be loaded; it cannot make sense of these bytes

CONTAINERS = ("MPEG-4", "QuickTime")
# MediaInfo prints one line for each track by this template. Its XML would carry the clip's own texts: megabytes, or
# characters that no XML may hold.
FIELDS = {
    "General": "Format Format_Profile Duration",
    "Video": "Duration Source_Duration Width Height FrameRate FrameCount Source_FrameCount Rotation PixelAspectRatio "
    "ScanType",
    **dict.fromkeys(("Audio", "Text", "Other"), "Duration Source_Duration"),
}
REPORT = "\n".join(
    rf"{kind};{kind}|{'|'.join(f'%{name}%' for name in fields.split())}\n" for kind, fields in FIELDS.items()
)
SOUND_RUNS_ON = 0.25  # seconds that sound may outlast the picture: codecs fill up their last frame and start early


def main() -> int:
    """Print the facts and return 0, or return one of the exit codes above."""
    _limit(LIMITS)
    library = _library()
    if library is None:
        return UNUSABLE
    _limit(NO_MORE_FILES)
    try:
        clip = sys.stdin.buffer
        print(json.dumps(facts_in(_report(library, clip), edit_list_seconds(clip))))
    except Exception:  # noqa: BLE001 - whatever the bytes did to the library, the parent says it in words
        return UNREADABLE
    return 0


def _limit(limits: dict[str, int]) -> None:
    for name, most in limits.items():
        with suppress(AttributeError, ValueError, OSError):  # macOS knows some of them, and enforces fewer
            resource.setrlimit(getattr(resource, name), (most, most))


def _library() -> Any:
    """MediaInfo, loaded, or None where it cannot be."""
    with suppress(ImportError):
        from pymediainfo import MediaInfo

        return MediaInfo if MediaInfo.can_parse() else None
    return None


def _report(library: Any, clip: IO[bytes]) -> str:
    # parse_speed=0 reads the headers only; the default scans the stream, forty times slower.
    return str(library.parse(clip, parse_speed=0, output=REPORT))


def facts_in(report: str, played: float = 0.0) -> dict[str, Any]:
    """Understand MediaInfo's report. `played` is how many seconds the longest edit list plays."""
    tracks = [line.split("|") for line in report.splitlines() if line]
    general = next((values for kind, *values in tracks if kind == "General"), ["", "", ""])
    pictures = [values for kind, *values in tracks if kind == "Video"]
    container, profile, length = general
    if container not in CONTAINERS:
        return {"problem": f"is {'not a video' if not container else f'a {container} file'}"}
    if not pictures:
        return {"problem": "has no picture"}
    duration, _, width, height, rate, frames, _, rotation, aspect, scan = pictures[0]
    seconds = (_number(duration) or _number(length)) / 1000
    if not (seconds and _number(width) and _number(height)):
        return {"problem": "is damaged: its length or size cannot be read"}
    fps = _number(rate) or _number(frames) / seconds
    others = [played, _number(length) / 1000] + [_longest(*values[:2]) for kind, *values in tracks if kind != "General"]
    turned, aspect_ratio = round(_number(rotation)) % 360, _number(aspect) or 1.0
    shown = (round(_number(width) * aspect_ratio), round(_number(height)))
    return {
        "container": "QuickTime" if "QuickTime" in profile else container,
        "seconds": round(seconds, 3),
        "longest_seconds": round(_overall([seconds, *map(_picture_length, pictures)], others), 3),
        "width": shown[turned in (90, 270)],
        "height": shown[turned not in (90, 270)],
        "rotation": turned,
        "pixel_aspect_ratio": round(aspect_ratio, 3),
        "interlaced": scan not in ("", "Progressive"),
        "fps": round(fps, 3),
        "has_audio": any(kind == "Audio" for kind, *_ in tracks),
    }


def _overall(pictures: list[float], others: list[float]) -> float:
    """The longest that anybody could call this clip."""
    picture, other = max(pictures), max(others)
    return other if other > picture + SOUND_RUNS_ON else picture


def _picture_length(values: list[str]) -> float:
    """The longest reading of a picture track; headers can say less than there are frames."""
    duration, source, _, _, rate, frames, source_frames, *_ = values
    counted = max(_number(frames), _number(source_frames)) / (_number(rate) or float("inf"))
    return max(_longest(duration, source), counted)


def _longest(*milliseconds: str) -> float:
    return max(_number(value) for value in milliseconds) / 1000


def _number(text: str) -> float:
    """A value of the report; 0 where there is none. Of several ("25.000 / 50.000"), the first."""
    return float(text.partition(" / ")[0] or 0)


if __name__ == "__main__":
    sys.exit(main())
