"""S3 and DynamoDB in the embedded cloud: the conditions that the application's money and deliveries rest on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud

HARD_KEYS = [
    "a b.mp4",
    "a+b.mp4",
    "100%.mp4",
    "%41.mp4",
    "été/ß 日本.mp4",
    "two\nlines.mp4",
    "k" * 900,
    "'quo\"te&<x>.mp4",
]


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def upload(s3: Any, bucket: str, key: str, body: bytes) -> dict[str, Any]:
    """A multipart upload of one part, ready to complete."""
    started = s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType="video/mp4", Metadata={"edit-id": "e"})
    ids = {"Bucket": bucket, "Key": key, "UploadId": started["UploadId"]}
    part = s3.upload_part(**ids, PartNumber=1, Body=body)
    return {**ids, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}


@pytest.mark.parametrize("key", HARD_KEYS)
def test_keys_that_people_use_come_back_as_they_were(cloud: Cloud, probe: dict[str, str], key: str) -> None:
    s3, bucket = cloud.client("s3"), probe["Outbox"]
    version = s3.put_object(Bucket=bucket, Key=key, Body=b"clip")["VersionId"]
    source = {"Bucket": bucket, "Key": key, "VersionId": version}
    s3.copy_object(Bucket=bucket, Key=key + ".copy", CopySource=source)
    assert s3.get_object(Bucket=bucket, Key=key + ".copy")["Body"].read() == b"clip"
    listed = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]]
    assert sorted(listed) == sorted([key, key + ".copy"])


def test_a_copy_takes_the_version_that_it_names(cloud: Cloud, probe: dict[str, str]) -> None:
    s3 = cloud.client("s3")
    old = s3.put_object(Bucket=probe["Outbox"], Key="versions", Body=b"old")["VersionId"]
    s3.put_object(Bucket=probe["Outbox"], Key="versions", Body=b"new")
    source = {"Bucket": probe["Outbox"], "Key": "versions", "VersionId": old}
    s3.copy_object(
        Bucket=probe["Inbox"], Key="frozen", CopySource=source, MetadataDirective="REPLACE", Metadata={"a": "b"}
    )
    frozen = s3.get_object(Bucket=probe["Inbox"], Key="frozen")
    assert (frozen["Body"].read(), frozen["Metadata"]) == (b"old", {"a": "b"})


def test_an_upload_completes_only_where_nothing_is_yet(cloud: Cloud, probe: dict[str, str]) -> None:
    s3 = cloud.client("s3")
    first = upload(s3, probe["Outbox"], "once.mp4", b"one")
    second = upload(s3, probe["Outbox"], "once.mp4", b"two")
    done = s3.complete_multipart_upload(**first, IfNoneMatch="*")
    assert code_of(s3.complete_multipart_upload, **second, IfNoneMatch="*") == "PreconditionFailed"
    assert code_of(s3.complete_multipart_upload, **second, IfMatch='"0123"') == "PreconditionFailed"
    s3.complete_multipart_upload(**second, IfMatch=done["ETag"])
    found = s3.get_object(Bucket=probe["Outbox"], Key="once.mp4")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"two", "video/mp4", {"edit-id": "e"})


def test_a_put_can_be_conditional(cloud: Cloud, probe: dict[str, str]) -> None:
    s3, where = cloud.client("s3"), {"Bucket": probe["Outbox"], "Key": "manifest.json"}
    etag = s3.put_object(**where, Body=b"1", IfNoneMatch="*")["ETag"]
    assert code_of(s3.put_object, **where, Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    s3.put_object(**where, Body=b"2", IfMatch=etag)
    assert code_of(s3.put_object, **where, Body=b"3", IfMatch=etag) == "PreconditionFailed"


def test_an_abandoned_upload_leaves_nothing(cloud: Cloud, probe: dict[str, str]) -> None:
    s3 = cloud.client("s3")
    begun = upload(s3, probe["Outbox"], "cut.mp4", b"x")
    s3.abort_multipart_upload(**{name: begun[name] for name in ("Bucket", "Key", "UploadId")})
    assert code_of(s3.head_object, Bucket=probe["Outbox"], Key="cut.mp4") == "404"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=probe["Outbox"], Prefix="cut.mp4")


def test_an_index_finds_what_is_open_and_only_that(cloud: Cloud, probe: dict[str, str]) -> None:
    table = {"TableName": probe["Table"]}
    dynamodb = cloud.client("dynamodb")
    for number in range(3):
        row = {"pk": {"S": f"open#{number}"}, "open": {"S": "SUBMITTED"}, "since": {"N": str(number)}}
        dynamodb.put_item(**table, Item=row)
    dynamodb.put_item(**table, Item={"pk": {"S": "closed"}, "since": {"N": "1"}})
    dynamodb.update_item(
        **table,
        Key={"pk": {"S": "open#0"}},
        UpdateExpression="REMOVE #open",
        ExpressionAttributeNames={"#open": "open"},
    )
    found = dynamodb.query(
        **table,
        IndexName="open-since",
        KeyConditionExpression="#open = :open AND since < :before",
        ExpressionAttributeNames={"#open": "open"},
        ExpressionAttributeValues={":open": {"S": "SUBMITTED"}, ":before": {"N": "2"}},
    )
    assert [row["pk"]["S"] for row in found["Items"]] == ["open#1"]


def reserve(dynamodb: Any, table: str, edit: str, cap: int) -> str:
    """One reservation as the ledger makes it: a row that must be new, and a counter under its cap."""
    row = {"TableName": table, "Item": {"pk": {"S": edit}}, "ConditionExpression": "attribute_not_exists(pk)"}
    counter = {
        "TableName": table,
        "Key": {"pk": {"S": "counter"}},
        "UpdateExpression": "ADD reserved :one",
        "ConditionExpression": "attribute_not_exists(reserved) OR reserved < :cap",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":cap": {"N": str(cap)}},
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Put": row}, {"Update": counter}])
    except ClientError as refused:
        return ",".join(reason["Code"] for reason in refused.response["CancellationReasons"])
    return "reserved"


def test_a_transaction_is_all_or_nothing_and_names_the_condition(cloud: Cloud, probe: dict[str, str]) -> None:
    dynamodb, table = cloud.client("dynamodb"), probe["Table"]
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "counter"}})
    assert reserve(dynamodb, table, "edit#1", cap=2) == "reserved"
    assert reserve(dynamodb, table, "edit#1", cap=2) == "ConditionalCheckFailed,None"
    assert reserve(dynamodb, table, "edit#2", cap=1) == "None,ConditionalCheckFailed"
    counter = dynamodb.get_item(TableName=table, Key={"pk": {"S": "counter"}}, ConsistentRead=True)
    assert counter["Item"]["reserved"] == {"N": "1"}


def test_a_cap_holds_against_many_at_once(cloud: Cloud, probe: dict[str, str]) -> None:
    dynamodb, table = cloud.client("dynamodb"), probe["Table"]
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "counter"}})
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda n=number: answers.append(reserve(dynamodb, table, f"many#{n}", cap=10)))
        for number in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("reserved") == 10


def test_a_failed_condition_returns_the_row(cloud: Cloud, probe: dict[str, str]) -> None:
    dynamodb = cloud.client("dynamodb")
    dynamodb.put_item(TableName=probe["Table"], Item={"pk": {"S": "there"}, "state": {"S": "SUBMITTED"}})
    with pytest.raises(ClientError) as caught:
        dynamodb.put_item(
            TableName=probe["Table"],
            Item={"pk": {"S": "there"}},
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Item"]["state"] == {"S": "SUBMITTED"}


@pytest.mark.parametrize(
    "expression",
    [
        "SET #a = :a REMOVE #b, #c = if_not_exists(#c, :c)",
        "SET #a = :a SET #b = :a",
        "SET #a = :a, #b",
        "SET #a = :a ADD #b = :c",
    ],
)
def test_an_update_that_dynamodb_cannot_read_is_refused(cloud: Cloud, probe: dict[str, str], expression: str) -> None:
    names = {name: name[1:] for name in ("#a", "#b", "#c") if name in expression}
    values = {name: {"N": "1"} for name in (":a", ":c") if name in expression}
    where = {"TableName": probe["Table"], "Key": {"pk": {"S": "unreadable"}}, "UpdateExpression": expression}
    update = {**where, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    assert code_of(cloud.client("dynamodb").update_item, **update) == "ValidationException"
    assert code_of(cloud.client("dynamodb").transact_write_items, TransactItems=[{"Update": update}]) in (
        "ValidationException",
        "TransactionCanceledException",
    )


def test_an_update_may_use_every_clause(cloud: Cloud, probe: dict[str, str]) -> None:
    answer = cloud.client("dynamodb").update_item(
        TableName=probe["Table"],
        Key={"pk": {"S": "every clause"}},
        UpdateExpression="SET #set = if_not_exists(#set, :one), m = :m, l = list_append(:l, :l) REMOVE x, y ADD n :one",
        ExpressionAttributeNames={"#set": "set"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":m": {"M": {"a": {"N": "1"}}}, ":l": {"L": [{"N": "1"}]}},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"]["set"] == {"N": "1"}
    assert len(answer["Attributes"]["l"]["L"]) == 2


def test_what_the_template_says_of_table_and_bucket_is_so(cloud: Cloud, probe: dict[str, str]) -> None:
    dynamodb, s3 = cloud.client("dynamodb"), cloud.client("s3")
    ttl = dynamodb.describe_time_to_live(TableName=probe["Table"])["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert s3.get_bucket_versioning(Bucket=probe["Inbox"])["Status"] == "Enabled"


def test_a_large_object_is_quick_enough(cloud: Cloud, probe: dict[str, str]) -> None:
    s3, body, began = cloud.client("s3"), b"v" * 50_000_000, time.monotonic()
    s3.put_object(Bucket=probe["Outbox"], Key="large", Body=body)
    assert s3.get_object(Bucket=probe["Outbox"], Key="large")["Body"].read() == body
    s3.delete_object(Bucket=probe["Outbox"], Key="large")
    assert time.monotonic() - began < 30
