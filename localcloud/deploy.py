"""Deploys a SAM template into the embedded cloud in about a second, where `sam build` and `sam deploy` take twenty.

The same packages and the same template go the same way: to S3, and through CloudFormation with the SAM transform.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.cloud import REPOSITORY, Cloud
from localcloud.packaging import function_package, layer_package

ARTIFACTS = "localcloud-artifacts"
BODY_LIMIT = 51_200  # bytes; a longer template goes through S3, as with CloudFormation itself
PATIENCE_SECONDS = 120.0
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeployFailed(Exception):
    """The stack did not come up; the text names each resource that failed, and why."""


def deploy(
    cloud: Cloud,
    *,
    stack_name: str,
    parameters: Mapping[str, str],
    root: Path = REPOSITORY,
    template: Path | None = None,
) -> dict[str, str]:
    """Create or update a stack from the template (`root`/template.yaml) and return its outputs.

    Raises DeployFailed, and PackagingFailed where a layer's requirements cannot be installed.
    """
    from botocore.exceptions import ClientError
    from samtranslator.yaml_helper import yaml_parse

    source = template or root / "template.yaml"
    document = yaml_parse(source.read_text(encoding="utf-8"))
    unknown = sorted(set(parameters) - set(document.get("Parameters", {})))
    if unknown:
        raise DeployFailed(f"{source.name} has no parameter {', '.join(unknown)}.")
    upload_packages(cloud, document, source.parent)
    request: dict[str, Any] = {
        "StackName": stack_name,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Capabilities": CAPABILITIES,
        **template_location(cloud, json.dumps(document, separators=(",", ":"))),
    }
    try:
        apply(cloud, request, exists=stack_status(cloud, stack_name) is not None)
    except ClientError as problem:
        if "No updates" not in str(problem):
            raise DeployFailed(str(problem)) from problem
    return wait_for_outputs(cloud, stack_name)


def upload_packages(cloud: Cloud, document: dict[str, Any], root: Path) -> None:
    """Build each function, layer and definition, and point the template at its copy in S3."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=ARTIFACTS)
    sent: set[str] = set()
    for resource in document["Resources"].values():
        kind, properties = resource["Type"], resource.setdefault("Properties", {})
        found = local_package(resource, kind, properties, root)
        if found is None:
            continue
        name, path = found
        content = path.read_bytes()
        key = hashlib.sha256(content).hexdigest() + path.suffix
        if key not in sent:
            s3.put_object(Bucket=ARTIFACTS, Key=key, Body=content)
            sent.add(key)
        properties[name] = {"Bucket": ARTIFACTS, "Key": key}


def local_package(
    resource: dict[str, Any], kind: str, properties: dict[str, Any], root: Path
) -> tuple[str, Path] | None:
    """The property that names a local folder or file, and the file to send for it; None where there is none."""
    if kind == "AWS::Serverless::Function" and isinstance(properties.get("CodeUri"), str):
        return "CodeUri", function_package(root / properties["CodeUri"])
    if kind == "AWS::Serverless::LayerVersion" and isinstance(properties.get("ContentUri"), str):
        method = (resource.get("Metadata") or {}).get("BuildMethod")
        return "ContentUri", layer_package(root / properties["ContentUri"], build_method=method)
    if kind == "AWS::Serverless::StateMachine" and isinstance(properties.get("DefinitionUri"), str):
        return "DefinitionUri", root / properties["DefinitionUri"]
    return None


def template_location(cloud: Cloud, body: str) -> dict[str, str]:
    if len(body.encode()) <= BODY_LIMIT:
        return {"TemplateBody": body}
    key = f"{hashlib.sha256(body.encode()).hexdigest()}.template"
    cloud.client("s3").put_object(Bucket=ARTIFACTS, Key=key, Body=body.encode())
    return {"TemplateURL": f"{cloud.endpoint}/{ARTIFACTS}/{key}"}


def apply(cloud: Cloud, request: dict[str, Any], *, exists: bool) -> None:
    """Create the stack, or update it; the caller waits."""
    cloudformation = cloud.client("cloudformation")
    if exists:
        cloudformation.update_stack(**request)
    else:
        cloudformation.create_stack(**request, OnFailure="DO_NOTHING")


def stack_status(cloud: Cloud, stack_name: str) -> str | None:
    """The stack's status, or None where there is no such stack."""
    from botocore.exceptions import ClientError

    try:
        stacks = cloud.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError:
        return None
    return str(stacks[0]["StackStatus"])


def wait_for_outputs(cloud: Cloud, stack_name: str) -> dict[str, str]:
    """Wait for the end of the operation; raise DeployFailed unless it is a good one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        status = stack_status(cloud, stack_name)
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            stack = cloud.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if status is None or not status.endswith("_IN_PROGRESS"):
            raise DeployFailed(f"Stack {stack_name} is {status}.\n" + "\n".join(failures(cloud, stack_name)))
        time.sleep(0.05)
    raise DeployFailed(f"Stack {stack_name} is still {stack_status(cloud, stack_name)} after {PATIENCE_SECONDS:.0f} s.")


def failures(cloud: Cloud, stack_name: str) -> list[str]:
    """The failed resources of a stack, oldest first, with the reasons of its events."""
    events = cloud.client("cloudformation").describe_stack_events(StackName=stack_name)["StackEvents"]
    return [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
