"""An object store as a process of its own, and both kinds of stores over one suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from hub.blobs.local import LocalStore
from hub.blobs.s3 import S3Store
from hub.blobs.s3_parts import MIB, parse_place
from hub.blobs.store import BlobStore
from tests.support.object_store import PART, client_of, new_bucket, object_store


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture(scope="session")
def client(endpoint: str) -> Any:
    """Another client, which sees what the store leaves."""
    return client_of(endpoint)


@pytest.fixture
def bucket(endpoint: str) -> str:
    return new_bucket(endpoint)


Make = Callable[[], BlobStore]


@pytest.fixture(scope="session", autouse=True)
def _one_description_of_the_api() -> Iterator[None]:
    """It takes longer to read than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "get_session", cache(botocore.session.get_session))
        yield


@pytest.fixture
def make_s3(endpoint: str, bucket: str) -> Iterator[Callable[..., S3Store]]:
    """Every call is another process: nothing is shared but the bucket."""
    made: list[S3Store] = []

    def make(part: int = PART, **more: Any) -> S3Store:
        place = parse_place(f"s3://{bucket}/blobs?endpoint={endpoint}")
        store = S3Store(place, access_key="key", secret_key="secret", least_part=part, **more)
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


@pytest.fixture(params=["local", "s3"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    if request.param == "local":
        return lambda: LocalStore(tmp_path / "blobs")
    return request.getfixturevalue("make_s3")


@pytest.fixture
def left(client: Any, bucket: str) -> Callable[[], list[str]]:
    """All keys of the bucket, and its unfinished uploads."""

    def look() -> list[str]:
        objects = client.list_objects_v2(Bucket=bucket).get("Contents", [])
        uploads = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [one["Key"] for one in objects] + ["upload " + one["Key"] for one in uploads]

    return look


assert PART < MIB
