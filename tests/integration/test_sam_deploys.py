"""Whoever deploys types what the README says: the real AWS and SAM CLIs do it here, against the embedded cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checks.documents import TEMPLATE, load, resources
from localcloud.clips import make_clip
from localcloud.cloud import REPOSITORY, WORKSHOP, Cloud
from localcloud.simulator import Simulator, start_simulator
from localcloud.standing import local_parameters
from localcloud.workshop import python_for_sam
from tests.readme.checkout import copy_repository
from tests.readme.commands import readme
from tests.readme.shell import Shell, environment_of_a_person

STACK = "dropcut"
PATIENCE_SECONDS = 120.0  # an edit takes four seconds here; this is for a machine that is busy with something else

pytestmark = [pytest.mark.sam, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Deployed:
    """A stack that was deployed by hand, the shell in which it was, and what was shown there."""

    shell: Shell
    outputs: dict[str, str]
    said: str
    listed: str


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with `aws`, `sam` and a python3.13 on PATH; makes .workshop/sam where it is missing."""
    python = python_for_sam()
    if python is None:
        pytest.skip("`sam build` needs a python3.13 with pip, and this machine has none")
    subprocess.run([sys.executable, "-m", "localcloud.workshop", "--with-sam"], cwd=REPOSITORY, check=True)
    folder = tmp_path_factory.mktemp("bin")
    for name in ("aws", "sam"):
        (folder / name).symlink_to(WORKSHOP / "sam" / "bin" / name)
    path = os.pathsep.join([str(folder), str(Path(python).parent), os.environ["PATH"]])
    return environment_of_a_person(PATH=path, __SAM_CLI_APP_DIR=str(tmp_path_factory.mktemp("sam-home")))


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_simulator(tmp_path_factory.mktemp("provider"), time_scale=0.01) as running:
        yield running


@pytest.fixture(scope="module")
def deployed(
    cloud: Cloud, provider: Simulator, programs: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """What stands after the README's commands were typed in a fresh clone, up to the deployment."""
    # `--guided` writes the answers into samconfig.toml, hence a clone.
    clone = copy_repository(tmp_path_factory.mktemp("clone") / "dropcut")
    here = local_parameters(provider.url)
    del here["ApiKeyParameterName"]  # the README's own
    answers = {f"Parameter {name}": value for name, value in here.items()} | {"Deploy this changeset?": "y"}
    with Shell(clone, {**programs, **cloud.environment()}) as shell:
        for command in readme("read -rs SEGMIND_API_KEY"):
            shell.enter(command, blindly=provider.api_key)
        for command in readme("aws ssm put-parameter"):
            shell.enter(command)
        said = "".join(shell.enter(command, answers=answers) for command in readme("sam build"))
        listed = "".join(shell.enter(command) for command in readme("sam list stack-outputs"))
        stack = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        yield Deployed(shell, outputs, said, listed)
    shutil.rmtree(clone)


def test_the_deploy_commands_end_with_everything_that_the_template_promises(cloud: Cloud, deployed: Deployed) -> None:
    assert f"Successfully created/updated stack - {STACK}" in deployed.said
    assert deployed.outputs.keys() == load(TEMPLATE)["Outputs"].keys()
    assert [name for name in deployed.outputs if name not in deployed.listed] == []
    for bucket in ("InboxBucket", "OutboxBucket", "WorkroomBucket"):
        cloud.client("s3").head_bucket(Bucket=deployed.outputs[bucket])


def test_every_function_that_sam_built_starts_with_its_layers(cloud: Cloud, deployed: Deployed) -> None:
    assert deployed.outputs
    for logical_id in resources(load(TEMPLATE), "AWS::Serverless::Function"):
        found = cloud.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        said = json.loads(cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"].read()) or {}
        assert not str(said.get("errorType", "")).startswith("Runtime."), f"{logical_id}: {said}"


def test_what_the_readme_drops_comes_back_edited(cloud: Cloud, deployed: Deployed, tmp_path: Path) -> None:
    deployed.shell.enter(f"cp {make_clip(seconds=3.0)} beach.mp4")
    deployed.shell.enter("""echo '{"prompt": "Make it night"}' > beach.json""")
    for command in readme("aws s3 cp beach.mp4"):
        deployed.shell.enter(command, INBOX=deployed.outputs["InboxBucket"])
    wanted = {"trip/beach.mp4", "trip/beach.manifest.json"}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not wanted <= (found := outbox(cloud, deployed)):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    manifest = cloud.client("s3").get_object(Bucket=deployed.outputs["OutboxBucket"], Key="trip/beach.manifest.json")
    assert json.loads(manifest["Body"].read())["status"] == "DELIVERED"


def outbox(cloud: Cloud, deployed: Deployed) -> set[str]:
    listed: Any = cloud.client("s3").list_objects_v2(Bucket=deployed.outputs["OutboxBucket"])
    return {entry["Key"] for entry in listed.get("Contents", [])}


def test_a_deployed_function_can_be_invoked_by_hand(deployed: Deployed) -> None:
    for command in readme("sam remote invoke"):
        assert "Error" not in deployed.shell.enter(command)
