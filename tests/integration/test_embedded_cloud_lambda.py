"""What a Lambda function finds in the embedded cloud, and what its caller sees of it."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from localcloud.cloud import Cloud
from localcloud.executions import function_log


class Probe:
    """The probe function, invoked."""

    def __init__(self, cloud: Cloud, outputs: dict[str, str]) -> None:
        self.cloud, self.outputs = cloud, outputs

    def __call__(self, do: str, **event: Any) -> Any:
        """What the function returns; its error document where it fails."""
        payload = json.dumps({"do": do, **event})
        answer = self.cloud.client("lambda").invoke(FunctionName=self.outputs["Probe"], Payload=payload)
        return json.loads(answer["Payload"].read())

    def call(self, service: str, operation: str, *, role: str | None = None, **arguments: Any) -> Any:
        """A boto3 call made by the function: its answer, or the error document."""
        given = {"role": role} if role else {}
        return self("call", service=service, operation=operation, arguments=arguments, **given)


@pytest.fixture
def run(cloud: Cloud, probe: dict[str, str]) -> Probe:
    return Probe(cloud, probe)


def test_a_function_has_its_variables_its_layer_and_its_context(run: Probe) -> None:
    seen = run("describe")
    assert seen["layer"] == "hello"
    assert seen["stage"] == "integration"
    assert seen["arn"] == run.outputs["Probe"]
    assert seen["request_id"]
    assert 0 < seen["left_ms"] <= 5000


def test_a_function_has_nothing_that_lambda_would_not_give_it(run: Probe) -> None:
    seen = run("describe")
    assert not seen["has_pytest"]
    assert not any("/dev/" in path or path.endswith("/localcloud") for path in seen["path"])
    assert "VIRTUAL_ENV" not in seen["variables"]


@pytest.mark.parametrize("error", ["OutOfCredits", "ValueError"])
def test_an_exception_is_known_by_its_class_name(run: Probe, error: str) -> None:
    answer = run("fail", error=error, text="none left")
    assert answer["errorType"] == error
    assert answer["errorMessage"] == "none left"


def test_a_function_that_takes_too_long_is_ended(run: Probe) -> None:
    assert run("sleep", seconds=8)["errorType"] == "Sandbox.Timedout"
    assert run("describe")["layer"] == "hello", "and the next invocation gets a new worker"


def test_a_function_whose_process_ends_is_an_exit_error(run: Probe) -> None:
    assert run("leave")["errorType"] == "Runtime.ExitError"


def test_a_dependency_that_no_layer_has_is_missing(cloud: Cloud, probe: dict[str, str]) -> None:
    answer = cloud.client("lambda").invoke(FunctionName=probe["Broken"])
    problem = json.loads(answer["Payload"].read())
    assert problem["errorType"] == "Runtime.ImportModuleError"
    assert "a_package_that_is_in_no_layer" in problem["errorMessage"]


def test_a_machine_without_the_runtime_clients_extension_runs_functions_too(
    cloud: Cloud, probe: dict[str, str]
) -> None:
    def invoke(event: dict[str, Any]) -> Any:
        answer = cloud.client("lambda").invoke(FunctionName=probe["Elsewhere"], Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    for text in ("one", "x" * 300_000, "été 日本"):
        seen = invoke({"say": text})
        assert seen["said"] == text
        assert seen["file"].endswith("localcloud/runtime_client.py")
    assert invoke({"error": "été 日本"})["errorType"] == "LookupError"


def test_what_a_function_prints_is_in_its_log(run: Probe) -> None:
    run("describe")
    name = run.outputs["Probe"].rsplit(":", 1)[-1]
    assert "described" in function_log(run.cloud, name)
    assert "described" in (run.cloud.workdir / f"lambda-{name}.log").read_text()


def test_a_role_may_do_only_what_its_policies_say(run: Probe) -> None:
    outbox, inbox = run.outputs["Outbox"], run.outputs["Inbox"]
    run.cloud.client("s3").put_object(Bucket=inbox, Key="seen.txt", Body=b"x")
    assert "answer" in run.call("s3", "put_object", Bucket=outbox, Key="a.txt", Body="x")
    assert "answer" in run.call("s3", "get_object", Bucket=inbox, Key="seen.txt")
    forbidden: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "put_object", {"Bucket": inbox, "Key": "a.txt", "Body": "x"}),
        ("s3", "get_object", {"Bucket": outbox, "Key": "a.txt"}),
        ("s3", "list_objects_v2", {"Bucket": inbox}),
        ("dynamodb", "delete_item", {"TableName": run.outputs["Table"], "Key": {"pk": {"S": "x"}}}),
        ("sns", "publish", {"TopicArn": run.outputs["Topic"], "Message": "x"}),
        ("stepfunctions", "start_execution", {"stateMachineArn": run.outputs["Machine"]}),
    ]
    for service, operation, arguments in forbidden:
        refused = run.call(service, operation, **arguments)
        assert "AccessDenied" in refused["errorMessage"] or "AuthorizationError" in refused["errorMessage"], refused


def test_a_missing_key_is_forbidden_without_the_right_to_list(run: Probe) -> None:
    answer = run.call("s3", "get_object", Bucket=run.outputs["Inbox"], Key="not-there")
    assert "AccessDenied" in answer["errorMessage"] or "403" in answer["errorMessage"]


def test_a_secret_is_read_by_its_own_name_only(run: Probe) -> None:
    read = run.call("ssm", "get_parameter", Name="/embedded-cloud/secret", WithDecryption=True)
    assert "open sesame" in read["answer"]
    assert "AccessDenied" in run.call("ssm", "get_parameter", Name="/embedded-cloud/other")["errorMessage"]


def test_an_assumed_role_has_its_own_rights(run: Probe) -> None:
    outbox, reader = run.outputs["Outbox"], run.outputs["ReaderRole"]
    run.cloud.client("s3").put_object(Bucket=outbox, Key="to-read.txt", Body=b"x")
    assert "answer" in run.call("s3", "get_object", role=reader, Bucket=outbox, Key="to-read.txt")
    denied = run.call("s3", "put_object", role=reader, Bucket=outbox, Key="to-write.txt", Body="x")
    assert "AccessDenied" in denied["errorMessage"]
    assert "AccessDenied" in run("presign", role=run.outputs["MachineRole"], Bucket=outbox, Key="x")["errorMessage"]


def test_a_url_of_an_assumed_role_gives_its_version(run: Probe) -> None:
    outbox, s3 = run.outputs["Outbox"], run.cloud.client("s3")
    old = s3.put_object(Bucket=outbox, Key="edit/1/clip.mp4", Body=b"first")["VersionId"]
    s3.put_object(Bucket=outbox, Key="edit/1/clip.mp4", Body=b"second")
    wanted = {"role": run.outputs["ReaderRole"], "Bucket": outbox, "Key": "edit/1/clip.mp4"}
    for extra, content in [({}, b"second"), ({"VersionId": old}, b"first")]:
        url = run("presign", **wanted, **extra)
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.read() == content
