"""The connection pool: deadlines, and database failures as stable errors. No query lives here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import asyncpg
from asyncpg import exceptions as pg

from hub.errors import HubError, Unavailable

ACQUIRE_S = 5.0
COMMAND_S = 30.0
RENEW_S = 1.0
CHECK_S = 5
MOVED = ("database_down", "database_read_only")
"""What is seen of a server whose part another one has taken."""
UNSUPPORTED = "08P01"
"""Said by what stands between (PgBouncer) of a setting of the session that it does not know."""


class DatabaseAway(Unavailable):
    """Gone, read-only, full or too busy: the same may be done again once it is back. No other
    error is one, so that nothing else is taken for it."""


_READ_ONLY = ("database_read_only", "The database takes no writes at the moment.")
_BUSY = ("database_busy", "The database is too busy at the moment.")
_DOWN = ("database_down", "The database does not answer at the moment.")

_BY_STATE: dict[str, tuple[str, str]] = {
    "53100": ("disk_full", "The database's disk is full; nothing was written."),
    "25006": _READ_ONLY,
    "57014": ("database_busy", "The database took too long."),
    "53300": ("database_busy", "The database has no free connection."),
    "40001": _BUSY,  # on a standby: in the way of what it replays
    "40P01": ("database_busy", "Two waited for one another."),
    "55P03": _BUSY,
}
"""By SQLSTATE. Source: PostgreSQL, appendix A; so are the classes below."""

_BY_CLASS: dict[str, tuple[str, str]] = {
    "08": _DOWN,  # connection
    "53": _BUSY,  # resources
    "57": _DOWN,  # operator intervention: it stops, starts, or ended the session
    "58": _DOWN,  # of the system: input and output
}

_GONE: tuple[type[BaseException], ...] = (pg.InterfaceError, OSError, TimeoutError)

_REFUSALS: tuple[type[BaseException], ...] = (asyncpg.PostgresError, *_GONE)


def as_unavailable(error: BaseException) -> DatabaseAway | None:
    """The hub's own error for a database that is gone, read-only or full; else None."""
    known = None
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state == UNSUPPORTED:
            return None
        known = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    elif isinstance(error, _GONE):
        known = _DOWN
    if known is None:
        return None
    code, detail = known
    return DatabaseAway(detail, code=code, retry_after_s=2 if known is _DOWN else 5)


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


@contextmanager
def _cut_when_late(connection: Any) -> Iterator[None]:
    """Of a command that took too long it is not known what it does: nothing more is asked there,
    not even to roll back."""
    try:
        yield
    except TimeoutError:
        connection.terminate()
        raise


def _in_session(name: str, timeout_s: float | None) -> dict[str, str]:
    """What the server is told of a session, so that nothing goes on there that nobody waits for.

    It waits for locks less long than the hub does, and so says itself what it was. There is no
    ``statement_timeout``: while a COMMIT waits for a standby that would end the waiting with
    success. Whoever has gone is noticed instead, also by a statement that runs.

    Args:
        timeout_s: of each command; null: none has one.

    Source: PostgreSQL, sections 20.3.2 and 20.11.1; ``SyncRepWaitForLSN``.
    """
    told = {
        "application_name": name,
        "client_connection_check_interval": f"{CHECK_S}s",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
    }
    if timeout_s is not None:
        told["lock_timeout"] = f"{int(timeout_s * 800)}ms"
        told["idle_in_transaction_session_timeout"] = f"{int(timeout_s * 2000)}ms"
    return told


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
        self._renewed_s = 0.0

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
                server_settings=_in_session("webmail-hub", COMMAND_S),
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
                self._url, timeout=ACQUIRE_S, server_settings=_in_session("webmail-hub", None)
            )
            try:
                yield connection
            finally:
                await connection.close(timeout=5)

    @property
    def connections(self) -> int:
        """How many there are, used or not."""
        return int(self._pool.get_size())

    @property
    def idle(self) -> int:
        """How many of them nobody uses."""
        return int(self._pool.get_idle_size())

    def own(self, *, timeout_s: float) -> OwnConnection:
        """A connection for one user alone, who never waits for the others.

        Args:
            timeout_s: of each command.
        """
        return OwnConnection(self._url, timeout_s, self.renew)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """A connection. Database failures inside the block leave it as ``DatabaseAway``."""
        taken = False
        try:
            with _translated():
                async with self._pool.acquire(timeout=ACQUIRE_S) as connection:
                    taken = True
                    with _cut_when_late(connection):
                        yield connection
        except DatabaseAway as away:
            if not taken and self._crowded(away):
                # Others use them all: that says nothing of the server.
                code, detail = _BY_STATE["53300"]
                raise DatabaseAway(detail, code=code, retry_after_s=5) from away
            now_s = asyncio.get_running_loop().time()
            if away.code in MOVED and now_s - self._renewed_s > RENEW_S:
                self._renewed_s = now_s
                await self.renew()
            raise

    def _crowded(self, away: DatabaseAway) -> bool:
        """Whether waiting for a connection took too long because all of them are in use."""
        full = self._pool.get_size() >= self._pool.get_max_size()
        return isinstance(away.__cause__, TimeoutError) and full and not self.idle

    async def renew(self) -> None:
        """Open every connection anew before it is used again. After a fail-over they lead to the
        old server, which may live on and take no writes, or never answer."""
        await self._pool.expire_connections()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """A connection inside a transaction, committed at the end of the block."""
        async with self.acquire() as connection, connection.transaction():
            with _cut_when_late(connection):
                yield connection

    async def close(self) -> None:
        """Close the pool; connections still busy after 5 s are cut."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except _GONE:
            self._pool.terminate()


class OwnConnection:
    """Opened when it is needed, and anew after a failure of the database. For one task.

    Args:
        renew: awaited once it works again after it seemed that the server is another one now.
    """

    def __init__(self, url: str, timeout_s: float, renew: Callable[[], Awaitable[None]]) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._renew = renew
        self._moved = False
        self._connection: Any = None

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """The connection. Database failures inside the block leave it as ``DatabaseAway``."""
        try:
            with _translated():
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(
                        self._url, timeout=ACQUIRE_S, command_timeout=self._timeout_s,
                        server_settings=_in_session("webmail-hub writer", self._timeout_s),
                    )  # fmt: skip
                yield self._connection
        except (DatabaseAway, asyncio.CancelledError) as away:
            self._moved |= isinstance(away, DatabaseAway) and away.code in MOVED
            self.terminate()
            raise
        if self._moved:
            self._moved = False
            await self._renew()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """The same inside a transaction, committed at the end of the block."""
        async with self.acquire() as connection, connection.transaction():
            with _cut_when_late(connection):
                yield connection

    def terminate(self) -> None:
        """Cut it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _bad_address(error: BaseException) -> HubError:
    return Unavailable(f"The database refused the hub: {error}", code="database_refused")
