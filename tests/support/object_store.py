"""An S3 endpoint as a process of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session

from tests.support.hub_process import free_port

PART = 64 * 1024
"""Parts may be so small here; the hub's own are not."""

_SERVE = """
import sys, threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", int(sys.argv[1]), verbose=False)
server.start()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def object_store() -> Iterator[str]:
    """Its address; any key and secret will do."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _SERVE, str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "S3_UPLOAD_PART_MIN_SIZE": str(PART)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def client_of(endpoint: str) -> Any:
    """A client that sees what is there."""
    return botocore.session.get_session().create_client(
        "s3", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="key", aws_secret_access_key="secret",
    )  # fmt: skip


def new_bucket(endpoint: str) -> str:
    name = f"test-{secrets.token_hex(8)}"
    client_of(endpoint).create_bucket(Bucket=name)
    return name
