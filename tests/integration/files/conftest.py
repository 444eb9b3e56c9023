"""Servers of others: real ones, one of each for the whole session, and hostile peers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.support.scanners import ClamdProcess, IcapProcess

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Hostile = Callable[[Behave], AbstractAsyncContextManager[int]]


@pytest.fixture(scope="session")
def clamd(services: None) -> Iterator[ClamdProcess]:
    with ClamdProcess() as process:
        yield process


@pytest.fixture
def mortal_clamd(services: None) -> Iterator[ClamdProcess]:
    """One that the test may kill."""
    with ClamdProcess() as process:
        yield process


@pytest.fixture(scope="session")
def icap(clamd: ClamdProcess) -> Iterator[IcapProcess]:
    with IcapProcess(clamd) as process:
        yield process


@pytest.fixture
def hostile() -> Hostile:
    """Serves a peer that behaves as told, on a port."""
    asked: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def serve(behave: Behave) -> AsyncIterator[int]:
        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            asked.append(task)
            try:
                await behave(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(met, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    return serve
