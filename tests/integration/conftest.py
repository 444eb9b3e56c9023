"""A hub inside the test's own process, on a fresh database, reached over real sockets."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from hub.api.hub import Hub
from hub.app import create_app
from hub.bus.interface import Bus
from hub.client import LiveClient
from hub.clock import Clock
from hub.files.scanning.service import TELL
from hub.server import configure
from hub.settings import Settings
from hub.storage import verdicts
from tests.support.hub_process import answer, free_port, token


@dataclass
class Person:
    """Somebody signed in: an HTTP client with their cookie, and a token."""

    uid: str
    http: httpx.AsyncClient
    token: str


class Served:
    """The hub, its address and its people."""

    def __init__(self, hub: Hub, url: str) -> None:
        self.hub = hub
        self.url = url
        self._clients: list[httpx.AsyncClient] = []

    def browser(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            base_url=self.url, headers={"origin": self.url}, trust_env=False, timeout=10
        )
        self._clients.append(client)
        return client

    async def person(self, name: str, inviter: Person | None = None) -> Person:
        """An account: the first owner, or invited by somebody."""
        if inviter is None:
            link = await self.hub.identity.first_owner_link()
            assert link is not None
        else:
            link = (await answer(inviter.http.post("/api/invitations", json={})))["link"]
        browser = self.browser()
        me = await answer(
            browser.post(
                "/api/links/accept",
                json={
                    "secret": link.partition("#")[2],
                    "display_name": name.title(),
                    "address": f"{name}@north.example",
                    "password": "correct horse",
                },
            )
        )
        return Person(me["uid"], browser, await token(browser))

    def live(self, person: Person, **options: Any) -> LiveClient:
        return LiveClient(self.url, person.token, **options)

    async def thread(self, owner: Person, *members: Person, subject: str = "Offer") -> str:
        state = await answer(
            owner.http.post(
                "/api/threads",
                json={"subject": subject, "members": [one.uid for one in members]},
            )
        )
        return str(state["summary"]["thread"])

    async def document(self, owner: Person, thread: str, kind: str = "text") -> str:
        made = await answer(
            owner.http.post(
                f"/api/threads/{thread}/documents", json={"kind": kind, "title": "Draft"}
            )
        )
        return str(made["document"])

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()


async def judge(served: Served, result: str, finding: str) -> None:
    """What a scanner does once it has looked at the second version; a real one
    is in test_verdicts."""
    async with served.hub.database.transaction() as connection:
        blob = await connection.fetchval("SELECT blob_id FROM versions WHERE number = 2")
        now = datetime.now(UTC)
        await verdicts.put(connection, blob, "A", "1", result, finding, "A 1", now)
        await served.hub.jobs.put(connection, TELL, blob)
    served.hub.jobs.wake()


@asynccontextmanager
async def serve(
    database_url: str, *, bus: Bus | None = None, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Served]:
    port = free_port()
    folder = tempfile.TemporaryDirectory(prefix="hub-data-")
    settings.setdefault("data_dir", Path(folder.name))
    chosen = Settings.from_environ({}, port=port, database_url=database_url, **settings)
    app = create_app(chosen, clock, bus=bus)
    config = configure(app, chosen, port=port, lifespan="on", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            assert not task.done(), "the hub did not start"
            await asyncio.sleep(0.01)
    served = Served(app.state.hub, f"http://127.0.0.1:{port}")
    try:
        yield served
    finally:
        await served.aclose()
        app.state.hub.draining = True
        server.should_exit = True
        async with asyncio.timeout(10):
            await task
        folder.cleanup()


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serve(database_url) as served:
        yield served
