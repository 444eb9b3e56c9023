from __future__ import annotations

import asyncio

import pytest

from hub.storage.migrations import DatabaseNewer, available, current, migrate
from hub.storage.pool import Database


async def test_empty_database_is_brought_to_the_newest_version(empty_database_url: str) -> None:
    database = await Database.connect(empty_database_url)
    async with database.acquire() as connection:
        assert await current(connection) == 0
    assert await migrate(database) == len(available())
    assert await migrate(database) == len(available())
    await database.close()


async def test_processes_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    pools = [await Database.connect(empty_database_url) for _ in range(4)]
    await asyncio.gather(*(migrate(pool) for pool in pools))
    async with pools[0].acquire() as connection:
        rows = await connection.fetch("SELECT number FROM schema_migrations ORDER BY 1")
    assert [row["number"] for row in rows] == [one.number for one in available()]
    for pool in pools:
        await pool.close()


async def test_newer_database_is_refused_in_plain_words(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO schema_migrations (number, name) VALUES (9999, 'from_the_future')"
        )
    with pytest.raises(DatabaseNewer, match="version 9999") as caught:
        await migrate(database)
    assert caught.value.code == "database_newer"


async def test_fold_ignores_accents_and_case(database: Database) -> None:
    async with database.acquire() as connection:
        folded = await connection.fetchval("SELECT hub_fold($1)", "Faktúru ŠTVRTOK Żółw")
    assert folded == "fakturu stvrtok zołw"
