"""What the model does with a request: check it, fetch what it names, edit, and say for how many seconds to bill."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

from localcloud.simulator.editing import Editor
from localcloud.simulator.generations import Generation
from localcloud.simulator.media import fetch_clip
from localcloud.simulator.parameters import GenerationFailed, check_parameters
from localcloud.simulator.rates import asked_seconds, clip_seconds
from localcloud.simulator.references import fetch_pictures
from localcloud.simulator.settings import Settings

FETCHES = 8  # requests whose media are on the way at once


class Workbench:
    """Works on generations, a few at once, in a folder of its own."""

    def __init__(self, workdir: Path, cache: Path) -> None:
        self._arriving, self._finished = workdir / "clips", workdir / "files"
        for folder in (self._arriving, self._finished):
            folder.mkdir(parents=True, exist_ok=True)
        self._editor = Editor(cache)
        self._fetches = threading.Semaphore(FETCHES)

    def make(self, generation: Generation, settings: Settings) -> tuple[Path, int]:
        """Return the edited file and the seconds to bill; raises GenerationFailed."""
        body = generation.body
        if fault := generation.faults.get("failed"):
            raise GenerationFailed(fault.failure_text())
        check_parameters(body, settings)
        with tempfile.TemporaryDirectory(dir=self._arriving, ignore_cleanup_errors=True) as name:
            with self._fetches:
                clip = fetch_clip(str(body["video_url"]), Path(name), settings)
                pictures = fetch_pictures(body, Path(name), settings)
            edited = self._editor.edit(
                clip,
                pictures,
                prompt=str(body["prompt"]),
                mode=generation.mode,
                keep_audio=body.get("keep_audio") is True,
                copy=settings.editing == "copy",
            )
            path = _kept(edited, self._finished)
        return path, clip_seconds(clip.seconds) if settings.billed_by == "clip" else asked_seconds(body)

    def stop(self) -> None:
        """End the encoders."""
        self._editor.stop()


def _kept(cached: Path, folder: Path) -> Path:
    """Link a finished edit into this simulator's own folder: the cache is shared, and others tidy it."""
    kept = folder / cached.name
    if not kept.exists():
        try:
            kept.hardlink_to(cached)
        except FileExistsError:  # an equal edit was as fast
            pass
        except OSError:  # another file system
            shutil.copyfile(cached, kept)
    return kept
