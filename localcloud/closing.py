"""How the demo ends: the essentials of the manifest or the problems of a refusal, the mail, the files, what to type."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dropcut.intake import clip_rules
from localcloud.keepsakes import about, near, size_of
from localcloud.offer import Offer
from localcloud.terminal import Terminal, plain, width_of, wrap

OTHER_LOOK = "A pencil sketch on rough paper"
GOOD_PROMPT = "Night over the bay, a full moon, lit windows"
OTHER_CLIP = "another.mp4"
FITTING = (
    f"{clip_rules.SHORTEST:g} to 10 s, both sides {clip_rules.SMALLEST_SIDE} to {clip_rules.LARGEST_SIDE} pixels, "
    f"24 to 60 frames a second, at most {clip_rules.MOST_BYTES // 1_000_000} MB"
)
OPENERS = ("xdg-open", "wslview")  # on Linux and on Windows' own Linux
WHAT = {
    "before-after.png": "one moment, before and after",
    "side-by-side.mp4": "both videos next to each other",
    "notification.txt": "the notification, as it reads in a mailbox",
    "notification.json": "the notification, as programs get it",
}


def essentials(manifest: dict[str, Any], clip: Path, edit: Path) -> list[tuple[str, str]]:
    """Return what a manifest says, as pairs of a name and its value."""
    request, cost, times = manifest["request"], manifest["cost"], manifest["times"]
    settings = [f"{name} {json.dumps(value)}" for name, value in request.items() if name not in ("prompt", "mode")]
    charged = cost["charged_usd"]
    rows = [
        ("prompt", request["prompt"]),
        ("mode", f"{request['mode']} ({', '.join(settings)})" if settings else request["mode"]),
        ("clip", f"{clip.name}: {about(clip)}"),
        ("", f"sha256 {manifest['source']['sha256'][:16]}..."),
        ("edit", f"{edit.name}: {about(edit)}"),
        ("", f"sha256 {manifest['output']['sha256'][:16]}..."),
        ("cost", f"estimated ${cost['estimated_usd']:.2f}, charged {'-' if charged is None else f'${charged:.2f}'}"),
        ("request", f"{manifest['request_id']}, attempt {manifest['attempt']}"),
        *((name, times[f"{name}_at"] or "-") for name in ("submitted", "completed", "delivered")),
    ]
    return [*rows, *(("warning", warning) for warning in manifest["warnings"])]


def table(terminal: Terminal, rows: Iterable[tuple[str, str]]) -> str:
    """Return rows of two columns; a long value goes on below itself."""
    rows = list(rows)
    margin = 2 + max((width_of(name) for name, _ in rows), default=0) + 2
    lines = []
    for name, value in rows:
        shown = wrap(plain(value), max(8, terminal.text_columns - margin))
        label = "  " + terminal.paint(name, "cyan") + " " * (margin - 2 - width_of(name))
        lines += [label + shown[0], *(" " * margin + more for more in shown[1:])]
    return "\n".join(lines)


def problems(terminal: Terminal, error: dict[str, Any]) -> str:
    """Return the problems of an error file as a person reads them: where, what it is, and what to do."""
    lines = []
    for number, problem in enumerate(error["problems"], start=1):
        where = problem["field"] or "the sidecar"
        lines.append("  " + terminal.paint(f"{number}. {plain(where)}", "bold"))
        lines.append(paragraph(terminal, f"{problem['value']} {problem['problem']}".strip(), 5))
        lines.append(paragraph(terminal, f"To do: {problem['fix']}", 5))
    return "\n".join(lines)


def paragraph(terminal: Terminal, text: str, indent: int = 2) -> str:
    """Return lines of text, each wrapped for itself, with a margin."""
    lines = [part for line in text.splitlines() for part in _wrapped(terminal, line, indent)]
    return "\n".join((" " * indent + line).rstrip() for line in lines)


def on_disk(terminal: Terminal, paths: Iterable[Path]) -> str:
    """Return every file with what it is; a path stays whole, for it is there to be copied."""
    lines = []
    for path in paths:
        lines += [f"  {plain(near(path))}", terminal.paint(paragraph(terminal, _described(path), 6), "dim")]
    return "\n".join(lines)


def _described(path: Path) -> str:
    if path.name.endswith(".manifest.json"):
        return "the manifest: what was asked, what it cost, what came"
    if path.name.endswith(".error.json"):
        return "why it was not edited, and what to do"
    if path.suffix == ".json" and path.parent.name == "dropped":
        return "the sidecar, as it was dropped"
    what = "the clip" if path.parent.name == "dropped" else "the edited video"
    return f"{WHAT[path.name]}, {size_of(path)}" if path.name in WHAT else f"{what}: {about(path)}"


def next_commands(offer: Offer, status: str, fields: Iterable[str], pictures: list[Path]) -> list[tuple[str, str]]:
    """Return what to type next, and what it brings: first of all, after a refusal, what is accepted instead."""
    wrong = set(fields)
    clip = {} if offer.own_clip is None else {"CLIP": offer.own_clip}
    up = ("make up", "leaves the cloud standing, for your files")
    if status == "DELIVERED":
        opener = opener_here()
        watch = [(f"{opener} {shlex.quote(near(path))}", "shows it") for path in pictures[:1] if opener]
        other = (make_demo(**clip, PROMPT=OTHER_LOOK), "edits it in another way")
        return [*watch, other, (make_demo(PROMPT=""), "shows how a refusal looks"), up]
    asked = {} if offer.own_sidecar is None else {"SIDECAR": offer.own_sidecar}
    if any(field.startswith("/") for field in wrong) and not asked:
        asked = {"PROMPT": GOOD_PROMPT}
    elif offer.own_prompt:
        asked = {"PROMPT": offer.own_prompt}
    if "clip" in wrong:
        other = (make_demo(**{"CLIP": OTHER_CLIP, **asked}), f"takes another clip: {FITTING}")
        return [other, (make_demo(**asked), "edits the clip that is drawn here"), up]
    brings = "is accepted" if offer.own_sidecar is None else "tries again, once you corrected it"
    return [(make_demo(**clip, **asked), brings), (make_demo(), "edits the clip that is drawn here"), up]


def make_demo(**variables: str) -> str:
    """Return a command as one types it into a shell."""
    return " ".join(["make demo", *(f"{name}={shlex.quote(value)}" for name, value in variables.items())])


def opener_here() -> str | None:
    """Return the command that opens a file with its program, if this machine has one."""
    return "open" if sys.platform == "darwin" else next((name for name in OPENERS if shutil.which(name)), None)


def commands(terminal: Terminal, pairs: Iterable[tuple[str, str]]) -> str:
    """Return commands, each whole on its line, with what it brings beside it, or below where that is too wide."""
    pairs = [(plain(command), brings) for command, brings in pairs]
    longest = max(width_of(command) for command, _ in pairs)
    beside = all(longest + width_of(brings) + 6 <= terminal.text_columns for _, brings in pairs)
    lines = []
    for command, brings in pairs:
        line = f"  {terminal.paint(command, 'bold')}"
        gap = " " * (longest - width_of(command))
        lines += [f"{line}{gap}  # {brings}"] if beside else [line, paragraph(terminal, f"# {brings}", 6)]
    return "\n".join(lines)


def _wrapped(terminal: Terminal, text: str, indent: int) -> list[str]:
    """Return a line as it is if it fits, for it may be a table's; else in several."""
    shown, room = plain(text), max(8, terminal.text_columns - indent)
    return [shown] if width_of(shown) <= room else wrap(shown, room)
