"""Compaction keeps everything: the text, who wrote it when, every hash; and memory comes back."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from pycrdt import Doc, Text

from hub.mail.rebuild import rebuild_projections
from hub.rooms import compaction
from hub.storage import documents, streams, timeline
from hub.storage.projection import Projector
from tests.integration.conftest import Served
from tests.integration.sockets import signed_in
from tests.integration.test_live import leased, update_of


async def test_compaction_keeps_every_row(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "PACK_ROWS", 20)
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    document = await served.document(ada, thread)
    hub = served.hub
    async with served.live(ada) as one, served.live(grace) as two:
        first, second = await one.open_document(document), await two.open_document(document)
        for number in range(15):
            for opened in (first, second):
                with opened.doc.transaction():
                    opened.text.insert(0, f"{number} ")
                await opened.saved()
        text = str(first.text)
        async with hub.database.acquire() as connection:
            before = await documents.all_rows(connection, document)
        assert len(before) == 30
        assert {row.sender for row in before} == {ada.uid, grace.uid}

        seq = await compaction.compact(hub.database, hub.clock, document, "text")
        async with timeline.snapshot(hub.database) as connection:
            stored = await documents.load(connection, document)
            assert (stored.snapshot_seq, stored.rows) == (seq, [])
            assert await documents.all_rows(connection, document) == before
            verdict = await streams.verify(connection, document)
            assert (verdict.faults, verdict.erased) == ([], 0)
            left = await connection.fetchval(
                "SELECT count(*) FROM events WHERE stream_id = $1 AND body IS NOT NULL", document
            )
            assert left == 0
        # Again with nothing new it does nothing; with something new it goes on from there.
        assert await compaction.compact(hub.database, hub.clock, document, "text") == seq
        with first.doc.transaction():
            first.text.insert(0, "more ")
        await first.saved()
        assert await compaction.compact(hub.database, hub.clock, document, "text") > seq
    replayed: Doc[Any] = Doc()
    async with hub.database.acquire() as connection:
        for row in await documents.all_rows(connection, document):
            for update in row.updates:
                replayed.apply_update(update)
    assert str(replayed.get("content", type=Text)) == "more " + text
    report = await rebuild_projections(hub.database, Projector(hub.settings.public_url))
    assert report.changed == []  # claims of client ids are read from packed rows, too
    exported = await ada.http.get(f"/api/documents/{document}/export?format=txt")
    assert exported.text == "more " + text


async def test_a_document_nobody_needs_leaves_memory(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    library = served.hub.library
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        mine = await leased(raw, document)
        await raw.sync(number, 2, update_of(mine, "x"))
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
        live = await library.take(await library.info(document))
        reference = weakref.ref(live)
        library.give_back(live)
        del live
        assert reference() is not None
    async with asyncio.timeout(10):
        while library.open:
            await asyncio.sleep(0.02)  # it is written and packed first
    gc.collect()
    assert reference() is None


async def test_a_crowd_loads_a_document_once(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    library = served.hub.library
    info = await library.info(document)
    taken = await asyncio.gather(*(library.take(info) for _ in range(10)))
    assert len(set(map(id, taken))) == 1
    for live in taken:
        library.give_back(live)


def test_packed_rows_are_read_back_exactly() -> None:
    rows: list[tuple[int, bytes | None, bytes | None]] = [
        (5, b"s" * 16, b"one"), (6, None, None), (7, b"t" * 16, b""), (8, b"u" * 16, b"x" * 9000),
    ]  # fmt: skip
    packed = documents.pack(rows)
    assert documents.unpack(5, documents.SEGMENT_FORMAT, packed) == rows
    assert len(packed) < 1000
