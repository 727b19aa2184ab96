"""Collects what an edit gave, makes the pictures of it, and tells the person everything in one last page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud import closing, pictures
from localcloud.keepsakes import Keepsakes
from localcloud.mailbox import as_mail
from localcloud.messages import Message
from localcloud.offer import Offer
from localcloud.terminal import Terminal, wrap

SUFFIXES = (".manifest.json", ".error.json")  # of what comes beside a video, or instead of it
STAND_IN = "The new look is a stand-in for the model's edit: it follows a word of the prompt (night, snow, sketch ...)."
MOOD = {"DELIVERED": "green", "REJECTED": "yellow"}


@dataclass
class Ending:
    """The last page of a demo."""

    terminal: Terminal
    offer: Offer
    keepsakes: Keepsakes
    clip: Path  # as it is kept
    status: str = ""
    _came: list[Path] = field(default_factory=list)
    _pictures: list[Path] = field(default_factory=list)
    _complaint: str = ""

    def collect(self, s3: Any, outbox: str, folder: str, message: Message) -> None:
        """Fetch what is in the outbox, keep the notification, and make the pictures."""
        self.status = message.attributes.get("status", "")
        self._came = self.keepsakes.came(s3, outbox, folder)
        self.keepsakes.place("notification.txt").write_text(as_mail(message), encoding="utf-8")
        document = json.dumps(message.document, indent=2, ensure_ascii=False) + "\n"
        self.keepsakes.place("notification.json").write_text(document, encoding="utf-8")
        if edit := self._edit():
            self._make_pictures(edit)

    def tell(self, bill: dict[str, Any]) -> None:
        """Print the page."""
        self._show_pictures()
        self._headline()
        self._facts()
        folder = self.keepsakes.folder
        mail = (folder / "notification.txt").read_text(encoding="utf-8")
        self._section("The notification, as it reads in a mailbox:", closing.paragraph(self.terminal, mail))
        told = [folder / "notification.txt", folder / "notification.json"]
        dropped = [self.clip, self.clip.with_name(self.offer.sidecar_name)]
        paths = [*self._pictures, *dropped, *sorted(self._came, key=lambda path: len(path.name)), *told]
        self._section("On disk, until the next run replaces it:", closing.on_disk(self.terminal, paths))
        number, total = len(bill["generations"]), bill["total_usd"]
        generations = "1 generation" if number == 1 else f"{number} generations"
        self._section(f"The provider's bill: {generations}, ${total:.2f} of its play money.")
        fields = [problem["field"] for problem in (self._document(".error.json") or {}).get("problems", [])]
        following = closing.next_commands(self.offer, self.status, fields, self._pictures)
        self._section("What to type next:", closing.commands(self.terminal, following))

    def _make_pictures(self, edit: Path) -> None:
        self.terminal.live("Drawing before and after ...")
        makers = {"before-after.png": pictures.before_after, "side-by-side.mp4": pictures.side_by_side}
        try:
            for name, make in makers.items():
                make(self.clip, edit, target := self.keepsakes.place(name))
                self._pictures.append(target)
        except pictures.PictureFailed as problem:
            self._complaint = f"No picture of before and after could be made: {problem}"

    def _show_pictures(self) -> None:
        if self._complaint:
            self._section(self._complaint)
        elif self._pictures and self.terminal.shows_pictures:
            lines = pictures.in_terminal(self._pictures[0], self.terminal.columns - 4)
            self.terminal.say("\n" + "\n".join("  " + line for line in lines))

    def _headline(self) -> None:
        says = {
            "DELIVERED": "Delivered. What the manifest says:",
            "REJECTED": "Refused, nothing was paid. What the error file says:",
        }
        text = says.get(self.status, f"{self.status}. What the error file says:")
        self._section(text, mood=MOOD.get(self.status, "red"))

    def _facts(self) -> None:
        manifest, error, edit = self._document(".manifest.json"), self._document(".error.json"), self._edit()
        if manifest and edit:
            rows = closing.essentials(manifest, self.clip, edit)
            self.terminal.say("\n" + closing.table(self.terminal, rows))
            self._section(STAND_IN, mood="dim")
        elif error:
            self.terminal.say("\n" + closing.problems(self.terminal, error))

    def _section(self, title: str, body: str = "", mood: str = "bold") -> None:
        lines = wrap(title, self.terminal.text_columns)
        self.terminal.say("\n" + "\n".join(self.terminal.paint(line, "bold", mood) for line in lines))
        if body:
            self.terminal.say("\n" + body)

    def _edit(self) -> Path | None:
        return next((path for path in self._came if not path.name.endswith(SUFFIXES)), None)

    def _document(self, suffix: str) -> dict[str, Any] | None:
        found = next((path for path in self._came if path.name.endswith(suffix)), None)
        return json.loads(found.read_text(encoding="utf-8")) if found else None
