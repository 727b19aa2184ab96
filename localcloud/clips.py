"""Draws small clips with sound, for the demo and the tests: a coast at sunset, with clouds, hills and a boat."""

from __future__ import annotations

import hashlib
import math
import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg

from localcloud.scenery import layers

CACHE = Path(__file__).resolve().parents[1] / ".workshop" / "clips"
VERSION = 1  # part of the cached file's name: raise it when the drawing changes
ENCODE_SECONDS = 120


class ClipFailed(RuntimeError):
    """The encoder refused; the text is its last word."""


def make_clip(
    path: Path | None = None,
    *,
    seconds: float = 4.0,
    width: int = 1280,
    height: int = 720,
    fps: float = 30.0,
    audio: bool = True,
    container: str = "mp4",
    seed: int = 0,
) -> Path:
    """Return a clip, drawn once and then kept under .workshop/clips; ``path`` gets a copy.

    ``seconds`` may be a fraction, ``container`` is "mp4" or "mov", another ``seed`` gives other bytes.
    Raises ClipFailed.
    """
    if container not in ("mp4", "mov"):
        raise ValueError(f"container must be mp4 or mov, not {container!r}")
    described = f"{VERSION} {seconds} {width} {height} {fps} {audio} {seed}"
    name = hashlib.sha256(described.encode()).hexdigest()[:8]
    kept = CACHE / f"coast-{seconds:g}s-{width}x{height}-{fps:g}fps{'' if audio else '-silent'}-{name}.{container}"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".drawing-") as folder:
            drawn = Path(folder) / f"clip.{container}"
            _draw(drawn, seconds, (width, height), fps, audio, seed)
            drawn.replace(kept)
    if path is None:
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(kept.read_bytes())
    return path


def _draw(target: Path, seconds: float, size: tuple[int, int], fps: float, audio: bool, seed: int) -> None:
    width, height = size
    drawn = layers(width, height, seconds, seed)
    inputs: list[str] = []
    graph: list[str] = []
    for number, layer in enumerate(drawn):
        image = target.with_name(f"{layer.name}.pam")
        image.write_bytes(layer.image)
        inputs += ["-i", str(image)]
        turned = "transpose=0," if layer.by_columns else ""
        # Painted at twice the size for smooth edges; made ready once and then repeated, which is cheap.
        still = f"{turned}scale=iw/2:ih/2:flags=area,loop=loop=-1:size=1:start=0,fps={fps}"
        graph.append(f"[{number}:v]{still}[l{number}]")
    under = "l0"
    for number, layer in enumerate(drawn[1:], start=1):
        graph.append(f"[{under}][l{number}]overlay=x='{layer.x}':y='{layer.y}':eval=frame[o{number}]")
        under = f"o{number}"
    graph.append(f"[{under}]crop={width}:{height}:0:0,setsar=1,format=yuv420p[v]")
    sound: list[str] = []
    if audio:
        inputs += ["-f", "lavfi", "-i", f"aevalsrc='{_waves(seed)}':s=44100:d={seconds}"]
        sound = ["-map", f"{len(drawn)}:a", "-c:a", "aac", "-b:a", "96k"]
    frames = max(1, math.floor(seconds * fps + 0.5))
    _encode([*inputs, "-filter_complex", ";".join(graph), "-map", "[v]", *sound, "-frames:v", str(frames)], target)


def _waves(seed: int) -> str:
    """Return a soft chord that swells like the sea, for two ears."""
    root = (196.0, 220.0, 174.61, 246.94)[seed % 4]
    swell = "(0.55+0.45*sin(2*PI*0.4*t))"
    tones = [f"0.07*sin(2*PI*{root * ratio:.2f}*t)" for ratio in (1, 1.25, 1.5, 2)]
    sea = f"0.03*(random(0)*2-1)*{swell}"
    return f"{swell}*({'+'.join(tones)})+{sea}|{swell}*({'+'.join(reversed(tones))})+{sea}"


def _encode(arguments: list[str], target: Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-movflags", "+faststart", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=ENCODE_SECONDS, check=False)
    if done.returncode != 0:
        raise ClipFailed(f"the clip could not be drawn: {done.stderr.strip()[-400:]}")
