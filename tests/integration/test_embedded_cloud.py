"""The embedded cloud itself: that it starts, deploys, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from localcloud.cloud import REPOSITORY, Cloud, CloudFailed, start_cloud
from localcloud.deploy import DeployFailed, deploy

PROBE = Path(__file__).parent / "fixtures" / "embedded_cloud"


def alive(pid: int) -> bool:
    """True if the process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def workers_of(workdir: Path) -> list[int]:
    """The Lambda workers of the cloud that logs in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, variables = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if b"lambda_worker.py" in command and str(workdir).encode() in variables:
            found.append(int(process.name))
    return found


def wait_until_gone(pids: list[int], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(alive(pid) for pid in pids):
        time.sleep(0.02)
    assert [pid for pid in pids if alive(pid)] == []


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@needs_proc
def test_a_stopped_cloud_leaves_no_process(tmp_path: Path) -> None:
    with start_cloud(tmp_path) as cloud:
        outputs = deploy(cloud, stack_name="probe", parameters={}, root=PROBE)
        cloud.client("lambda").invoke(FunctionName=outputs["Probe"], Payload=b'{"do": "describe"}')
        workers = workers_of(tmp_path)
        assert workers
    assert not cloud.is_running()
    wait_until_gone([*workers, cloud.pid], seconds=0)


@needs_proc
def test_a_parent_that_is_killed_takes_cloud_and_workers_along(tmp_path: Path) -> None:
    program = f"""
        import sys, threading, time
        from pathlib import Path
        from localcloud.cloud import start_cloud
        from localcloud.deploy import deploy
        cloud = start_cloud(Path({str(tmp_path)!r}))
        outputs = deploy(cloud, stack_name="probe", parameters={{}}, root=Path({str(PROBE)!r}))
        cloud.client("lambda").invoke(FunctionName=outputs["Probe"], Payload=b'{{"do": "describe"}}')
        busy = b'{{"do": "sleep", "seconds": 60}}'
        cloud.client("lambda").invoke(FunctionName=outputs["Probe"], Payload=busy, InvocationType="Event")
        time.sleep(0.2)
        print(cloud.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        cloud = int(parent.stdout.readline())
    workers = workers_of(tmp_path)
    assert workers
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_until_gone([cloud, *workers])


def test_a_cloud_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CloudFailed, match="did not start"):
        start_cloud(tmp_path)


def test_a_port_that_is_taken_is_said_to_be(cloud: Cloud, tmp_path: Path) -> None:
    taken = int(cloud.endpoint.rpartition(":")[2])
    with pytest.raises(CloudFailed, match=f"Port {taken} cannot be used: Address already in use"):
        start_cloud(tmp_path, port=taken)


def test_a_second_deployment_without_changes_gives_the_same_outputs(cloud: Cloud, probe: dict[str, str]) -> None:
    again = deploy(cloud, stack_name="probe", parameters={"Stage": "integration"}, root=PROBE)
    assert again == probe


def test_a_changed_parameter_reaches_the_functions(cloud: Cloud) -> None:
    outputs = deploy(cloud, stack_name="changing", parameters={"Stage": "one"}, root=PROBE)
    assert deploy(cloud, stack_name="changing", parameters={"Stage": "two"}, root=PROBE)["Table"] == outputs["Table"]
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=outputs["Probe"])
    assert configuration["Environment"]["Variables"]["STAGE"] == "two"


MACHINE = "Machine: {{Type: AWS::Serverless::StateMachine, Properties: {{Definition: {{StartAt: A, States: {}}}}}}}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (MACHINE.format("{B: {Type: Succeed}}"), "MISSING_TRANSITION_TARGET: A"),
        (MACHINE.format("{}"), "SCHEMA_VALIDATION_FAILED"),
        ("Thing: {Type: AWS::Unheard::Of}", "AWS::Unheard::Of"),
    ],
    ids=["dangling", "empty", "unknown-type"],
)
def test_a_template_that_cannot_be_deployed_is_refused_in_words(
    cloud: Cloud, tmp_path: Path, template: str, said: str
) -> None:
    body = "Transform: AWS::Serverless-2016-10-31\nResources:\n  " + template
    (tmp_path / "template.yaml").write_text(body)
    with pytest.raises(DeployFailed, match=said):
        deploy(cloud, stack_name=f"bad-{len(template)}", parameters={}, root=tmp_path)


def test_a_yaml_alias_is_refused_as_by_aws(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "machine.asl.yaml").write_text("StartAt: &a A\nStates: {*a : {Type: Succeed}}\n")
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources: {Machine: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: machine.asl.yaml}}}"
    )
    with pytest.raises(DeployFailed, match="resolves no YAML aliases"):
        deploy(cloud, stack_name="aliases", parameters={}, root=tmp_path)


def test_an_unknown_parameter_is_refused(cloud: Cloud) -> None:
    with pytest.raises(DeployFailed, match="Colour"):
        deploy(cloud, stack_name="unknown-parameter", parameters={"Colour": "red"}, root=PROBE)


def test_the_environment_is_enough_for_a_client_of_its_own(cloud: Cloud) -> None:
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.defpath, **cloud.environment()},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == cloud.account_id


def test_two_clouds_at_once_do_not_meet(cloud: Cloud, tmp_path: Path) -> None:
    with start_cloud(tmp_path) as other:
        other.client("s3").create_bucket(Bucket="only-here")
        names = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
        assert other.endpoint != cloud.endpoint
        assert "only-here" not in names
