"""The simulator as a process: it starts, says nothing secret, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from localcloud.simulator import SimulatorFailed, start_simulator

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

ROOT = Path(__file__).resolve().parents[3]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


def alone(tmp_path: Path, *more: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "localcloud.simulator", "--port", "0", "--cache", str(tmp_path / "cache"), *more]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().split()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_alone_and_ends_cleanly_when_told(tmp_path: Path, number: signal.Signals) -> None:
    process, url = alone(tmp_path, "--key", "SG_00000000000000aa", "--credits", "7")
    balance = requests.get(f"{url}/v1/get-user-credits", headers={"x-api-key": "SG_00000000000000aa"}, timeout=10)
    assert balance.json()["credits"] == 7
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_ends_its_encoders_with_itself(tmp_path: Path, shelf: tuple[Path, str]) -> None:
    from localcloud.clips import make_clip

    make_clip(shelf[0] / "big.mp4", seconds=10, width=1920, height=1080)
    for number in (signal.SIGTERM, signal.SIGKILL):
        process, url = alone(tmp_path / number.name, "--set", "queue_seconds=0", "--key", "SG_00000000000000aa")
        body = {"prompt": "winter snow", "video_url": f"{shelf[1]}/big.mp4"}
        key = {"x-api-key": "SG_00000000000000aa"}
        requests.post(f"{url}/v2/kling-o3-video2video-edit", json=body, headers=key, timeout=10)
        deadline = time.monotonic() + 15
        encoders: list[int] = []
        while not encoders and time.monotonic() < deadline:
            encoders = children(process.pid)
        assert encoders
        time.sleep(0.3)  # the launcher has become the encoder
        process.send_signal(number)
        process.communicate(timeout=10)
        assert all(gone(pid, 3) for pid in encoders)
        assert not list(tmp_path.rglob("*.mp4")) or number == signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from localcloud.simulator import start_simulator;"
        "sim = start_simulator(Path(sys.argv[1])); print(sim._process.pid, sim.url, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    pid, url = parent.stdout.readline().split()
    assert requests.get(f"{url}/__sim/health", timeout=10).json()["ok"]
    parent.send_signal(signal.SIGKILL)
    parent.communicate(timeout=10)
    assert gone(int(pid))


def test_it_survives_the_end_of_the_thread_that_started_it(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        simulator = pool.submit(start_simulator, tmp_path).result()
    time.sleep(0.3)
    assert simulator.health()["ok"]
    simulator.stop()


def test_its_log_holds_neither_key_nor_signature(customer: Customer) -> None:
    customer.finished_url()
    customer.submit(video_url="http://127.0.0.1:1/x.mp4?X-Amz-Signature=topsecret")
    requests.post(f"{customer.simulator.url}/v2/x?key={customer.simulator.api_key}&a=topsecret", json={}, timeout=10)
    shown = customer.simulator.log.read_text() + json.dumps(
        [
            customer.simulator.bill(),
            customer.simulator.requests(),
            customer.simulator.health(),
            customer.simulator.settings(),
        ]
    )
    assert "/v2/kling-o3-video2video-edit 200" in shown
    assert customer.simulator.api_key not in shown
    assert "topsecret" not in shown


def test_a_start_that_fails_says_why(tmp_path: Path, customer: Customer) -> None:
    taken = int(customer.simulator.url.rpartition(":")[2])
    with pytest.raises(SimulatorFailed) as failure:
        start_simulator(tmp_path, port=taken)
    assert f"cannot listen on port {taken}" in str(failure.value)
    with pytest.raises(SimulatorFailed) as failure:
        start_simulator(tmp_path, speed=3)
    assert "there is no setting 'speed'" in str(failure.value)


def test_clips_on_their_way_leave_nothing_on_the_disk(customer: Customer) -> None:
    customer.finished_url()
    customer.wait(customer.submit(video_url=customer.clip_url.replace("beach", "missing")))
    assert not list((customer.simulator.log.parent / "clips").iterdir())


def test_one_command_starts_it_and_a_reset_restores_it(
    tmp_path: Path,
) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"stage": "credits", "kind": "server_error"}, {"stage": "upload", "kind": "reset"}]')
    key = "SG_00000000000000aa"
    told = ["--key", key, "--credits", "7", "--prices", "std=0.5,pro=3", "--faults", str(faults)]
    process, url = alone(tmp_path, *told)
    try:
        assert process.stdout
        greeting = "".join(process.stdout.readline() for _ in range(3))
        assert all(words in greeting for words in (key, "$7, at std $0.5 and pro $3 a second", "2 waiting"))
        for _ in range(2):
            answers = [requests.get(f"{url}/v1/get-user-credits", headers={"x-api-key": key}, timeout=10) for _ in "12"]
            assert [answer.status_code for answer in answers] == [500, 200]
            assert answers[1].json()["credits"] == 7
            (waiting,) = requests.get(f"{url}/__sim/faults", timeout=10).json()["waiting"]
            assert waiting["stage"] == "upload"
            requests.post(f"{url}/__sim/reset", timeout=10)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=10)
    assert "Traceback" not in errors
