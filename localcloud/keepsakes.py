"""What a demo leaves on disk, and its summary: the files dropped, the files that came, and the notification."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from localcloud.messages import Message


class Keepsakes:
    """A folder with dropped/, came/ and the notification; those of the last run go, nothing else is touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        for name in ("dropped", "came"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir(parents=True)
        for name in ("notification.txt", "notification.json"):
            (self.folder / name).unlink(missing_ok=True)

    def dropped(self, clip: Path, sidecar: bytes) -> None:
        """Keep what was dropped, to compare with."""
        shutil.copyfile(clip, self.folder / "dropped" / clip.name)
        (self.folder / "dropped" / f"{clip.stem}.json").write_bytes(sidecar)

    def came(self, s3: Any, outbox: str, prefix: str) -> None:
        """Fetch everything that lies in the outbox's folder."""
        listed = s3.list_objects_v2(Bucket=outbox, Prefix=f"{prefix}/").get("Contents", [])
        for found in listed:
            s3.download_file(outbox, found["Key"], str(self.folder / "came" / Path(found["Key"]).name))

    def told(self, message: Message) -> None:
        """Keep the notification as a person and as a program gets it."""
        (self.folder / "notification.txt").write_text(f"Subject: {message.subject}\n\n{message.text}", encoding="utf-8")
        document = json.dumps(message.document, indent=2, ensure_ascii=False) + "\n"
        (self.folder / "notification.json").write_text(document, encoding="utf-8")

    def summary(self, clip: Path, bill: dict[str, Any]) -> str:
        """Return where everything is, and what it cost."""
        lines = [f"The notification, as it reads in a mailbox ({near(self.folder / 'notification.txt')}):", ""]
        lines += ["  " + line for line in (self.folder / "notification.txt").read_text(encoding="utf-8").splitlines()]
        lines += ["", "On disk:", ""]
        dropped = self.folder / "dropped" / clip.name
        lines.append(f"  {near(dropped)}\n      the clip: {about(dropped)}")
        lines.append(f"  {near(dropped.with_suffix('.json'))}\n      the sidecar, with the prompt")
        for path in sorted((self.folder / "came").iterdir(), key=lambda path: len(path.name)):
            lines.append(f"  {near(path)}\n      {described(path)}")
        lines.append(f"  {near(self.folder / 'notification.json')}\n      the notification, for programs")
        number, total = len(bill["generations"]), bill["total_usd"]
        generations = "1 generation" if number == 1 else f"{number} generations"
        return "\n".join([*lines, "", f"The provider's bill: {generations}, ${total:.2f} of its play money."])


def described(path: Path) -> str:
    """Return what a file from the outbox is."""
    if path.name.endswith(".manifest.json"):
        return "the manifest: what was asked, what it cost, what came"
    return "why it was not edited, and what to do" if path.suffix == ".json" else f"the edited video: {about(path)}"


def about(path: Path) -> str:
    """Return size, length, frame rate and sound of a video in words."""
    from pymediainfo import MediaInfo

    media = MediaInfo.parse(str(path))
    if not media.video_tracks:
        return f"{path.stat().st_size:,} bytes, no video"
    video = media.video_tracks[0]
    sound = "with sound" if media.audio_tracks else "silent"
    seconds = float(video.duration or 0) / 1000
    return f"{video.width}x{video.height}, {seconds:.1f} s, {float(video.frame_rate or 0):g} frames a second, {sound}"


def near(path: Path) -> str:
    """Return a path as one types it from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
