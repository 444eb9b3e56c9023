"""A hub inside the test's own process that ends, as by ``kill -9``, at a chosen call of its
database or of its store, and is begun anew on what it left.

Nothing that was begun has an effect after that call: each further one raises. What works for ever
in a real hub (jobs, collection, erasure, expiry) works here when told.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from hub.api.hub import Hub
from hub.app import build, create_app
from hub.blobs.local import LocalIntake, LocalStore
from hub.blobs.store import Confirm, Mark
from hub.bus.local import LocalBus
from hub.mail.erasure import Eraser
from hub.rooms.background import Background
from hub.settings import Settings
from hub.storage.pool import Database
from tests.conftest import TurnableClock

WHEN_TOLD = frozenset(("uploads", "jobs", "scanning", "keeper", "eraser", "retention"))
_inside: ContextVar[int] = ContextVar("_inside", default=0)


class Died(Exception):
    """The process is no more; what it was asked may have happened or not."""


class Fate:
    """What comes at the n-th call from now on: the end, or something else that runs meanwhile."""

    def __init__(self) -> None:
        self.dead = False
        self._left = 0
        self._what: Callable[[], Awaitable[Any]] | None = None

    def at(self, call: int, what: Callable[[], Awaitable[Any]] | None) -> None:
        """null: the end."""
        self._left, self._what = call, what

    def spare(self) -> None:
        self._left = 0

    async def point(self) -> None:
        """Raises:
        Died.
        """
        if not self.dead and self._left > 0:
            if self._left > 1 or self._what is None or not _inside.get():
                self._left -= 1  # else it would wait for a lock of who waits for it
            if self._left == 0:
                if self._what is None:
                    self.dead = True
                else:
                    await self._what()
        if self.dead:
            raise Died


class MortalDatabase(Database):
    fate: Fate

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        await self.fate.point()
        async with super().acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self.acquire() as connection:
            before = _inside.set(1)
            try:
                async with connection.transaction():
                    yield connection
                    await self.fate.point()
            finally:
                _inside.reset(before)
        await self.fate.point()


class MortalStore(LocalStore):
    """Its files are as old as the clock says, and not as they are."""

    def __init__(self, root: Path, fate: Fate, clock: TurnableClock) -> None:
        super().__init__(root)
        self._fate = fate
        self._clock = clock

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def begin(self, name: str, size: int) -> str:
        async with self._around():
            begun = await super().begin(name, size)
            now_s = self._clock.now_ms() / 1000
            os.utime(self.root / "uploads" / name, (now_s, now_s))
            return begun

    async def open(
        self, name: str, begun: str, durable: int, notes: Sequence[str],
        confirm: Confirm | None = None,
    ) -> LocalIntake:  # fmt: skip
        await self._fate.point()
        intake = await super().open(name, begun, durable, notes, confirm)
        sync = intake.sync

        async def around(*, last: bool) -> Mark:
            async with self._around():
                return await sync(last=last)

        intake.sync = around  # type: ignore[method-assign]
        return intake

    async def join(self, name: str, begun: str, parts: Sequence[str], sizes: Sequence[int]) -> None:
        async with self._around():
            await super().join(name, begun, parts, sizes)

    async def seal(self, name: str, begun: str, notes: Sequence[str]) -> None:
        async with self._around():
            await super().seal(name, begun, notes)

    async def read(self, name: str, start: int, end: int) -> bytes:
        async with self._around():
            return await super().read(name, start, end)

    async def remove(self, name: str) -> None:
        async with self._around():
            await super().remove(name)

    @asynccontextmanager
    async def _around(self) -> AsyncIterator[None]:
        await self._fate.point()
        yield
        await self._fate.point()


class _Told(Background):
    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> Any:
        if name in WHEN_TOLD:
            work.close()
            return None
        return super().spawn(work, name)


class MortalHub:
    """One database and one folder, and the hub that is at work on them at the moment.

    Attributes:
        http: speaks to it, without sockets.
        deaths: how often it ended.
    """

    def __init__(self, database_url: str, folder: Path, clock: TurnableClock, **more: Any) -> None:
        self.clock = clock
        self.fate = Fate()
        self.deaths = 0
        self._settings = Settings.from_environ(
            {}, database_url=database_url, data_dir=folder, **more
        )
        self.headers: dict[str, str] = {}

    async def begin(self) -> None:
        fate = self.fate = Fate()
        database = type("Database", (MortalDatabase,), {"fate": fate})

        def store(settings: Settings) -> MortalStore:
            return MortalStore(settings.data_dir / "blobs", fate, self.clock)

        self._stack = AsyncExitStack()
        with patch.multiple("hub.app", Database=database, open_store=store, Background=_Told):
            self.hub: Hub = await self._stack.enter_async_context(
                build(self._settings, self.clock, LocalBus())
            )
        self.store: MortalStore = self.hub.blobs  # type: ignore[assignment]
        self.eraser = Eraser(self.hub.database, self.clock)
        transport = httpx.ASGITransport(create_app(self._settings, hub=self.hub))
        self.http = await self._stack.enter_async_context(
            httpx.AsyncClient(
                transport=transport, base_url=self._settings.public_url, headers=self.headers
            )
        )

    async def end(self) -> None:
        await self._stack.aclose()

    async def die(self) -> None:
        """At once; and another one begins."""
        self.fate.dead = True
        self.deaths += 1
        self.hub.database._pool.terminate()
        with contextlib.suppress(Died):
            await self._stack.aclose()
        await self.begin()
        async with self.raw() as connection:  # what the dead one held runs out
            await connection.execute(
                "UPDATE jobs SET lease_until = now() - interval '1 s' WHERE worker IS NOT NULL"
            )

    async def survive(self, step: Awaitable[Any]) -> bool:
        """Do something; false when the hub died over it, and another one is there now."""
        try:
            async with asyncio.timeout(15):
                await step
        except Died:
            assert self.fate.dead
        if not self.fate.dead:
            return True
        await self.die()
        return False

    def raw(self) -> Any:
        """A connection past everything that breaks."""
        return self.hub.database._pool.acquire()
