"""Makes the edited video: a look chosen from the prompt, the references on top, and each equal edit made only once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from localcloud.simulator.compositing import filter_graph
from localcloud.simulator.encoders import ENCODE_SECONDS, Encoders
from localcloud.simulator.looks import look_for
from localcloud.simulator.media import Clip
from localcloud.simulator.references import Picture

SHORT_SIDE = {"std": 720, "pro": 1080}  # the output's, in pixels; the shape is the clip's own
CACHE_BYTES = 1_000_000_000
COPIED = ["-map", "0:v:0", "-c:v", "copy"]


class Editor:
    """Edits clips and remembers the results by content in a folder that outlives it."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._encoders = Encoders()
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        cache.mkdir(parents=True, exist_ok=True)
        self._forget_old()

    def edit(
        self, clip: Clip, pictures: Sequence[Picture], *, prompt: str, mode: str, keep_audio: bool, copy: bool = False
    ) -> Path:
        """Return the path of the edited video; raises GenerationFailed if something cannot be decoded."""
        video = COPIED if copy else _drawn(clip, pictures, prompt, mode)
        sound = ["-map", "0:a:0?", "-c:a", "aac", "-b:a", "128k"] if keep_audio else ["-an"]
        told = [clip.sha256, *video, *sound, *(picture.sha256 for picture in pictures)]
        target = self._cache / f"{hashlib.sha256('|'.join(told).encode()).hexdigest()[:32]}.mp4"
        with self._lock:
            turn = self._turns.setdefault(target.name, threading.Lock())
        with turn:
            if not target.exists():
                self._encode(clip, [] if copy else pictures, [*video, *sound], target)
            os.utime(target)
        return target

    def stop(self) -> None:
        """End the encoders that run and start no more."""
        self._encoders.stop()
        for unfinished in self._cache.glob(f"*.{os.getpid()}.part.mp4"):
            unfinished.unlink(missing_ok=True)

    def _encode(self, clip: Clip, pictures: Sequence[Picture], wanted: list[str], target: Path) -> None:
        unfinished = target.with_suffix(f".{os.getpid()}.part.mp4")
        images = [word for picture in pictures for word in ("-f", picture.demuxer, "-i", str(picture.path))]
        arguments = ["-i", str(clip.path), *images, *wanted, "-t", f"{clip.seconds:.3f}"]
        arguments += ["-map_metadata", "-1", "-movflags", "+faststart", str(unfinished)]
        try:
            self._encoders.run(arguments)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        """Drop what was left over by killed encoders, and the oldest edits beyond the size of the cache."""
        total = 0
        for path, stat in sorted(_stats(self._cache), key=lambda item: item[1].st_mtime, reverse=True):
            total += stat.st_size
            left_over = path.name.endswith(".part.mp4") and time.time() - stat.st_mtime > 2 * ENCODE_SECONDS
            if total > CACHE_BYTES or left_over:
                path.unlink(missing_ok=True)


def _drawn(clip: Clip, pictures: Sequence[Picture], prompt: str, mode: str) -> list[str]:
    width, height = output_size(clip, mode)
    graph = filter_graph(look_for(prompt, width, height), width, height, len(pictures))
    quick = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "27", "-threads", "2"]
    return ["-filter_complex", graph, "-map", "[out]", *quick]


def _stats(cache: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in cache.glob("*.mp4"):
        with contextlib.suppress(FileNotFoundError):  # another simulator tidies the same folder
            yield path, path.stat()


def output_size(clip: Clip, mode: str) -> tuple[int, int]:
    """Return the width and height of the mode's output, which keeps the shape of the clip."""
    ratio = SHORT_SIDE[mode] / min(clip.width, clip.height)
    return 2 * round(clip.width * ratio / 2), 2 * round(clip.height * ratio / 2)
