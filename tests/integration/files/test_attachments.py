"""Files of a thread: from the upload to the version that is shown, and away again."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from hub.api import archives
from hub.api.hub import ARCHIVES
from hub.client import LiveClient
from hub.files.attachments import Attachments
from hub.mail.erasure import Eraser
from hub.mail.rebuild import rebuild_projections
from hub.storage.projection import Projector
from hub.storage.rebuild import Shadow
from hub.wire import commands as cmd
from tests.conftest import TurnableClock
from tests.integration.conftest import Person, Served, judge
from tests.integration.files.test_uploads import TUS, Sender, metadata, problem, some
from tests.support.hub_process import answer


class Room(Sender):
    """Somebody in a thread with files."""

    async def says(self, text: str = "", *files: dict[str, Any], **more: Any) -> dict[str, Any]:
        path = f"/api/threads/{self.thread}/messages"
        body = {"text": text, "files": list(files), **more}
        return await answer(self.http.post(path, json=body))  # type: ignore[no-any-return]

    async def upload(self, data: bytes, name: str = "a.bin") -> str:
        """All of a file; its upload."""
        url = await self.begin(len(data), name)
        if data:
            await self.patch(url, 0, data)
        return url.rpartition("/")[2]

    async def in_parts(self, data: bytes) -> str:
        """The same, as two uploads that are joined."""
        urls = []
        for part in (data[:1000], data[1000:]):
            headers = {**TUS, "upload-length": str(len(part)), "upload-concat": "partial"}
            urls.append((await self.http.post("/files/", headers=headers)).headers["location"])
            await self.patch(urls[-1], 0, part)
        headers = {
            **TUS,
            "upload-concat": "final;" + " ".join(urls),
            "upload-metadata": metadata(filename="a.bin", thread=self.thread),
        }
        made = await self.http.post("/files/", headers=headers)
        assert made.status_code == 201, made.text
        return made.headers["location"].rpartition("/")[2]

    async def begin(self, size: int, name: str = "a.bin", **more: Any) -> str:
        told = metadata(filename=name, thread=self.thread)
        return await super().begin(size, **{"upload-metadata": told}, **more)

    async def send(self, data: bytes, name: str = "a.bin", **more: Any) -> str:
        """A file in a message of its own; its attachment."""
        said = await self.says("", {"upload": await self.upload(data, name), **more})
        await self.settle()
        return str(said["attachments"][0])

    async def settle(self) -> None:
        await self.served.hub.jobs.drain()

    async def attachment(self, attachment: str) -> dict[str, Any]:
        return await answer(self.http.get(f"/api/attachments/{attachment}"))  # type: ignore[no-any-return]

    async def listed(self) -> dict[str, Any]:
        return await answer(self.http.get(f"/api/threads/{self.thread}/attachments"))  # type: ignore[no-any-return]

    async def history(self) -> dict[str, Any]:
        return await answer(self.http.get(f"/api/threads/{self.thread}/history"))  # type: ignore[no-any-return]

    async def bytes_of(self, attachment: str, number: int, **headers: str) -> bytes:
        found = await self.http.get(
            f"/api/attachments/{attachment}/versions/{number}", headers=headers
        )
        assert found.is_success, found.text
        return found.content

    def of(self, person: Person) -> Room:
        return Room(self.served, person, self.thread)


@pytest.fixture
async def room(served: Served) -> AsyncIterator[Room]:
    """What was projected one by one is what the log says as a whole."""
    ada = await served.person("ada")
    room = Room(served, ada, await served.thread(ada))
    yield room
    await room.settle()
    report = await rebuild_projections(served.hub.database, Projector(served.url))
    assert report.changed == []


async def ben_joins(room: Room, role: str = "editor") -> Room:
    ben = await room.served.person("ben", room.person)
    await answer(
        room.http.post(f"/api/threads/{room.thread}/members", json={"uid": ben.uid, "role": role})
    )
    return room.of(ben)


async def test_a_message_goes_before_its_file(room: Room) -> None:
    data = some(3_000_000)
    url = await room.begin(len(data), "film.mov")
    key = url.rpartition("/")[2]
    said = await room.says("Look", {"upload": key})
    (attachment,) = said["attachments"]
    found = await room.attachment(attachment)
    assert found["name"] == "film.mov"
    (version,) = found["versions"]
    assert (version["state"], version["received"], version["size"]) == ("arriving", 0, len(data))
    assert (
        problem(await room.http.get(f"/api/attachments/{attachment}/versions/1"))[1]
        == "version_not_found"
    )
    await room.patch(url, 0, data[:2_000_000])
    assert (await room.attachment(attachment))["versions"][0]["received"] == 2_000_000
    await room.patch(url, 2_000_000, data[2_000_000:])
    await room.settle()
    found = await room.attachment(attachment)
    assert (found["number"], found["count"]) == (1, 1)
    assert found["versions"][0]["state"] == "ready"
    assert await room.bytes_of(attachment, 1) == data
    page = await room.history()
    item = page["items"][-1]
    assert (item["text"], item["files"]) == ("Look", [{"attachment": attachment, "key": key}])
    assert page["attachments"] == [found]


async def test_the_file_may_be_there_before_the_message(room: Room) -> None:
    data = some(100)
    key = await room.upload(data)
    await room.settle()
    said = await room.says("", {"upload": key, "name": "../x/report\u202e.pdf"})
    await room.settle()
    found = await room.attachment(said["attachments"][0])
    assert (found["name"], found["number"]) == ("report.pdf", 1)
    assert await room.bytes_of(found["attachment"], 1) == data


async def test_everybody_sees_it_arrive(room: Room) -> None:
    ben = await ben_joins(room)
    live: LiveClient
    async with room.served.live(ben.person) as live:
        feed = await live.subscribe(room.thread)
        seen: list[str] = []
        data = some(3_000_000)
        url = await room.begin(len(data))
        await room.says("", {"upload": url.rpartition("/")[2]})
        await room.patch(url, 0, data)
        async for event in feed:
            seen.append(event.type)
            if event.type == "version.ready":
                assert event.data["number"] == 1
                break
    assert seen == ["attachment.add", "message", "version.ready"]


async def test_versions_of_one_file(room: Room) -> None:
    one, two = some(1000, 1), some(2000, 2)
    attachment = await room.send(one, "offer.txt")
    await room.send(two, "offer.txt", attachment=attachment)
    found = await room.attachment(attachment)
    assert (found["number"], found["count"]) == (2, 2)
    assert [version["number"] for version in found["versions"]] == [2, 1]
    # The same bytes again are the version that they were, and it is the one that is shown.
    await room.send(one, "offer.txt", attachment=attachment)
    found = await room.attachment(attachment)
    assert (found["number"], found["count"]) == (1, 2)
    assert (found["versions"][0]["state"], found["versions"][0]["number"]) == ("same", 1)
    changed = await answer(
        room.http.patch(f"/api/attachments/{attachment}", json={"number": 2, "name": "Offer 2.txt"})
    )
    assert (changed["number"], changed["name"]) == (2, "Offer 2.txt")
    assert await room.bytes_of(attachment, 1) == one
    assert await room.bytes_of(attachment, 2) == two
    listed = await room.listed()
    assert [version["number"] for version in listed["attachments"][0]["versions"]] == [2]
    assert listed["used"] == 3000
    lines = [item["type"] for item in (await room.history())["items"] if item["type"] != "message"]
    assert lines[-2:] == ["attachment.rename", "attachment.restore"]
    missing = await room.http.patch(f"/api/attachments/{attachment}", json={"number": 9})
    assert problem(missing) == (404, "version_not_found")


async def test_two_versions_at_once_get_numbers_of_their_own(room: Room) -> None:
    attachment = await room.send(some(10, 0), "a")
    keys = [await room.upload(some(100, seed), "a") for seed in range(1, 7)]
    await asyncio.gather(
        *(room.says("", {"upload": key, "attachment": attachment}) for key in keys)
    )
    await room.settle()
    found = await room.attachment(attachment)
    assert sorted(version["number"] for version in found["versions"]) == list(range(1, 8))


async def test_who_sends_on_at_once_hears_that_another_version_came(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else notices."""
    target = await room.send(some(10, 0), "a")
    sources = [await room.send(some(10, seed), "b") for seed in (1, 2)]
    checked = asyncio.Barrier(len(sources))
    file = Attachments._file

    async def together(self: Attachments, *arguments: Any) -> Any:
        found = await file(self, *arguments)
        await checked.wait()
        return found

    monkeypatch.setattr(Attachments, "_file", together)
    path = f"/api/threads/{room.thread}/messages"
    bodies = [{"files": [{"source": one, "attachment": target}], "send_id": one} for one in sources]
    answers = await asyncio.gather(*(room.http.post(path, json=body) for body in bodies))
    monkeypatch.undo()
    assert sorted(one.status_code for one in answers) == [201, 409]
    (late,) = [number for number, one in enumerate(answers) if one.status_code == 409]
    assert problem(answers[late]) == (409, "version_taken")
    assert answers[late].headers["retry-after"] == "1"
    await answer(room.http.post(path, json=bodies[late]))
    found = await room.attachment(target)
    assert [version["number"] for version in found["versions"]] == [3, 2, 1]


async def test_a_command_sends_on_one_version_of_a_file(room: Room) -> None:
    target = await room.send(some(10, 0), "a")
    sources = [await room.send(some(10, seed), "b") for seed in (1, 2)]
    files = [{"source": one, "attachment": target} for one in sources]
    refused = await room.http.post(f"/api/threads/{room.thread}/messages", json={"files": files})
    assert problem(refused) == (400, "bad_file")


async def test_removing_and_bringing_back(room: Room) -> None:
    ben = await ben_joins(room)
    data = some(5000)
    attachment = await room.send(data, "secret-name.txt")
    kept = await room.send(data, "kept.txt")
    path = f"/api/attachments/{attachment}"
    assert (await ben.http.delete(path)).status_code == 204
    assert problem(await room.http.get(f"{path}/versions/1")) == (404, "version_not_found")
    assert problem(await room.http.delete(path)) == (404, "attachment_not_found")
    assert problem(await room.http.post(f"{path}/unremove")) == (403, "not_author")
    assert (await answer(ben.http.post(f"{path}/unremove")))["attachment"] == attachment
    assert await room.bytes_of(attachment, 1) == data
    assert (await ben.http.delete(path)).status_code == 204

    hub = room.served.hub
    clock = TurnableClock(hub.clock.now_ms())
    clock.advance(hub.settings.undo_s + 60)
    assert await Eraser(hub.database, clock).erase() == 1
    assert problem(await room.http.get(path)) == (404, "attachment_not_found")
    async with hub.database.acquire() as connection:
        bodies = await connection.fetch("SELECT body FROM events WHERE body IS NOT NULL")
        items = await connection.fetch("SELECT data FROM items WHERE data IS NOT NULL")
    assert not any(b"secret-name" in row[0] for row in [*bodies, *items])
    assert await room.bytes_of(kept, 1) == data


async def test_a_message_takes_its_files_along(room: Room) -> None:
    names = ["one", "two", "three"]
    uploads = [await room.upload(some(10, i), name) for i, name in enumerate(names)]
    said = await room.says("All", *({"upload": one} for one in uploads))
    await room.settle()
    first, second, third = said["attachments"]
    await answer(room.http.delete(f"/api/attachments/{third}"))  # this one was not wanted before
    await room.send(some(10, 3), "two", attachment=second)  # another message has a version of it
    async with room.served.live(room.person) as live:
        message = {"thread": room.thread, "target": said["seq"]}
        await live.send(cmd.Delete(send_id="away", **message))
        assert (await room.attachment(first))["removed_by"] == room.person.uid
        assert "removed_by" not in await room.attachment(second)
        await live.send(cmd.Undelete(send_id="back", **message))
    assert "removed_by" not in await room.attachment(first)
    assert (await room.attachment(third))["removed_by"] == room.person.uid


async def test_a_file_is_sent_on_without_its_bytes(room: Room) -> None:
    data = some(2_000_000)
    attachment = await room.send(data, "plan.pdf")
    there = Room(room.served, room.person, await room.served.thread(room.person, subject="Other"))
    said = await there.says("See", {"source": attachment, "number": 1})
    (copy,) = said["attachments"]
    assert copy != attachment
    found = await there.attachment(copy)
    assert (found["name"], found["number"], found["thread"]) == ("plan.pdf", 1, there.thread)
    assert await there.bytes_of(copy, 1) == data
    assert len([one async for one in room.served.hub.blobs.all()]) == 1
    # As a version of what is there already.
    await there.says("", {"source": attachment, "attachment": copy})
    found = await there.attachment(copy)
    assert (found["number"], found["count"]) == (1, 1)
    # Not what one may not read.
    ben = await room.served.person("ben", room.person)
    own = Room(room.served, ben, await room.served.thread(ben, subject="Ben's"))
    refused = await own.http.post(
        f"/api/threads/{own.thread}/messages", json={"files": [{"source": attachment}]}
    )
    assert problem(refused) == (404, "version_not_found")


async def test_who_comes_later_sees_what_came_later(room: Room) -> None:
    await answer(room.http.patch(f"/api/threads/{room.thread}", json={"history": "joined"}))
    old = await room.send(some(10, 1), "old")
    ben = await ben_joins(room, "reader")
    new = await room.send(some(10, 2), "new")
    await room.send(some(10, 3), "old", attachment=old)
    listed = await ben.listed()
    assert [one["attachment"] for one in listed["attachments"]] == [new, old]
    assert [version["number"] for version in (await ben.attachment(old))["versions"]] == [2]
    assert await ben.bytes_of(old, 2)
    assert problem(await ben.http.get(f"/api/attachments/{old}/versions/1")) == (
        404,
        "version_not_found",
    )
    # And a reader changes nothing.
    assert problem(await ben.http.delete(f"/api/attachments/{new}")) == (403, "read_only")
    stranger = await room.served.person("eve", room.person)
    assert problem(await stranger.http.get(f"/api/attachments/{new}")) == (
        404,
        "attachment_not_found",
    )
    assert problem(await stranger.http.get(f"/api/attachments/{new}/versions/1")) == (
        404,
        "attachment_not_found",
    )


async def test_what_cannot_be_attached(room: Room) -> None:
    ben = await ben_joins(room)
    key = await room.upload(some(10))
    path = f"/api/threads/{room.thread}/messages"

    async def refused(*files: dict[str, Any], by: Room = room, text: str = "") -> tuple[int, str]:
        return problem(await by.http.post(path, json={"text": text, "files": list(files)}))

    assert await refused() == (400, "empty_message")
    assert await refused({}) == (400, "bad_file")
    assert await refused({"upload": key, "source": "a_x"}) == (400, "bad_file")
    assert await refused({"upload": key}, {"upload": key}) == (400, "bad_file")
    assert await refused({"upload": "f_none"}) == (404, "upload_not_found")
    assert await refused({"upload": key}, by=ben) == (404, "upload_not_found")
    assert await refused({"upload": key, "attachment": "a_none"}) == (404, "attachment_not_found")
    assert await refused({"source": "a_none"}) == (404, "version_not_found")
    await room.says("", {"upload": key})
    assert await refused({"upload": key}) == (409, "upload_used")


async def test_the_same_command_again_is_the_same_message(room: Room) -> None:
    key = await room.upload(some(10))
    first = await room.says("Hi", {"upload": key}, send_id="once")
    again = await room.says("Hi", {"upload": key}, send_id="once")
    assert again == {**first, "duplicate": True}
    other = await room.upload(some(11))
    body = {"text": "Hi", "files": [{"upload": other}], "send_id": "once"}
    refused = await room.http.post(f"/api/threads/{room.thread}/messages", json=body)
    assert problem(refused) == (409, "send_id_reused")
    assert len((await room.listed())["attachments"]) == 1


async def test_an_upload_that_fails_says_so_in_the_thread(room: Room) -> None:
    url = await room.begin(10)
    said = await room.says("", {"upload": url.rpartition("/")[2]})
    await room.http.delete(url, headers={"tus-resumable": "1.0.0"})
    await room.settle()
    (version,) = (await room.attachment(said["attachments"][0]))["versions"]
    assert (version["state"], version["reason"]) == ("failed", "cancelled")


async def test_ranges_and_conditions(room: Room) -> None:
    data = some(2_500_000)
    attachment = await room.send(data, "film \u201cone\u201d; x.mp4")
    path = f"/api/attachments/{attachment}/versions/1"

    async def get(**headers: str) -> Any:
        return await room.http.get(
            path, headers={name.replace("_", "-"): one for name, one in headers.items()}
        )

    whole = await get()
    assert whole.content == data
    etag = whole.headers["etag"]
    assert etag.startswith('"b_')
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    assert whole.headers["content-disposition"].startswith("inline; ")
    assert "%E2%80%9C" in whole.headers["content-disposition"]
    for asked, first, last in [
        ("bytes=0-0", 0, 1), ("bytes=5-", 5, len(data)), ("bytes=-7", len(data) - 7, len(data)),
        ("bytes=1048575-1048576", 1048575, 1048577),
        ("bytes=2000000-9999999", 2_000_000, len(data)),
        ("bytes=-99999999", 0, len(data)),
    ]:  # fmt: skip
        part = await get(range=asked)
        assert (part.status_code, part.content) == (206, data[first:last])
        assert part.headers["content-range"] == f"bytes {first}-{last - 1}/{len(data)}"
    for asked in ("bytes=5-4", "bytes=x", "lines=1-2", "bytes=0-1,5-6", "bytes=-"):
        assert (await get(range=asked)).status_code == 200
    for asked in (f"bytes={len(data)}-", "bytes=-0"):
        beyond = await get(range=asked)
        assert beyond.status_code == 416
        assert beyond.headers["content-range"] == f"bytes */{len(data)}"
        assert problem(beyond) == (416, "bad_range")
        assert beyond.headers["content-type"] == "application/problem+json"
    assert (await get(if_none_match=etag)).status_code == 304
    assert (await get(range="bytes=0-1", if_range=etag)).status_code == 206
    assert (await get(range="bytes=0-1", if_range='"other"')).status_code == 200
    head = await room.http.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))
    for asked in ("bytes=0-1", f"bytes={len(data)}-"):  # of GET alone
        head = await room.http.head(path, headers={"range": asked})
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))


@pytest.mark.parametrize(
    ("name", "data", "kind", "inline"),
    [
        ("a.html", b"<html><script>alert(1)</script>", "text/html", False),
        (
            "a.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
            "image/svg+xml",
            False,
        ),
        ("a.png", b"<html><script>alert(1)</script>", "text/html", False),
        ("a.txt", b"hello", "text/plain", True),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 50, "image/png", True),
        ("empty", b"", "text/plain", True),
    ],
)
async def test_nothing_is_served_that_runs(
    room: Room, name: str, data: bytes, kind: str, inline: bool
) -> None:
    attachment = await room.send(data, name)
    found = await room.http.get(f"/api/attachments/{attachment}/versions/1")
    assert found.content == data
    assert found.headers["content-type"].split(";")[0] == kind
    assert found.headers["content-disposition"].split(";")[0] == (
        "inline" if inline else "attachment"
    )
    forced = await room.http.get(f"/api/attachments/{attachment}/versions/1?download")
    assert forced.headers["content-disposition"].startswith("attachment")


async def test_rotted_bytes_are_not_served(room: Room) -> None:
    data = some(3_000_000)
    attachment = await room.send(data)
    (stored,) = [one async for one in room.served.hub.blobs.all()]
    path = room.served.hub.blobs.path_of(stored.name)  # type: ignore[attr-defined]
    with path.open("rb+") as file:
        file.seek(0)
        file.write(bytes([data[0] ^ 1]))
    found = await room.http.get(f"/api/attachments/{attachment}/versions/1")
    assert problem(found) == (500, "blob_rotted")
    path.unlink()
    found = await room.http.get(f"/api/attachments/{attachment}/versions/1")
    assert problem(found) == (500, "blob_missing")


async def test_what_is_erased_while_the_projections_are_made_anew_stays_so(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachment = await room.send(some(10), "secret-name.txt")
    secret = {"properties": {"secret": {"type": "status", "value": "secret"}}}
    await answer(room.http.patch(f"/api/attachments/{attachment}", json=secret))
    await room.http.delete(f"/api/attachments/{attachment}")
    hub = room.served.hub
    later = TurnableClock(hub.clock.now_ms() + 3_600_000)
    async with hub.database.acquire() as connection:
        await connection.execute("UPDATE threads SET subject = 'forged'")
    lock = Shadow.lock

    async def meanwhile(shadow: Shadow, stream_id: str) -> None:
        assert await Eraser(hub.database, later).erase() == 1
        await lock(shadow, stream_id)

    with monkeypatch.context() as patch:
        patch.setattr(Shadow, "lock", meanwhile)
        report = await rebuild_projections(hub.database, Projector(room.served.url))
    assert report.changed == ["threads"]
    async with hub.database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM attachments") == 0
        assert await connection.fetchval("SELECT count(*) FROM versions") == 0
        assert await connection.fetchval("SELECT count(*) FROM attachment_properties") == 0
        lines = await connection.fetch("SELECT data FROM items WHERE type = 'attachment.remove'")
    assert [row["data"] for row in lines] == [None]


async def test_files_come_as_one_zip(room: Room, served: Served) -> None:
    first, second = await room.send(b"one", "a.txt"), await room.send(b"two", "a.txt")
    again = {"upload": await room.upload(b"one, better", "a.txt"), "attachment": first}
    await room.says("", again)
    await room.settle()
    gone = await room.send(b"gone", "gone.txt")
    assert (await room.http.delete(f"/api/attachments/{gone}")).is_success
    path = f"/api/threads/{room.thread}/files.zip"

    def unpacked(answer: httpx.Response) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return {one: archive.read(one) for one in archive.namelist()}

    everything = await room.http.get(path)
    assert everything.headers["content-disposition"].startswith('attachment; filename="Offer.zip"')
    assert unpacked(everything) == {"a.txt": b"one, better", "a (2).txt": b"two"}
    some = await room.http.get(path, params={"attachment": [second]})
    assert unpacked(some) == {"a.txt": b"two"}
    assert problem(await room.http.get(path, params={"attachment": [second, gone]}))[0] == 404
    grace = await served.person("grace", room.person)
    assert problem(await grace.http.get(path)) == (404, "thread_not_found")


async def test_what_is_blocked_meanwhile_is_in_no_zip(room: Room) -> None:
    hub = room.served.hub
    await room.send(some(100, 0), "first.bin")
    second = await room.send(some(100, 1), "second.bin")
    await room.says("", {"upload": await room.upload(some(100, 2)), "attachment": second})
    await room.settle()
    path = f"/api/threads/{room.thread}/files.zip"
    turns = [await hub.archives.acquire() for _ in range(ARCHIVES)]
    async with room.http.stream("GET", path) as sent:
        assert sent.status_code == 200
        # The first file waits for its turn; the second one is judged meanwhile.
        await judge(room.served, "blocked", "Eicar")
        for _ in turns:
            hub.archives.release()
        with pytest.raises(httpx.RemoteProtocolError):
            await sent.aread()


async def test_what_a_scanner_said_once_is_told_where_none_looks(room: Room) -> None:
    data = b"evil"
    first = await room.send(data)
    await room.send(data + b"!", attachment=first)
    await judge(room.served, "blocked", "Eicar")
    await room.settle()
    await room.send(data + b"!", "b.bin")
    lines = [item["type"] for item in (await room.history())["items"]]
    assert lines.count("version.blocked") == 2


async def test_nothing_is_read_for_the_head_of_a_zip(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.send(b"one", "a.txt")
    read = Mock(side_effect=AssertionError("it was read"))
    monkeypatch.setattr(archives, "contents", read)
    head = await room.http.head(f"/api/threads/{room.thread}/files.zip")
    assert (head.status_code, head.headers["content-type"]) == (200, "application/zip")
    assert head.headers["content-disposition"].startswith('attachment; filename="Offer.zip"')
    assert "content-length" not in head.headers
    assert not read.called


async def test_files_are_listed_in_pages(room: Room) -> None:
    sent = [await room.send(b"%d" % one, f"{one}.txt") for one in range(5)]
    path = f"/api/threads/{room.thread}/attachments"
    found: list[str] = []
    query: dict[str, int] = {"limit": 2}
    while True:
        page = await answer(room.http.get(path, params=query))
        found += [one["attachment"] for one in page["attachments"]]
        if not page["more"]:
            break
        query["before"] = page["attachments"][-1]["seq"]
    assert found == sent[::-1]
