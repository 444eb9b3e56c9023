"""Bytes that the web server in front, or the object store itself, sends for the hub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.client import FileClient
from tests.integration.conftest import judge, serve
from tests.integration.files.test_attachments import Room
from tests.integration.files.test_uploads import TUS, problem, some
from tests.support.nginx import NginxProcess
from tests.support.object_store import new_bucket, object_store


@asynccontextmanager
async def room_on(database_url: str, **settings: Any) -> AsyncIterator[Room]:
    async with serve(database_url, **settings) as served:
        ada = await served.person("ada")
        yield Room(served, ada, await served.thread(ada))


async def test_the_web_server_in_front_gets_the_place_in_the_folder(
    database_url: str, tmp_path: Path
) -> None:
    async with room_on(database_url, data_dir=tmp_path, accel_prefix="/hub-files/") as room:
        file = await room.send(b"hello", "Plán.txt")
        path = f"/api/attachments/{file}/versions/1"
        assert (await room.http.get(path)).content == b"hello"  # nobody is in front
        front = {"x-hub-accel": "1"}
        found = await room.http.get(path, headers={"range": "bytes=1-2", **front})
        assert (found.status_code, found.content) == (200, b"")
        address = found.headers["x-accel-redirect"]
        assert address.startswith("/hub-files/sealed/")
        place = tmp_path / "blobs" / address.removeprefix("/hub-files/")
        assert place.read_bytes() == b"hello"
        assert found.headers["content-type"] == "text/plain; charset=utf-8"
        assert "sandbox" in found.headers["content-security-policy"]
        # What nobody gets is not handed over, nor to whom it is not.
        known = await room.http.get(path, headers={"if-none-match": found.headers["etag"]})
        assert known.status_code == 304
        await room.says("", {"upload": await room.upload(b"again", "Plán.txt"), "attachment": file})
        await room.settle()
        await judge(room.served, "blocked", "Eicar")
        assert problem(await room.http.get(path[:-1] + "2"))[0] == 403
        grace = await room.served.person("grace", room.person)
        assert problem(await grace.http.get(path)) == (404, "attachment_not_found")


async def test_a_real_nginx_in_front_as_the_manual_says(
    database_url: str, tmp_path: Path, services: None
) -> None:
    blobs = tmp_path / "blobs"
    async with room_on(database_url, data_dir=tmp_path, accel_prefix="/hub-files") as room:
        data = some(5_000_000)  # more than nginx takes by itself
        with NginxProcess(room.served.url, blobs) as front:
            # The hub's address is that of the proxy.
            host = room.served.url.removeprefix("http://")
            file = await room.send(data, "Plán.html")
            path = f"/api/attachments/{file}/versions/1"
            async with httpx.AsyncClient(
                base_url=front.url, trust_env=False,
                headers={"host": host, "authorization": f"Bearer {room.person.token}"},
            ) as http:  # fmt: skip
                found = await http.get(path)
                assert (found.status_code, found.content) == (200, data)
                straight = await room.http.get(path)
                for name in (
                    "content-type", "content-disposition", "content-security-policy", "etag",
                    "x-content-type-options", "content-length", "accept-ranges",
                ):  # fmt: skip
                    assert found.headers[name] == straight.headers[name], name
                part = await http.get(path, headers={"range": "bytes=1000000-1000009"})
                assert (part.status_code, part.content) == (206, data[1_000_000:1_000_010])
                beyond = await http.get(path, headers={"range": "bytes=5000000-"})
                assert beyond.status_code == 416
                (stored,) = blobs.glob("sealed/*/*")
                inside = await http.get(f"/hub-files/{stored.relative_to(blobs)}")
                assert inside.status_code == 404
                stranger = await http.get(path, headers={"authorization": "Bearer no"})
                assert stranger.status_code == 401

                # In through it: no request is too large, and what came counts when it breaks.
                url = await room.begin(len(data), "again.bin")
                place = url[url.index("/files/") :]
                patched = await http.patch(
                    place, content=data,
                    headers={
                        **TUS, "upload-offset": "0",
                        "content-type": "application/offset+octet-stream",
                    },
                )  # fmt: skip
                assert (patched.status_code, patched.headers["upload-offset"]) == (204, "5000000")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_store() as address:
        yield address


async def test_the_object_store_sends_downloads_itself(
    database_url: str, endpoint: str, tmp_path: Path
) -> None:
    url = f"s3://{new_bucket(endpoint)}/files?endpoint={endpoint}&region=us-east-1"
    s3 = {"blob_url": url, "blob_key": "key", "blob_secret": "secret", "blob_links": True}
    async with room_on(database_url, **s3) as room:
        file = await room.send(b"hello" * 1000, "a.bin")
        path = f"/api/attachments/{file}/versions/1"
        assert (await room.http.get(path)).content == b"hello" * 1000  # within a page
        sent = await room.http.get(f"{path}?download")
        assert sent.status_code == 307
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            found = await elsewhere.get(sent.headers["location"])
        assert found.content == b"hello" * 1000
        assert found.headers["content-disposition"].startswith('attachment; filename="a.bin"')
        # A link is signed for GET alone.
        head = await room.http.head(f"{path}?download")
        assert (head.status_code, head.headers["content-length"]) == (200, "5000")
        # What proves the bytes has them from the hub.
        client = FileClient(room.served.url, room.person.token, state=tmp_path / "state")
        assert (await client.download(file, target=tmp_path)).read_bytes() == b"hello" * 1000
