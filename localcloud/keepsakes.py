"""What a demo leaves on disk: a folder in which only the last run's files are replaced."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from localcloud.shape import displayed_size

KEPT = ".kept"  # lists the demo's own files, one JSON string a line: nothing else in the folder is ever touched


class Keepsakes:
    """A folder with dropped/, came/, the notification and the pictures; a second run replaces the first one's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._list = self.folder / KEPT

    def begin(self, clip: Path, sidecar: bytes, sidecar_name: str) -> Path:
        """Clear what the last run left and keep what is dropped now; return the kept clip."""
        self.folder.mkdir(parents=True, exist_ok=True)
        taken = self.folder / ".taken"  # first of all, for the clip may be one that the last run left
        shutil.copyfile(clip, taken)
        self._forget()
        kept = self.place(f"dropped/{clip.name}")
        taken.replace(kept)
        self.place(f"dropped/{sidecar_name}").write_bytes(sidecar)
        return kept

    def came(self, s3: Any, outbox: str, prefix: str) -> list[Path]:
        """Fetch everything that lies in the outbox's folder."""
        listed = s3.list_objects_v2(Bucket=outbox, Prefix=f"{prefix}/").get("Contents", [])
        places = [self.place(f"came/{found['Key'].removeprefix(prefix + '/')}") for found in listed]
        for found, place in zip(listed, places, strict=True):
            s3.download_file(outbox, found["Key"], str(place))
        return places

    def place(self, name: str) -> Path:
        """Return where a file of this run goes; it is the demo's from now on."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._list.open("a", encoding="utf-8") as file:
            file.write(json.dumps(name) + "\n")
        return path

    def _forget(self) -> None:
        """Remove the files of the last run, and its folders if they are empty then."""
        names = self._list.read_text(encoding="utf-8").splitlines() if self._list.exists() else []
        for name in names:
            path = self.folder / json.loads(name)
            if path.resolve().is_relative_to(self.folder):
                path.unlink(missing_ok=True)
        for folder in ("dropped", "came"):
            if (self.folder / folder).is_dir() and not any((self.folder / folder).iterdir()):
                (self.folder / folder).rmdir()
        self._list.unlink(missing_ok=True)


def about(path: Path) -> str:
    """Return size, length, frame rate and sound of a video in words."""
    from pymediainfo import MediaInfo

    media = MediaInfo.parse(str(path))
    if not media.video_tracks:
        return f"{size_of(path)}, no video"
    video = media.video_tracks[0]
    sound = "with sound" if media.audio_tracks else "silent"
    seconds, rate = float(video.duration or 0) / 1000, float(video.frame_rate or 0)
    width, height = displayed_size(video)
    return f"{width}x{height}, {seconds:.1f} s, {rate:g} frames a second, {sound}, {size_of(path)}"


def size_of(path: Path) -> str:
    """Return the size of a file in the unit that suits it."""
    size = path.stat().st_size
    if size < 10_000:
        return f"{size:,} bytes"
    return f"{size / 1000:,.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def near(path: Path) -> str:
    """Return a path as one types it from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
