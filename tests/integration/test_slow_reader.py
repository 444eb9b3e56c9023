"""A connection that does not read costs little, misses nothing, and hinders nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Doc, Text

from hub.rooms import limits
from hub.wire import frames
from tests.integration.conftest import Served
from tests.integration.sockets import connection, signed_in


@pytest.mark.timeout(60)
async def test_a_slow_reader_is_resynced_with_one_diff(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    async with connection(served, max_queue=1) as raw:
        await raw.socket.send('{"cmd":"auth","token":"' + ada.token + '"}')
        await raw.frame("welcome")
        number = await raw.open(document)
        raw.binary.clear()
        async with served.live(ada) as writer:
            opened = await writer.open_document(document)
            for _ in range(40):  # 16 MB, none of which is read
                with opened.doc.transaction():
                    opened.text.insert(0, "x" * 400_000)
                with opened.doc.transaction():
                    del opened.text[0:400_000]
                await opened.saved()
            with opened.doc.transaction():
                opened.text.insert(0, "the end")
            await opened.saved()
            hub = served.hub
            queued = [c.outbox.queued_bytes for c in hub.connections._all]  # type: ignore[attr-defined]
            assert max(queued) < limits.DROP_UPDATES_BYTES + 500_000
            assert len(queued) == 2
            text = str(opened.text)
        doc: Doc[Any] = Doc()
        seen = doc.get("content", type=Text)
        updates = 0
        async with asyncio.timeout(20):
            while str(seen) != text:
                message = await raw.socket.recv()
                if isinstance(message, bytes) and message[0] == frames.SYNC:
                    subtype, payload = frames.read_sync(message[frames.HEADER_BYTES :])
                    if subtype == frames.UPDATE:
                        doc.apply_update(payload)
                        updates += 1
        assert text == "the end"
        assert updates < 40
        assert number


async def test_a_document_too_large_for_a_sync_is_fetched(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    async with served.live(ada) as writer:
        opened = await writer.open_document(document)
        for number in range(5):
            with opened.doc.transaction():
                opened.text.insert(0, f"{number}" * 400_000)
        await opened.saved()
        async with served.live(ada) as reader:
            other = await reader.open_document(document)
            assert str(other.text) == str(opened.text)
            with other.doc.transaction():
                other.text.insert(0, "read ")
            await other.saved()
            await opened.until(lambda: str(opened.text).startswith("read 4"))


@pytest.mark.timeout(60)
async def test_a_message_that_waits_for_the_disk_holds_up_no_edit(
    served: Served, database_url: str
) -> None:
    from tests.integration.test_database_away import PERMIT, REFUSE, statement

    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    async with served.live(ada) as other, signed_in(served, ada) as raw:
        seen = await other.open_document(document)
        number = await raw.open(document)
        reply = await raw.call(cmd="lease_client_ids", document=document, count=1)
        await statement(database_url, REFUSE.format(state="53100"))
        await raw.send(cmd="post", thread=thread, send_id="late", text="late")
        doc: Doc[Any] = Doc(client_id=reply["result"]["ids"][0])
        doc.get("content", type=Text).insert(0, "at once")
        await raw.sync(number, frames.UPDATE, doc.get_update())
        await seen.until(lambda: str(seen.text) == "at once", 3)
        assert (await raw.call(cmd="ping"))["t"] == "ok"
        await statement(database_url, PERMIT)


async def test_a_crowd_of_strangers_is_told_to_wait(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_UNKNOWN_SOCKETS", 2)
    ada = await served.person("ada")
    async with connection(served), connection(served), connection(served) as third:
        assert await third.closed() == (1013, "busy")
    async with asyncio.timeout(10):
        while served.hub.unknown_sockets:
            await asyncio.sleep(0.02)
    async with signed_in(served, ada) as raw:
        assert (await raw.call(cmd="ping"))["t"] == "ok"
