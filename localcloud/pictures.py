"""Shows a clip and its edit next to each other: as a picture, as a video, and in the terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

from localcloud.shape import displayed_size

SECONDS = 120.0  # until an encoder is given up
GAP = 8  # pixels between the two
MOMENT = 0.4  # of the shorter of the two, where the picture is taken
RATE = 30  # frames a second of the video: that of most clips; the edit has 24
SHORTER = {True: 540, False: 960}  # lines of each of the two, where it is wide and where it is tall
SQUARE = "scale=iw*sar:ih,setsar=1"  # the decoder has turned it already
FIT = "scale={0}:{1}:force_original_aspect_ratio=decrease:flags=area,setsar=1,pad={0}:{1}:(ow-iw)/2:(oh-ih)/2"
PAIR = "[0:v]{rate}{even},pad=iw+{gap}:ih:0:0:white[a];[1:v]{rate}{even}[b];[a][b]hstack=shortest=1"
CHARACTER = "\N{UPPER HALF BLOCK}"  # its ink is one pixel, its paper the one below
COLUMNS, ROWS = 60, 17  # at most, of each of the two in the terminal


class PictureFailed(Exception):
    """The encoder refused; the text is its last word."""


def before_after(clip: Path, edit: Path, target: Path) -> None:
    """Make a picture of one moment, before and after; raises PictureFailed."""
    moment = f"{MOMENT * min(seconds_of(clip), seconds_of(edit)):.3f}"
    inputs = ["-ss", moment, "-i", str(clip), "-ss", moment, "-i", str(edit)]
    _encode([*inputs, "-filter_complex", _pair(clip) + "[v]", "-map", "[v]", "-frames:v", "1"], target)


def side_by_side(clip: Path, edit: Path, target: Path) -> None:
    """Make a video of both, with the edit's sound, that plays everywhere; raises PictureFailed."""
    joined = _pair(clip, f"fps={RATE},") + ",format=yuv420p[v]"
    sound = ["-map", "1:a:0?", "-c:a", "aac", "-b:a", "128k"]
    quick = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-movflags", "+faststart"]
    _encode(["-i", str(clip), "-i", str(edit), "-filter_complex", joined, "-map", "[v]", *sound, *quick], target)


def in_terminal(picture: Path, columns: int) -> list[str]:
    """Return before and after for a terminal with true colour, one below the other; raises PictureFailed."""
    head = picture.read_bytes()[16:24]  # of a PNG: width and height
    half, height = (int.from_bytes(head[:4]) - GAP) // 2, int.from_bytes(head[4:])
    wide = min(columns, COLUMNS, 2 * ROWS * half // height)
    high = max(2, 2 * round(wide * height / half / 2))
    parts = [f"crop={half}:{height}:{left}:0,scale={wide}:{high}:flags=area" for left in (0, half + GAP)]
    graph = f"[0]split[l][r];[l]{parts[0]}[a];[r]{parts[1]}[b];[a][b]vstack,format=rgb24"
    pixels = _run(["-i", str(picture), "-filter_complex", graph, "-f", "rawvideo", "-"])
    size = 3 * wide * high
    return [*_half_blocks(pixels[:size], wide), "", *_half_blocks(pixels[size:], wide)]


def _pair(clip: Path, rate: str = "") -> str:
    """Return the filters that lay both side by side in boxes of the clip's shape, whatever shape the edit has."""
    width, height = shape_of(clip)
    lines = SHORTER[width >= height]
    box = FIT.format(2 * round(lines * width / height / 2), lines)
    return PAIR.format(rate=rate, even=f"{SQUARE},{box}", gap=GAP)


def _half_blocks(pixels: bytes, wide: int) -> list[str]:
    colours = [f"{pixels[at]};{pixels[at + 1]};{pixels[at + 2]}" for at in range(0, len(pixels), 3)]
    lines = []
    for top in range(0, len(colours), 2 * wide):
        pairs = zip(colours[top : top + wide], colours[top + wide : top + 2 * wide], strict=True)
        lines.append("".join(f"\x1b[38;2;{ink};48;2;{paper}m{CHARACTER}" for ink, paper in pairs) + "\x1b[0m")
    return lines


def seconds_of(video: Path) -> float:
    """Return the length of a video."""
    from pymediainfo import MediaInfo

    tracks = MediaInfo.parse(str(video)).video_tracks
    return float(tracks[0].duration or 0) / 1000 if tracks else 0.0


def shape_of(video: Path) -> tuple[int, int]:
    """Return the size at which a video is shown; raises PictureFailed."""
    from pymediainfo import MediaInfo

    tracks = MediaInfo.parse(str(video)).video_tracks
    width, height = displayed_size(tracks[0]) if tracks else (0, 0)
    if not (width and height):
        raise PictureFailed(f"{video.name} is no video")
    return width, height


def _encode(arguments: list[str], target: Path) -> None:
    """Write a file whole or not at all."""
    unfinished = target.with_name(f".unfinished-{target.name}")
    try:
        _run([*arguments, str(unfinished)])
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _run(arguments: list[str]) -> bytes:
    """Run the encoder to its end and return what it printed; whatever interrupts it, it does not live on."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
        try:
            made, complaint = encoder.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise PictureFailed(f"the encoder took more than {SECONDS:.0f} s") from None
        finally:
            encoder.kill()
    if encoder.returncode != 0:
        said = complaint.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise PictureFailed(said[0][:200])
    return made
