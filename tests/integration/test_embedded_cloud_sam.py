"""The real, unmodified `sam build` and `sam deploy`, with the embedded cloud where AWS would be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud import workshop
from localcloud.cloud import REPOSITORY, Cloud
from localcloud.deploy import stack_status
from localcloud.standing import local_parameters, put_api_key

STACK = "built-by-sam"
SAM = str(workshop.WORKSHOP / "sam" / "bin" / "sam")


def interpreter_folder() -> str:
    """The folder of the python3.13 with pip that `sam build` wants; skips where there is none."""
    chosen = workshop.choose_interpreter()
    python = Path(chosen.path).with_name("python3.13")
    if not python.exists() or not workshop.can(str(python), "pip"):
        pytest.skip("sam build wants a python3.13 with pip")
    return str(python.parent)


@pytest.fixture(scope="session")
def sam(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which `sam` is the real one and AWS is the embedded cloud."""
    folder = interpreter_folder()
    subprocess.run([sys.executable, "-m", "localcloud.workshop", "--with-sam"], cwd=REPOSITORY, check=True, timeout=300)
    path = os.pathsep.join([folder, os.environ["PATH"]])  # not sam's own folder: its python has no pip
    home = str(tmp_path_factory.mktemp("home"))
    return {**os.environ, **cloud.environment(), "PATH": path, "HOME": home, "SAM_CLI_TELEMETRY": "0"}


def run(command: list[str], environment: dict[str, str]) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.sam
@pytest.mark.timeout(600)
def test_sam_builds_and_deploys_the_application_as_it_is(cloud: Cloud, sam: dict[str, str], tmp_path: Path) -> None:
    provider = "http://127.0.0.1:9"  # discard: nothing is submitted here
    put_api_key(cloud, "SG_0123456789abcdef")
    built = tmp_path / "built"
    run([SAM, "build", "--build-dir", str(built), "--cache-dir", str(tmp_path / "cache")], sam)
    overrides = [f"{name}={value}" for name, value in local_parameters(provider).items()]
    run(
        [
            *[SAM, "deploy", "--template-file", str(built / "template.yaml"), "--stack-name", STACK, "--resolve-s3"],
            *["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"],
            *["--parameter-overrides", *overrides],
        ],
        sam,
    )
    assert stack_status(cloud, STACK) == "CREATE_COMPLETE"
    resources = cloud.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    functions = [found for found in resources if found["ResourceType"] == "AWS::Lambda::Function"]
    verbs = {folder.name for folder in (REPOSITORY / "functions").iterdir() if (folder / "app.py").exists()}
    assert len(functions) == len(verbs)
    for function in functions:
        answer = cloud.client("lambda").invoke(FunctionName=function["PhysicalResourceId"], Payload=b"{}")
        said = json.loads(answer["Payload"].read())
        assert not str((said or {}).get("errorType")).startswith("Runtime."), said
