"""The connection pool: deadlines, and database failures as stable errors. No query lives here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import asyncpg
from asyncpg import exceptions as pg

from hub.errors import HubError, Unavailable

ACQUIRE_S = 5.0
COMMAND_S = 30.0


class DatabaseAway(Unavailable):
    """Gone, read-only, full or too busy: the same may be done again once it is back. No other
    error is one, so that nothing else is taken for it."""


_SQLSTATE: dict[type[BaseException], tuple[str, str]] = {
    pg.DiskFullError: ("disk_full", "The database's disk is full; nothing was written."),
    pg.ReadOnlySQLTransactionError: (
        "database_read_only",
        "The database takes no writes at the moment.",
    ),
    pg.QueryCanceledError: ("database_busy", "The database took too long."),
    pg.TooManyConnectionsError: ("database_busy", "The database has no free connection."),
    pg.DeadlockDetectedError: ("database_busy", "Two waited for one another."),
}

_GONE: tuple[type[BaseException], ...] = (
    pg.PostgresConnectionError,
    pg.InterfaceError,
    pg.CannotConnectNowError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    OSError,
    TimeoutError,
)

_REFUSALS: tuple[type[BaseException], ...] = (asyncpg.PostgresError, *_GONE)


def as_unavailable(error: BaseException) -> DatabaseAway | None:
    """The hub's own error for a database that is gone, read-only or full; else None."""
    for kind, (code, detail) in _SQLSTATE.items():
        if isinstance(error, kind):
            return DatabaseAway(detail, code=code, retry_after_s=5)
    if isinstance(error, _GONE):
        return DatabaseAway(
            "The database does not answer at the moment.", code="database_down", retry_after_s=2
        )
    return None


@contextmanager
def _translated() -> Iterator[None]:
    """Database failures leave the block as ``DatabaseAway``."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        if (known := as_unavailable(error)) is None:
            raise
        raise known from error


class _Connection(asyncpg.Connection):
    """The hub leaves nothing behind in a session (no SET, no LISTEN, locks only for a transaction),
    so a connection goes back to the pool without a round trip."""

    def get_reset_query(self) -> str:
        return ""


class Database:
    """A pool of connections; made with ``await Database.connect(url)``."""

    def __init__(self, pool: asyncpg.Pool, url: str) -> None:
        self._pool = pool
        self._url = url

    @classmethod
    async def connect(cls, url: str, *, min_size: int = 2, max_size: int = 10) -> Self:
        """Open the pool.

        Raises:
            Unavailable: ``database_down`` when nothing answers at the address.
        """
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=min_size,
                max_size=max(max_size, min_size),
                command_timeout=COMMAND_S,
                connection_class=_Connection,
                timeout=ACQUIRE_S,
                server_settings={"application_name": "webmail-hub"},
            )
        except _REFUSALS as error:
            raise (as_unavailable(error) or _bad_address(error)) from error
        return cls(pool, url)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        """A connection of one's own, not of the pool, closed at the end: for what leaves something
        behind in it. Failures leave the block as ``DatabaseAway``; no command has a deadline."""
        with _translated():
            connection = await asyncpg.connect(
                self._url, timeout=ACQUIRE_S, server_settings={"application_name": "webmail-hub"}
            )
            try:
                yield connection
            finally:
                await connection.close(timeout=5)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """A connection. Database failures inside the block leave it as ``DatabaseAway``."""
        with _translated():
            async with self._pool.acquire(timeout=ACQUIRE_S) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """A connection inside a transaction, committed at the end of the block."""
        async with self.acquire() as connection, connection.transaction():
            yield connection

    async def close(self) -> None:
        """Close the pool; connections still busy after 5 s are cut."""
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except _GONE:
            self._pool.terminate()


def _bad_address(error: BaseException) -> HubError:
    return Unavailable(f"The database refused the hub: {error}", code="database_refused")
