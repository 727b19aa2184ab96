"""The commands of docs/simulator.md do what the page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

PAGE = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not shutil.which("curl"), reason="the page's examples use curl")
def test_every_curl_command_of_the_page_is_answered(customer: Customer) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    commands = [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.startswith("curl")]
    assert len(commands) == 8
    request_id = ""
    for command in commands:
        here = command.partition(" #")[0].replace("http://127.0.0.1:9000", customer.simulator.url)
        here = here.replace("http://127.0.0.1:8000/beach.mp4", customer.clip_url).replace("REQUEST_ID", request_id)
        script = f"set -e; KEY={customer.simulator.api_key}\n{here}"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=20, check=True)
        answer = json.loads(done.stdout)
        assert "error" not in answer or answer["error"] is None
        request_id = answer.get("request_id", request_id)
        if "status" in answer and "poll_url" in answer:
            customer.wait(request_id)
