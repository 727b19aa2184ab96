"""A debugger stops in a handler while the stack around it runs, at the repository's own lines, and nothing hurries."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import REPOSITORY, Cloud, Debugged, start_cloud
from localcloud.deploy import deploy
from tests.e2e import debugging
from tests.integration.conftest import PROBE
from tests.integration.dap import Debugger, line_with
from tests.readme.shell import environment_of_a_person

pytestmark = pytest.mark.timeout(300)  # the first run installs the debugger
HANDLER = """
def lambda_handler(event, context):
    word = event["word"]
    breakpoint()
    return word + "!"
"""


@pytest.fixture(scope="module", autouse=True)
def _a_workshop_for_editors() -> None:
    subprocess.run([sys.executable, "-m", "localcloud.workshop", "--for-editors"], cwd=REPOSITORY, check=True)


@pytest.fixture(scope="module")
def attach() -> dict[str, Any]:
    """The arguments that the page about development gives an editor; its port is the usual one."""
    page = (REPOSITORY / "docs" / "development.md").read_text(encoding="utf-8")
    (launch,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (configuration,) = json.loads(launch)["configurations"]
    assert configuration["connect"]["port"] == debugging.USUAL_PORT
    return dict(configuration)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def debugged(tmp_path: Path) -> Debugged:
    """The probe function, with a handler of this test's own in its place."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "app.py").write_text(HANDLER, encoding="utf-8")
    libraries = debugging.debugger_folder()
    assert libraries
    return Debugged("ProbeFunction", [str(tmp_path / "source")], str(libraries), free_port())


@pytest.fixture
def cloud(tmp_path: Path, debugged: Debugged) -> Iterator[Cloud]:
    """A cloud of its own: its probe function waits for a debugger."""
    with start_cloud(tmp_path / "cloud", wait_scale=0.01, debugged=debugged) as running:
        yield running


def test_a_breakpoint_may_outlast_the_functions_timeout(
    cloud: Cloud, debugged: Debugged, attach: dict[str, Any]
) -> None:
    outputs = deploy(cloud, stack_name="probe", parameters={"Stage": "debugging"}, root=PROBE)
    functions, name = cloud.client("lambda"), outputs["Probe"]
    limit = functions.get_function_configuration(FunctionName=name)["Timeout"]
    answers: list[bytes] = []

    def invoke() -> None:
        answers.append(functions.invoke(FunctionName=name, Payload=b'{"word": "hello"}')["Payload"].read())

    caller = threading.Thread(target=invoke)
    caller.start()
    with Debugger(debugged.port, attach, {}) as debugger:
        thread, frame = debugger.wait_until_stopped()
        assert frame["source"]["path"] == debugged.sources[0] + "/app.py"
        assert debugger.value(frame, "word") == "'hello'"
        time.sleep(limit + 1)
        debugger.go_on(thread)
        caller.join(30)
    assert answers == [b'"hello!"']


def test_an_end_to_end_test_waits_for_the_debugger(attach: dict[str, Any]) -> None:
    handler = REPOSITORY / "functions" / "poll_edit" / "app.py"
    use_case = REPOSITORY / "layers" / "core" / "dropcut" / "workflow" / "poll_edit.py"
    lines = {handler: line_with(handler, "poll_edit(services()"), use_case: line_with(use_case, "provider.status(")}
    command = [sys.executable, "-m", "tests.e2e.debugging", "poll_edit"]
    with subprocess.Popen(
        [*command, "tests/e2e/test_names.py::test_a_clip_may_lie_in_no_folder"],
        cwd=REPOSITORY,
        env=environment_of_a_person(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert run.stdout
        port = next(int(found[1]) for line in run.stdout if (found := re.search(r"waits for .* 127.0.0.1:(\d+)", line)))
        with Debugger(port, attach, lines) as debugger:
            for path, line in lines.items():
                thread, frame = debugger.wait_until_stopped()
                assert (frame["source"]["path"], frame["line"]) == (str(path), line)
                if path == handler:
                    assert "'outcome': 'submitted'" in debugger.value(frame, "event['generation']")
                    assert int(debugger.value(frame, "context.get_remaining_time_in_millis()")) > 3_600_000
                debugger.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[])  # it may poll again
                debugger.go_on(thread)
        said = run.stdout.read()
    assert "1 passed" in said, said
    assert run.returncode == 0
