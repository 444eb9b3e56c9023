"""``hub rebuild`` beside a running hub: nobody waits, nothing is lost, what was wrong is right."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.errors import Conflict
from hub.mail.erasure import Eraser
from hub.mail.rebuild import rebuild_projections
from hub.storage import rebuild
from hub.storage.projection import Projector
from hub.storage.rebuild import Shadow
from hub.wire import commands as cmd
from tests.conftest import TurnableClock
from tests.integration.conftest import Served
from tests.integration.sockets import signed_in
from tests.integration.test_history import everything
from tests.integration.test_live import leased

FORGERIES = {
    "threads": "UPDATE threads SET subject = 'forged' WHERE thread_id = $1",
    "members": "UPDATE members SET role = 'reader' WHERE thread_id = $1 AND role = 'owner'",
    "items": "UPDATE items SET text = 'forged' WHERE thread_id = $1 AND text = 'The end'",
    "items, a row too many": "INSERT INTO items (thread_id, seq, type, sender, at, version) "
    "VALUES ($1, 9999, 'message', 'u_x', now(), 9999)",
    "items, a row too few": "DELETE FROM items WHERE thread_id = $1 AND seq = 4",
    "reactions": "DELETE FROM reactions WHERE thread_id = $1",
    "documents": "UPDATE documents SET title = 'forged' WHERE thread_id = $1",
    "documents of another thread": "UPDATE documents SET thread_id = 'r_else' WHERE thread_id = $1",
    "client_ids": "DELETE FROM client_ids WHERE document_id = "
    "(SELECT document_id FROM documents WHERE thread_id = $1)",
    "calls": "UPDATE calls SET state = replace(state, 'missed', 'declined') WHERE thread_id = $1",
    "missed_calls": "DELETE FROM missed_calls WHERE thread_id = $1",
    "relayed, a stray": "INSERT INTO relayed VALUES ('d_none' || left($1, 0), 1, 1, 1, 'u', now())",
}


def projector(served: Served) -> Projector:
    return Projector(served.hub.settings.public_url)


async def prints(served: Served) -> dict[str, Any]:
    """Everything that the tables say."""
    async with served.hub.database.acquire() as connection:
        return {
            table.name: await connection.fetchval(
                "SELECT array_agg(to_jsonb(t)::text ORDER BY to_jsonb(t)::text) "
                f"FROM {table.name} t"
            )
            for table in rebuild.ALL
        }


@pytest.fixture
async def filled(served: Served) -> tuple[Served, str]:
    """A hub with one thread that holds every kind of event, and another one."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    await served.thread(ada, grace, subject="Beside")
    async with signed_in(served, ada) as raw:
        await everything(raw, thread, ada, grace)
        async with served.hub.database.acquire() as connection:
            document = await connection.fetchval("SELECT document_id FROM documents")
        await leased(raw, document)
    return served, thread


@pytest.mark.parametrize("name", FORGERIES)
async def test_what_is_wrong_is_put_right(filled: tuple[Served, str], name: str) -> None:
    served, thread = filled
    before = await prints(served)
    async with served.hub.database.acquire() as connection:
        assert not (await connection.execute(FORGERIES[name], thread)).endswith(" 0")
    assert await prints(served) != before
    report = await rebuild_projections(served.hub.database, projector(served))
    assert report.changed == [name.partition(",")[0].partition(" ")[0]]
    assert await prints(served) == before
    assert (await rebuild_projections(served.hub.database, projector(served))).changed == []


async def test_it_waits_for_nobody_who_writes(filled: tuple[Served, str]) -> None:
    """A writer elsewhere that takes long, and readers."""
    served, _ = filled
    async with served.hub.database.transaction() as connection:
        await connection.execute("UPDATE streams SET head_seq = head_seq")
        async with asyncio.timeout(20):
            report = await rebuild_projections(served.hub.database, projector(served))
    assert report.changed == []


async def test_people_go_on_meanwhile(
    filled: tuple[Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posts, between the reading of a thread and its being put right, are in the tables."""
    served, thread = filled
    async with served.hub.database.acquire() as connection:
        await connection.execute("UPDATE items SET text = 'forged' WHERE text = 'The end'")
        uid = await connection.fetchval("SELECT uid FROM accounts WHERE is_owner")
    who = await served.hub.identity.principal_of(uid)
    lock, posted = Shadow.lock, 0

    async def meanwhile(shadow: Shadow, stream_id: str) -> None:
        nonlocal posted
        for number in range(3):
            await served.hub.door.write(
                who, cmd.Post(thread=thread, send_id=f"m{number}", text=f"Meanwhile {number}")
            )
            posted += 1
        await lock(shadow, stream_id)

    monkeypatch.setattr(Shadow, "lock", meanwhile)
    report = await rebuild_projections(served.hub.database, projector(served))
    assert (report.changed, posted) == (["items"], 3)
    async with served.hub.database.acquire() as connection:
        texts = {row["text"] for row in await connection.fetch("SELECT text FROM items")}
    assert {"The end", "Meanwhile 0", "Meanwhile 1", "Meanwhile 2"} <= texts
    assert "forged" not in texts
    assert (await rebuild_projections(served.hub.database, projector(served))).changed == []


async def test_what_is_erased_meanwhile_stays_so(
    filled: tuple[Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = filled
    async with served.hub.database.acquire() as connection:
        await connection.execute("UPDATE items SET text = 'forged' WHERE text = 'The end'")
    later = TurnableClock(served.hub.clock.now_ms() + 3_600_000)
    lock = Shadow.lock

    async def meanwhile(shadow: Shadow, stream_id: str) -> None:
        assert await Eraser(served.hub.database, later).erase() == 1
        await lock(shadow, stream_id)

    monkeypatch.setattr(Shadow, "lock", meanwhile)
    report = await rebuild_projections(served.hub.database, projector(served))
    assert report.changed == ["items"]
    assert "Soon gone" not in str(await prints(served))
    monkeypatch.undo()
    assert (await rebuild_projections(served.hub.database, projector(served))).changed == []


async def test_one_at_a_time_and_the_next_one_may(
    filled: tuple[Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = filled
    streams = Shadow.streams
    codes: list[str] = []

    async def second(shadow: Shadow, kind: str) -> list[str]:
        try:
            await rebuild_projections(served.hub.database, projector(served))
        except Conflict as error:
            codes.append(error.code)
        return await streams(shadow, kind)

    monkeypatch.setattr(Shadow, "streams", second)
    await rebuild_projections(served.hub.database, projector(served))
    monkeypatch.undo()
    assert codes == ["rebuild_running"] * 2
    assert (await rebuild_projections(served.hub.database, projector(served))).changed == []
