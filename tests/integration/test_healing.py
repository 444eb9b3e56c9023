"""Documents that are hurt open again; snapshots never drop or spoil anything; large things sync."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Text

from hub import doctor
from hub.clock import to_datetime
from hub.errors import HubError, ProtocolError
from hub.rooms import admission, compaction, content, limits, store
from hub.storage import documents as rows
from hub.storage import timeline
from hub.storage.writer import UPDATE, Append
from hub.wire import frames, yupdate
from tests.integration.conftest import Person, Served
from tests.integration.sockets import signed_in, yjs
from tests.integration.test_live import exported, leased
from tests.integration.test_yjs import started, ticket_for
from tests.support.yupdates import element, string, struct, text, typed, update, xml_text

UNDEFINED = struct(2, b"\x02" + string("undefined") + string('{"a":1}'), 2, parent="default")
HOOK = struct(7, b"\x05" + string("hook"), parent="default")


async def log(served: Served, document: str, sender: str, *updates: bytes) -> None:
    """Put updates into a log as an older hub would have."""
    for one in updates:
        await served.hub.writer.append(Append(document, UPDATE, sender, one, update=True))


async def snapshots(served: Served, document: str) -> list[int]:
    async with served.hub.database.acquire() as connection:
        found = await connection.fetch(
            "SELECT seq FROM document_snapshots WHERE document_id = $1 ORDER BY seq", document
        )
    return [row["seq"] for row in found]


async def compacted(served: Served, document: str, kind: str = "text") -> int:
    hub = served.hub
    return await compaction.compact(hub.database, hub.clock, document, kind)


async def opens(served: Served, ada: Person, document: str, words: str) -> None:
    """It opens, exports, and somebody goes on writing in it."""
    assert words in await exported(served, ada, document)
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        client = await leased(raw, document)
        made = [
            element(parent="default"),
            xml_text(parent=(client, 0)),
            text("and more", parent=(client, 1)),
        ]
        await raw.sync(number, frames.UPDATE, update({client: (0, made)}))
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
    assert "and more" in await exported(served, ada, document)


@pytest.mark.parametrize("bad", [UNDEFINED, HOOK], ids=["undefined", "hook"])
async def test_a_document_already_hurt_is_healed_from_its_log(served: Served, bad: Any) -> None:
    ada = await served.person("ada")
    document = await served.document(ada, await served.thread(ada), "rich")
    good = [element(parent="default"), xml_text(parent=(5, 0)), text("kept", parent=(5, 1))]
    await log(served, document, ada.uid, update({5: (0, good)}), update({6: (0, [bad])}))
    # As the older hub left it: a snapshot that nobody can read.
    async with served.hub.database.acquire() as connection:
        await connection.execute(
            "INSERT INTO document_snapshots (document_id, seq, state, at, format) "
            "VALUES ($1, 2, $2, $3, 1)",
            document, b"\x01\x01\x06\x00\x02\xff", to_datetime(0),
        )  # fmt: skip
    await opens(served, ada, document, "kept")
    await served.hub.library.settle()
    await compacted(served, document, "rich")
    read = await store.read(served.hub.database, document, "rich")
    assert (read.folded.aside, read.stored.rows) == ([], [])


async def test_rows_that_cannot_be_read_are_set_aside(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is cut off, one of no meaning, a packed part that is damaged: the rest opens, and
    the doctor tells."""
    monkeypatch.setattr(compaction, "PACK_ROWS", 1)
    ada, document = await started(served)
    await log(served, document, ada.uid, update({5: (0, [text("kept ")])}))
    await served.hub.writer.append(Append(document, UPDATE, ada.uid, b"\x05\xff"))
    await log(served, document, "u_other", b"\xff\xff")
    await log(served, document, ada.uid, update({5: (5, [text("too", origin=(5, 4))])}))
    assert await exported(served, ada, document) == "kept too"
    await served.hub.library.settle()
    (finding,) = await doctor.documents_of(served.hub.database)
    assert (finding.verdict, f"2 rows of {document}" in finding.words) == ("warning", True)
    async with asyncio.timeout(10):
        while served.hub.library.open:
            await asyncio.sleep(0.01)  # it is packed first
    async with served.hub.database.acquire() as connection:
        await connection.execute("UPDATE document_segments SET data = 'damaged'")
        await connection.execute("DELETE FROM document_snapshots")
    await log(served, document, ada.uid, update({6: (0, [text("new")])}))
    assert await exported(served, ada, document) == "new"
    (finding,) = await doctor.documents_of(served.hub.database)
    assert f"4 rows of {document}" in finding.words


async def test_a_damaged_snapshot_gives_way_to_the_one_before_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "PACK_ROWS", 1)
    ada, document = await started(served)
    _, updates = typed(5, *"abcdef")
    for one in updates:
        await log(served, document, ada.uid, one)
        await compacted(served, document)
    assert await snapshots(served, document) == [5, 6]
    for seq, left in ((6, "abcdef"), (5, "abcdef")):
        async with served.hub.database.acquire() as connection:
            await connection.execute(
                "UPDATE document_snapshots SET state = $3 WHERE document_id = $1 AND seq = $2",
                document, seq, b"\x01\x01\x05\x00\x04",
            )  # fmt: skip
        read = await store.read(served.hub.database, document, "text")
        assert str(read.folded.content.doc.get("content", type=Text)) == left
    assert await exported(served, ada, document) == "abcdef"


async def test_a_snapshot_that_does_not_read_back_is_not_kept(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, document = await started(served)
    _, updates = typed(5, *"abc")
    await log(served, document, ada.uid, *updates[:2])
    seq = await compacted(served, document)
    await log(served, document, ada.uid, updates[2])
    fold = compaction.fold

    def forgetful(kind: str, state: bytes | None, entries: Any) -> Any:
        """Reads a snapshot back as something else."""
        return fold(kind, None if not entries else state, entries)

    monkeypatch.setattr(compaction, "fold", forgetful)
    with pytest.raises(HubError) as caught:
        await compacted(served, document)
    assert caught.value.code == "bad_snapshot"
    assert await snapshots(served, document) == [seq]
    assert await exported(served, ada, document) == "abc"


async def test_a_snapshot_carries_what_waits(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that lacks an earlier one is read with the snapshot until that has come, packed too;
    if it never comes, snapshots are made all the same."""
    ada, document = await started(served)
    _, (one, two, three, four) = typed(5, *"abcd")
    await log(served, document, ada.uid, one, three)
    await log(served, document, "u_other", four)
    assert await exported(served, ada, document) == "a"
    monkeypatch.setattr(compaction, "PACK_ROWS", 1)
    seq = await compacted(served, document)
    read = await store.read(served.hub.database, document, "text")
    assert seq == read.stored.rows[-1].seq
    assert read.stored.rows_after == []
    assert [row.seq for row in read.stored.rows] == read.folded.waiting == [seq - 1, seq]
    assert yupdate.read_state_vector(read.folded.content.doc.get_state()) == {5: 1}
    # It comes, and with it what waited: for those who have the document open, too.
    async with (
        signed_in(served, ada) as raw,
        yjs(served, document, await ticket_for(ada.http, document)) as stock,
    ):
        number = await raw.open(document)
        await stock.sync(frames.UPDATE, two)
        await stock.state()
        async with asyncio.timeout(10):
            clock = 0
            while clock < 4:
                message = await raw.socket.recv()
                if isinstance(message, bytes) and message[0] == frames.SYNC:
                    subtype, payload = frames.read_sync(message[frames.HEADER_BYTES :])
                    if subtype == frames.UPDATE:
                        clock = yupdate.end_of(yupdate.parse(payload).structs[5])
        assert number
    await served.hub.library.settle()
    await compacted(served, document)
    assert (await store.read(served.hub.database, document, "text")).stored.rows == []
    assert await exported(served, ada, document) == "abcd"


async def test_compaction_while_rows_are_in_flight_drops_nothing(served: Served) -> None:
    ada, document = await started(served)
    _, updates = typed(5, *("x" * 300))
    async with yjs(served, document, await ticket_for(ada.http, document)) as stock:
        for index, one in enumerate(updates):
            await stock.sync(frames.UPDATE, one)
            if index % 20 == 0:
                await compacted(served, document)
        await stock.state()
        await served.hub.library.settle()
        await compacted(served, document)
    async with timeline.snapshot(served.hub.database) as connection:
        stored = await rows.load(connection, document)
        assert stored.state is not None
        everything = await rows.all_rows(connection, document)
    assert yupdate.parse(stored.state).structs[5][0].text == "x" * 300
    assert sum(len(row.updates) for row in everything) == 300


async def test_deletions_above_the_bound_are_fetched_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_SYNC_BYTES", 32 * 1024)
    ada, document = await started(served)
    # Every second letter of a long text is deleted: the deletion set alone is above the bound.
    length = 40_000
    deletes = {5: [(clock, 1) for clock in range(1, length, 2)]}
    await log(served, document, ada.uid, update({5: (0, [text("ab" * (length // 2))])}, deletes))
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        await raw.sync(number, frames.STEP1, b"\x00")
        assert (await raw.frame("document_reset"))["action"] == "fetch"
        state = (await ada.http.get(f"/api/documents/{document}/state")).content
        assert len(state) > limits.MAX_SYNC_BYTES
        known = {5: length}
        raw.binary.clear()
        await raw.sync(number, frames.STEP1, yupdate.write_state_vector(known))
        await raw.until(lambda f: f["t"] in ("durable", "document_reset") and f["t"] == "durable")
        answers = [frames.read_sync(m[frames.HEADER_BYTES :])[0] for m in raw.binary]
        assert frames.STEP2 in answers
    async with served.live(ada) as client:
        opened = await client.open_document(document)
        await opened.synced()
        assert len(str(opened.text)) == length // 2


async def test_a_document_that_broke_comes_back_for_everybody(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in memory is thrown away, the log is read, and who was there goes on by himself."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    document = await served.document(ada, await served.thread(ada, grace))
    async with served.live(ada) as one, served.live(grace) as two:
        first, second = await one.open_document(document), await two.open_document(document)
        with first.doc.transaction():
            first.text.insert(0, "kept ")
        await first.saved()
        apply = content.apply_to
        failures = iter([True])

        def panics(doc: Any, data: bytes) -> None:
            apply(doc, data)
            if next(failures, False):
                raise ProtocolError("yrs stopped in the middle", code="malformed_update")

        monkeypatch.setattr(content, "apply_to", panics)
        with second.doc.transaction():
            second.text.insert(0, "again ")
        with pytest.raises(HubError) as refused:  # its copy says what the document does not
            await second.saved()
        assert refused.value.code == "malformed_update"
        with first.doc.transaction():
            first.text.insert(5, "goes on")
        await first.saved()
        second.close()
        third = await two.open_document(document)
        with third.doc.transaction():
            third.text.insert(0, "again ")
        await first.until(lambda: str(first.text) == "again kept goes on")
    assert await exported(served, ada, document) == "again kept goes on"


async def test_a_study_that_fails_is_told_to_the_sender(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread nobody else would hear of it."""
    ada, document = await started(served)
    study = admission.study

    def fails_slowly(*arguments: Any, patient: bool, **options: Any) -> admission.Study:
        if patient:
            raise RuntimeError("a fault of ours")
        return study(*arguments, patient=patient, **options)

    monkeypatch.setattr(admission, "study", fails_slowly)
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        first, second = await leased(raw, document), await leased(raw, document)
        long = update({first: (0, [text("x" * 200_000)])})
        await raw.sync(number, frames.UPDATE, long)
        assert (await raw.frame("refused"))["code"] == "internal"
        await raw.sync(number, frames.UPDATE, update({second: (0, [text("good")])}))
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 2)
    assert await exported(served, ada, document) == "good"
