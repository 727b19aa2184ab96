"""The benchmark of a hundred generations runs for anybody, here with two."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_benchmark_measures_every_scenario_against_one_generation(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "hundred_generations.py"), "--at-once", "2", "--seconds", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, cwd=tmp_path, check=False)
    assert done.stderr == ""
    rows = re.findall(r"^(.*\S) +[\d.]+ s +\S+ s +.* (\d+) +[\d.]+ x$", done.stdout, re.MULTILINE)
    encodes = {name: int(count) for name, count in rows}
    assert encodes.pop("2 prompts, one clip") in (1, 2)  # two prompts may share a look
    assert encodes == {
        "one generation": 1,
        "2, all equal": 1,
        "2 clips, editing=copy": 2,
        "2 clips, one prompt": 2,
    }
