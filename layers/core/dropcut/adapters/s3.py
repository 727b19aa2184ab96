"""S3: the inbox is read, the workroom holds frozen copies, the outbox receives all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dropcut.domain.errors import DeliveryFailed, FileHidden
from dropcut.domain.model import ObjectFacts
from dropcut.ports import SharedUrl

CHUNK = 1024 * 1024
PART = 8 * 1024 * 1024  # bytes of one upload part; S3 wants 5 MiB or more of all but the last
SHARED_SECONDS = 3600  # the longest that a session of a chained role lives
CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}  # the last: what was seen is gone
MISSING = {"404", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "405"}  # 405: the version is a delete marker
HIDDEN = {"403", "AccessDenied"}
NOT_HANDED_OUT = HIDDEN | {"InvalidObjectState"}  # encrypted with a key of somebody else's; archived


class S3Files:
    """`s3` acts as the function; `reader` gives a client of the role that may read the workroom and nothing else,
    with the epoch second at which its credentials die; `bulk` is as `s3`, for what takes its time."""

    def __init__(self, s3: Any, reader: Any, *, workroom: str, outbox: str, bulk: Any = None) -> None:
        self._s3, self._reader, self._workroom, self._outbox = s3, reader, workroom, outbox
        self._bulk = bulk or s3

    def head(self, bucket: str, key: str, version: str | None = None) -> ObjectFacts | None:
        try:
            answer = self._s3.head_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return None
            if error.response["Error"]["Code"] in HIDDEN:
                raise FileHidden(f"S3 refused to say whether {key} is in {bucket}") from None
            raise
        return ObjectFacts(
            key=key,
            version=answer.get("VersionId", "null"),
            etag=answer["ETag"],
            size=answer["ContentLength"],
            modified=answer["LastModified"].timestamp(),
            metadata=answer.get("Metadata", {}),
        )

    def keys(self, bucket: str, prefix: str, folder_only: bool = False, most: int | None = None) -> list[str]:
        """The keys that begin so, in order; `folder_only` leaves out deeper folders, `most` bounds the number."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket,
            Prefix=prefix,
            PaginationConfig={"MaxItems": most},
            **({"Delimiter": "/"} if folder_only else {}),
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def listing(self, bucket: str, after: str = "") -> Iterator[tuple[str, float]]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, StartAfter=after):
            yield from ((entry["Key"], entry["LastModified"].timestamp()) for entry in page.get("Contents", []))

    def read(self, bucket: str, key: str, version: str, limit: int) -> bytes:
        """At most `limit` bytes of an object. Raises FileHidden."""
        body = self._body(bucket, key, version)
        with body:
            return bytes(body.read(limit))

    def stream(self, bucket: str, key: str, version: str) -> Iterator[bytes]:
        body = self._body(bucket, key, version)
        with body:
            yield from body.iter_chunks(CHUNK)

    def _body(self, bucket: str, key: str, version: str) -> Any:
        try:
            return self._s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_HANDED_OUT:
                raise FileHidden(f"S3 does not hand out {key} in {bucket}") from None
            raise

    def freeze(self, bucket: str, key: str, version: str, workroom_key: str, content_type: str) -> None:
        """Copy one version into the workroom, without its metadata and tags, which are nobody's business."""
        self._bulk.copy_object(
            Bucket=self._workroom,
            Key=workroom_key,
            CopySource={"Bucket": bucket, "Key": key, "VersionId": version},
            ContentType=content_type,
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
        )

    def share(self, workroom_key: str) -> SharedUrl:
        """A presigned address of a frozen copy. It is a secret: it goes to the provider and nowhere else."""
        client, expires_at = self._reader()
        place = {"Bucket": self._workroom, "Key": workroom_key}
        return SharedUrl(
            client.generate_presigned_url("get_object", Params=place, ExpiresIn=SHARED_SECONDS), expires_at
        )

    def write_json(self, bucket: str, key: str, text: str, metadata: dict[str, str], replaces: str | None) -> bool:
        """Write a document if what lies there is still `replaces` (an ETag; None for nothing). False if it is not."""
        what = {"ContentType": "application/json", "Metadata": metadata, **_unchanged(replaces)}
        return _done(self._s3.put_object, Bucket=bucket, Key=key, Body=text.encode(), **what)

    def delete(self, bucket: str, key: str, seen: str | None = None) -> bool:
        """Delete an object; with `seen` (an ETag) only if it is still that one. False if it is not."""
        return _done(self._s3.delete_object, Bucket=bucket, Key=key, **(_unchanged(seen) if seen else {}))

    def upload(self, key: str, chunks: Iterable[bytes], metadata: dict[str, str], replaces: str | None) -> ObjectFacts:
        """Stream into the outbox, all or nothing: the object appears only after the last chunk, and only if what lies
        there is still `replaces` (an ETag; None for nothing). An error of `chunks` leaves no object."""
        place = {"Bucket": self._outbox, "Key": key}
        upload = self._bulk.create_multipart_upload(**place, ContentType="video/mp4", Metadata=metadata)["UploadId"]
        try:
            parts, size = [], 0
            for number, part in enumerate(in_parts(chunks), 1):
                answer = self._bulk.upload_part(**place, UploadId=upload, PartNumber=number, Body=part)
                parts.append({"PartNumber": number, "ETag": answer["ETag"]})
                size += len(part)
            if not parts:
                raise DeliveryFailed("there is nothing to upload")
            done = self._bulk.complete_multipart_upload(
                **place, UploadId=upload, MultipartUpload={"Parts": parts}, **_unchanged(replaces)
            )
        except BaseException as error:
            self._abandon(place, upload)
            if isinstance(error, ClientError):
                code = error.response["Error"]["Code"]
                raise DeliveryFailed(f"the outbox refused the upload: {code}") from None
            raise
        version = done.get("VersionId", "null")
        return ObjectFacts(key=key, version=version, etag=done["ETag"], size=size, modified=0.0, metadata=metadata)

    def _abandon(self, place: dict[str, str], upload: str) -> None:
        with suppress(ClientError, BotoCoreError):  # then the bucket's lifecycle rule takes it away within a day
            self._s3.abort_multipart_upload(**place, UploadId=upload)


def _unchanged(seen: str | None) -> dict[str, str]:
    """The condition that an object is still the one that was seen (an ETag), or that there is still none."""
    return {"IfMatch": seen} if seen else {"IfNoneMatch": "*"}


def _done(change: Callable[..., Any], **parameters: Any) -> bool:
    """Make a conditional change. False where the object was not as it was seen."""
    try:
        change(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] in CHANGED:
            return False
        raise
    return True


def in_parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Regroup chunks of any size into upload parts."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= PART:
            yield bytes(buffer[:PART])
            del buffer[:PART]
    if buffer:
        yield bytes(buffer)
