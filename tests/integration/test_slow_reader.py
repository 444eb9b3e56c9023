"""A connection that does not read costs little, misses nothing, and hinders nobody."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from pycrdt import Doc, Text

from hub.rooms import limits
from hub.rooms.outbox import Outbox
from hub.wire import commands as cmd
from hub.wire import frames
from tests.integration.conftest import Person, Served
from tests.integration.sockets import Raw, connection, signed_in


@pytest.mark.timeout(120)
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


@pytest.mark.timeout(120)
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


@asynccontextmanager
async def deaf(served: Served, person: Person) -> AsyncIterator[Raw]:
    """Signed in, with a narrow pipe: what is not read soon waits at the hub."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.setblocking(False)
        port = int(served.url.rpartition(":")[2])
        await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
        async with connection(served, max_queue=1, sock=one) as raw:
            await raw.socket.send('{"cmd":"auth","token":"' + person.token + '"}')
            await raw.frame("welcome")
            yield raw


def outbox_of(served: Served, person: Person) -> Outbox:
    (found,) = (one for one in served.hub.connections._all if one.principal.uid == person.uid)
    outbox: Outbox = found.outbox  # type: ignore[attr-defined]
    return outbox


@pytest.mark.timeout(120)
async def test_what_is_caught_up_does_not_count_as_live(served: Served) -> None:
    """Above the 4 MiB at which a reader is given up; live traffic goes on meanwhile."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    who = await served.hub.identity.principal_of(ada.uid)

    async def post(number: int, text: str) -> int:
        command = cmd.Post(thread=thread, send_id=f"s{number}", text=text)
        return (await served.hub.door.write(who, command)).seq

    for first in range(0, 600, 50):
        await asyncio.gather(*(post(first + one, "x" * 39_000) for one in range(50)))
    async with deaf(served, grace) as raw:
        await raw.send(cmd="subscribe", thread=thread, after=0)
        outbox = outbox_of(served, grace)
        async with asyncio.timeout(20):
            while outbox.waiting_bytes < 100_000:  # it does not read, and something waits for it
                await asyncio.sleep(0.01)
        for number in range(20):
            last = await post(1_000 + number, "live")
        assert outbox.waiting_bytes < limits.CROWDED_BYTES + 50_000
        assert outbox.ended is None
        seqs: list[int] = []
        while not seqs or seqs[-1] < last:
            frame = await raw.next()
            if frame["t"] == "event":
                seqs.append(frame["seq"])
        assert seqs == list(range(1, last + 1))


@pytest.mark.timeout(120)
async def test_a_flood_of_signals_hurts_who_sends_it(served: Served) -> None:
    """Not the one who reads slowly: signals to them are dropped, everything else arrives."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with AsyncExitStack() as stack:
        victim = await stack.enter_async_context(deaf(served, grace))
        await victim.call(cmd="subscribe", thread=thread)
        senders = [await stack.enter_async_context(signed_in(served, ada)) for _ in range(12)]
        payload = "x" * 60_000
        for sender in senders:
            present = (await sender.call(cmd="subscribe", thread=thread))["result"]["presence"]
        (target,) = (one["session"] for one in present if one["uid"] == grace.uid)
        outbox = outbox_of(served, grace)

        async def flood(sender: Raw) -> int:
            """As much as the hub takes without a pause; returns how many signals that were."""
            started = asyncio.get_running_loop().time()
            command = {"thread": thread, "to_session": target, "kind": "x", "payload": payload}
            for _ in range(9):
                assert (await sender.call(cmd="signal", **command))["t"] == "ok"
            await sender.send(cmd="signal", **command)
            behind = await sender.send(cmd="ping")
            await sender.until(lambda frame: frame.get("re") == behind)
            waited_s = asyncio.get_running_loop().time() - started
            # Its ten were 600 KB, and 512 KiB are free: the ping waited for the rest.
            assert waited_s * limits.SIGNAL_BYTES_PER_S >= 10 * 60_000 - limits.SIGNAL_BURST_BYTES
            return 10

        sent = sum(await asyncio.gather(*(flood(sender) for sender in senders)))
        assert sent * len(payload) > limits.CLOSE_BYTES
        assert outbox.ended is None
        assert outbox.waiting_bytes < limits.CROWDED_BYTES + 2 * len(payload)
        await senders[0].call(cmd="post", thread=thread, send_id="p", text="And now?")
        signals = 0
        while (frame := await victim.next())["t"] != "event":
            signals += frame["t"] == "signal"
        assert frame["data"]["text"] == "And now?"
        assert 0 < signals < sent
