"""What a clip really is: hash and walk its bytes, then have MediaInfo read them in a process of its own.

Only inspect_clip does this; it has the mediainfo layer, and no right but to read the inbox.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from dropcut.adapters.mediainfo.reader import MEMORY, MOST_ANSWER, UNREADABLE
from dropcut.domain.errors import InspectionFailed
from dropcut.domain.model import Clip
from dropcut.intake.inspection import NOT_UNDERSTOOD, read_inspection
from dropcut.intake.mp4 import BoxWalker

PATIENCE = 12  # seconds for MediaInfo; a good clip takes less than one
UNREAD = f"could not be read within {PATIENCE} seconds and {MEMORY // 1024**2} MB of memory; it may be damaged"


def probe_clip(chunks: Iterator[bytes], environment: dict[str, str] | None = None) -> Clip | str:
    """Hash and probe a clip as it streams by (at most 200 MB, in /tmp). Return its facts, or why it is no clip.

    `environment` is what the child needs to start. It gets nothing else of this process's own: no credentials.
    """
    hasher, walker, size = hashlib.sha256(), BoxWalker(), 0
    with tempfile.TemporaryFile() as clip:  # it has no name, so whoever dies here leaves nothing in /tmp
        for chunk in chunks:
            walker.feed(chunk)
            if danger := walker.danger():
                return danger
            hasher.update(chunk)
            size += len(chunk)
            clip.write(chunk)
        clip.seek(0)
        found = _ask_mediainfo(clip, environment or {})
    known = {"size": size, "sha256": hasher.hexdigest()}
    facts = read_inspection(found if "problem" in found else {"clip": {**found, **known}})
    # The index of a half upload is often whole, and reads like a good clip's.
    return "is cut off: not all of it was uploaded" if isinstance(facts, Clip) and walker.is_cut_off else facts


def _ask_mediainfo(clip: IO[bytes], environment: dict[str, str]) -> dict[str, Any]:
    """Run `reader` on the open file, and return what it printed, which is not to be trusted."""
    command = [sys.executable, "-P", "-B", "-m", "dropcut.adapters.mediainfo.reader"]
    paths = os.pathsep.join(path for path in sys.path if path)
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                command,
                stdin=clip,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env={**environment, "PYTHONPATH": paths},
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"problem": UNREAD}
        if done.returncode < 0 or done.returncode == UNREADABLE:  # killed by a limit or by itself; or it gave up
            return {"problem": UNREAD}
        if done.returncode:
            raise InspectionFailed(f"MediaInfo could not be started (exit code {done.returncode})")
        answer.seek(0)
        return _understood(answer.read(MOST_ANSWER))


def _understood(answer: bytes) -> dict[str, Any]:
    """What the child printed. It may have been taken over by what it parsed, so it may have printed anything."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"problem": NOT_UNDERSTOOD}
