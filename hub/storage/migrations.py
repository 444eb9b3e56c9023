"""Forward-only numbered migrations, run at start under a lock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from hub.errors import HubError
from hub.storage.pool import Database

# Any constant will do as long as every process of every version uses the same one.
LOCK_KEY = 0x6875_6273

TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class DatabaseNewer(HubError):
    code = "database_newer"
    title = "The database was written by a newer hub"
    retry_s = None


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    sql: str


def available() -> list[Migration]:
    """The migrations of this version, in order; their numbers are 1, 2, 3, …"""
    found = []
    for file in resources.files("hub.storage").joinpath("migrations").iterdir():
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.number)
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise RuntimeError(f"migrations are not numbered 1, 2, 3, …: {numbers}")
    return found


async def current(connection: Any) -> int:
    """The number of the last migration the database has; 0 for an empty one."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM schema_migrations"))


async def migrate(database: Database) -> int:
    """Bring the schema up to this version; returns its number.

    Several processes may start at once: one migrates, the others wait for it, however long it
    takes. A database that is up to date is only read.

    Raises:
        DatabaseNewer: the database has migrations that this version does not know.
    """
    migrations = available()
    async with database.acquire() as connection:
        if _missing(await current(connection), migrations) == []:
            return len(migrations)
    # Alone on its connection, where no command has a deadline.
    async with database.session() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        await connection.execute(TABLE)
        for migration in _missing(await current(connection), migrations):
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)",
                migration.number,
                migration.name,
            )
    return len(migrations)


def _missing(have: int, migrations: list[Migration]) -> list[Migration]:
    if have > len(migrations):
        raise DatabaseNewer(
            f"The database is at version {have}, this hub knows versions up to "
            f"{len(migrations)}. Start the newer hub, or restore a backup."
        )
    return migrations[have:]
