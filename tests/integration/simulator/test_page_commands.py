"""The commands of docs/simulator.md do what the page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import imageio_ffmpeg
import pytest

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

PAGE = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
LINES = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
COMMANDS = [line.partition(" #")[0] for line in LINES if "curl" in line]


@dataclass
class Reader:
    """Types the page's commands one after the other, with what the last answers said in place of its placeholders."""

    customer: Customer
    folder: Path
    known: dict[str, str] = field(default_factory=dict)

    def type(self, command: str) -> None:
        """Run a command and see that it was answered well."""
        places = {"http://127.0.0.1:9000": self.customer.simulator.url} | self.known
        places |= {"http://127.0.0.1:8000/beach.mp4": self.customer.clip_url}
        for place, meant in places.items():
            command = command.replace(place, meant)
        script = f"set -e; KEY={self.customer.simulator.api_key}\n{command}"
        done = subprocess.run(
            ["sh", "-c", script], capture_output=True, text=True, timeout=20, check=True, cwd=self.folder
        )
        if saved := re.search(r"-o (\S+)", command):
            path = self.folder / saved[1]
            assert path.read_bytes()[4:8] == b"ftyp"
            path.unlink()
        else:
            self.hear(json.loads(done.stdout))

    def hear(self, answer: dict[str, str]) -> None:
        """Remember what the next commands need."""
        assert answer.get("error") is None
        if "poll_url" in answer:
            self.known["REQUEST_ID"] = answer["request_id"]
            assert self.customer.wait(answer["request_id"])["status"] == "COMPLETED"
        if "file_urls" in answer:
            self.known["ASSET_URL"] = answer["file_urls"][0]


@pytest.mark.skipif(not shutil.which("curl"), reason="the page's examples use curl")
def test_every_curl_command_of_the_page_is_answered(customer: Customer, tmp_path: Path) -> None:
    lamp = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc=s=400x300", "-frames:v", "1"]
    subprocess.run([*lamp, str(tmp_path / "lamp.png")], check=True, timeout=30)
    reader = Reader(customer, tmp_path)
    for command in COMMANDS:
        reader.type(command)
    assert set(reader.known) == {"REQUEST_ID", "ASSET_URL"}
    kinds = {"submit", "sync", "poll", "result", "legacy", "credits", "history", "upload"}
    assert kinds <= set(customer.simulator.health()["exchanges"])


def test_no_curl_command_of_the_page_is_left_out() -> None:
    outside = re.sub(r"```sh\n.*?```", "", PAGE, flags=re.DOTALL)
    assert "curl" not in outside
    assert "".join(COMMANDS).count("curl ") == PAGE.count("curl ")
