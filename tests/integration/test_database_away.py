"""A database that goes away, fills up or takes no writes: a clear code, and nothing is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hub.client.connection import CommandFailed
from hub.settings import Settings
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.migrations import DatabaseNewer, migrate
from hub.storage.pool import Database
from hub.wire.commands import Post
from tests.integration.conftest import Served, serve
from tests.support.hub_process import answer

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'refused on purpose' USING ERRCODE = '{state}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON events EXECUTE FUNCTION refuse();
"""
PERMIT = "DROP TRIGGER refuse ON events; DROP FUNCTION refuse();"


async def statement(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.mark.timeout(120)
async def test_edits_wait_for_a_database_that_went_away(tmp_path: Path) -> None:
    embedded = EmbeddedPostgres(tmp_path)
    url = await embedded.start()
    try:
        async with serve(url) as served:
            ada = await served.person("ada")
            thread = await served.thread(ada)
            document = await served.document(ada, thread)
            async with served.live(ada) as client, served.live(ada) as other:
                await client.subscribe(thread)
                opened = await client.open_document(document)
                seen = await other.open_document(document)
                with opened.doc.transaction():
                    opened.text.insert(0, "before ")
                await opened.saved()

                await embedded.stop()
                with opened.doc.transaction():
                    opened.text.insert(len(opened.text), "meanwhile ")
                await seen.until(lambda: str(seen.text) == "before meanwhile ")
                assert not opened.is_saved()
                with pytest.raises(CommandFailed) as refused:
                    await client.send(Post(thread=thread, send_id="one", text="hello"))
                assert refused.value.code == "database_down"
                assert refused.value.retry_after_s
                assert (await ada.http.get("/readyz")).status_code == 503
                assert (await ada.http.get("/healthz")).status_code == 200
                problem = await ada.http.get("/api/threads")
                assert (problem.status_code, problem.json()["code"]) == (503, "database_down")

                await embedded.start()
                await opened.saved()
                accepted = await client.send(Post(thread=thread, send_id="one", text="hello"))
                again = await client.send(Post(thread=thread, send_id="one", text="hello"))
                assert (again.seq, again.duplicate) == (accepted.seq, True)
                with opened.doc.transaction():
                    opened.text.insert(len(opened.text), "after")
                await opened.saved()
            exported = await ada.http.get(f"/api/documents/{document}/export?format=txt")
            assert exported.text == "before meanwhile after"
            page = await answer(ada.http.get(f"/api/threads/{thread}/history"))
            assert [item["text"] for item in page["items"] if item["type"] == "message"] == [
                "hello"
            ]
    finally:
        await embedded.stop()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("state", "code"), [("53100", "disk_full"), ("25006", "database_read_only")]
)
async def test_a_full_or_read_only_disk_is_told_and_nothing_is_lost(
    served: Served, database_url: str, state: str, code: str
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    async with served.live(ada) as client:
        opened = await client.open_document(document)
        await statement(database_url, REFUSE.format(state=state))
        with opened.doc.transaction():
            opened.text.insert(0, "kept")
        with pytest.raises(CommandFailed) as refused:
            await client.send(Post(thread=thread, send_id="one", text="hello"))
        assert refused.value.code == code
        assert not opened.is_saved()
        assert (await answer(ada.http.get("/api/threads")))[0]["thread"] == thread
        await statement(database_url, PERMIT)
        await opened.saved()
        await client.send(Post(thread=thread, send_id="one", text="hello"))
    exported = await ada.http.get(f"/api/documents/{document}/export?format=txt")
    assert exported.text == "kept"


async def test_one_entry_that_cannot_be_written_fails_alone(
    served: Served, database_url: str
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    await statement(
        database_url,
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF position(convert_to('poison', 'UTF8') in NEW.body) > 0 THEN "
        "RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$; "
        "CREATE TRIGGER poison BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION poison();",
    )
    async with served.live(ada) as client:
        texts = [f"text {n}" if n != 7 else "poison" for n in range(15)]
        sent = await asyncio.gather(
            *(
                client.send(Post(thread=thread, send_id=str(n), text=text))
                for n, text in enumerate(texts)
            ),
            return_exceptions=True,
        )
        wrong = [n for n, result in enumerate(sent) if isinstance(result, BaseException)]
        assert wrong == [7]


async def test_a_database_of_a_newer_hub_is_left_alone(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO schema_migrations (number, name) VALUES (9999, 'future')"
        )
    with pytest.raises(DatabaseNewer) as refused:
        await migrate(database)
    assert refused.value.code == "database_newer"


async def test_the_writer_refuses_when_its_queue_is_full(served: Served, database_url: str) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    async with served.live(ada) as client:
        opened = await client.open_document(document)
        await statement(database_url, REFUSE.format(state="53100"))
        served.hub.writer._max_queued_bytes = 10_000
        for _ in range(20):
            with opened.doc.transaction():
                opened.text.insert(0, "x" * 1000)
        await opened.until(lambda: any(r.code == "writer_busy" for r in opened.refusals))
        await statement(database_url, PERMIT)


def test_a_wrong_setting_stops_the_start_with_its_name() -> None:
    wrong: list[tuple[dict[str, str], str, str]] = [
        ({"HUB_PROT": "1"}, "unknown_setting", "Did you mean HUB_PORT"),
        ({"HUB_PORT": "many"}, "bad_setting", "HUB_PORT"),
        ({"HUB_PORT": "70000"}, "bad_setting", "HUB_PORT"),
        ({"HUB_PUBLIC_URL": "http://hub.example"}, "insecure_url", "https://"),
        ({"HUB_WORKERS": "0"}, "bad_setting", "1 to 64"),
        ({"HUB_WORKERS": "65", "HUB_REDIS_URL": "redis://r"}, "bad_setting", "1 to 64"),
        ({"HUB_WORKERS": "two"}, "bad_setting", "whole number"),
        ({"HUB_WORKERS": "2"}, "redis_needed", "HUB_REDIS_URL"),
        ({"HUB_REDIS_PREFIX": "a b"}, "bad_setting", "HUB_REDIS_PREFIX"),
        ({"HUB_DATABASE_URL": "mysql://x"}, "bad_setting", "postgresql://"),
        ({"HUB_DATABASE_URL_FILE": "/nonexistent"}, "bad_setting", "HUB_DATABASE_URL_FILE"),
        ({"HUB_TRUSTED_PROXIES": "127.0.0.1,caddy"}, "bad_setting", "'caddy' is neither"),
        ({"HUB_TRUSTED_PROXIES": "10.0.0.1/8"}, "bad_setting", "HUB_TRUSTED_PROXIES"),
        ({"HUB_LOG_LEVEL": "loud"}, "bad_setting", "HUB_LOG_LEVEL"),
    ]
    for environ, code, words in wrong:
        error: Any = None
        try:
            Settings.from_environ(environ)
        except Exception as raised:
            error = raised
        assert error is not None, environ
        assert (error.code, words in error.detail) == (code, True), error.detail
