"""Makes the edited video: a real encoder, a look chosen from the prompt, and each equal edit made only once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg

from localcloud.simulator.looks import look_for
from localcloud.simulator.media import Clip
from localcloud.simulator.parameters import GenerationFailed

SHORT_SIDE = {"std": 720, "pro": 1080}  # the output's, in pixels; the shape is the clip's own
FRAME_RATE = 24  # "the output result is 24 fps" (Kling)
ENCODERS = 2  # at once: one encoder already fills a laptop's cores
ENCODE_SECONDS = 120.0
CACHE_BYTES = 1_000_000_000

# Linux ends the encoder with the thread that waits for it, even if the simulator is killed. A pre-exec hook could
# deadlock in a process with threads, so a small process sets this and then becomes the encoder.
TIED = """import ctypes, os, signal, sys
try: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
except Exception: pass
os.execv(sys.argv[1], sys.argv[1:])"""


class Editor:
    """Edits clips, a few at once, and remembers the results by content in a folder that outlives it."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._slots = threading.Semaphore(ENCODERS)
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        cache.mkdir(parents=True, exist_ok=True)
        self._forget_old()

    def edit(self, clip: Clip, *, prompt: str, mode: str, keep_audio: bool) -> Path:
        """Return the path of the edited video; raises GenerationFailed if the clip cannot be decoded."""
        width, height = output_size(clip, mode)
        look = look_for(prompt, width, height)
        filters = f"fps={FRAME_RATE},scale={width}:{height}:flags=bilinear,setsar=1,{look},format=yuv420p"
        key = hashlib.sha256(f"{clip.sha256}|{filters}|{keep_audio}".encode()).hexdigest()[:32]
        target = self._cache / f"{key}.mp4"
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            if not target.exists():
                with self._slots:
                    self._encode(clip, filters, keep_audio, target)
            os.utime(target)
        return target

    def stop(self) -> None:
        """End the encoders that run and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()
                process.wait()
        for unfinished in self._cache.glob(f"*.{os.getpid()}.part.mp4"):
            unfinished.unlink(missing_ok=True)

    def _encode(self, clip: Clip, filters: str, keep_audio: bool, target: Path) -> None:
        unfinished = target.with_suffix(f".{os.getpid()}.part.mp4")
        sound = ["-map", "0:a:0?", "-c:a", "aac", "-b:a", "128k"] if keep_audio else ["-an"]
        command = [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
            *("-i", str(clip.path), "-map", "0:v:0", "-vf", filters, *sound),
            *("-t", f"{clip.seconds:.3f}", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "27", "-threads", "2"),
            *("-map_metadata", "-1", "-movflags", "+faststart", str(unfinished)),
        ]
        try:
            self._run(command)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    def _run(self, command: list[str]) -> None:
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", TIED, *command]
        with self._lock:
            if self._stopped:
                raise GenerationFailed("The service is shutting down.")
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            self._running.add(process)
        try:
            _, errors = process.communicate(timeout=ENCODE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise GenerationFailed("Internal error (5000): the generation timed out.") from None
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode != 0:
            reason = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            print(f"ffmpeg failed: {reason[0][:200]}", file=sys.stderr, flush=True)
            raise GenerationFailed("Unsupported video format: the video could not be decoded.")

    def _forget_old(self) -> None:
        """Drop what was left over by killed encoders, and the oldest edits beyond the size of the cache."""
        total = 0
        for path, stat in sorted(_stats(self._cache), key=lambda item: item[1].st_mtime, reverse=True):
            total += stat.st_size
            left_over = path.name.endswith(".part.mp4") and time.time() - stat.st_mtime > 2 * ENCODE_SECONDS
            if total > CACHE_BYTES or left_over:
                path.unlink(missing_ok=True)


def _stats(cache: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in cache.glob("*.mp4"):
        with contextlib.suppress(FileNotFoundError):  # another simulator tidies the same folder
            yield path, path.stat()


def output_size(clip: Clip, mode: str) -> tuple[int, int]:
    """Return the width and height of the mode's output, which keeps the shape of the clip."""
    ratio = SHORT_SIDE[mode] / min(clip.width, clip.height)
    return 2 * round(clip.width * ratio / 2), 2 * round(clip.height * ratio / 2)
