"""Draws small clips with sound, for the demo and the tests: a coast at sunset, with a boat, gulls and a lighthouse."""

from __future__ import annotations

import hashlib
import math
import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg

from localcloud.painting import Picture
from localcloud.scenery import Layer, layers

CACHE = Path(__file__).resolve().parents[1] / ".workshop" / "clips"
VERSION = 4  # part of the cached file's name: raise it when the drawing changes
ENCODE_SECONDS = 120
FINEST = 720  # lines that a fine clip is drawn with at most; a larger one is enlarged, or 4K would take a minute
ENOUGH = 360  # lines that any other is drawn with: a quarter of the work, for those that nobody looks at


class ClipFailed(RuntimeError):
    """The encoder refused; the text is its last word."""


def make_clip(  # noqa: PLR0913 - a clip has that many sides to it
    path: Path | None = None,
    *,
    seconds: float = 4.0,
    width: int = 1280,
    height: int = 720,
    fps: float = 30.0,
    audio: bool = True,
    container: str = "mp4",
    seed: int = 0,
    fine: bool = False,
) -> Path:
    """Return a clip, drawn once and then kept under .workshop/clips; ``path`` gets a copy.

    ``seconds`` may be a fraction, ``container`` is "mp4" or "mov", another ``seed`` gives other bytes;
    ``fine`` is for eyes, and takes four times as long.
    Raises ClipFailed.
    """
    if container not in ("mp4", "mov"):
        raise ValueError(f"container must be mp4 or mov, not {container!r}")
    described = f"{VERSION} {seconds} {width} {height} {fps} {audio} {seed} {fine}"
    name = hashlib.sha256(described.encode()).hexdigest()[:8]
    kept = CACHE / f"coast-{seconds:g}s-{width}x{height}-{fps:g}fps{'' if audio else '-silent'}-{name}.{container}"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".drawing-") as folder:
            drawn = Path(folder) / f"clip.{container}"
            heard = _sound(seed, seconds) if audio else ""
            _draw(drawn, seconds, (width, height), fps, heard, _scene(width, height, seed, fine))
            drawn.replace(kept)
    if path is None:
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(kept.read_bytes())
    return path


def _scene(width: int, height: int, seed: int, fine: bool) -> list[Layer]:
    smaller = min(1.0, (FINEST if fine else ENOUGH) / min(width, height))
    return layers(2 * round(width * smaller / 2), 2 * round(height * smaller / 2), seed)


def _draw(target: Path, seconds: float, size: tuple[int, int], fps: float, heard: str, drawn: list[Layer]) -> None:
    inputs: list[str] = []
    for layer in drawn:
        image = target.with_name(f"{layer.name}.pam")
        image.write_bytes(layer.picture.pam)
        inputs += ["-i", str(image)]
    sound: list[str] = []
    if heard:
        inputs += ["-f", "lavfi", "-i", heard]
        sound = ["-map", f"{len(drawn)}:a", "-c:a", "aac", "-b:a", "96k"]
    frames = max(1, math.floor(seconds * fps + 0.5))
    _encode(
        [*inputs, "-filter_complex", _graph(drawn, size, fps), "-map", "[v]", *sound, "-frames:v", str(frames)], target
    )


def _graph(drawn: list[Layer], size: tuple[int, int], fps: float) -> str:
    """Return the filters that lay the layers over each other: the still ones once, the others anew for each frame."""
    steps, under, forever = [], "", f"loop=loop=-1:size=1:start=0,fps={fps}"
    for number, layer in enumerate(drawn):
        repeated = "" if layer.still else f",{forever}"
        steps.append(f"[{number}:v]{_sized(layer.picture)}{repeated}[l{number}]")
        if under and not layer.still and drawn[number - 1].still:
            steps.append(f"[{under}]{forever}[still]")
            under = "still"
        steps += [f"[{under}][l{number}]{_laid(layer)}[o{number}]"] if under else []
        under = f"o{number}" if under else f"l{number}"
    return ";".join([*steps, f"[{under}]scale={size[0]}:{size[1]}:flags=bicubic,setsar=1,format=yuv420p[v]"])


def _sized(picture: Picture) -> str:
    turned = "transpose=0," if picture.sideways else ""
    size = f"scale={picture.width}:{picture.height}:flags=bicubic+accurate_rnd"
    # Scaled with its colours weighted by their alpha: else edges would take on the black of what is clear.
    return f"format=gbrap,premultiply=inplace=1,{turned}{size},unpremultiply=inplace=1,format=yuva444p"


def _laid(layer: Layer) -> str:
    when = f":enable='{layer.when}'" if layer.when else ""
    # With colours at half the size, as usual, things would move by two pixels at a time.
    return f"overlay=x='{layer.x}':y='{layer.y}':format=yuv444:eval={'init' if layer.still else 'frame'}{when}"


def _sound(seed: int, seconds: float) -> str:
    """Return the sound of the coast: a chord and surf that swell, and five notes as from a harp."""
    root = (196.0, 220.0, 174.61, 246.94)[seed % 4]
    swell = "(0.6+0.4*sin(2*PI*0.25*t-1))"
    chord = "+".join(f"0.06*sin(2*PI*{root * ratio:.2f}*t)" for ratio in (0.5, 0.75, 1, 1.25))
    harp = []
    for number, ratio in enumerate((2, 2.5, 3, 3.333, 2.25)):
        since = f"mod(t+{4 - 0.3 - 0.8 * number:.1f},4)"
        harp.append(f"0.12*sin(2*PI*{root * ratio:.2f}*{since})*exp(-2.6*{since})")
    surf = f"0.14*(random(0)*2-1)*{swell}"
    heard = f"{swell}*({chord})+{'+'.join(harp)}+{surf}"
    end = f"afade=t=in:d=0.15,afade=t=out:st={max(0.0, seconds - 0.4):.2f}:d=0.4"
    return f"aevalsrc='{heard}|{heard}':s=44100:d={seconds},lowpass=f=1500,{end}"


def _encode(arguments: list[str], target: Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-movflags", "+faststart", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=ENCODE_SECONDS, check=False)
    if done.returncode != 0:
        raise ClipFailed(f"the clip could not be drawn: {done.stderr.strip()[-400:]}")
