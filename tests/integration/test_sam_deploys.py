"""Whoever deploys uses the SAM CLI: the real, unmodified one builds and deploys this into the embedded cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.documents import TEMPLATE, load, resources
from localcloud.cloud import REPOSITORY, WORKSHOP, Cloud
from localcloud.standing import local_parameters, put_api_key
from localcloud.workshop import python_for_sam

SAM = WORKSHOP / "sam" / "bin" / "sam"
STACK = "dropcut-by-sam"
NOWHERE = "http://127.0.0.1:9"  # the provider: nothing is bought here

pytestmark = [pytest.mark.sam, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def sam_environment(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment to run `sam` in; makes .workshop/sam where it is missing."""
    python = python_for_sam()
    if python is None:
        pytest.skip("`sam build` needs a python3.13 with pip, and this machine has none")
    subprocess.run([sys.executable, "-m", "localcloud.workshop", "--with-sam"], cwd=REPOSITORY, check=True)
    return {
        **os.environ,
        **cloud.environment(),
        "PATH": os.pathsep.join([str(Path(python).parent), os.environ["PATH"]]),
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(tmp_path_factory.mktemp("sam-home")),
    }


def sam(environment: dict[str, str], *arguments: str) -> str:
    """Run one `sam` command with our samconfig.toml; its output is in the failure when it fails."""
    done = subprocess.run(
        [str(SAM), *arguments, "--config-file", str(REPOSITORY / "samconfig.toml")],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def outputs(cloud: Cloud, sam_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the stack says after `sam build && sam deploy`, as a user would read it."""
    work = tmp_path_factory.mktemp("sam-build")
    built = work / "build" / "template.yaml"
    sam(sam_environment, "build", "--build-dir", str(built.parent), "--cache-dir", str(work / "cache"))
    put_api_key(cloud, "SG_0123456789abcdef")
    overrides = [f"{name}={value}" for name, value in local_parameters(NOWHERE).items()]
    sam(
        sam_environment,
        *("deploy", "--template-file", str(built), "--stack-name", STACK, "--no-confirm-changeset"),
        *("--parameter-overrides", *overrides),
    )
    stack = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_sam_deploys_everything_that_the_template_promises(cloud: Cloud, outputs: dict[str, str]) -> None:
    assert outputs.keys() == load(TEMPLATE)["Outputs"].keys()
    for bucket in ("InboxBucket", "OutboxBucket", "WorkroomBucket"):
        cloud.client("s3").head_bucket(Bucket=outputs[bucket])


def test_every_function_that_sam_built_starts_with_its_layers(cloud: Cloud, outputs: dict[str, str]) -> None:
    assert outputs
    for logical_id in resources(load(TEMPLATE), "AWS::Serverless::Function"):
        found = cloud.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        said = json.loads(cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"].read()) or {}
        assert not str(said.get("errorType", "")).startswith("Runtime."), f"{logical_id}: {said}"
