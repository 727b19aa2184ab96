"""Events and notifications in the embedded cloud: how a dropped file reaches a function, and a message a reader."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.dead_letters import DeadLetters
from localcloud.messages import watch_topic


class Recorded:
    """What the recording function wrote about the events that reached it."""

    def __init__(self, cloud: Cloud, outputs: dict[str, str]) -> None:
        self.dynamodb, self.table = cloud.client("dynamodb"), outputs["Table"]

    def row(self, key: str, attempts: int = 1, seconds: float = 15) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.dynamodb.get_item(TableName=self.table, Key={"pk": {"S": "event#" + key}}).get("Item")
            if found and int(found["attempts"]["N"]) >= attempts:
                return dict(found)
            time.sleep(0.02)
        raise AssertionError(f"no event for {key!r}")

    def event(self, key: str) -> Any:
        return json.loads(self.row(key)["event"]["S"])


@pytest.fixture
def recorded(cloud: Cloud, probe: dict[str, str]) -> Recorded:
    return Recorded(cloud, probe)


@pytest.mark.parametrize(
    "key", ["trip/beach.mp4", "a b+c%.mp4", "%2B.json", "été 日本.mp4", "two\nlines.mp4", "k" * 900]
)
def test_an_upload_reaches_the_function_with_key_and_version(
    cloud: Cloud, probe: dict[str, str], recorded: Recorded, key: str
) -> None:
    put = cloud.client("s3").put_object(Bucket=probe["Inbox"], Key=key, Body=b"clip")
    event = recorded.event(key)
    assert event["detail-type"] == "Object Created"
    seen = event["detail"]["object"]
    assert (seen["key"], seen["version-id"], seen["size"]) == (key, put["VersionId"], 4)
    assert seen["etag"] == put["ETag"].strip('"')
    assert event["detail"]["bucket"]["name"] == probe["Inbox"]


def test_a_multipart_upload_and_a_copy_say_their_reason(
    cloud: Cloud, probe: dict[str, str], recorded: Recorded
) -> None:
    s3, bucket = cloud.client("s3"), probe["Inbox"]
    started = s3.create_multipart_upload(Bucket=bucket, Key="parts.mp4")
    ids = {"Bucket": bucket, "Key": "parts.mp4", "UploadId": started["UploadId"]}
    part = s3.upload_part(**ids, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    done = s3.complete_multipart_upload(**ids, MultipartUpload=parts)
    copied = s3.copy_object(Bucket=bucket, Key="copy.mp4", CopySource={"Bucket": bucket, "Key": "parts.mp4"})
    for key, reason, version in [
        ("parts.mp4", "CompleteMultipartUpload", done["VersionId"]),
        ("copy.mp4", "CopyObject", copied["VersionId"]),
    ]:
        detail = recorded.event(key)["detail"]
        assert (detail["reason"], detail["object"]["version-id"]) == (reason, version)


def received(cloud: Cloud, queue: str, wanted: str, seconds: int = 15) -> str:
    """The body of the first message of a queue that contains a text."""
    for _ in range(seconds):
        answer = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            if wanted in message["Body"]:
                return str(message["Body"])
    raise AssertionError(f"no message with {wanted!r}")


def test_an_event_that_fails_three_times_is_a_dead_letter(
    cloud: Cloud, probe: dict[str, str], recorded: Recorded
) -> None:
    cloud.client("s3").put_object(Bucket=probe["Inbox"], Key="fail/clip.mp4", Body=b"x")
    assert "told to fail" in received(cloud, probe["DeadLetters"], "fail/clip.mp4")
    assert int(recorded.row("fail/clip.mp4")["attempts"]["N"]) == 2


def test_a_dead_letter_is_told_once_and_stays(cloud: Cloud, probe: dict[str, str]) -> None:
    cloud.client("sqs").purge_queue(QueueUrl=probe["DeadLetters"])
    letters, said = DeadLetters(cloud, probe["DeadLetters"]), ""
    assert letters.news() == ""
    cloud.client("s3").put_object(Bucket=probe["Inbox"], Key="fail/told.mp4", Body=b"x")
    deadline = time.monotonic() + 60
    while not (said := letters.news()):
        assert time.monotonic() < deadline, "nothing is told"
        time.sleep(0.05)
    for fact in ("1 event", "fail/told.mp4", probe["RecordEvent"].rpartition(":")[2], "RuntimeError: told to fail"):
        assert fact in said
    assert letters.news() == ""
    assert received(cloud, probe["DeadLetters"], "fail/told.mp4")


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (None, 3)], ids=["none", "as lambda does"])
def test_a_function_is_tried_again_as_often_as_it_says(
    cloud: Cloud, probe: dict[str, str], recorded: Recorded, retries: int | None, attempts: int
) -> None:
    functions, key = cloud.client("lambda"), f"fail/retried-{attempts}.mp4"
    which = {"FunctionName": probe["RecordEvent"], "Qualifier": "$LATEST"}
    before = functions.get_function_event_invoke_config(**which)
    usual = {name: before[name] for name in ("MaximumRetryAttempts", "DestinationConfig")}
    asked = {} if retries is None else {"MaximumRetryAttempts": retries}
    functions.put_function_event_invoke_config(**which, DestinationConfig=usual["DestinationConfig"], **asked)
    try:
        cloud.client("s3").put_object(Bucket=probe["Inbox"], Key=key, Body=b"x")
        letter = json.loads(received(cloud, probe["DeadLetters"], key))
    finally:
        functions.put_function_event_invoke_config(**which, **usual)
    assert int(recorded.row(key)["attempts"]["N"]) == attempts
    assert letter["requestContext"]["condition"] == "RetriesExhausted"
    assert letter["requestPayload"]["detail"]["object"]["key"] == key


def throttles(cloud: Cloud, function: str) -> float:
    """How often a function was throttled so far."""
    day = {"StartTime": time.time() - 86_400, "EndTime": time.time() + 60, "Period": 86_400}
    named = {"Namespace": "AWS/Lambda", "MetricName": "Throttles", "Statistics": ["Sum"]}
    dimensions = [{"Name": "FunctionName", "Value": function}]
    found = cloud.client("cloudwatch").get_metric_statistics(**day, **named, Dimensions=dimensions)
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_an_event_without_room_is_kept_until_there_is_room(
    cloud: Cloud, probe: dict[str, str], recorded: Recorded
) -> None:
    functions, name = cloud.client("lambda"), probe["RecordEvent"].rpartition(":")[2]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        cloud.client("s3").put_object(Bucket=probe["Inbox"], Key="throttled.mp4", Body=b"x")
        deadline = time.monotonic() + 60
        while throttles(cloud, name) < 6:  # MiniStack's own queue, and this function's failures, end after two
            assert time.monotonic() < deadline, "it is not tried again"
            time.sleep(0.05)
        with pytest.raises(functions.exceptions.TooManyRequestsException):
            functions.invoke(FunctionName=name)
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    assert recorded.row("throttled.mp4")["attempts"]["N"] == "1"


def test_a_rule_without_permission_leads_to_dead_letters(cloud: Cloud, probe: dict[str, str]) -> None:
    events, sqs = cloud.client("events"), cloud.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=probe["DeadLetters"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="intruder", EventPattern=json.dumps({"source": ["intruder"]}))
    target = {"Id": "function", "Arn": probe["RecordEvent"], "DeadLetterConfig": {"Arn": arn}}
    events.put_targets(Rule="intruder", Targets=[target])
    detail = json.dumps({"object": {"key": "intruder.mp4"}})
    events.put_events(Entries=[{"Source": "intruder", "DetailType": "x", "Detail": detail}])
    assert received(cloud, probe["DeadLetters"], "intruder.mp4")


def test_a_message_is_filtered_by_its_attributes(cloud: Cloud, probe: dict[str, str]) -> None:
    sns = cloud.client("sns")
    with watch_topic(cloud, probe["Topic"]) as watch:
        structured = json.dumps({"default": '{"a": 1}', "email": "Dear reader,\nall is well: été 日本."})
        attributes = {"status": {"DataType": "String", "StringValue": "DELIVERED"}}
        sns.publish(
            TopicArn=probe["Topic"],
            Subject="Done",
            Message=structured,
            MessageStructure="json",
            MessageAttributes=attributes,
        )
        message = watch.wait_for(lambda message: message.subject == "Done", seconds=10)
    assert message.attributes == {"status": "DELIVERED"}
    assert message.document == {"a": 1}
    assert message.text == "Dear reader,\nall is well: été 日本."
    assert message.mail.suffix == ".eml"


@pytest.mark.parametrize(
    "published",
    [
        {"Subject": "été", "Message": "x"},
        {"Subject": "x" * 100, "Message": "x"},
        {"Subject": "two\nlines", "Message": "x"},
        {"Message": "x", "MessageAttributes": {"folder": {"DataType": "String", "StringValue": ""}}},
        {"Message": json.dumps({"email": "x"}), "MessageStructure": "json"},
    ],
    ids=["unicode-subject", "long-subject", "two-line-subject", "empty-attribute", "no-default"],
)
def test_a_message_that_sns_refuses_is_refused(cloud: Cloud, probe: dict[str, str], published: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="Invalid parameter"):
        cloud.client("sns").publish(TopicArn=probe["Topic"], **published)
