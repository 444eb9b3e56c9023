"""The group-commit writer: several of them on one database, and what comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.ids import new_id
from hub.storage import documents, streams
from hub.storage.pool import Database, DatabaseAway
from hub.storage.writer import Append, Committed, GroupCommitWriter


@asynccontextmanager
async def writing(database: Database) -> AsyncIterator[GroupCommitWriter]:
    writer = GroupCommitWriter(database, SystemClock(), "http://hub.example")
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


async def new_stream(database: Database) -> str:
    stream = new_id("d")
    async with database.acquire() as connection:
        await streams.create(connection, stream, "document", "r_thread")
    return stream


def update(stream: str, sender: str, body: bytes) -> Append:
    return Append(stream, "doc.update", sender, body, update=True)


async def test_two_writers_share_streams_without_a_gap(database: Database) -> None:
    many = [await new_stream(database) for _ in range(3)]
    async with writing(database) as one, writing(database) as two:
        committed: list[Committed] = []
        for number in range(40):
            body = f"update {number}".encode()
            # Alone for a while, so that heads are known; then both at once.
            writers = [one] if number % 4 else [one, two]
            futures = [
                writer.append(update(stream, f"u_{writer is one}", body))
                for writer in writers
                for stream in many
            ]
            committed += await asyncio.gather(*futures)
    assert not any(one.duplicate for one in committed)
    async with database.acquire() as connection:
        for stream in many:
            verdict = await streams.verify(connection, stream)
            assert verdict.sound, verdict.faults
            rows = await documents.all_rows(connection, stream)
            said = {one.seq for one in committed if one.stream_id == stream}
            assert {row.seq for row in rows} == said
            assert sum(len(row.updates) for row in rows) == 50


async def test_an_update_whose_commit_was_not_heard_is_written_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = await new_stream(database)
    async with writing(database) as writer:
        await writer.append(update(stream, "u", b"first"))
        real = writer._append_at_known_heads
        deaf: list[str] = []

        async def commit_and_lose_the_answer(*arguments: object) -> object:
            rest = await real(*arguments)  # type: ignore[arg-type]
            if not deaf:
                deaf.append("once")
                raise DatabaseAway("gone", code="database_down")
            return rest

        monkeypatch.setattr(writer, "_append_at_known_heads", commit_and_lose_the_answer)
        second = await writer.append(update(stream, "u", b"second"))
        third = await writer.append(update(stream, "u", b"third"))
        assert deaf
        assert second.duplicate
    assert (second.seq, third.seq) == (2, 3)
    async with database.acquire() as connection:
        rows = await documents.all_rows(connection, stream)
        assert [row.updates for row in rows] == [[b"first"], [b"second"], [b"third"]]
        assert (await streams.verify(connection, stream)).sound


async def test_what_a_guard_says_stands_against_its_own_entry_alone(database: Database) -> None:
    """Also when it says that something else is away: nobody's entry waits for that."""
    one, other = [await new_stream(database) for _ in range(2)]

    async def refuses(connection: object) -> None:
        raise Unavailable("The store is away.", code="blob_store_down")

    async with writing(database) as writer:
        refused = writer.append(Append(one, "note", "u", b"refused", "s1", guard=refuses))
        taken = writer.append(Append(other, "note", "u", b"taken", "s2"))
        with pytest.raises(Unavailable, match="The store is away"):
            await refused
        assert writer.flushes == 1
        assert (await taken).seq == 1
