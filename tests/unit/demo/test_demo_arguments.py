"""What `make demo` is told, and how it says that it cannot go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localcloud import demo
from localcloud.demo import DemoFailed, last_error, parse, what_to_drop


def test_a_clip_and_a_prompt_of_one_s_own_are_dropped(tmp_path: Path) -> None:
    clip = tmp_path / "my clip.MOV"
    clip.write_bytes(b"clip")
    path, sidecar = what_to_drop(parse(["--clip", str(clip), "--prompt", "näher ans Meer"]))
    assert path == clip
    assert json.loads(sidecar) == {"prompt": "näher ans Meer", "keep_audio": True}


def test_an_empty_prompt_is_dropped_as_it_is_to_show_a_refusal(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    assert json.loads(what_to_drop(parse(["--clip", str(clip), "--prompt", ""]))[1])["prompt"] == ""


def test_a_sidecar_of_one_s_own_is_dropped_byte_by_byte(tmp_path: Path) -> None:
    clip, sidecar = tmp_path / "clip.mp4", tmp_path / "broken.json"
    clip.write_bytes(b"clip")
    sidecar.write_bytes(b"{not json")
    assert what_to_drop(parse(["--clip", str(clip), "--sidecar", str(sidecar)]))[1] == b"{not json"


@pytest.mark.parametrize("name", ["missing.mp4", "clip.avi"])
def test_a_clip_that_cannot_be_dropped_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "clip.avi").write_bytes(b"clip")
    with pytest.raises(DemoFailed) as failure:
        what_to_drop(parse(["--clip", str(tmp_path / name)]))
    assert name in str(failure.value)


@pytest.mark.parametrize(
    "arguments", [["--speed", "0"], ["--speed", "fast"], ["--prompt", "a", "--sidecar", "b"], ["-x"]]
)
def test_arguments_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        parse(arguments)
    assert refusal.value.code == 2


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
