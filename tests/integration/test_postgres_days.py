"""Bad days of PostgreSQL: nothing is acknowledged that is not there, and nothing is restarted."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from hub.client import LiveClient
from hub.client.connection import CommandFailed
from hub.errors import HubError
from hub.storage import pool, writer
from hub.wire.commands import Post
from tests.integration.conftest import Person, Served, serve
from tests.integration.sockets import connection, signed_in
from tests.support.hub_process import answer
from tests.support.postgres_server import PROGRAMS, PostgresServer
from tests.support.switch import Switch

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("services")]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer("max_connections = 40") as server:
        yield server


@pytest.fixture
def postgres(server: PostgresServer) -> Iterator[PostgresServer]:
    server.sql("DROP DATABASE IF EXISTS hub WITH (FORCE)", database="postgres")
    server.create()
    yield server
    server.read_only(False)


async def posted(client: LiveClient, thread: str, text: str) -> int:
    """Its seq; repeated as often as it is refused for a while."""
    async with asyncio.timeout(40):
        while True:
            try:
                return (await client.send(Post(thread=thread, send_id=text, text=text))).seq
            except CommandFailed as failed:
                if failed.retry_after_s is None:
                    raise
            await asyncio.sleep(0.05)


async def refusal(client: LiveClient, thread: str, text: str) -> str:
    with pytest.raises(CommandFailed) as failed:
        await client.send(Post(thread=thread, send_id=text, text=text), timeout_s=30)
    assert failed.value.retry_after_s
    return failed.value.code


async def texts(person: Person, thread: str) -> list[str]:
    page = await answer(person.http.get(f"/api/threads/{thread}/history"))
    return [one["text"] for one in page["items"] if one["type"] == "message"]


@asynccontextmanager
async def team(url: str) -> AsyncIterator[tuple[Served, Person, str, str]]:
    """A hub, somebody, a thread and a document."""
    async with serve(url) as served:
        ada = await served.person("ada")
        thread = await served.thread(ada)
        yield served, ada, thread, await served.document(ada, thread)


async def test_a_database_that_takes_no_writes_is_read(postgres: PostgresServer) -> None:
    """Also by a hub that starts on it; edits wait, and are written when it takes them."""
    async with team(postgres.url) as (served, ada, thread, document):
        async with served.live(ada) as client:
            await posted(client, thread, "before")
            opened = await client.open_document(document)
            with opened.doc.transaction():
                opened.text.insert(0, "read")
            await opened.saved()
        cookies = dict(ada.http.cookies)
    postgres.read_only(True)
    async with serve(postgres.url) as served:
        browser = served.browser()
        browser.cookies.update(cookies)
        again = Person(ada.uid, browser, ada.token)
        assert (await answer(browser.get("/api/me")))["uid"] == ada.uid
        assert await texts(again, thread) == ["before"]
        ready = await browser.get("/readyz")
        assert (ready.status_code, ready.text) == (200, "ready\ndatabase: takes no writes\n")
        exported = await browser.get(f"/api/documents/{document}/export?format=txt")
        assert exported.text == "read"
        async with served.live(again) as client, signed_in(served, again) as raw:
            await client.subscribe(thread)
            await raw.open(document)  # for reading; to write takes an id, which is written
            assert await refusal(client, thread, "meanwhile") == "database_read_only"
            refused = await browser.post("/api/threads", json={"subject": "New"})
            assert (refused.status_code, refused.json()["code"]) == (503, "database_read_only")
            postgres.read_only(False)
            await posted(client, thread, "meanwhile")
            opened = await client.open_document(document)
            with opened.doc.transaction():
                opened.text.insert(0, "and written, ")
            await opened.saved()
        assert await texts(again, thread) == ["before", "meanwhile"]
        assert (await browser.get("/readyz")).text == "ready\n"


async def test_what_is_typed_while_nothing_is_written_is_written_afterwards(
    postgres: PostgresServer,
) -> None:
    async with team(postgres.url) as (served, ada, thread, document):
        async with served.live(ada) as client, served.live(ada) as other:
            await client.subscribe(thread)
            opened, seen = [await one.open_document(document) for one in (client, other)]
            postgres.read_only(True)
            with opened.doc.transaction():
                opened.text.insert(0, "typed meanwhile")
            await seen.until(lambda: str(seen.text) == "typed meanwhile")
            assert await refusal(client, thread, "no") == "database_read_only"
            assert not opened.is_saved()
            postgres.read_only(False)
            await opened.saved()
        exported = await ada.http.get(f"/api/documents/{document}/export?format=txt")
        assert exported.text == "typed meanwhile"


async def test_people_are_told_that_nothing_can_be_saved_and_when_it_can(
    postgres: PostgresServer,
) -> None:
    """Who is there, and who comes meanwhile; also when nobody writes any more."""
    async with team(postgres.url) as (served, ada, thread, _), signed_in(served, ada) as raw:
        await raw.call(cmd="subscribe", thread=thread)
        postgres.read_only(True)
        asked = await raw.send(cmd="post", thread=thread, send_id="s", text="no")
        assert (await raw.frame("saving"))["code"] == "database_read_only"
        refused = await raw.until(lambda f: f.get("re") == asked)
        assert refused["code"] == "database_read_only"
        async with connection(served) as later:
            await later.send(cmd="auth", token=ada.token)
            assert (await later.frame("saving"))["code"] == "database_read_only"
            postgres.read_only(False)
            assert (await later.frame("saving"))["code"] is None
        assert (await raw.frame("saving"))["code"] is None
        again = await raw.call(cmd="post", thread=thread, send_id="s", text="yes")
        assert again["t"] == "ok"
        async with connection(served) as fresh:
            await fresh.send(cmd="auth", token=ada.token)
            pinged = await fresh.send(cmd="ping")
            first = await fresh.until(lambda f: f["t"] == "saving" or f.get("re") == pinged)
            assert first["t"] == "ok"


async def test_a_fail_over_to_another_server_behind_the_same_name(
    postgres: PostgresServer,
) -> None:
    """The old one lives on and takes no writes; what is open still leads to it."""
    async with Switch(postgres.port) as name:
        url = f"postgresql://postgres@127.0.0.1:{name.port}/hub"
        async with team(url) as (served, ada, thread, document), served.live(ada) as client:
            opened = await client.open_document(document)
            await posted(client, thread, "one")
            with standby_of(postgres) as standby:
                await level(postgres, standby)
                postgres.read_only(True)
                assert await refusal(client, thread, "two") == "database_read_only"
                standby.sql("SELECT pg_promote()", database="postgres")
                name.aim(standby.port)
                await posted(client, thread, "two")
                with opened.doc.transaction():
                    opened.text.insert(0, "on the new one")
                await opened.saved()
                assert await texts(ada, thread) == ["one", "two"]
                assert standby.sql("SELECT count(*) FROM events WHERE type = 'message'") == "2\n"
                assert postgres.sql("SELECT count(*) FROM events WHERE type = 'message'") == "1\n"
                # Before the new one goes nobody is to be connected with it.
                await client.close()
                name.aim(postgres.port)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "COMMAND_S", 0.5)
    monkeypatch.setattr(writer, "EVENT_DEADLINE_S", 0.3)


async def test_a_long_lock_refuses_and_then_nothing_is_doubled(
    postgres: PostgresServer, impatient: None
) -> None:
    async with team(postgres.url) as (served, ada, thread, document):
        async with served.live(ada) as client:
            opened = await client.open_document(document)
            blocker = await asyncpg.connect(postgres.url)
            transaction = blocker.transaction()
            await transaction.start()
            await blocker.execute("LOCK TABLE streams IN EXCLUSIVE MODE")
            with opened.doc.transaction():
                opened.text.insert(0, "waits")
            assert await refusal(client, thread, "one") == "database_busy"
            assert await texts(ada, thread) == []
            await transaction.rollback()
            await blocker.close()
            await posted(client, thread, "one")
            await opened.saved()
        assert await texts(ada, thread) == ["one"]


async def test_without_a_free_connection_what_is_written_is_written(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer has a connection of its own: who reads slowly keeps nobody from writing."""
    monkeypatch.setattr(pool, "ACQUIRE_S", 0.3)
    async with team(postgres.url) as (served, ada, thread, _):
        async with served.live(ada) as client:
            await client.subscribe(thread)
            await posted(client, thread, "before")
            others = await all_connections(postgres)
            busy = served.hub.database
            async with asyncio.TaskGroup() as tasks:
                go_on = asyncio.Event()
                held: set[object] = set()

                async def hold() -> None:
                    async with busy.acquire() as one:
                        held.add(one)
                        await go_on.wait()

                waiting = [tasks.create_task(hold()) for _ in range(busy.connections)]
                async with asyncio.timeout(10):
                    while len(held) < busy.connections:
                        await asyncio.sleep(0.01)
                assert not any(one.done() for one in waiting)
                generation = busy._pool._generation
                response = await ada.http.get("/api/threads")
                assert (response.status_code, response.json()["code"]) in (
                    (503, "database_busy"), (503, "database_down"),
                )  # fmt: skip
                await posted(client, thread, "meanwhile")
                assert busy._pool._generation == generation, "nothing has moved"
                go_on.set()
            for one in others:
                await one.close()
        assert await texts(ada, thread) == ["before", "meanwhile"]


async def all_connections(postgres: PostgresServer) -> list[asyncpg.Connection]:
    """Every one that the server still has."""
    others: list[asyncpg.Connection] = []
    while True:
        try:
            others.append(await asyncpg.connect(postgres.url))
        except asyncpg.TooManyConnectionsError:
            return others


class Standby(PostgresServer):
    """Follows a server until it is promoted."""

    def __init__(self, primary: PostgresServer) -> None:
        self._primary = primary
        super().__init__()

    def initialise(self) -> None:
        subprocess.run(
            [*self._as, PROGRAMS / "pg_basebackup", "-h", "127.0.0.1", "-U", "postgres",
             "-p", str(self._primary.port), "-D", self.data, "-R", "-c", "fast", "-X", "stream"],
            check=True, capture_output=True, cwd=self.folder,
        )  # fmt: skip
        # A server that only takes no writes hands that down with its configuration.
        with (self.data / "postgresql.auto.conf").open("a") as config:
            config.write("default_transaction_read_only = off\n")

    def has(self, position: str) -> bool:
        """Whether it takes connections, and has replayed the log up to a position."""
        with contextlib.suppress(subprocess.CalledProcessError):
            found = self.sql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'", "postgres")
            return found == "t\n"
        return False


def standby_of(primary: PostgresServer) -> Standby:
    return Standby(primary)


async def level(primary: PostgresServer, standby: PostgresServer) -> None:
    there = primary.sql("SELECT pg_current_wal_lsn()").strip()
    async with asyncio.timeout(20):
        while not standby.has(there):
            await asyncio.sleep(0.02)


async def test_a_pool_that_is_all_in_use_says_nothing_of_the_server(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not opened anew: that would make what is crowded worse."""
    monkeypatch.setattr(pool, "ACQUIRE_S", 2.0)
    database = await pool.Database.connect(postgres.url, min_size=1, max_size=2)
    monkeypatch.setattr(pool, "ACQUIRE_S", 0.1)
    async with database.acquire(), database.acquire():
        with pytest.raises(pool.DatabaseAway) as refused:
            await database.acquire().__aenter__()
    assert refused.value.code == "database_busy"
    assert database._pool._generation == 0
    await database.close()


async def test_what_nobody_waits_for_any_more_ends_in_the_server(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement whose asker has gone, and a wait for a lock."""
    monkeypatch.setattr(pool, "CHECK_S", 1)
    database = await pool.Database.connect(postgres.url)
    watcher = await asyncpg.connect(postgres.url)
    try:
        line = database.own(timeout_s=60)
        async with line.acquire() as connection:
            asked = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
            await _until(watcher, "state = 'active' AND query LIKE '%pg_sleep(60)'", 1)
            line.terminate()
            with pytest.raises((asyncpg.PostgresError, OSError)):
                await asked
        await _until(watcher, "state = 'active' AND query LIKE '%pg_sleep(60)'", 0)

        await watcher.execute("CREATE TABLE held ()")
        hurried = database.own(timeout_s=1)
        async with watcher.transaction():
            await watcher.execute("LOCK held")
            with pytest.raises(pool.DatabaseAway) as busy:
                async with hurried.transaction() as connection:
                    await connection.execute("LOCK held")
            assert busy.value.code == "database_busy"
            await _until(watcher, "wait_event_type = 'Lock'", 0)
    finally:
        await watcher.close()
        await database.close()


async def _until(watcher: asyncpg.Connection, what: str, many: int) -> None:
    """There are so many other sessions of which this is true."""
    async with asyncio.timeout(20):
        while many != await watcher.fetchval(
            f"SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {what}"
        ):
            await asyncio.sleep(0.05)


async def test_a_pooler_that_does_not_know_the_settings_of_a_session_is_named(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PgBouncer answers with this state. A server that answers as usual stands for it, with a
    setting that no server has."""
    real = pool._in_session

    def with_another(name: str, timeout_s: float | None) -> dict[str, str]:
        return real(name, timeout_s) | {"no_such_setting": "1"}

    monkeypatch.setattr(pool, "_in_session", with_another)
    with pytest.raises(HubError) as refused:
        await pool.Database.connect(postgres.url)
    assert refused.value.code == "database_refused"
    assert "no_such_setting" in refused.value.detail


def test_what_a_pooler_says_is_no_outage() -> None:
    said = asyncpg.ProtocolViolationError("unsupported startup parameter: lock_timeout")
    assert pool.as_unavailable(said) is None
