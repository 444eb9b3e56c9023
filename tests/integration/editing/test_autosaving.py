"""Documents that save themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.mail.rebuild import rebuild_projections
from hub.storage.projection import Projector
from tests.conftest import TurnableClock
from tests.integration.conftest import serve
from tests.integration.editing.conftest import Desk, edit
from tests.integration.files.test_attachments import ben_joins
from tests.integration.files.test_uploads import problem
from tests.support.hub_process import answer


class Days(Desk):
    """A desk whose time passes only when told."""

    clock: TurnableClock

    async def passes(self, seconds: float) -> None:
        """So much time, and what is due then."""
        await self.served.hub.autosaving.look()
        self.clock.advance(seconds)
        await self.settle()


@pytest.fixture
async def days(database_url: str) -> AsyncIterator[Days]:
    clock = TurnableClock()
    async with serve(database_url, clock=clock) as served:
        ada = await served.person("ada")
        days = Days(served, ada, await served.thread(ada))
        days.clock = clock
        yield days
        report = await rebuild_projections(served.hub.database, Projector(served.url))
        assert report.changed == []


async def keep_saved(desk: Desk, document: str, on: bool) -> dict[str, Any]:
    path = f"/api/documents/{document}/file"
    return await answer(desk.http.patch(path, json={"autosave": on}))  # type: ignore[no-any-return]


async def changed(days: Days, document: str, text: str) -> None:
    """A change, that the hub's library has seen."""
    await edit(days, document, lambda opened: opened.text.insert(0, text))
    while days.served.hub.library.open:  # it is written when the last one leaves
        await days.served.hub.library.settle()
        await days.file(document)


async def test_a_document_saves_itself_after_a_pause(days: Days) -> None:
    file = await days.send(b"one\n", "a.txt")
    document = (await days.open(file))["document"]
    ben = await ben_joins(days)
    assert (await days.file(document))["autosave"] is None
    assert (await keep_saved(days, document, True))["autosave"] == days.person.uid
    await changed(days, document, "1")
    await days.passes(40)
    await changed(days, document, "2")
    await days.passes(40)  # since the last change
    assert (await days.attachment(file))["count"] == 1
    await days.passes(30)
    found = await days.attachment(file)
    assert (found["count"], found["versions"][0]["author"]) == (2, days.person.uid)
    assert await days.bytes_of(file, 2) == b"21one\n"
    # And once more, and no more.
    await changed(days, document, "3")
    await days.passes(70)
    assert await days.bytes_of(file, 3) == b"321one\n"
    await keep_saved(days.at(ben), document, False)
    await changed(days, document, "4")
    await days.passes(200)
    assert (await days.attachment(file))["count"] == 3
    assert (await days.file(document))["unsaved"] is True


async def test_what_was_changed_before_is_saved_too(days: Days) -> None:
    file = await days.send(b"one\n", "a.txt")
    document = (await days.open(file))["document"]
    await changed(days, document, "1")
    await keep_saved(days, document, True)
    await days.passes(70)
    assert await days.bytes_of(file, 2) == b"1one\n"


async def test_who_may_not_write_any_more_saves_nothing(days: Days) -> None:
    file = await days.send(b"one\n", "a.txt")
    document = (await days.open(file))["document"]
    ben = days.at(await ben_joins(days))
    await keep_saved(ben, document, True)
    await answer(
        days.http.post(
            f"/api/threads/{days.thread}/members", json={"uid": ben.person.uid, "role": "reader"}
        )
    )
    refused = await ben.http.patch(f"/api/documents/{document}/file", json={"autosave": False})
    assert problem(refused) == (403, "read_only")
    await changed(days, document, "1")
    await days.passes(70)
    assert (await days.attachment(file))["count"] == 1
    # What the encoding has not is not saved either, until somebody says how.
    await keep_saved(days, document, False)
    await keep_saved(days, document, True)
    await days.passes(70)
    assert (await days.attachment(file))["count"] == 2


async def test_what_cannot_be_saved_waits_for_people(days: Days) -> None:
    file = await days.send("žltý deň, ďalšia vôňa\n".encode("cp1250"), "a.txt")
    document = (await days.open(file))["document"]
    await keep_saved(days, document, True)
    await changed(days, document, "😀")
    await days.passes(70)
    assert (await days.attachment(file))["count"] == 1
    assert (await days.save(document, encoding="utf-8"))["number"] == 2
