"""People who type `./dropcut`: with every power, or with those that the operations page asks for."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from localcloud.cloud import REPOSITORY
from localcloud.standing import API_KEY_PARAMETER
from tests.e2e.stand import Stand

Said = subprocess.CompletedProcess[str]


def dropcut(stand: Stand, *arguments: str, **keys: str) -> Said:
    """The command, as it is typed at a shell that has what `make up` prints, or somebody else's keys."""
    environment = {**os.environ, **stand.cloud.environment(), **keys}
    command = [str(REPOSITORY / "dropcut"), *arguments]
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60
    )


def done(said: Said) -> str:
    assert said.returncode == 0, said.stderr
    return said.stdout


def refused(said: Said) -> str:
    assert (said.returncode, said.stdout) == (1, ""), said.stdout
    return said.stderr


def person(stand: Stand, name: str) -> dict[str, str]:
    """Somebody with the permissions that the page shows and no other; gives what their environment has."""
    page = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    (policy,) = (block for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if "dynamodb:Scan" in block)
    cloud, outputs = stand.cloud, stand.outputs
    ours = f"{cloud.region}:{cloud.account_id}"
    arns = {
        "API_KEY_PARAMETER_ARN": f"arn:aws:ssm:{ours}:parameter{API_KEY_PARAMETER}",
        "STATE_MACHINE_ARN": outputs["EditStateMachineArn"],
        "LEDGER_ARN": f"arn:aws:dynamodb:{ours}:table/{outputs['LedgerTable']}",
        "TOPIC_ARN": outputs["NotificationTopicArn"],
        ":::OUTBOX": f":::{outputs['OutboxBucket']}",
    }
    for word, arn in arns.items():
        policy = policy.replace(word, arn)
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="operator", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    buckets = [sys.executable, "-c", "import boto3; boto3.client('s3').list_buckets()"]
    environment = {**os.environ, **cloud.environment(), **keys}
    refused = subprocess.run(buckets, env=environment, capture_output=True, text=True, check=False)
    assert "AccessDenied" in refused.stderr, "permissions are enforced"
    return keys
