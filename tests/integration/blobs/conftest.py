"""An object store as a process of its own, and both kinds of stores over one suite."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
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
from tests.support.hub_process import free_port

PART = 64 * 1024
"""Parts are small here, so that there are many of them; the store allows it when told."""

SERVE = """
import sys, threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", int(sys.argv[1]), verbose=False)
server.start()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVE, str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "S3_UPLOAD_PART_MIN_SIZE": str(PART)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture(scope="session")
def client(endpoint: str) -> Any:
    """Another client, which sees what the store leaves."""
    return botocore.session.get_session().create_client(
        "s3", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="key", aws_secret_access_key="secret",
    )  # fmt: skip


@pytest.fixture
def bucket(client: Any) -> str:
    name = f"test-{secrets.token_hex(8)}"
    client.create_bucket(Bucket=name)
    return name


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
