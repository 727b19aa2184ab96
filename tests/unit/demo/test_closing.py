"""The last page of a demo: table, refusal, mail, files and commands, in windows of every width."""

from __future__ import annotations

import os
import shlex
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from localcloud import closing
from localcloud.keepsakes import Keepsakes
from localcloud.mailbox import as_mail
from localcloud.messages import Message
from localcloud.offer import Offer
from localcloud.terminal import width_of
from tests.unit.demo.screens import a_screen, without_colour

ERROR: dict[str, Any] = {
    "problems": [
        {
            "field": "/prompt",
            "value": '""',
            "problem": "must have at least 1 character",
            "fix": "say what should change",
        },
        {"field": "clip", "value": "1 s", "problem": "is shorter than 3 s", "fix": "use a longer clip"},
        {"field": "", "value": "line 1", "problem": "is not JSON", "fix": "correct\x1b[2J the file there"},
    ]
}
ROWS = [("prompt", "Deep winter over the bay: heavy snow is falling"), ("", "sha256 " + "a" * 64), ("clip", "夏 " * 40)]


def an_offer(**own: str) -> Offer:
    return Offer(Path("beach.mp4"), b"{}", **{f"own_{name}": value for name, value in own.items()})


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_tables_problems_and_paragraphs_fit_every_window(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    terminal, _ = a_screen(monkeypatch, tty=True, columns=columns)
    page = [closing.table(terminal, ROWS), closing.problems(terminal, ERROR), closing.paragraph(terminal, "word " * 50)]
    lines = [without_colour(line) for line in "\n".join(page).splitlines()]
    assert all(width_of(line) <= columns for line in lines)
    assert "".join(lines).count("a" * 6)


def test_a_table_sets_its_values_below_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, _ = a_screen(monkeypatch)
    assert closing.table(terminal, [("cost", "$1.68"), ("", "more"), ("request", "3cfc")]).splitlines() == [
        "  cost     $1.68",
        "           more",
        "  request  3cfc",
    ]


def test_a_refusal_shows_each_problem_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, _ = a_screen(monkeypatch)
    assert closing.problems(terminal, ERROR).splitlines() == [
        "  1. /prompt",
        '     "" must have at least 1 character',
        "     To do: say what should change",
        "  2. clip",
        "     1 s is shorter than 3 s",
        "     To do: use a longer clip",
        "  3. the sidecar",
        "     line 1 is not JSON",
        "     To do: correct\ufffd[2J the file there",
    ]


def typed(commands: list[tuple[str, str]]) -> list[list[str]]:
    return [shlex.split(command) for command, _ in commands]


def test_after_a_delivery_the_own_clip_is_kept_and_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "opener_here", lambda: "open")
    offer = an_offer(clip="my clips/$HOME's.mp4")
    picture = Path.cwd() / "demo output" / "before-after.png"
    assert typed(closing.next_commands(offer, "DELIVERED", [], [picture])) == [
        ["open", "demo output/before-after.png"],
        ["make", "demo", "CLIP=my clips/$HOME's.mp4", f"PROMPT={closing.OTHER_LOOK}"],
        ["make", "demo", "PROMPT="],
        ["make", "up"],
    ]


@pytest.mark.parametrize(
    ("own", "fields", "first"),
    [
        ({"prompt": ""}, ["/prompt"], ["PROMPT=" + closing.GOOD_PROMPT]),
        ({"prompt": "", "clip": "a.mp4"}, ["/prompt"], ["CLIP=a.mp4", "PROMPT=" + closing.GOOD_PROMPT]),
        ({"prompt": "x" * 2501}, ["/prompt"], ["PROMPT=" + closing.GOOD_PROMPT]),
        ({"clip": "a.mp4"}, ["clip"], ["CLIP=another.mp4"]),
        ({"prompt": "snow", "clip": "a.mp4"}, ["clip"], ["CLIP=another.mp4", "PROMPT=snow"]),
        ({"prompt": "", "clip": "a.mp4"}, ["clip", "/prompt"], ["CLIP=another.mp4", "PROMPT=" + closing.GOOD_PROMPT]),
        ({"sidecar": "a.json", "clip": "a.mp4"}, ["clip"], ["CLIP=another.mp4", "SIDECAR=a.json"]),
        ({"sidecar": "a.json", "clip": "a.mp4"}, ["/mode", ""], ["CLIP=a.mp4", "SIDECAR=a.json"]),
    ],
)
def test_after_a_refusal_the_first_command_mends_it(own: dict[str, str], fields: list[str], first: list[str]) -> None:
    assert typed(closing.next_commands(an_offer(**own), "REJECTED", fields, []))[0] == ["make", "demo", *first]


def test_after_a_refused_clip_fitting_clips_are_explained() -> None:
    (_, brings), (drawn, _), _ = closing.next_commands(an_offer(clip="a.mp4"), "REJECTED", ["clip"], [])
    for limit in ("3 to 10 s", "720 to 2160 pixels", "24 to 60 frames", "200 MB"):
        assert limit in brings
    assert drawn == "make demo"


def test_commands_stay_whole_in_a_narrow_window(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, _ = a_screen(monkeypatch, columns=40)
    command = closing.make_demo(PROMPT="A pencil sketch on rough paper")
    assert closing.commands(terminal, [(command, "edits it in another way")]).splitlines() == [
        f"  {command}",
        "      # edits it in another way",
    ]


def test_the_mail_reads_as_in_a_mailbox(tmp_path: Path) -> None:
    written = EmailMessage()
    written["From"], written["To"] = "AWS Notifications <no-reply@sns.amazonaws.com>", "reader@example.com"
    path = tmp_path / "1.eml"
    path.write_bytes(bytes(written))
    os.utime(path, (1_795_344_000, 1_795_344_000))
    lines = as_mail(Message("1", "Dropcut DELIVERED: beach.mp4", {}, "{}", "It is edited.", path)).splitlines()
    assert lines[:3] == [
        "From:    AWS Notifications <no-reply@sns.amazonaws.com>",
        "To:      reader@example.com",
        "Subject: Dropcut DELIVERED: beach.mp4",
    ]
    assert lines[3].startswith("Date:    ")
    assert " Nov 2026 " in lines[3]
    assert lines[4:] == ["", "It is edited."]


def test_a_second_run_replaces_the_first_and_touches_nothing_else(tmp_path: Path) -> None:
    folder, clip = tmp_path / "out", tmp_path / "beach.mp4"
    clip.write_bytes(b"first")
    (folder / "came").mkdir(parents=True)
    (folder / "came" / "mine.mp4").write_text("not the demo's")
    keepsakes = Keepsakes(folder)
    keepsakes.begin(clip, b"{}", "beach.json")
    keepsakes.place("came/old.mp4").write_text("of the first run")
    again = Keepsakes(folder).begin(
        folder / "dropped" / "beach.mp4", b"[]", "beach.json"
    )  # its own clip, dropped again
    assert again.read_bytes() == b"first"
    kept = {str(path.relative_to(folder)): path for path in folder.rglob("[!.]*") if path.is_file()}
    assert sorted(kept) == ["came/mine.mp4", "dropped/beach.json", "dropped/beach.mp4"]
    assert kept["dropped/beach.json"].read_bytes() == b"[]"


def test_nothing_outside_the_folder_is_removed_whatever_its_list_says(tmp_path: Path) -> None:
    clip, folder = tmp_path / "beach.mp4", tmp_path / "out"
    clip.write_bytes(b"clip")
    folder.mkdir()
    (folder / ".kept").write_text('"../beach.mp4"\n')
    Keepsakes(folder).begin(clip, b"{}", "beach.json")
    assert clip.exists()
