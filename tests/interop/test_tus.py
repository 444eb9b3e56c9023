"""The genuine tus-js-client sends files, through cuts and deaths of either side."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.wire import Wire
from tests.interop.stock import HERE, NODE
from tests.support.hub_process import HubProcess, answer, token
from tests.support.object_store import new_bucket, object_store


class TusClient:
    """Its process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.sent = 0
        self.resumed: Any = None
        self._reading = asyncio.create_task(self._read())
        self._moved = asyncio.Condition()

    async def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        async for line in self.process.stdout:
            said: dict[str, Any] = json.loads(line)
            self.sent = said.get("progress", self.sent)
            self.resumed = said.get("resumes", self.resumed)
            async with self._moved:
                self._moved.notify_all()
            if said.keys() & {"url", "error"}:
                return said
        return {"died": True}

    async def until(self, sent: int) -> None:
        async with asyncio.timeout(30), self._moved:
            await self._moved.wait_for(lambda: self.sent >= sent or self._reading.done())

    async def end(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._reading, 60)


class Room:
    """A thread, somebody who may write in it, and a file to send."""

    def __init__(self, hub: HubProcess, browser: httpx.AsyncClient, secret: str, thread: str):
        self.hub, self.browser, self.secret, self.thread = hub, browser, secret, thread

    @asynccontextmanager
    async def sends(self, path: Path, url: str = "", **more: Any) -> AsyncIterator[TusClient]:
        order = {
            "endpoint": f"{url or self.hub.url}/files/", "token": self.secret, "path": str(path),
            "metadata": {"filename": path.name, "thread": self.thread, "filetype": ""},
            "options": {}, **more,
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *NODE, "tus.mjs", json.dumps(order), stdout=asyncio.subprocess.PIPE, cwd=HERE
        )
        client = TusClient(process)
        try:
            yield client
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            client._reading.cancel()

    async def holds(self, url: str, path: Path) -> None:
        """The upload becomes a file of the thread, which has just these bytes."""
        body = {"files": [{"upload": url.rpartition("/")[2]}]}
        posted = self.browser.post(f"/api/threads/{self.thread}/messages", json=body)
        (attachment,) = (await answer(posted))["attachments"]
        async with asyncio.timeout(30):
            while (await self.about(attachment))["number"] is None:
                await asyncio.sleep(0.02)
        digest = hashlib.sha256()
        address = f"/api/attachments/{attachment}/versions/1"
        async with self.browser.stream("GET", address) as found:
            assert found.status_code == 200
            async for part in found.aiter_raw():
                digest.update(part)
        assert digest.digest() == digest_of(path)

    async def about(self, attachment: str) -> dict[str, Any]:
        return await answer(self.browser.get(f"/api/attachments/{attachment}"))  # type: ignore[no-any-return]


def digest_of(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of a hub that keeps its files there."""
    if request.param == "local":
        return {}
    endpoint = request.getfixturevalue("endpoint")
    url = f"s3://{new_bucket(endpoint)}/files?endpoint={endpoint}"
    return {"HUB_BLOB_URL": url, "HUB_BLOB_KEY": "key", "HUB_BLOB_SECRET": "secret"}


@pytest.fixture
async def room(tmp_path: Path, store: dict[str, str]) -> AsyncIterator[Room]:
    async with HubProcess(tmp_path / "data", HUB_KEEP_FREE_BYTES="0", **store) as hub:
        browser = await hub.first_owner()
        made = await answer(browser.post("/api/threads", json={"subject": "Films"}))
        yield Room(hub, browser, await token(browser), made["summary"]["thread"])
        await browser.aclose()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mov"
    path.write_bytes(os.urandom(40_000_001))
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunkSize": 8 * 2**20},
        {"chunkSize": 1_500_000},
        {"parallelUploads": 4},
        {"parallelUploads": 3, "chunkSize": 5_000_000},
        {"uploadDataDuringCreation": True},
        {"overridePatchMethod": True, "chunkSize": 8 * 2**20},
    ],
    ids=str,
)
async def test_a_file_arrives(room: Room, film: Path, options: dict[str, Any]) -> None:
    async with room.sends(film, options=options) as client:
        said = await client.end()
    assert "url" in said, said
    await room.holds(said["url"], film)


async def test_nothing_is_a_file_too(room: Room, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    async with room.sends(empty) as client:
        said = await client.end()
    await room.holds(said["url"], empty)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("options", [{}, {"parallelUploads": 3}], ids=str)
async def test_a_cut_cable_and_a_killed_hub(
    room: Room, film: Path, options: dict[str, Any]
) -> None:
    async with Wire(room.hub.url) as wire, room.sends(film, wire.url, options=options) as client:
        await client.until(5_000_000)
        wire.cut()
        wire.mend()
        # Well before the end: the request that joins its parallel parts this client never repeats.
        await client.until(12_000_000)
        await room.hub.kill()
        await room.hub.start()
        said = await client.end()
    assert "url" in said, said
    await room.holds(said["url"], film)


@pytest.mark.timeout(120)
async def test_a_client_that_died_goes_on(room: Room, film: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "urls.json")
    options = {"chunkSize": 2 * 2**20}
    async with room.sends(film, store=store, options=options) as client:
        await client.until(12_000_000)
        client.process.kill()
    async with room.sends(film, store=store, options=options) as client:
        said = await client.end()
        assert client.resumed
    assert said["url"] == client.resumed
    await room.holds(said["url"], film)


async def test_a_client_gives_up(room: Room, film: Path) -> None:
    async with room.sends(film, options={"chunkSize": 2**20}, stopAt=5_000_000) as client:
        said = await client.end()
    assert said.get("aborted"), said
    gone = await room.browser.head(said["url"], headers={"tus-resumable": "1.0.0"})
    assert gone.status_code == 410
    if (staged := room.hub.data_dir / "blobs" / "uploads").exists():
        assert list(staged.iterdir()) == []


async def test_who_may_not_is_told(room: Room, film: Path) -> None:
    metadata = {"filename": "a", "thread": "r_none"}
    async with room.sends(film, metadata=metadata) as client:
        said = await client.end()
    assert said["status"] == 404
    assert "thread_not_found" in said["error"]
