"""What a process has used, as far as this system says."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg


@dataclass(frozen=True)
class Usage:
    """What something took; `cpu_seconds` and `peak_bytes` need /proc, and encoders count once they have ended."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int | None
    encodes: int = 0


def usage(pid: int) -> Usage:
    """What a process and its ended children have used until now; the peak is its own."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except FileNotFoundError:
        return Usage(time.monotonic(), float("nan"), None)
    ticks = sum(int(fields[at]) for at in (11, 12, 13, 14))  # user and system, own and of children
    return Usage(time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), int(peak[1]) * 1024 if peak else None)


def encode_seconds(clip: Path, seconds: float) -> float:
    """How long ffmpeg alone takes to encode the clip again, as the simulator does, without any look."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(clip), "-an", "-t", str(seconds)]
    command += ["-r", "24", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "27", "-threads", "2", "-f", "null", "-"]
    started = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return time.monotonic() - started
