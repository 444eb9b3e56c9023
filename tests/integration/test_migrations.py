from __future__ import annotations

import asyncio
import json
import time
import unicodedata
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hub.storage.migrations import TABLE, DatabaseNewer, available, current, migrate
from hub.storage.pool import Database

ROOT = Path(__file__).parent.parent.parent


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


def test_a_migration_never_changes() -> None:
    """Databases may have run it: what is missing comes with a new one, whose hash is added here."""
    pinned = json.loads((ROOT / "tests/data/migrations.json").read_text())
    files = sorted((ROOT / "hub/storage/migrations").glob("*.sql"))
    assert {one.name: sha256(one.read_bytes()).hexdigest() for one in files} == pinned


async def columns(database: Database) -> Any:
    async with database.acquire() as connection:
        return await connection.fetch(
            "SELECT table_name, column_name, data_type, is_nullable, column_default "
            "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        )


async def test_a_database_of_the_first_fourth_migration_gets_all(
    empty_database_url: str, database: Database
) -> None:
    """It was published with less in it, under another name."""
    old = await Database.connect(empty_database_url)
    async with old.transaction() as connection:
        await connection.execute(TABLE)
        for one in available()[:3]:
            await connection.execute(one.sql)
        await connection.execute(
            "ALTER TABLE document_snapshots ADD COLUMN waiting bigint[] NOT NULL DEFAULT '{}'"
        )
        await connection.execute(
            "INSERT INTO schema_migrations (number, name) SELECT g, 'old' "
            "FROM generate_series(1, 4) g"
        )
    await migrate(old)
    assert await columns(old) == await columns(database)
    await old.close()


async def test_newer_database_is_refused_in_plain_words(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO schema_migrations (number, name) VALUES (9999, 'from_the_future')"
        )
    with pytest.raises(DatabaseNewer, match="version 9999") as caught:
        await migrate(database)
    assert caught.value.code == "database_newer"


async def test_fold_ignores_accents_and_case(database: Database) -> None:
    texts = {
        "Faktúru ŠTVRTOK Żółw": "fakturu stvrtok zołw",
        "明日の会議は三時です。" * 9: "明日の会議は三時です。" * 9,
        "é" * 100: "e" * 100,
        "e\u0316\u0301\u034f": "e",
        "": "",
    }
    async with database.acquire() as connection:
        folded = [await connection.fetchval("SELECT hub_fold($1)", text) for text in texts]
    assert folded == [unicodedata.normalize("NFKD", text) for text in texts.values()]


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u05b0\u0591", "\n", "7", "\ufdfa"])
async def test_words_take_time_in_proportion_to_the_text(database: Database, marks: str) -> None:
    best_s = []
    async with database.acquire() as connection:
        for chars in (5_000, 20_000):
            runs = []
            for _ in range(5):
                start = time.perf_counter()
                await connection.fetchval(
                    "SELECT hub_words($1)", "a" + marks * (chars // len(marks))
                )
                runs.append(time.perf_counter() - start)
            best_s.append(max(0.01, min(runs)))
    assert best_s[1] < 10 * best_s[0]
