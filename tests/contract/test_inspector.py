"""Having a clip inspected by the function that may do nothing else, in the embedded cloud and by the fake."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from dropcut.adapters.lambda_inspector import LambdaInspector
from dropcut.adapters.s3 import S3Files
from dropcut.domain.errors import FileHidden, InspectionFailed
from dropcut.domain.model import Drop
from dropcut.intake.inspection import read_inspection
from dropcut.ports import Inspector
from localcloud.cloud import Cloud
from tests.fakes.examples import INBOX, OUTBOX, WORKROOM, a_clip, a_drop
from tests.fakes.services import FakeProber, FakeServices

INSPECTION = {"clip": a_clip().as_json()}
FUNCTION = f"""
def lambda_handler(event, context):
    key = event["drop"]["clip_key"]
    if key == "raises.mp4":
        raise ValueError("secret words of a clip")
    if key == "long.mp4":
        return {{"problem": "x" * 100_000}}
    return {INSPECTION!r}
"""


@pytest.fixture(scope="session")
def function(cloud: Cloud) -> str:
    """A function in InspectClip's place, which answers as it is asked to by the clip's name."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = cloud.client("iam").create_role(
        RoleName="inspector", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("app.py", FUNCTION)
    created = cloud.client("lambda").create_function(
        FunctionName="inspect-clip",
        Runtime="python3.13",
        Handler="app.lambda_handler",
        Role=role,
        Code={"ZipFile": package.getvalue()},
        Timeout=60,
    )
    return str(created["FunctionName"])


@pytest.fixture
def real(cloud: Cloud, function: str) -> LambdaInspector:
    return LambdaInspector(cloud.client("lambda"), function)


@pytest.fixture(params=["fake", "lambda"])
def inspector(request: pytest.FixtureRequest) -> Inspector:
    if request.param == "lambda":
        found: Inspector = request.getfixturevalue("real")
        return found
    world = FakeServices(probe=FakeProber(a_clip()))
    world.files.put(INBOX, "beach.mp4", bytes(a_clip().size), "c1")
    return world.inspector


def test_the_answer_is_an_inspection(inspector: Inspector) -> None:
    assert read_inspection(inspector(a_drop("beach.mp4"))) == a_clip()


def test_a_function_that_fails_is_told_without_its_words(real: LambdaInspector) -> None:
    with pytest.raises(InspectionFailed) as caught:
        real(a_drop("raises.mp4"))
    assert "secret" not in str(caught.value)


def test_an_answer_that_is_too_long_is_none(real: LambdaInspector) -> None:
    assert isinstance(read_inspection(real(a_drop("long.mp4"))), str)


@pytest.fixture
def stranger(cloud: Cloud) -> Callable[[Drop], Any]:
    """Asks for a clip as somebody who may do nothing."""
    iam = cloud.client("iam")
    iam.create_user(UserName="stranger")
    keys = iam.create_access_key(UserName="stranger")["AccessKey"]
    s3 = boto3.client(
        "s3",
        endpoint_url=cloud.endpoint,
        region_name=cloud.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
    )
    files = S3Files(s3, None, workroom=WORKROOM, outbox=OUTBOX)
    return lambda drop: files.head(drop.bucket, drop.clip_key, drop.clip_version)


@pytest.mark.usefixtures("s3")
def test_a_file_that_s3_does_not_speak_of_is_hidden(stranger: Callable[[Drop], Any]) -> None:
    with pytest.raises(FileHidden):
        stranger(a_drop("beach.mp4"))
