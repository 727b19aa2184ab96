"""What `make demo` is told, and how it says that it cannot go on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from localcloud import demo
from localcloud.demo import last_error
from localcloud.offer import PROMPT, OfferRefused, parse, what_to_drop


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "Ferien am Meer – 夏.MOV"
    path.write_bytes(b"clip")
    return path


def test_your_own_clip_and_prompt_are_dropped(clip: Path) -> None:
    offer = what_to_drop(parse(["--clip", str(clip), "--prompt", "näher ans Meer"], {}))
    assert (offer.clip, offer.sidecar_name) == (clip, "Ferien am Meer – 夏.json")
    assert json.loads(offer.sidecar) == {"prompt": "näher ans Meer", "keep_audio": True}
    assert offer.prompt == "näher ans Meer"


def test_options_count_more_than_make_variables(clip: Path) -> None:
    given = {"DROPCUT_DEMO_CLIP": str(clip), "DROPCUT_DEMO_PROMPT": "from make"}
    assert what_to_drop(parse([], given)).prompt == "from make"
    assert what_to_drop(parse(["--prompt", "typed"], given)).prompt == "typed"
    assert what_to_drop(parse(["--clip", str(clip)], {})).prompt == PROMPT


@pytest.mark.parametrize("given", [(["--prompt", ""], {}), ([], {"DROPCUT_DEMO_PROMPT": ""})])
def test_an_empty_prompt_is_dropped_to_show_a_refusal(clip: Path, given: tuple[list[str], dict[str, str]]) -> None:
    arguments, variables = given
    assert what_to_drop(parse(["--clip", str(clip), *arguments], variables)).prompt == ""


@pytest.mark.parametrize("text", [b"{not json", b"[1]", b'{"prompt": 3}', b"\xff", b"[" * 100_000])
def test_your_own_sidecar_is_dropped_byte_by_byte(clip: Path, text: bytes) -> None:
    sidecar = clip.with_name("mine.json")
    sidecar.write_bytes(text)
    offer = what_to_drop(parse(["--clip", str(clip), "--sidecar", str(sidecar)], {}))
    assert (offer.sidecar, offer.prompt) == (text, None)


def test_a_home_folder_and_a_relative_path_are_understood(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(clip.parent))
    monkeypatch.chdir(clip.parent)
    assert what_to_drop(parse(["--clip", f"~/{clip.name}"], {})).clip == clip
    assert what_to_drop(parse(["--clip", clip.name], {})).clip.resolve() == clip.resolve()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("missing.mp4", "no file missing.mp4 in"),
        ("~nobody-here/a.mp4", "no file ~nobody-here/a.mp4"),
        ("a.avi", "Convert it"),
        ("folder", "a folder"),
        ("_draft.mp4", "begins with _"),
        ("", "CLIP is given but empty"),
        ("pipe.mp4", "no ordinary file"),
    ],
)
def test_a_clip_that_cannot_be_dropped_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, says: str
) -> None:
    for name in ("a.avi", "_draft.mp4"):
        (tmp_path / name).write_bytes(b"clip")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OfferRefused) as refusal:
        what_to_drop(parse(["--clip", given], {}))
    assert says in str(refusal.value)


def test_a_sidecar_that_cannot_be_read_is_refused(clip: Path) -> None:
    for given, says in ((str(clip.parent), "Name the sidecar in it"), ("", "SIDECAR is given but empty")):
        with pytest.raises(OfferRefused) as refusal:
            what_to_drop(parse(["--clip", str(clip), "--sidecar", given], {}))
        assert says in str(refusal.value)


def test_an_output_that_is_a_file_is_refused(clip: Path) -> None:
    with pytest.raises(OfferRefused, match="Name a folder"):
        what_to_drop(parse(["--clip", str(clip), "--output", str(clip)], {}))


def test_a_sidecar_never_takes_the_name_of_an_error_file(clip: Path) -> None:
    odd = clip.with_name("beach.error.mp4")
    odd.write_bytes(b"clip")
    assert what_to_drop(parse(["--clip", str(odd)], {})).sidecar_name == "beach.error.mp4.json"


@pytest.mark.parametrize("arguments", [["--speed", "0"], ["--speed", "fast"], ["--speed", "nan"], ["--speed", "inf"],
                                       ["--prompt", "a", "--sidecar", "b"], ["-x"]])  # fmt: skip
def test_arguments_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        parse(arguments, {})
    assert refusal.value.code == 2


def test_a_prompt_and_a_sidecar_from_make_are_refused_together(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([], {"DROPCUT_DEMO_PROMPT": "", "DROPCUT_DEMO_SIDECAR": "a.json"})
    assert "one of the two" in capsys.readouterr().err


def test_the_help_names_defaults_variables_and_exit_codes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        parse(["--help"], {})
    said = capsys.readouterr().out
    assert said.count("default:") == 5
    for wanted in (PROMPT, "(default: demo-output)", "CLIP=", "PROMPT=", "SIDECAR=", "130 after Ctrl-C"):
        assert wanted in said


def test_what_cannot_be_dropped_ends_with_2_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "WORKSHOP", tmp_path)
    assert demo.main(["--clip", "missing.mp4", "--output", str(tmp_path / "out")]) == 2
    assert "Nothing is dropped" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_failure_names_the_last_complaint_and_the_logs(tmp_path: Path) -> None:
    assert last_error(tmp_path) == ""
    (tmp_path / "cloud.log").write_text("start\n[ERROR] first\n[ERROR] second\nend\n")
    assert last_error(tmp_path).splitlines()[1] == "[ERROR] second"
    assert str(tmp_path) in last_error(tmp_path)


def test_the_logs_of_old_runs_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "WORKSHOP", tmp_path)
    for number in range(9):
        (tmp_path / "demo" / f"2020{number}").mkdir(parents=True)
    demo.new_workdir().mkdir()
    assert len(list((tmp_path / "demo").iterdir())) == demo.KEEP_RUNS
