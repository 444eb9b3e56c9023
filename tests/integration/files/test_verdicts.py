"""What scanners say of files reaches who reads the thread: real clamd, real c-icap, a real hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from hub.client.connection import ThreadFeed
from hub.files.pictures import embedded
from hub.files.scanning.probes import eicar
from hub.mail.rebuild import rebuild_projections
from hub.storage.projection import Projector
from hub.storage.verdicts import Place
from tests.integration.conftest import serve
from tests.integration.files.test_attachments import Room
from tests.integration.files.test_clamd import zipped
from tests.integration.files.test_uploads import problem
from tests.support.hub_process import answer
from tests.support.scanners import FILE_BYTES, KNOWN, ClamdProcess, IcapProcess

Rooms = Callable[..., AbstractAsyncContextManager[Room]]


@pytest.fixture
def rooms(database_url: str) -> Rooms:
    """A thread on a hub with these settings."""

    @asynccontextmanager
    async def open_(**settings: Any) -> AsyncIterator[Room]:
        async with serve(database_url, **settings) as served:
            ada = await served.person("ada")
            yield Room(served, ada, await served.thread(ada))

    return open_


async def verdict(room: Room, attachment: str) -> tuple[str | None, str | None]:
    (version, *_) = (await room.attachment(attachment))["versions"]
    return version.get("verdict"), version.get("finding")


async def test_what_is_known_is_served_to_nobody_and_the_rest_is(
    rooms: Rooms, clamd: ClamdProcess
) -> None:
    async with rooms(clamd=f"unix:{clamd.socket}") as room:
        good = await room.send(b"hello", "hello.txt")
        bad = await room.send(eicar(), "eicar.com")
        packed = await room.send(zipped(eicar()), "a.zip")
        known = await room.send(KNOWN, "known.txt")
        large = await room.send(bytes(FILE_BYTES + 1), "large.bin")
        assert await verdict(room, good) == ("clean", None)
        assert await room.bytes_of(good, 1) == b"hello"
        for one, name in [(bad, "Eicar"), (packed, "Eicar"), (known, "Known")]:
            assert await verdict(room, one) == ("blocked", f"Hub.{name}.UNOFFICIAL")
            found = await room.http.get(f"/api/attachments/{one}/versions/1")
            assert problem(found) == (403, "file_blocked")
            # Nor is it carried on.
            message = {"text": "", "files": [{"source": one}]}
            sent = await room.http.post(f"/api/threads/{room.thread}/messages", json=message)
            assert problem(sent) == (403, "file_blocked")
        result, why = await verdict(room, large)
        assert result == "unscannable"
        assert "Limits" in (why or "")
        assert len(await room.bytes_of(large, 1)) == FILE_BYTES + 1
        lines = [one["type"] for one in (await room.history())["items"]]
        assert lines.count("version.blocked") == 3
        report = await rebuild_projections(room.served.hub.database, Projector(room.served.url))
        assert report.changed == []


async def test_the_same_bytes_are_blocked_in_every_thread(
    rooms: Rooms, clamd: ClamdProcess
) -> None:
    async with rooms(clamd=f"unix:{clamd.socket}") as room:
        await room.send(KNOWN, "known.txt")
        other = Room(room.served, room.person, await room.served.thread(room.person))
        again = await other.send(KNOWN, "renamed.txt")
        assert (await verdict(other, again))[0] == "blocked"
        assert "version.blocked" in [one["type"] for one in (await other.history())["items"]]


@pytest.mark.parametrize("hold", [False, True])
async def test_a_scanner_that_is_away_leaves_files_pending_until_it_is_back(
    rooms: Rooms, mortal_clamd: ClamdProcess, hold: bool
) -> None:
    mortal_clamd.kill()
    settings = {"clamd": f"127.0.0.1:{mortal_clamd.port}", "hold_unscanned": hold}
    async with rooms(**settings) as room:
        clean = await room.send(b"hello", "hello.txt")
        bad = await room.send(eicar(), "bad.txt")
        assert await verdict(room, clean) == await verdict(room, bad) == (None, None)
        found = await room.http.get(f"/api/attachments/{clean}/versions/1")
        assert found.status_code == (503 if hold else 200), found.text
        mortal_clamd.start()
        async with asyncio.timeout(60):  # the next try is at most some seconds away
            while await verdict(room, clean) == (None, None):
                await asyncio.sleep(0.05)
        assert await verdict(room, clean) == ("clean", None)
        assert await room.bytes_of(clean, 1) == b"hello"


@pytest.mark.timeout(120)
async def test_a_verdict_that_changes_reaches_an_open_room(
    rooms: Rooms, mortal_clamd: ClamdProcess
) -> None:
    async with rooms(clamd=f"unix:{mortal_clamd.socket}") as room:
        file = await room.send(b"a thing that nobody knows yet", "later.bin")
        assert await verdict(room, file) == ("clean", None)
        async with room.served.live(room.person) as live:
            feed = await live.subscribe(room.thread)
            signatures = mortal_clamd.folder / "database" / "later.ndb"
            signatures.write_text(f"Hub.Later:0:*:{b'nobody knows yet'.hex()}\n")
            mortal_clamd.kill()
            mortal_clamd.start()
            await ask_again(room)
            event = await _event(feed, "version.blocked")
            assert event.data["finding"] == "Hub.Later.UNOFFICIAL"
            assert await verdict(room, file) == ("blocked", "Hub.Later.UNOFFICIAL")
            # It was a mistake of theirs.
            signatures.unlink()
            mortal_clamd.kill()
            mortal_clamd.start()
            await ask_again(room)
            await _event(feed, "version.unblocked")
            assert await verdict(room, file) == ("clean", None)
            assert await room.bytes_of(file, 1)
        report = await rebuild_projections(room.served.hub.database, Projector(room.served.url))
        assert report.changed == []


async def ask_again(room: Room) -> None:
    """A day later: this clamd does not say how old its signatures are."""
    async with room.served.hub.database.acquire() as connection:
        await connection.execute("UPDATE blobs SET scanned_at = scanned_at - interval '25 hours'")
    assert await room.served.hub.scanning.again() > 0
    await room.settle()


async def _event(feed: ThreadFeed, type_: str) -> Any:
    while True:
        event = await feed.next()
        if event.type == type_:
            return event


async def test_icap_blocks_the_same(rooms: Rooms, icap: IcapProcess) -> None:
    async with rooms(icap=icap.url("whole")) as room:
        good, bad = await room.send(b"hello", "a.txt"), await room.send(eicar(), "b.txt")
        assert await verdict(room, good) == ("clean", None)
        assert await verdict(room, bad) == ("blocked", "Hub.Eicar.UNOFFICIAL")


async def test_what_came_before_there_was_a_scanner_is_looked_at(
    database_url: str, clamd: ClamdProcess, tmp_path: Any
) -> None:
    async with serve(database_url, data_dir=tmp_path) as served:
        ada = await served.person("ada")
        room = Room(served, ada, await served.thread(ada))
        file = await room.send(KNOWN, "known.txt")
        assert await verdict(room, file) == (None, None)
        assert await room.bytes_of(file, 1) == KNOWN
        cookies, thread = ada.http.cookies, room.thread
    async with serve(database_url, data_dir=tmp_path, clamd=f"unix:{clamd.socket}") as served:
        ada.http = served.browser()
        ada.http.cookies = cookies
        room = Room(served, ada, thread)
        async with asyncio.timeout(20):
            while await verdict(room, file) == (None, None):
                await asyncio.sleep(0.05)
        assert (await verdict(room, file))[0] == "blocked"


async def test_nobody_keeps_a_verdict_away_by_taking_its_send_id(
    rooms: Rooms, clamd: ClamdProcess
) -> None:
    async with rooms(clamd=f"unix:{clamd.socket}") as room:
        key = await room.upload(KNOWN, "known.txt")
        path = f"/api/threads/{room.thread}/messages"
        for number in range(1, 9):
            for send_id in (f"{key}.{number}", key):
                await room.http.post(path, json={"text": "mine", "send_id": send_id})
        taken = await room.http.post(path, json={"text": "mine", "send_id": f"hub:{key}.1"})
        assert taken.status_code == 400, taken.text
        said = await room.says("", {"upload": key})
        await room.settle()
        assert (await verdict(room, said["attachments"][0]))[0] == "blocked"
        assert "version.blocked" in [one["type"] for one in (await room.history())["items"]]


async def test_what_another_thread_brings_is_no_news_here(
    rooms: Rooms, clamd: ClamdProcess
) -> None:
    async with rooms(clamd=f"unix:{clamd.socket}") as room:
        file = await room.send(b"the same in both", "a.txt")
        told: list[Place] = []
        scanning = room.served.hub.scanning
        before, scanning.on_verdict = scanning.on_verdict, told.append
        assert before is not None
        other = Room(room.served, room.person, await room.served.thread(room.person))
        await other.send(b"the same in both", "b.txt")
        assert [one.thread for one in told] == [other.thread]
        assert await verdict(room, file) == ("clean", None)


async def test_nothing_is_made_of_what_only_another_thread_had_looked_at(
    rooms: Rooms, mortal_clamd: ClamdProcess
) -> None:
    async with rooms(clamd=f"unix:{mortal_clamd.socket}", hold_unscanned=True) as room:
        await room.send(b"some words to be found", "a.txt")
        mortal_clamd.kill()
        other = Room(room.served, room.person, await room.served.thread(room.person))
        file = await other.send(b"some words to be found", "b.txt")
        (version,) = (await other.attachment(file))["versions"]
        assert version.get("verdict") is None
        assert version.get("preview") is None
        hits = (await answer(room.http.get("/api/search?q=found")))["hits"]
        assert [one["thread"] for one in hits] == [room.thread]
        # Nor does an export of a document hand out its pictures.
        document = await other.served.document(other.person, other.thread, "rich")
        body = {"file": {"upload": await other.upload(b"GIF89a", "c.gif")}, "document": document}
        await answer(other.http.post(f"/api/threads/{other.thread}/attachments", json=body))
        await other.settle()
        hub = other.served.hub
        assert await embedded(hub.database, hub.blobs, document, held=True) == {}
        assert len(await embedded(hub.database, hub.blobs, document, held=False)) == 1


async def test_what_one_of_two_finds_counts_while_the_other_is_away(
    rooms: Rooms, clamd: ClamdProcess, icap: IcapProcess
) -> None:
    async with rooms(clamd="127.0.0.1:1", icap=icap.url("whole")) as room:
        bad, good = await room.send(eicar(), "a.txt"), await room.send(b"hello", "b.txt")
        assert (await verdict(room, bad))[0] == "blocked"
        assert await verdict(room, good) == (None, None)
