"""One bucket over the S3 API: requests that block, their answers checked, their failures ours.

The only module that knows the library (botocore, which has no types). An answer that lacks what it
must have, or is shorter than it says, is a store that does not answer: nobody gets less than they
asked for. The library's own repeating is off: a part must never be sent twice under one number
(``hub.blobs.s3``), and whoever waits here has a deadline.

Source: Amazon S3 API reference, 2006-03-01.
"""

from __future__ import annotations

import io
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from http.client import HTTPException
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

import botocore.session  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from hub.blobs.s3_parts import Part, Place
from hub.blobs.store import BlobMissing, StoreAway, StoreFull

T = TypeVar("T")

ATTEMPTS: Final = 3
PAUSE_S: Final = 0.1
SLOWEST_BYTES_PER_S: Final = 128 * 1024
"""A store that is slower than this does not answer."""
READ_BYTES: Final = 2**20

_FULL: Final = {
    "InsufficientStorage", "QuotaExceeded", "QuotaExceededException", "XMinioStorageFull",
    "XMinioAdminBucketQuotaExceeded", "EntityTooLarge", "ServiceQuotaExceededException",
}  # fmt: skip
_PASSING: Final = {
    "SlowDown", "RequestTimeout", "Throttling", "TooManyRequests", "BadDigest", "IncompleteBody",
    "XAmzContentSHA256Mismatch", "OperationAborted",
}  # fmt: skip
_ELSEWHERE: Final = {
    "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
}  # fmt: skip
_OVERRIDES: Final = {
    "cache-control": "ResponseCacheControl",
    "content-disposition": "ResponseContentDisposition",
    "content-type": "ResponseContentType",
}


class Passing(StoreAway):
    """The same request may succeed in a moment."""


class CannotCopy(StoreAway):
    """This store does not copy parts."""


class UploadGone(BlobMissing):
    """The multipart upload was completed or aborted, or a part of it is not what it was."""


class Item(NamedTuple):
    """An object; ``at_s`` in Unix seconds."""

    key: str
    size: int
    at_s: float


class Bucket:
    """Args:
    timeout_s: how long the store may say nothing.
    connections: how many requests run at once.
    """

    def __init__(
        self, place: Place, access_key: str | None, secret_key: str | None, timeout_s: float,
        connections: int,
    ) -> None:  # fmt: skip
        self.name = place.bucket
        self._timeout_s = timeout_s
        self._client: Any = botocore.session.get_session().create_client(
            "s3",
            region_name=place.region,
            endpoint_url=place.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                signature_version="s3v4",
                connect_timeout=timeout_s,
                read_timeout=timeout_s,
                retries={"total_max_attempts": 1, "mode": "standard"},
                max_pool_connections=connections,
                # What is signed is what arrives: the hash of the body is part of the signature,
                # which every store checks; newer checksums many do not know.
                s3={
                    "addressing_style": "path" if place.endpoint else "auto",
                    "payload_signing_enabled": True,
                },
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

        self._client.meta.events.register("before-call.s3", _never_redirected)

    def close(self) -> None:
        self._client.close()

    def deadline_s(self, moved: int) -> float:
        """How long a request that moves so many bytes may take, with all its repetitions."""
        return self._timeout_s * 3 + moved / SLOWEST_BYTES_PER_S

    # --- objects ----------------------------------------------------------------------------------

    def put(self, key: str, data: bytes) -> None:
        # A file is sent in chunks, each with the time that the store may say nothing; bytes would
        # be sent as one.
        self._tried(
            lambda: self._client.put_object(
                Bucket=self.name, Key=key, Body=io.BytesIO(data)
            )["ETag"],
            len(data), ATTEMPTS,
        )  # fmt: skip

    def get(self, key: str, start: int, end: int) -> bytes:
        """Bytes ``start`` to ``end`` (not included); at least one.

        Raises:
            BlobMissing: it is not there, or shorter.
        """
        until = time.monotonic() + self.deadline_s(end - start)

        def checked(said: Mapping[str, Any]) -> bytes:
            with closing(said["Body"]) as body:
                first, last, total = _content_range(said["ContentRange"])
                if total < end:
                    raise BlobMissing(f"{_last(key)} ends at {total}, before {end}.")
                if (first, last) != (start, end - 1) or said["ContentLength"] != end - start:
                    raise Passing("The store of files gave another range than it was asked for.")
                data = io.BytesIO()
                while part := body.read(READ_BYTES):
                    data.write(part)
                    if time.monotonic() > until:
                        raise Passing
            if data.tell() != end - start:
                raise Passing("The store of files gave fewer bytes than it said.")
            return data.getvalue()

        try:
            return self._call(
                "get_object", checked, end - start, Key=key, Range=f"bytes={start}-{end - 1}"
            )
        except BlobMissing as missing:
            if missing.detail != missing.title:
                raise
            raise BlobMissing(f"{_last(key)} is not there, or ends before {end}.") from None

    def find(self, key: str) -> Item | None:
        """By listing: HEAD could not tell a missing object from a missing bucket."""
        found = next(self.list(key, pages=1, MaxKeys=1), None)
        return found if found is not None and found.key == key else None

    def list(self, prefix: str, pages: int = 0, **more: Any) -> Iterator[Item]:
        """Every object whose key begins with ``prefix``."""
        token: dict[str, Any] = {}
        while True:
            found, token = self._call(
                "list_objects_v2",
                lambda said: (
                    [_item(one) for one in said.get("Contents", ())],
                    {"ContinuationToken": said["NextContinuationToken"]}
                    if said["IsTruncated"] and pages != 1 else {},
                ),
                Prefix=prefix, **more, **token,
            )  # fmt: skip
            yield from found
            if not token:
                return

    def delete(self, key: str) -> None:
        """It may be gone already."""
        self._call("delete_object", lambda _: None, Key=key)

    def link(self, key: str, headers: Mapping[str, str], seconds: int) -> str | None:
        """A URL that gives the object to whoever has it; null when the store cannot answer with
        these headers."""
        if not {one.lower() for one in headers} <= _OVERRIDES.keys():
            return None
        told = {_OVERRIDES[one.lower()]: value for one, value in headers.items()}
        return str(
            self._tried(
                lambda: self._client.generate_presigned_url(
                    "get_object", {"Bucket": self.name, "Key": key, **told}, seconds
                ),
                0, ATTEMPTS,
            )
        )  # fmt: skip

    # --- multipart uploads ------------------------------------------------------------------------

    def begin(self, key: str) -> str:
        return self._call("create_multipart_upload", lambda said: str(said["UploadId"]), Key=key)

    def put_part(self, key: str, upload: str, number: int, data: io.BytesIO) -> Part:
        """Once: the next attempt takes another number.

        Raises:
            UploadGone, Passing.
        """
        data.seek(0)
        return self._call(
            "upload_part", lambda said: Part(number, said["ETag"]), data.getbuffer().nbytes, 1,
            Key=key, UploadId=upload, PartNumber=number, Body=data,
        )  # fmt: skip

    def copy_part(
        self, key: str, upload: str, number: int, source: str, start: int, end: int
    ) -> Part:
        """Once, as ``put_part``.

        Raises:
            UploadGone, Passing, CannotCopy.
        """
        return self._call(
            "upload_part_copy", lambda said: Part(number, said["CopyPartResult"]["ETag"]), 0, 1,
            Key=key, UploadId=upload, PartNumber=number,
            CopySource={"Bucket": self.name, "Key": source},
            CopySourceRange=f"bytes={start}-{end - 1}",
        )  # fmt: skip

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """
        Raises:
            UploadGone.
        """
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        self._call(
            "complete_multipart_upload", lambda said: said["ETag"],
            Key=key, UploadId=upload, MultipartUpload={"Parts": listed},
        )  # fmt: skip

    def abort(self, key: str, upload: str) -> None:
        """It may be gone already."""
        try:
            self._call("abort_multipart_upload", lambda _: None, Key=key, UploadId=upload)
        except BlobMissing:
            return

    def uploads(self, prefix: str) -> Iterator[tuple[str, str, float]]:
        """Key, id and Unix time of the beginning of unfinished uploads. Some stores list them only
        for a whole key."""
        markers: dict[str, Any] = {}
        while True:
            found, markers = self._call(
                "list_multipart_uploads",
                lambda said: (
                    [
                        (str(one["Key"]), str(one["UploadId"]), _unix(one["Initiated"]))
                        for one in said.get("Uploads", ())
                    ],
                    {
                        "KeyMarker": said["NextKeyMarker"],
                        "UploadIdMarker": said["NextUploadIdMarker"],
                    }
                    if said["IsTruncated"] else {},
                ),
                Prefix=prefix, **markers,
            )  # fmt: skip
            yield from found
            if not markers:
                return

    def parts(self, key: str, upload: str) -> Iterator[Item]:
        """Parts that the store has of an unfinished upload, whether they count or not."""
        marker: dict[str, int] = {}
        while True:
            found, marker = self._call(
                "list_parts",
                lambda said: (
                    [
                        Item(key, int(one["Size"]), _unix(one["LastModified"]))
                        for one in said.get("Parts", ())
                    ],
                    {"PartNumberMarker": said["NextPartNumberMarker"]}
                    if said["IsTruncated"] else {},
                ),
                Key=key, UploadId=upload, **marker,
            )  # fmt: skip
            yield from found
            if not marker:
                return

    # --- failures ---------------------------------------------------------------------------------

    def _call(
        self, operation: str, checked: Callable[[Mapping[str, Any]], T], moved: int = 0,
        attempts: int = ATTEMPTS, **told: Any,
    ) -> T:  # fmt: skip
        method = getattr(self._client, operation)
        return self._tried(lambda: checked(method(Bucket=self.name, **told)), moved, attempts)

    def _tried(self, work: Callable[[], T], moved: int, attempts: int) -> T:
        until = time.monotonic() + self.deadline_s(moved)
        for attempt in range(1, attempts + 1):
            try:
                return self._told(work)
            except Passing:
                if attempt == attempts or time.monotonic() > until:
                    raise
                pause(attempt)
        raise StoreAway

    def _told(self, work: Callable[[], T]) -> T:
        """What the library raises may hold headers: it goes no further."""
        try:
            return work()
        except ClientError as error:
            self._refused(error)
        except (NoCredentialsError, PartialCredentialsError):
            raise StoreAway("The store of files needs credentials, and none were found.") from None
        except HTTPClientError as error:
            raise Passing(f"The store of files: {type(error).__name__}.") from None
        except (BotoCoreError, OSError, HTTPException, KeyError, TypeError, ValueError) as error:
            raise Passing(
                f"The store of files gave no answer that can be read: {type(error).__name__}."
            ) from None

    def _refused(self, error: ClientError) -> NoReturn:
        said = error.response
        code = re.sub(r"[^A-Za-z0-9]", "", str(said.get("Error", {}).get("Code", "")))[:64]
        status = int(said.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "NoSuchBucket":
            raise StoreAway(f"The store of files has no bucket {self.name}.") from None
        if code in ("NoSuchUpload", "InvalidPart", "InvalidPartOrder"):
            raise UploadGone from None
        if code in _FULL or status == 507:
            raise StoreFull from None
        if status in (404, 416):
            raise BlobMissing from None
        if status in (401, 403):
            raise StoreAway(
                f"The store of files refuses these credentials for the bucket {self.name}"
                f" ({code or status})."
            ) from None
        if status in (301, 302, 307) or code in _ELSEWHERE:
            raise StoreAway(
                f"The bucket {self.name} is in another region or at another endpoint"
                f" ({code or status})."
            ) from None
        if code in ("NotImplemented", "MethodNotAllowed") and error.operation_name.endswith("Copy"):
            raise CannotCopy from None
        if code in _PASSING or status in (408, 429) or status >= 500 or status < 400:
            raise Passing(f"The store of files answers with {code or status}.") from None
        raise StoreAway(f"The store of files refuses a request: {code or status}.") from None


def pause(attempt: int) -> None:
    """Before the next attempt, so that many who were refused do not come back at once."""
    time.sleep(PAUSE_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311


def _never_redirected(params: Mapping[str, Any], **_: object) -> None:
    """The library looks for the right region by a request of its own, which is redirected, too,
    and so on until the stack ends."""
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _content_range(text: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", text)
    if found is None:
        raise ValueError("not a range of bytes")
    first, last, total = found.groups()
    return int(first), int(last), int(total)


def _item(said: Mapping[str, Any]) -> Item:
    return Item(str(said["Key"]), int(said["Size"]), _unix(said["LastModified"]))


def _unix(at: datetime) -> float:
    return at.timestamp()


def _last(key: str) -> str:
    return key.rpartition("/")[2]
