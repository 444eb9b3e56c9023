"""Servers of others: real ones, one of each for the whole session, and hostile peers."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.scanners import ClamdProcess, IcapProcess

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Hostile = Callable[[Behave], AbstractAsyncContextManager[int]]

SCRIPT = Path(__file__).parents[3] / "scripts" / "require-services"
_installed: subprocess.CompletedProcess[str] | None = None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Before the first test, whose time does not count then."""
    global _installed
    wanted = any("services" in getattr(one, "fixturenames", ()) for one in session.items)
    if wanted and not session.config.option.collectonly:
        _installed = subprocess.run(
            [SCRIPT], capture_output=True, text=True, check=False, timeout=570
        )


@pytest.fixture(scope="session")
def services() -> None:
    assert _installed is not None
    if _installed.returncode:
        pytest.fail(f"no services to test with: {_installed.stdout}{_installed.stderr}")


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
