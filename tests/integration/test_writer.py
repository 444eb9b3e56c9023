"""The group-commit writer: several of them on one database, and what comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.ids import new_id, sha256
from hub.storage import documents, streams
from hub.storage import writer as writer_module
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


class Between:
    """What another process does between two attempts of a writer to append.

    Args:
        after: what happens after which attempt, counted from 1.
    """

    def __init__(
        self, writer: GroupCommitWriter, after: dict[int, Callable[[], Awaitable[None]]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        self.attempts = 0
        self._real = writer._append_at
        self._after = after
        monkeypatch.setattr(writer, "_append_at", self._append_at)

    async def _append_at(self, *arguments: object) -> object:
        self.attempts += 1
        number = self.attempts
        others = await self._real(*arguments)  # type: ignore[arg-type]
        if number in self._after:
            await self._after[number]()
        return others


async def _away() -> None:
    raise DatabaseAway("gone", code="database_down")


async def _overtaken(
    database: Database, one: GroupCommitWriter, two: GroupCommitWriter
) -> tuple[str, str]:
    """Two streams whose heads the one knows; in the second of them the other wrote since."""
    mine, shared = await new_stream(database), await new_stream(database)
    for stream in (mine, shared):
        await one.append(update(stream, "u", b"first"))
    await two.append(update(shared, "v", b"theirs"))
    return mine, shared


async def _sound(database: Database, stream: str, bodies: list[list[bytes]]) -> None:
    async with database.acquire() as connection:
        rows = await documents.all_rows(connection, stream)
        assert [row.updates for row in rows] == bodies
        verdict = await streams.verify(connection, stream)
        assert verdict.sound, verdict.faults


async def test_where_another_process_wrote_it_is_appended_by_one_more_statement(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(database) as one, writing(database) as two:
        mine, shared = await _overtaken(database, one, two)
        seen = Between(one, {}, monkeypatch)
        locked = []
        monkeypatch.setattr(one, "_flush_locked", lambda *a: locked.append(a))
        done = await asyncio.gather(
            *(one.append(update(stream, "u", b"second")) for stream in (mine, shared))
        )
    assert [committed.seq for committed in done] == [2, 3]
    assert locked == []
    assert seen.attempts <= 3  # two, and one more if they did not come in one batch
    await _sound(database, mine, [[b"first"], [b"second"]])
    await _sound(database, shared, [[b"first"], [b"theirs"], [b"second"]])


@pytest.mark.parametrize("lost", [1, 2])
async def test_an_answer_that_is_lost_between_two_attempts_doubles_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """After the first one stream is written and the other is not; after the second both are."""
    async with writing(database) as one, writing(database) as two:
        mine, shared = await _overtaken(database, one, two)
        Between(one, {lost: _away}, monkeypatch)
        done = await asyncio.gather(
            *(one.append(update(stream, "u", b"second")) for stream in (mine, shared))
        )
    assert [committed.seq for committed in done] == [2, 3]
    assert [committed.duplicate for committed in done] == [True, lost == 2]
    await _sound(database, mine, [[b"first"], [b"second"]])
    await _sound(database, shared, [[b"first"], [b"theirs"], [b"second"]])


async def test_where_another_process_always_comes_first_its_lock_is_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = await new_stream(database)
    async with writing(database) as one, writing(database) as two:
        await one.append(update(stream, "u", b"first"))

        async def theirs() -> None:
            await two.append(update(stream, "v", b"theirs"))

        await theirs()
        seen = Between(one, dict.fromkeys(range(1, 10), theirs), monkeypatch)
        assert (await one.append(update(stream, "u", b"second"))).seq == 6
        assert seen.attempts == writer_module.MAX_APPENDS
    await _sound(database, stream, [[b"first"], *[[b"theirs"]] * 4, [b"second"]])


async def test_after_a_server_took_over_that_had_other_rows_the_chain_goes_on_from_those(
    database: Database,
) -> None:
    """The number of the last row is what it was, and the row is another one."""
    stream = await new_stream(database)
    async with writing(database) as one, writing(database) as two:
        await one.append(update(stream, "u", b"first"))
        await one.append(update(stream, "u", b"lost with the old server"))
        async with database.transaction() as connection:
            first = await connection.fetchrow(
                "SELECT position_payload, at FROM events WHERE stream_id = $1 AND seq = 1", stream
            )
            await connection.execute("DELETE FROM events WHERE stream_id = $1 AND seq = 2", stream)
            await connection.execute(
                "UPDATE streams SET head_seq = 1, head_hash = $2, head_at = $3"
                " WHERE stream_id = $1",
                stream, sha256(first["position_payload"]), first["at"],
            )  # fmt: skip
        await two.append(update(stream, "v", b"theirs"))
        assert (await one.append(update(stream, "u", b"third"))).seq == 3
    await _sound(database, stream, [[b"first"], [b"theirs"], [b"third"]])


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
