"""What a person gives the demo: clip, prompt or sidecar, as options or make variables; mistakes in kind words."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dropcut.domain.keys import is_clip, is_sidecar
from localcloud.cloud import REPOSITORY, WORKSHOP

PROMPT = "Deep winter over the bay: heavy snow is falling, frost on the hills, pale cold light"
SPEED, FASTEST = 30.0, 1000.0
DRAWN = WORKSHOP / "clips" / "beach.mp4"  # the clip that is dropped where none is given
VARIABLE = "DROPCUT_DEMO_"  # the Makefile's CLIP, PROMPT and SIDECAR arrive in variables of this name
MEANING = """\
As make variables: make demo CLIP=my.mp4 PROMPT="..." (or SIDECAR=my.json); an option here counts more.
PROMPT="" shows how a refusal looks.

Ends with 0 if the edit was delivered, or refused before anything was paid, as it should be; with 1 if the edit or the
demo failed, with 2 if what it was given cannot be dropped, with 130 after Ctrl-C."""


class OfferRefused(Exception):
    """What was given cannot be dropped; the text says what, where, and what to do."""


@dataclass(frozen=True)
class Offer:
    """What is to be dropped, and what of it the person gave."""

    clip: Path
    sidecar: bytes
    own_clip: str | None = None
    own_prompt: str | None = None
    own_sidecar: str | None = None

    @property
    def sidecar_name(self) -> str:
        """The name under which the application takes the sidecar for this clip's."""
        short = f"{self.clip.stem}.json"
        return short if is_sidecar(short) else f"{self.clip.name}.json"

    @property
    def prompt(self) -> str | None:
        """The prompt, if the sidecar has one that can be read."""
        try:
            document = json.loads(self.sidecar)
        except (ValueError, RecursionError):
            return None
        prompt = document.get("prompt") if isinstance(document, dict) else None
        return prompt if isinstance(prompt, str) else None


def parse(arguments: list[str], environment: Mapping[str, str] = os.environ) -> argparse.Namespace:
    """Read the command line, and the make variables where it is silent; exits with 2 where they make no sense."""
    parser = a_parser()
    options = parser.parse_args(arguments)
    for name in ("clip", "prompt", "sidecar"):
        if getattr(options, name) is None:
            setattr(options, name, environment.get(VARIABLE + name.upper()))
    if not (math.isfinite(options.speed) and 0 < options.speed <= FASTEST):
        parser.error(f"--speed must be more than 0 and at most {FASTEST:g}")
    if options.prompt is not None and options.sidecar is not None:
        parser.error("a prompt and a sidecar were given: one of the two, for a sidecar has a prompt of its own")
    options.output = Path(os.path.expanduser(options.output))  # noqa: PTH111 - Path raises where there is no such home
    return options


def a_parser() -> argparse.ArgumentParser:
    """Return the options of the command, each with its default."""
    plainly = argparse.RawDescriptionHelpFormatter
    described = "Show one edit, from drop to delivery, on this machine."
    parser = argparse.ArgumentParser("python -m localcloud demo", None, described, MEANING, formatter_class=plainly)
    parser.add_argument("--clip", help="a clip of your own, .mp4 or .mov (default: a coast that is drawn here)")
    parser.add_argument("--prompt", help=f'what to do with it (default: "{PROMPT}")')
    parser.add_argument("--sidecar", help="a sidecar of your own instead (default: the prompt, with keep_audio true)")
    faster = f"times faster than in reality, at most {FASTEST:g} (default: %(default)g)"
    parser.add_argument("--speed", type=float, default=SPEED, help=faster)
    where = REPOSITORY / "demo-output"
    parser.add_argument("--output", default=str(where), help=f"where the results go (default: {where.name})")
    return parser


def what_to_drop(options: argparse.Namespace) -> Offer:
    """Return what is to be dropped; raises OfferRefused."""
    if options.output.exists() and not options.output.is_dir():
        raise OfferRefused(f"--output {options.output} is a file. Name a folder.")
    clip = drawn_clip() if options.clip is None else own_clip(options.clip)
    given = {"own_clip": options.clip, "own_prompt": options.prompt, "own_sidecar": options.sidecar}
    if options.sidecar is not None:
        return Offer(clip, readable_file(options.sidecar, "sidecar").read_bytes(), **given)
    sidecar = {"prompt": PROMPT if options.prompt is None else options.prompt, "keep_audio": True}
    text = json.dumps(sidecar, indent=2, ensure_ascii=False) + "\n"
    return Offer(clip, text.encode("utf-8", errors="replace"), **given)


def own_clip(given: str) -> Path:
    """Return the clip that a person named; raises OfferRefused if the application would not even look at it."""
    path = readable_file(given, "clip")
    if path.suffix.lower() not in (".mp4", ".mov"):
        raise OfferRefused(
            f"{given} is no .mp4 or .mov, and the application ignores everything else. Convert it first, for instance "
            f"with ffmpeg: ffmpeg -i in{path.suffix} out.mp4"
        )
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise OfferRefused(f"The name of {given} is not UTF-8, which S3 wants. Rename it, and try again.") from None
    if not is_clip(path.name):
        raise OfferRefused(f"{given} begins with _, and the application ignores such names. Rename it, and try again.")
    return path


def readable_file(given: str, what: str) -> Path:
    """Return the path of a file that a person named; raises OfferRefused if it cannot be read."""
    path, variable = Path(os.path.expanduser(given)), what.upper()  # noqa: PTH111 - Path raises where there is no such home
    if not given:
        raise OfferRefused(f"{variable} is given but empty. Name a file, or leave {variable} out.")
    if path.is_dir():
        raise OfferRefused(f"{given} is a folder. Name the {what} in it.")
    if not path.exists():
        place = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise OfferRefused(f"There is no file {given}{place}. Is the name right? A whole path always works.")
    if not path.is_file():
        raise OfferRefused(f"{given} is no ordinary file. Name a {what}.")
    try:
        path.open("rb").close()
    except OSError as problem:
        raise OfferRefused(f"{given} cannot be read: {problem.strerror}.") from problem
    return path


def drawn_clip() -> Path:
    """Return the clip that is drawn here; raises OfferRefused if it cannot be drawn."""
    from localcloud.clips import ClipFailed, make_clip

    try:
        return make_clip(DRAWN, fine=True)
    except ClipFailed as problem:
        raise OfferRefused(f"{problem}. A clip of your own needs no drawing: make demo CLIP=my.mp4") from problem
