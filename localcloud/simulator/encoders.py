"""Runs the encoder: a few at once, none longer than it may, and none that outlives the simulator."""

from __future__ import annotations

import subprocess
import sys
import threading

import imageio_ffmpeg

from localcloud.simulator.parameters import GenerationFailed

ENCODERS = 2  # at once: one encoder already fills a laptop's cores
ENCODE_SECONDS = 120.0

# Linux ends the encoder with the thread that waits for it, even if the simulator is killed. A pre-exec hook could
# deadlock in a process with threads, so a small process sets this and then becomes the encoder.
TIED = """import ctypes, os, signal, sys
try: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
except Exception: pass
os.execv(sys.argv[1], sys.argv[1:])"""


class Encoders:
    """The encoders that run."""

    def __init__(self) -> None:
        self._slots = threading.Semaphore(ENCODERS)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, arguments: list[str]) -> None:
        """Run ffmpeg to its end; raises GenerationFailed."""
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", TIED, *command]
        with self._slots:
            self._finish(self._start(command))

    def stop(self) -> None:
        """End those that run and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()
                process.wait()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise GenerationFailed("The service is shutting down.")
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            self._running.add(process)
        return process

    def _finish(self, process: subprocess.Popen[bytes]) -> None:
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
            raise GenerationFailed("Unsupported format: the media could not be decoded.")
