"""A thread with files that its members edit together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.client import LiveClient
from hub.client.document import RemoteDocument
from hub.mail.rebuild import rebuild_projections
from hub.storage.projection import Projector
from tests.integration.conftest import Served
from tests.integration.files.test_attachments import Room
from tests.support.hub_process import answer


class Desk(Room):
    """Somebody in a thread, who opens its files and saves them."""

    async def open(self, attachment: str, **more: Any) -> dict[str, Any]:
        path = f"/api/attachments/{attachment}/open"
        return await answer(self.http.post(path, json=more))  # type: ignore[no-any-return]

    async def save(self, document: str, **more: Any) -> dict[str, Any]:
        path = f"/api/documents/{document}/save"
        return await answer(self.http.post(path, json=more))  # type: ignore[no-any-return]

    async def file(self, document: str) -> dict[str, Any]:
        return await answer(self.http.get(f"/api/documents/{document}/file"))  # type: ignore[no-any-return]

    def live(self) -> LiveClient:
        return self.served.live(self.person)

    def at(self, other: Room) -> Desk:
        return Desk(other.served, other.person, other.thread)


async def edit(desk: Desk, document: str, change: Any) -> None:
    """Make a change in a live document, and wait until it is on disk."""
    async with desk.live() as client:
        opened = await client.open_document(document)
        await opened.synced()
        with opened.doc.transaction():
            change(opened)
        await opened.saved()


async def words(desk: Desk, document: str) -> str:
    async with desk.live() as client:
        opened: RemoteDocument = await client.open_document(document)
        await opened.synced()
        return str(opened.text)


@pytest.fixture
async def desk(served: Served) -> AsyncIterator[Desk]:
    """What was projected one by one is what the log says as a whole."""
    ada = await served.person("ada")
    desk = Desk(served, ada, await served.thread(ada))
    yield desk
    await desk.settle()
    report = await rebuild_projections(served.hub.database, Projector(served.url))
    assert report.changed == []
