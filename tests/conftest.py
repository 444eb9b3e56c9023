"""Fixtures every test may use: a real PostgreSQL, a fresh database each, and a clock to turn.

``HUB_TEST_DATABASE_URL`` names another server (as a user who may create databases); without it the
embedded one of the wheel is started once a session.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from hub.storage.embedded import EmbeddedPostgres
from hub.storage.migrations import migrate
from hub.storage.pool import Database

TEMPLATE = f"hub_template_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
SERVICES = Path(__file__).parents[1] / "scripts" / "require-services"
_installed: subprocess.CompletedProcess[str] | None = None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Before the first test, whose time does not count then."""
    global _installed
    wanted = any("services" in getattr(one, "fixturenames", ()) for one in session.items)
    if wanted and not session.config.option.collectonly:
        _installed = subprocess.run(
            [SERVICES], capture_output=True, text=True, check=False, timeout=570
        )


@pytest.fixture(scope="session")
def services() -> None:
    """Servers of others that tests start."""
    assert _installed is not None
    if _installed.returncode:
        pytest.fail(f"no services to test with: {_installed.stdout}{_installed.stderr}")


class TurnableClock:
    """A clock that moves only when told."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._now_ms / 1000

    def advance(self, seconds: float) -> None:
        self._now_ms += int(seconds * 1000)


def _with_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


async def _admin(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(_with_database(url, "postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _make_template(url: str) -> None:
    await _admin(
        url, f"DROP DATABASE IF EXISTS {TEMPLATE}", f"CREATE DATABASE {TEMPLATE} ENCODING 'UTF8'"
    )
    database = await Database.connect(_with_database(url, TEMPLATE))
    try:
        await migrate(database)
    finally:
        await database.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server with a migrated template database on it."""
    if given := os.environ.get("HUB_TEST_DATABASE_URL"):
        asyncio.run(_make_template(given))
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="hub-tests-"))
    embedded = EmbeddedPostgres(folder)
    url = asyncio.run(embedded.start())
    try:
        asyncio.run(_make_template(url))
        yield url
    finally:
        asyncio.run(embedded.stop())
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def empty_database_url(postgres: str) -> AsyncIterator[str]:
    """A database without tables."""
    name = f"test_{secrets.token_hex(6)}"
    await _admin(postgres, f"CREATE DATABASE {name} ENCODING 'UTF8'")
    try:
        yield _with_database(postgres, name)
    finally:
        await _admin(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """A fresh migrated database."""
    name = f"test_{secrets.token_hex(6)}"
    await _admin(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield _with_database(postgres, name)
    finally:
        await _admin(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(database_url)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()
