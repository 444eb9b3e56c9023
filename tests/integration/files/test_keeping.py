"""Bytes stay for as long as something refers to them, and go afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import AsyncMock

import httpx
import pytest

from hub.api.hub import Hub
from hub.blobs.store import Stored
from hub.files import keeping
from hub.mail.erasure import Eraser
from hub.storage import uploads as rows
from tests.conftest import TurnableClock
from tests.integration.conftest import Served, serve
from tests.integration.files.previews.pictures import corners, written
from tests.integration.files.test_attachments import Room
from tests.integration.files.test_uploads import TUS, problem, some
from tests.integration.test_commands import run

DAY_S = 86_400


class Days:
    """Turns the clock of everything that collects."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.clock = TurnableClock(hub.clock.now_ms())
        hub.keeper._clock = self.clock
        hub.uploads._clock = self.clock

    async def pass_(self, days: float) -> int:
        """Returns how much was removed at the end of them."""
        await Eraser(self.hub.database, self.clock).erase()
        removed = await self.clean()
        self.clock.advance(days * DAY_S)
        await self.hub.uploads.expire()
        await self.hub.jobs.drain()
        await Eraser(self.hub.database, self.clock).erase()
        return removed + await self.clean()

    async def clean(self) -> int:
        return await self.hub.keeper.collect() + await self.hub.keeper.sweep()

    async def stored(self) -> list[str]:
        return [one.name async for one in self.hub.blobs.all()]


@pytest.fixture
async def room(served: Served) -> Room:
    ada = await served.person("ada")
    return Room(served, ada, await served.thread(ada))


async def test_bytes_go_a_day_after_nothing_refers_to_them(room: Room) -> None:
    days = Days(room.served.hub)
    data = some(3_000_000)
    one = await room.send(data, "one")
    two = await room.send(data, "two")
    await days.pass_(10)
    assert await days.pass_(10) == 0
    await room.http.delete(f"/api/attachments/{one}")
    await days.pass_(5)
    assert await room.bytes_of(two, 1) == data
    await room.http.delete(f"/api/attachments/{two}")
    days.clock.advance(3600)
    assert await days.pass_(0.5) == 0
    assert len(await days.stored()) == 1
    assert await days.pass_(0.6) == 1
    assert await days.stored() == []


async def test_what_is_erased_goes_with_what_brought_it(room: Room) -> None:
    """Its upload neither keeps the bytes for days, nor counts, nor makes a file of them again."""
    days = Days(room.served.hub)
    key = await room.upload(some(100))
    await room.settle()
    said = await room.says("", {"upload": key})
    await room.settle()
    await room.http.delete(f"/api/attachments/{said['attachments'][0]}")
    days.clock.advance(3600)
    await days.pass_(0)
    async with room.served.hub.database.acquire() as connection:
        assert await rows.used_by_account(connection, room.person.uid) == 0
    refused = await room.http.post(
        f"/api/threads/{room.thread}/messages", json={"files": [{"upload": key}]}
    )
    assert problem(refused) == (404, "upload_not_found")
    assert await days.pass_(1.1) == 1
    assert await days.stored() == []


async def test_what_comes_back_in_time_stays(room: Room) -> None:
    days = Days(room.served.hub)
    data = some(100)
    first = await room.send(data)
    await room.http.delete(f"/api/attachments/{first}")
    days.clock.advance(3600)
    await days.pass_(0.9)
    again = await room.send(data)
    await days.pass_(3)
    assert await room.bytes_of(again, 1) == data


async def test_uploads_that_nobody_used_go_too(room: Room) -> None:
    days = Days(room.served.hub)
    done = await room.upload(some(100))
    half = await room.begin(100)
    await room.patch(half, 0, some(50))
    await room.settle()
    assert len(await days.stored()) == 2
    await days.pass_(4)
    await days.pass_(2)
    assert await days.stored() == []
    refused = await room.http.post(
        f"/api/threads/{room.thread}/messages", json={"files": [{"upload": done}]}
    )
    assert problem(refused) == (404, "upload_not_found")
    assert (await room.http.head(half, headers=TUS)).status_code == 404


async def test_nothing_acknowledged_expires_while_the_jobs_wait(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub was away for days in the moment in which a file was sent."""
    hub = room.served.hub
    days = Days(hub)
    data = some(2000)
    whole = await room.upload(data)
    await room.settle()
    with monkeypatch.context() as patch:
        patch.setattr(hub.jobs, "_start", AsyncMock())
        said = await room.says("", {"upload": whole}, {"upload": await room.in_parts(data + data)})
        days.clock.advance(4 * DAY_S)
        await hub.uploads.expire()
        await hub.keeper.collect()
    await room.settle()
    whole, parts = said["attachments"]
    assert await room.bytes_of(whole, 1) == data
    assert await room.bytes_of(parts, 1) == data + data
    await days.pass_(4)
    await days.pass_(2)
    async with hub.database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM uploads") == 0


async def test_an_arriving_version_says_that_it_expired(room: Room) -> None:
    days = Days(room.served.hub)
    url = await room.begin(100)
    said = await room.says("", {"upload": url.rpartition("/")[2]})
    await days.pass_(4)
    (version,) = (await room.attachment(said["attachments"][0]))["versions"]
    assert (version["state"], version["reason"]) == ("failed", "expired")


async def test_leftovers_of_a_crash_go(room: Room) -> None:
    """Bytes whose row was never written, and a removal that was cut short."""
    hub = room.served.hub
    days = Days(hub)
    kept = await room.send(some(10, 1))
    await hub.blobs.begin("f_leftover", 5)
    lost = await room.send(some(10, 2))
    async with hub.database.acquire() as connection:
        await connection.execute("DELETE FROM versions WHERE attachment_id = $1", lost)
        await connection.execute("DELETE FROM uploads")
        await connection.execute(
            "UPDATE blobs SET going = true, unused_since = now() "
            "WHERE blob_id NOT IN (SELECT blob_id FROM versions)"
        )
    assert await days.pass_(0) == 1
    assert len(await days.stored()) == 2
    days.clock.advance(5 * DAY_S)
    assert await days.pass_(0) == 1
    assert len(await days.stored()) == 1
    assert await room.bytes_of(kept, 1)
    # What the store has from a moment ago may get its row in the next one.
    days.clock = TurnableClock(int(time.time() * 1000))
    hub.keeper._clock = days.clock
    await hub.blobs.begin("f_fresh", 5)
    await days.clean()
    assert "f_fresh" in await days.stored()


async def test_all_of_the_store_is_read_once_a_day(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = room.served.hub
    days = Days(hub)
    monkeypatch.setattr(keeping, "INTERVAL_S", 0.001)
    rounds, done = hub.keeper.collect, asyncio.Condition()
    counts = Counter[str]()

    async def collect() -> int:
        async with done:
            counts["rounds"] += 1
            done.notify_all()
        return await rounds()

    def all_() -> AsyncIterator[Stored]:
        counts["sweeps"] += 1
        return everything()

    async def more(rounds: int) -> int:
        so_far = counts["rounds"]
        async with done:
            await done.wait_for(lambda: counts["rounds"] >= so_far + rounds)
        return counts["sweeps"]

    everything = hub.blobs.all
    monkeypatch.setattr(hub.blobs, "all", all_)
    monkeypatch.setattr(hub.keeper, "collect", collect)
    task = asyncio.create_task(hub.keeper.run())
    try:
        assert [await more(3), await more(3)] == [1, 1]
        days.clock.advance(DAY_S)
        assert [await more(3), await more(3)] == [2, 2]
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_same_bytes_come_while_they_are_being_removed(room: Room) -> None:
    hub = room.served.hub
    days = Days(hub)
    data = some(100)
    first = await room.send(data)
    await room.http.delete(f"/api/attachments/{first}")
    days.clock.advance(3600)
    await days.pass_(0)
    days.clock.advance(2 * DAY_S)
    remove = hub.blobs.remove

    async def slowly(name: str) -> None:
        hub.blobs.remove = remove  # type: ignore[method-assign]
        again.append(await room.send(data))
        await remove(name)

    again: list[str] = []
    hub.blobs.remove = slowly  # type: ignore[method-assign]
    assert await hub.keeper.collect() >= 1
    assert len(again) == 1
    assert await room.bytes_of(again[0], 1) == data
    await days.pass_(3)
    assert await room.bytes_of(again[0], 1) == data
    assert len(await days.stored()) == 1


async def test_what_comes_back_while_it_is_removed_is_shown_again(room: Room) -> None:
    """The pictures that were made of it are gone from the store by then."""
    hub = room.served.hub
    days = Days(hub)
    data = written(corners(900, 600), "PNG")
    first = await room.send(data, "a.png")
    await room.http.delete(f"/api/attachments/{first}")
    days.clock.advance(3600)
    await days.pass_(0)
    days.clock.advance(2 * DAY_S)
    remove, again = hub.blobs.remove, []

    async def slowly(name: str) -> None:
        await remove(name)
        async with hub.database.acquire() as connection:
            last = name == await connection.fetchval("SELECT name FROM blobs WHERE going")
        if last:
            again.append(await room.send(data, "a.png"))

    hub.blobs.remove = slowly  # type: ignore[method-assign]
    assert await hub.keeper.collect() >= 1
    hub.blobs.remove = remove  # type: ignore[method-assign]
    (file,) = again
    thumb = f"/api/attachments/{file}/versions/1/preview/thumb"
    assert (await room.http.get(thumb)).status_code == 200
    await days.pass_(3)
    assert (await room.http.get(thumb)).status_code == 200
    assert await room.bytes_of(file, 1) == data
    assert len(await days.stored()) == 2


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("left", [None, 5])
async def test_who_brings_lost_bytes_again_heals_the_file(
    room: Room, left: int | None, parts: bool
) -> None:
    data = some(3000)
    file = await room.send(data)
    (stored,) = await names_of(room)
    path = room.served.hub.blobs.path_of(stored)  # type: ignore[attr-defined]
    if left is None:
        path.unlink()
    else:
        os.truncate(path, left)
    assert problem(await room.http.get(f"/api/attachments/{file}/versions/1"))[0] == 500
    await (room.in_parts(data) if parts else room.upload(data))
    await room.settle()
    assert await room.bytes_of(file, 1) == data
    days = Days(room.served.hub)
    await days.pass_(4)
    await days.pass_(1)
    assert await room.bytes_of(file, 1) == data
    assert len(await days.stored()) == 1


async def names_of(room: Room) -> list[str]:
    return [one.name async for one in room.served.hub.blobs.all()]


async def test_who_brings_rotted_bytes_again_heals_the_file(room: Room) -> None:
    """Once it is known that they are: by who reads them all, or by whoever brought them before."""
    hub = room.served.hub
    data = written(corners(900, 600), "PNG")
    file = await room.send(data, "a.png")
    thumb = f"/api/attachments/{file}/versions/1/preview/thumb"
    for verified in (True, False):
        async with hub.database.acquire() as connection:
            place = await connection.fetchval("SELECT name FROM blobs")
        path = hub.blobs.path_of(place)  # type: ignore[attr-defined]
        path.write_bytes(bytes(len(data)))
        if verified:
            (fault,) = await hub.keeper.faults()
            assert fault.code == "blob_rotted"
        else:
            await room.upload(data)
            await room.settle()
            found = await room.http.get(f"/api/attachments/{file}/versions/1")
            assert problem(found) == (500, "blob_rotted")
        await room.upload(data)
        await room.settle()
        assert await room.bytes_of(file, 1) == data
        assert await hub.keeper.faults() == []
        assert (await room.http.get(thumb)).status_code == 200
    async with hub.database.acquire() as connection:
        assert not await connection.fetchval("SELECT damaged FROM blobs")


async def test_the_digest_of_a_whole_file_is_computed(room: Room) -> None:
    data = some(3_000_000)
    await room.send(data)
    async with room.served.hub.database.acquire() as connection:
        (row,) = await connection.fetch("SELECT sha256 FROM blobs")
    assert row["sha256"] == hashlib.sha256(data).digest()


async def test_every_byte_is_verified(room: Room, database_url: str) -> None:
    folder = room.served.hub.settings.data_dir
    environ = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(folder)}
    for seed in range(3):
        await room.send(some(2_000_000, seed), f"{seed}")
    code, output = await run("verify", "--blobs", **environ)
    assert (code, output.strip().splitlines()[-1]) == (0, "3 files read, 0 not as they were.")
    one, two, _ = sorted((folder / "blobs" / "sealed").glob("*/*"))
    with one.open("rb+") as file:
        file.seek(1_500_000)
        file.write(os.urandom(8))
    two.unlink()
    code, output = await run("verify", "--blobs", **environ)
    assert code == 1
    assert output.count("blob_rotted") == output.count("blob_missing") == 1
    assert "3 files read, 2 not as they were." in output


async def test_a_quota_counts_what_is_there(database_url: str) -> None:
    """Uploads under way and versions, each once; not what was removed, nor the same bytes again."""
    async with serve(database_url, account_quota_bytes=1000, thread_quota_bytes=1000) as served:
        ada = await served.person("ada")
        room = Room(served, ada, await served.thread(ada))
        days = Days(served.hub)
        file = await room.send(some(600, 1))
        await room.send(some(600, 1)[:1], attachment=file)
        assert problem(await room.create(400)) == (413, "account_quota")
        await days.pass_(4)  # the upload is forgotten, the version is not
        assert problem(await room.create(400)) == (413, "account_quota")
        await room.send(some(399, 2))
        assert problem(await room.create(1)) == (413, "account_quota")
        await room.http.delete(f"/api/attachments/{file}")
        days.clock.advance(3600)
        await days.pass_(0)
        url = await room.begin(601)
        assert problem(await room.create(1)) == (413, "account_quota")
        await room.http.delete(url, headers=TUS)
        assert (await room.create(601)).status_code == 201


async def test_what_is_sent_on_is_asked_for_too(database_url: str) -> None:
    """It counts, as its bytes would stay when what it came from is erased."""
    async with serve(database_url, account_quota_bytes=1500, thread_quota_bytes=1000) as served:
        ada = await served.person("ada")
        room = Room(served, ada, await served.thread(ada))
        file = await room.send(some(400, 1))
        other = Room(served, ada, await served.thread(ada, subject="Other"))

        async def send_on(to: Room, *more: dict[str, str]) -> httpx.Response:
            files = [{"source": file}, *more]
            return await to.http.post(f"/api/threads/{to.thread}/messages", json={"files": files})

        assert problem(await send_on(room, {"source": file})) == (413, "thread_quota")
        assert (await send_on(room)).is_success
        assert problem(await send_on(room)) == (413, "thread_quota")
        assert (await room.listed())["used"] == 800
        assert (await send_on(other)).is_success
        assert problem(await send_on(other)) == (413, "account_quota")
        assert problem(await other.create(301)) == (413, "account_quota")
        # The same version of the same file takes nothing.
        assert (await send_on(room, {"source": file, "attachment": file})).status_code == 413
        path = f"/api/threads/{room.thread}/messages"
        same = {"files": [{"source": file, "attachment": file}]}
        assert (await room.http.post(path, json=same)).is_success


def test_the_folder_of_files_is_private(tmp_path: Path) -> None:
    from hub.blobs.local import LocalStore

    LocalStore(tmp_path / "blobs")
    assert (tmp_path / "blobs").stat().st_mode & 0o777 == 0o700
