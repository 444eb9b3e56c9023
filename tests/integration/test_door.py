"""Commands that write: answered exactly once, decided where they are written, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hub.errors import HubError
from hub.rooms import following, poll, registry
from hub.storage import documents as rows
from hub.storage import timeline
from hub.storage.pool import Database, DatabaseAway
from hub.storage.writer import Append
from hub.wire import commands as cmd
from hub.wire import frames
from tests.integration.conftest import Person, Served
from tests.integration.sockets import Raw, signed_in
from tests.integration.test_live import exported, leased
from tests.support.hub_process import answer
from tests.support.yupdates import text, update


@pytest.fixture(autouse=True)
def unpolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """From before the hub begins: the poll is not what saves us."""
    monkeypatch.setattr(poll, "POLL_S", 3600.0)


async def started(served: Served) -> tuple[Person, Person, str]:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    return ada, grace, await served.thread(ada, grace)


async def events(person: Person, thread: str) -> list[dict[str, Any]]:
    page = await answer(person.http.get(f"/api/threads/{thread}/events?limit=500"))
    return list(page["events"])


# --- send_id --------------------------------------------------------------------------------------


async def test_a_send_id_stands_for_one_thing(served: Served) -> None:
    ada, _, thread = await started(served)
    async with signed_in(served, ada) as raw:
        first = {"cmd": "post", "thread": thread, "send_id": "one", "text": "Hello"}
        posted = (await raw.call(**first))["result"]
        again = (await raw.call(**first))["result"]
        assert again == {**posted, "duplicate": True}
        for other in (
            {**first, "text": "Something else"},
            {**first, "reply_to": posted["seq"]},
            {"cmd": "rename", "thread": thread, "send_id": "one", "subject": "Hello"},
            {"cmd": "react", "thread": thread, "send_id": "one", "target": 3, "emoji": "👍"},
        ):
            assert (await raw.call(**other))["code"] in ("send_id_reused", "message_not_found")
        made = {"cmd": "create_document", "thread": thread, "send_id": "d", "kind": "text"}
        document = (await raw.call(**made, title=" The  draft "))["result"]
        same = (await raw.call(**made, title="The draft"))["result"]
        assert same == {**document, "duplicate": True}
        assert (await raw.call(**made, title="Another"))["code"] == "send_id_reused"
    new = {"subject": "New", "send_id": "t"}
    state = await answer(ada.http.post("/api/threads", json=new))
    assert (await answer(ada.http.post("/api/threads", json=new)))["summary"] == state["summary"]
    refused = await ada.http.post("/api/threads", json={**new, "subject": "Other"})
    assert (refused.status_code, refused.json()["code"]) == (409, "send_id_reused")


async def test_what_changes_nothing_writes_nothing(served: Served) -> None:
    ada, grace, thread = await started(served)
    document = await served.document(ada, thread)
    async with signed_in(served, ada) as raw:
        post = {"cmd": "post", "thread": thread, "send_id": "p", "text": "Hello"}
        seq = (await raw.call(**post))["result"]["seq"]
        changes: list[dict[str, Any]] = [
            {"cmd": "edit", "target": seq, "text": "Changed"},
            {"cmd": "react", "target": seq, "emoji": "👍", "on": True},
            {"cmd": "react", "target": seq, "emoji": "👍", "on": False},
            {"cmd": "rename", "subject": "Renamed"},
            {"cmd": "set_history", "history": "joined"},
            {"cmd": "set_member", "uid": grace.uid, "role": "reader"},
            {"cmd": "rename_document", "document": document, "title": "Renamed"},
        ]
        for number, change in enumerate(changes):
            first = await raw.call(**change, thread=thread, send_id=f"a{number}")
            assert first["result"].get("changed", True), change
            head = (await events(ada, thread))[-1]["seq"]
            second = await raw.call(**change, thread=thread, send_id=f"b{number}")
            assert second["t"] == "ok", second
            assert (second["result"]["changed"], second["result"]["seq"]) == (False, head)
            # Said again under its own send_id it is still the first one.
            third = await raw.call(**change, thread=thread, send_id=f"a{number}")
            assert third["result"] == {**first["result"], "duplicate": True}
            assert (await events(ada, thread))[-1]["seq"] == head


# --- decided where it is written ------------------------------------------------------------------


async def test_a_thread_is_never_without_an_owner(served: Served) -> None:
    ada, grace, thread = await started(served)
    door, identity = served.hub.door, served.hub.identity
    people = [await identity.authenticate_token(one.token) for one in (ada, grace)]
    for attempt in range(12):
        for one in people:  # both are owners again; one of them always can see to it
            for by in people:
                owner = cmd.SetMember(
                    thread=thread, send_id=f"o{attempt}{one.uid}{by.uid}", uid=one.uid, role="owner"
                )
                try:
                    await door.write(by, owner)
                except HubError:
                    continue
        leaving = [
            asyncio.create_task(
                door.write(
                    one,
                    cmd.SetMember(
                        thread=thread, send_id=f"l{attempt}{one.uid}", uid=one.uid, role="editor"
                    ),
                )
            )
            for one in people
        ]
        for _ in range(attempt):  # one gives up, somewhere on the way
            await asyncio.sleep(0)
        if attempt % 2:
            leaving[0].cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await _quiet(served)
        members = await answer(ada.http.get(f"/api/threads/{thread}/members"))
        assert any(one["role"] == "owner" for one in members)


async def _quiet(served: Served) -> None:
    """Until the writer has nothing to do."""
    async with asyncio.timeout(10):
        while served.hub.writer.queued_bytes:
            await asyncio.sleep(0.005)


# --- one answer each ------------------------------------------------------------------------------


async def test_messages_do_not_wait_for_one_another(served: Served) -> None:
    ada, _, thread = await started(served)
    async with signed_in(served, ada) as raw:
        before = served.hub.writer.flushes
        ids = [
            await raw.send(cmd="post", thread=thread, send_id=f"s{number}", text=f"n {number}")
            for number in range(300)
        ]
        edited = await raw.send(cmd="edit", thread=thread, send_id="e", target=4, text="first")
        replies = []
        while len(replies) <= len(ids):
            replies.append(await raw.next())
        assert [one["re"] for one in replies] == [*ids, edited]
        seqs = [one["result"]["seq"] for one in replies]
        assert seqs == list(range(seqs[0], seqs[0] + 301))
        # Many went to disk together, as many as are let in flight.
        assert served.hub.writer.flushes - before < 150
    texts = [one["data"]["text"] for one in await events(ada, thread) if one["type"] == "message"]
    assert texts == [f"n {number}" for number in range(300)]


class Faults:
    """Lets the database fail at its n-th use, before or after it did what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.uses = 0
        self.at = -1
        self.after = False
        acquire = Database.acquire

        @asynccontextmanager
        async def failing(database: Database) -> AsyncIterator[Any]:
            number, self.uses = self.uses, self.uses + 1
            if number == self.at and not self.after:
                raise DatabaseAway("on purpose", code="database_down")
            async with acquire(database) as connection:
                yield connection
            if number == self.at and self.after:
                raise DatabaseAway("on purpose", code="database_down")

        monkeypatch.setattr(Database, "acquire", failing)

    def arm(self, at: int, *, after: bool) -> None:
        self.uses, self.at, self.after = 0, at, after


@pytest.mark.parametrize("after", [False, True])
async def test_a_database_that_fails_while_a_room_is_entered(
    served: Served, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """One answer; nothing is left behind; the next try finds the room well."""
    ada, grace, thread = await started(served)
    for number in range(8):
        await answer(ada.http.post(f"/api/threads/{thread}/messages", json={"text": f"n {number}"}))
    monkeypatch.setattr(following, "PAGE", 3)  # several reads
    monkeypatch.setattr(registry, "LINGER_S", 0.0)
    monkeypatch.setattr(following, "AGAIN_S", 0.01)
    faults = Faults(monkeypatch)
    refused = 0
    for at in range(8):
        async with signed_in(served, grace) as raw:
            await raw.call(cmd="ping")
            faults.arm(at, after=after)
            reply = await raw.call(cmd="subscribe", thread=thread, after=0)
            if reply["t"] == "error":
                refused += 1
                assert reply["code"] == "database_down"
                async with asyncio.timeout(5):
                    while len(served.hub.rooms):
                        await asyncio.sleep(0.005)
                reply = await raw.call(cmd="subscribe", thread=thread, after=0)
            assert reply["t"] == "ok"
            seqs = [(await raw.frame("event"))["seq"] for _ in range(11)]
            assert seqs == list(range(1, 12))
            faults.arm(-1, after=after)
            mine = await raw.send(cmd="ping")
            assert (await raw.next())["re"] == mine  # nothing was said twice
        async with asyncio.timeout(10):
            while len(served.hub.rooms):
                await asyncio.sleep(0.01)
    assert refused >= 2


@pytest.mark.parametrize("after", [False, True])
async def test_a_database_that_fails_while_something_is_written(
    served: Served, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Also when only the answer to the commit is lost: it is announced, or it failed; what was
    said again is there once."""
    ada, grace, thread = await started(served)
    faults = Faults(monkeypatch)
    async with signed_in(served, ada) as raw, signed_in(served, grace) as other:
        for one in (raw, other):
            await one.call(cmd="subscribe", thread=thread)
        commands: list[Callable[[int], dict[str, Any]]] = [
            lambda at: {"cmd": "post", "text": f"n {at}"},
            lambda at: {"cmd": "rename", "subject": f"Subject {at}"},
            lambda at: {"cmd": "react", "target": 4, "emoji": "👍", "on": at % 2 == 0},
        ]
        for at in range(5):
            for number, command in enumerate(commands):
                asked = {"thread": thread, "send_id": f"s{at}.{number}", **command(at)}
                faults.arm(at, after=after)
                reply = await raw.call(**asked)
                faults.arm(-1, after=after)
                if reply["t"] == "error":
                    assert reply["code"] == "database_down", reply
                    reply = await raw.call(**asked)
                assert reply["t"] == "ok", reply
                event = await other.frame("event")
                assert event["send_id"] == asked["send_id"]
                assert event["seq"] == reply["result"]["seq"]
        await _all_once(raw, other)
    sent = [
        one["send_id"]
        for one in await events(ada, thread)
        if one.get("send_id", "").startswith("s")
    ]
    assert len(sent) == len(set(sent)) == 15


@pytest.mark.parametrize("after", [False, True])
async def test_a_database_that_fails_while_a_document_is_opened(
    served: Served, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """One answer to the opening and to the asking for client ids; the next try finds all well."""
    ada, grace, thread = await started(served)
    document = await served.document(ada, thread)
    async with signed_in(served, ada) as raw:
        number, mine = await raw.open(document), await leased(raw, document)
        await raw.sync(number, frames.UPDATE, update({mine: (0, [text("words")])}))
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
    monkeypatch.setattr(registry, "LINGER_S", 0.0)
    faults = Faults(monkeypatch)
    refused = 0
    for at in range(9):
        await _nothing_open(served)
        async with signed_in(served, grace) as raw:
            await raw.call(cmd="ping")
            faults.arm(at, after=after)
            for command in (
                {"cmd": "open_document", "schema_version": 1},
                {"cmd": "lease_client_ids", "count": 1},
            ):
                reply = await raw.call(document=document, **command)
                if reply["t"] == "error":
                    refused += 1
                    assert reply["code"] == "database_down"
                    reply = await raw.call(document=document, **command)
                assert reply["t"] == "ok", reply
                if command["cmd"] == "open_document":
                    number = reply["result"]["number"]
            faults.arm(-1, after=after)
            (mine,) = reply["result"]["ids"]
            await raw.sync(number, frames.UPDATE, update({mine: (0, [text(f"{at}")])}))
            await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
    assert refused >= 4
    whole = await exported(served, ada, document)
    assert sorted(whole) == sorted("words" + "".join(str(at) for at in range(9)))


@pytest.mark.parametrize("after", [False, True])
async def test_a_database_that_fails_while_a_document_is_written(
    served: Served, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """What was shown to the others gets to the disk, once; nobody is told so before."""
    ada, grace, thread = await started(served)
    document = await served.document(ada, thread)
    async with signed_in(served, ada) as raw, signed_in(served, grace) as other:
        number, mine = await raw.open(document), await leased(raw, document)
        assert await other.open(document) == number
        faults = Faults(monkeypatch)
        clients = {mine: 0}
        for at in range(8):
            # Every other one under an id that the row must bind first.
            client = mine if at % 2 else 1_000 + at
            clock = clients.setdefault(client, 0)
            faults.arm(0, after=after)
            await raw.sync(number, frames.UPDATE, update({client: (clock, [text(f"{at}")])}))
            clients[client] += 1
            await raw.until(lambda f, count=at + 1: f["t"] == "durable" and f["count"] == count)
            faults.arm(-1, after=after)
            assert served.hub.writer.queued_bytes == 0
            async with served.hub.database.acquire() as connection:
                stored = await rows.all_rows(connection, document)
            assert sum(len(row.updates) for row in stored) == at + 1
        await _all_once(raw, other)
    whole = await exported(served, ada, document)
    assert sorted(whole) == [str(at) for at in range(8)]


async def _nothing_open(served: Served) -> None:
    async with asyncio.timeout(10):
        while len(served.hub.rooms) or served.hub.library.open:
            await asyncio.sleep(0.005)


async def _all_once(*sockets: Raw) -> None:
    for one in sockets:
        mine = await one.send(cmd="ping")
        while (frame := await one.next()).get("re") != mine:
            assert frame["t"] != "error"


async def test_who_is_removed_leaves_though_the_answer_was_lost(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, grace, thread = await started(served)
    faults = Faults(monkeypatch)
    async with signed_in(served, ada) as raw, signed_in(served, grace) as other:
        await other.call(cmd="subscribe", thread=thread)
        faults.arm(0, after=True)  # the commit
        reply = await raw.call(
            cmd="set_member", thread=thread, send_id="x", uid=grace.uid, role=None
        )
        assert reply["t"] == "ok"
        assert (await other.frame("removed"))["thread"] == thread
        assert (await other.call(cmd="subscribe", thread=thread))["code"] == "thread_not_found"


async def test_what_happens_while_a_room_is_read_is_in_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, _, thread = await started(served)
    monkeypatch.setattr(registry, "LINGER_S", 0.0)
    async with asyncio.timeout(5):
        while len(served.hub.rooms):
            await asyncio.sleep(0.005)
    reading, go_on = asyncio.Event(), asyncio.Event()
    room_state = timeline.room_state

    async def slowly(connection: Any, which: str) -> Any:
        state = await room_state(connection, which)
        reading.set()
        await go_on.wait()
        return state

    monkeypatch.setattr(timeline, "room_state", slowly)
    taking = asyncio.create_task(served.hub.rooms.take(thread))
    await reading.wait()
    renamed = Append(thread, "thread.rename", ada.uid, b'{"subject":"Meanwhile"}', "m")
    committed = await served.hub.writer.append(renamed)
    go_on.set()
    room = await taking
    async with asyncio.timeout(5):
        while room.state.head < committed.seq:
            await asyncio.sleep(0.005)
    assert room.state.subject == "Meanwhile"
    served.hub.rooms.give_back(room)
