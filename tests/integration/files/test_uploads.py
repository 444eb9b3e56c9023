"""Uploads over real sockets: every road of tus 1.0.0, and every way in which they break."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from hub.blobs.reading import verified
from hub.errors import Unavailable
from hub.files.attachments import SETTLE
from hub.storage import attachments, blobs
from hub.storage import uploads as rows
from hub.storage.jobs import Job
from hub.wire.pieces import PIECE_BYTES, Hasher, count
from tests.conftest import TurnableClock
from tests.integration.conftest import Person, Served, serve

TUS = {"tus-resumable": "1.0.0"}
BODY = {**TUS, "content-type": "application/offset+octet-stream"}


def metadata(**told: str) -> str:
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items()
    )


class Sender:
    """Somebody who uploads into one thread."""

    def __init__(self, served: Served, person: Person, thread: str) -> None:
        self.served = served
        self.person = person
        self.thread = thread
        self.http = person.http

    async def create(self, size: int, **more: Any) -> httpx.Response:
        told = metadata(filename="a.bin", thread=self.thread)
        headers = {**TUS, "upload-length": str(size), "upload-metadata": told, **more}
        return await self.http.post("/files/", headers=headers)

    async def begin(self, size: int, **more: Any) -> str:
        made = await self.create(size, **more)
        assert made.status_code == 201, made.text
        return made.headers["location"]

    async def patch(self, url: str, offset: int, body: Any, **more: str) -> httpx.Response:
        return await self.http.patch(
            url, headers={**BODY, "upload-offset": str(offset), **more}, content=body
        )

    async def offset(self, url: str) -> int:
        found = await self.http.head(url, headers=TUS)
        assert found.status_code == 200
        return int(found.headers["upload-offset"])

    async def blob(self, url: str) -> bytes:
        """What became of it, read back and verified."""
        upload = url.rpartition("/")[2]
        hub = self.served.hub
        await hub.jobs.drain()
        async with hub.database.acquire() as connection:
            found = await rows.find(connection, upload)
            assert found is not None
            assert found.state == "done", found
            assert found.blob is not None
            blob = await blobs.find(connection, found.blob)
            assert blob is not None
            hashes = await blobs.hashes(connection, found.blob, 0, count(blob.size))
        store = hub.uploads._store
        parts = [part async for part in verified(store, blob.name, blob.size, hashes, 0, blob.size)]
        data = b"".join(parts)
        hasher = Hasher()
        hasher.update(data)
        assert hasher.finish() == found.blob
        return data


@pytest.fixture
async def sender(served: Served) -> Sender:
    ada = await served.person("ada")
    return Sender(served, ada, await served.thread(ada))


def some(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_what_the_hub_speaks(served: Served) -> None:
    said = await served.browser().options("/files/")
    assert said.status_code == 204
    assert said.headers["tus-version"] == "1.0.0"
    assert said.headers["tus-extension"].split(",") == [
        "creation",
        "creation-with-upload",
        "checksum",
        "expiration",
        "termination",
        "concatenation",
    ]


@pytest.mark.parametrize("size", [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5_000_001])
async def test_a_file_in_pieces_of_any_size(sender: Sender, size: int) -> None:
    data = some(size)
    url = await sender.begin(size)
    at = 0
    cuts = random.Random(size)
    while at < size:
        part = data[at : at + cuts.choice([1, 1000, 65_537, 2_000_000])]
        answer = await sender.patch(url, at, part)
        assert answer.status_code == 204, answer.text
        at += len(part)
        assert int(answer.headers["upload-offset"]) == at
        assert await sender.offset(url) == at
    assert await sender.blob(url) == data
    # The last answer was lost, and is asked for again.
    assert await sender.offset(url) == size
    assert (await sender.patch(url, size, b"")).status_code == 204


async def test_nothing_at_all_is_a_file_too(sender: Sender) -> None:
    assert await sender.blob(await sender.begin(0)) == b""


async def whole(
    sender: Sender, data: bytes, size: int | None = None, **more: str
) -> httpx.Response:
    """A small file in the request that creates its upload."""
    told = metadata(filename="a.bin", thread=sender.thread)
    length = str(len(data) if size is None else size)
    headers = {**BODY, "upload-length": length, "upload-metadata": told, **more}
    return await sender.http.post("/files/", headers=headers, content=data)


async def kept(sender: Sender) -> tuple[int, int, int]:
    """Uploads, blobs, and objects in the store."""
    hub = sender.served.hub
    async with hub.database.acquire() as connection:
        known = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM uploads), (SELECT count(*) FROM blobs)"
        )
    return known[0], known[1], len([one async for one in hub.blobs.all()])


async def test_a_small_file_is_here_when_it_is_answered(sender: Sender) -> None:
    data = some(5000)
    made = await whole(sender, data)
    assert (made.status_code, made.headers["upload-offset"]) == (201, "5000")
    upload = made.headers["location"].rpartition("/")[2]
    async with sender.served.hub.database.acquire() as connection:
        found = await rows.find(connection, upload)
        assert found is not None
        assert (found.state, found.received) == ("done", 5000)
        digest = await connection.fetchval("SELECT sha256 FROM blobs")
        assert await connection.fetchval("SELECT count(*) FROM jobs WHERE kind = 'seal'") == 0
    assert digest == hashlib.sha256(data).digest()
    assert await sender.blob(made.headers["location"]) == data
    # The same bytes again are kept once; each upload is one's own.
    again = await whole(sender, data)
    assert again.headers["location"] != made.headers["location"]
    assert await sender.blob(again.headers["location"]) == data
    assert await kept(sender) == (2, 1, 1)
    removed = await sender.http.delete(again.headers["location"], headers=TUS)
    assert removed.status_code == 204
    assert await sender.offset(made.headers["location"]) == 5000


async def test_a_small_file_is_here_or_not_at_all(sender: Sender) -> None:
    data = some(5000)
    wrong = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    right = base64.b64encode(hashlib.sha1(data).digest()).decode()
    refused = await whole(sender, data, **{"upload-checksum": f"sha1 {wrong}"})
    assert problem(refused) == (460, "checksum_mismatch")
    host, _, port = sender.served.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /files/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sender.person.token}\r\n"
    told = {**BODY, "upload-length": "5000", "content-length": "5000",
            "upload-metadata": metadata(filename="a", thread=sender.thread)}  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    writer.write(f"{head}{lines}\r\n".encode() + data[:4000])
    await writer.drain()
    writer.write_eof()
    await reader.read()
    writer.close()
    assert await kept(sender) == (0, 0, 0)
    assert (await whole(sender, data, **{"upload-checksum": f"sha1 {right}"})).status_code == 201
    assert await kept(sender) == (1, 1, 1)


async def test_a_small_file_beyond_the_quota_leaves_nothing(
    database_url: str,
) -> None:
    async with serve(database_url, account_quota_bytes=6000) as served:
        ada = await served.person("ada")
        sender = Sender(served, ada, await served.thread(ada))
        answers = await asyncio.gather(*(whole(sender, some(5000, n)) for n in range(4)))
        assert sorted(one.status_code for one in answers) == [201, 413, 413, 413]
        assert await kept(sender) == (1, 1, 1)


async def test_the_bytes_come_with_the_creation(sender: Sender) -> None:
    data = some(3_000_000)
    headers = {
        **BODY,
        "upload-length": str(len(data)),
        "upload-metadata": metadata(filename="a", thread=sender.thread),
    }
    made = await sender.http.post("/files/", headers=headers, content=data[:1_000_000])
    assert made.status_code == 201
    assert made.headers["upload-offset"] == "1000000"
    await sender.patch(made.headers["location"], 1_000_000, data[1_000_000:])
    assert await sender.blob(made.headers["location"]) == data


class Stalling:
    """A body that comes to a stand, and breaks off when told."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.go_on = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data
        await self.go_on.wait()
        raise ConnectionError


async def received(sender: Sender, url: str, size: int) -> None:
    """Until so many bytes have come in."""
    upload = url.rpartition("/")[2]
    path = sender.served.hub.uploads._store.root / "uploads" / upload
    async with asyncio.timeout(10):
        while path.stat().st_size < size:
            await asyncio.sleep(0.01)


async def test_what_came_before_the_cut_counts(sender: Sender) -> None:
    data = some(4_000_000)
    url = await sender.begin(len(data))
    body = Stalling(data[:2_500_000])
    sending = asyncio.create_task(sender.patch(url, 0, body))
    await received(sender, url, 2 * PIECE_BYTES)
    body.go_on.set()
    with pytest.raises(ConnectionError):
        await sending
    at = await sender.offset(url)
    assert 0 < at <= 2_500_000
    assert (await sender.patch(url, at, data[at:])).status_code == 204
    assert await sender.blob(url) == data


async def test_who_asks_where_it_stands_takes_over_from_a_connection_that_hangs(
    sender: Sender,
) -> None:
    data = some(4_000_000)
    url = await sender.begin(len(data))
    body = Stalling(data[:2_500_000])
    sending = asyncio.create_task(sender.patch(url, 0, body))
    await received(sender, url, 2 * PIECE_BYTES)
    at = await sender.offset(url)
    assert at >= 2 * PIECE_BYTES
    assert (await sender.patch(url, at, data[at:])).status_code == 204
    body.go_on.set()
    answer = (await asyncio.gather(sending, return_exceptions=True))[0]
    if isinstance(answer, httpx.Response):
        assert problem(answer) == (409, "upload_taken_over")
    assert await sender.blob(url) == data


async def test_what_a_sender_who_stands_still_sent_is_kept(sender: Sender) -> None:
    url = await sender.begin(4_000_000)
    body = Stalling(some(2_500_001))
    sending = asyncio.create_task(sender.patch(url, 0, body))
    await received(sender, url, 2_500_001)  # nobody asked, nothing more came
    body.go_on.set()
    await asyncio.gather(sending, return_exceptions=True)


class Flowing:
    """A body that does not come to a stand."""

    def __init__(self) -> None:
        self.sent = 0
        self.broken = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self.broken:
            self.sent += 65_536
            yield bytes(65_536)
            await asyncio.sleep(0.002)
        raise ConnectionError


async def test_whoever_comes_later_takes_over_from_one_who_is_sending(sender: Sender) -> None:
    size = 200_000_000
    url = await sender.begin(size)
    body = Flowing()
    sending = asyncio.create_task(sender.patch(url, 0, body))
    await received(sender, url, 2 * PIECE_BYTES)
    at = await sender.offset(url)
    assert 2 * PIECE_BYTES <= at < size
    assert body.sent < size
    body.broken = True
    answer = (await asyncio.gather(sending, return_exceptions=True))[0]
    if isinstance(answer, httpx.Response):
        assert problem(answer) == (409, "upload_taken_over")
    assert await sender.offset(url) == at


async def test_two_who_send_the_same_upload_at_once(sender: Sender) -> None:
    data = some(3_000_000)
    url = await sender.begin(len(data))
    answers = await asyncio.gather(*(sender.patch(url, 0, data) for _ in range(4)))
    # One that is overtaken keeps what it has stored, so it may be that nobody stores the last byte.
    codes = {one.status_code for one in answers}
    assert codes <= {204, 409, 423}, [one.text for one in answers]
    at = await sender.offset(url)
    assert at
    if at < len(data):
        await sender.patch(url, at, data[at:])
    assert await sender.blob(url) == data


async def test_two_processes_and_one_upload(sender: Sender, database_url: str) -> None:
    """The second takes over from the first, which hangs; neither writes into the other's bytes."""
    data = some(4_000_000)
    url = await sender.begin(len(data))
    folder = sender.served.hub.settings.data_dir
    async with serve(database_url, data_dir=folder) as other:
        there = other.browser()
        there.headers["authorization"] = f"Bearer {sender.person.token}"
        body = Stalling(b"x" * 2_500_000)
        sending = asyncio.create_task(sender.patch(url, 0, body))
        await received(sender, url, 2 * PIECE_BYTES)
        at = int((await there.head(url, headers=TUS)).headers["upload-offset"])
        assert at == 0  # nothing of it was noted yet
        headers = {**BODY, "upload-offset": "0"}
        answer = await there.patch(url, headers=headers, content=data)
        assert answer.status_code == 204, answer.text
        body.go_on.set()
        await asyncio.gather(sending, return_exceptions=True)
    assert await sender.blob(url) == data


async def test_a_writer_that_is_late_throws_nothing_away(
    sender: Sender, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both take over at the same offset; the second is through with it before the first opens."""
    data = some(3_000_000)
    url = await sender.begin(len(data))
    reached, go_on = asyncio.Event(), asyncio.Event()
    pieces = rows.pieces

    async def held_up(connection: Any, upload: str) -> rows.Pieces:
        monkeypatch.undo()
        reached.set()
        await go_on.wait()
        return await pieces(connection, upload)

    async with serve(database_url, data_dir=sender.served.hub.settings.data_dir) as other:
        monkeypatch.setattr(rows, "pieces", held_up)
        late = asyncio.create_task(sender.patch(url, 0, b"x" * 10))
        await reached.wait()
        there = other.browser()
        there.headers["authorization"] = f"Bearer {sender.person.token}"
        headers = {**BODY, "upload-offset": "0"}
        answer = await there.patch(url, headers=headers, content=data[:2_000_000])
        assert answer.status_code == 204, answer.text
        go_on.set()
        assert problem(await late) == (409, "upload_taken_over")
    assert await sender.offset(url) == 2_000_000
    assert (await sender.patch(url, 2_000_000, data[2_000_000:])).status_code == 204
    assert await sender.blob(url) == data


async def test_only_one_request_of_a_process_writes_an_upload(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = sender.served.hub.uploads
    receive = uploads._receive
    at_once: list[int] = []
    now = 0

    async def counted(*args: Any) -> rows.Upload:
        nonlocal now
        now += 1
        at_once.append(now)
        try:
            return await receive(*args)
        finally:
            now -= 1

    monkeypatch.setattr(uploads, "_receive", counted)
    # As when all of them look before one of them writes.
    take_over = rows.take_over
    together = asyncio.Barrier(2)

    async def wait(connection: Any, upload: str, writer: str | None) -> rows.Upload | None:
        taken = await take_over(connection, upload, writer)
        if writer is None:
            await together.wait()
        return taken

    url = await sender.begin(1_000_000)
    data = some(1_000_000)
    monkeypatch.setattr(rows, "take_over", wait)
    answers = await asyncio.gather(*(sender.patch(url, 0, data) for _ in range(2)))
    monkeypatch.setattr(rows, "take_over", take_over)
    assert {one.status_code for one in answers} <= {204, 409}
    assert set(at_once) == {1}
    at = await sender.offset(url)
    if at < len(data):
        assert (await sender.patch(url, at, data[at:])).status_code == 204
    assert await sender.blob(url) == data


async def test_a_file_that_is_cut_short_is_never_a_blob(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = sender.served.hub
    seal = hub.uploads._store.seal

    async def cut_short(name: str, begun: str, notes: Any) -> None:
        os.truncate(hub.uploads._store.root / "uploads" / name, 3)
        await seal(name, begun, notes)

    monkeypatch.setattr(hub.uploads._store, "seal", cut_short)
    url = await sender.begin(5)
    await sender.patch(url, 0, b"01234")
    await hub.jobs.drain()
    assert (await sender.http.head(url, headers=TUS)).status_code == 410
    async with hub.database.acquire() as connection:
        assert (await blobs.totals(connection)).blobs == 0
    assert [one async for one in hub.uploads._store.all()] == []


async def test_checksums(sender: Sender) -> None:
    data = some(2_500_000)

    def checksum(of: bytes, algorithm: str = "sha1") -> dict[str, str]:
        digest = base64.b64encode(hashlib.new(algorithm, of).digest()).decode()
        return {"upload-checksum": f"{algorithm} {digest}"}

    url = await sender.begin(len(data))
    first = data[:1_500_000]
    assert (await sender.patch(url, 0, first, **checksum(first))).status_code == 204
    wrong = await sender.patch(url, len(first), data[1_500_000:], **checksum(b"other"))
    assert problem(wrong) == (460, "checksum_mismatch")
    assert await sender.offset(url) == len(first)
    for header in ("crc32 AAAA", "sha1 AAAA", "sha1 !", "sha1"):
        answer = await sender.patch(url, len(first), b"x", **{"upload-checksum": header})
        assert problem(answer) == (400, "bad_checksum")
    rest = data[1_500_000:]
    assert (
        await sender.patch(url, len(first), rest, **checksum(rest, "sha256"))
    ).status_code == 204
    assert await sender.blob(url) == data


async def test_what_is_wrong_with_a_request(sender: Sender) -> None:
    url = await sender.begin(10)
    unknown = {"upload-metadata": metadata(thread="r_none")}
    plain = {"content-type": "text/plain"}
    cases: list[tuple[Callable[[], Awaitable[httpx.Response]], tuple[int, str]]] = [
        (lambda: sender.http.head(url), (412, "")),
        (lambda: sender.http.post("/files/", headers={"upload-length": "1"}), (412, "tus_version")),
        (lambda: sender.create(-1), (400, "bad_upload_header")),
        (lambda: sender.create(2**60), (413, "file_too_large")),
        (lambda: sender.create(5, **{"upload-concat": "both"}), (400, "bad_upload_header")),
        (lambda: sender.create(5, **{"upload-metadata": "thread %%%"}), (400, "bad_upload_header")),
        (lambda: sender.create(5, **{"upload-metadata": ""}), (400, "thread_required")),
        (lambda: sender.create(5, **unknown), (404, "thread_not_found")),
        (lambda: sender.patch(url, 3, b"x"), (409, "wrong_offset")),
        (lambda: sender.patch(url, 0, b"x" * 11), (400, "upload_too_long")),
        (lambda: sender.patch(url, 0, b"x", **plain), (415, "tus_content_type")),
        (lambda: sender.patch(url, 0, b"x", **{"upload-offset": "-1"}), (400, "bad_upload_header")),
        (lambda: sender.patch("/files/f_none", 0, b"x"), (404, "upload_not_found")),
    ]  # fmt: skip
    for request, (status, code) in cases:
        answer = await request()
        assert answer.status_code == status, answer.text
        assert answer.headers["tus-resumable"] == "1.0.0"
        if code:
            assert answer.json()["code"] == code
    assert await sender.offset(url) == 0


async def test_only_who_began_an_upload_goes_on_with_it(sender: Sender) -> None:
    url = await sender.begin(10)
    ben = Sender(sender.served, await sender.served.person("ben", sender.person), sender.thread)
    assert (await ben.http.head(url, headers=TUS)).status_code == 404
    assert problem(await ben.patch(url, 0, b"0123456789")) == (404, "upload_not_found")
    assert (await ben.http.delete(url, headers=TUS)).status_code == 404
    assert problem(await ben.create(5)) == (404, "thread_not_found")
    # A reader reads; who was removed sends nothing more.
    await sender.http.post(
        f"/api/threads/{sender.thread}/members", json={"uid": ben.person.uid, "role": "editor"}
    )
    own = await ben.begin(10)
    await sender.http.post(
        f"/api/threads/{sender.thread}/members", json={"uid": ben.person.uid, "role": "reader"}
    )
    assert problem(await ben.create(5)) == (403, "read_only")
    assert problem(await ben.patch(own, 0, b"0123456789")) == (403, "read_only")


async def test_an_upload_is_given_up(sender: Sender) -> None:
    url = await sender.begin(10)
    await sender.patch(url, 0, b"01234")
    assert (await sender.http.delete(url, headers=TUS)).status_code == 204
    assert (await sender.http.head(url, headers=TUS)).status_code == 410
    assert problem(await sender.patch(url, 5, b"56789")) == (410, "upload_ended")
    store = sender.served.hub.uploads._store
    assert [one async for one in store.all()] == []
    # One that is whole and was used for nothing, too.
    url = await sender.begin(5)
    await sender.patch(url, 0, b"01234")
    await sender.served.hub.jobs.drain()
    assert (await sender.http.delete(url, headers=TUS)).status_code == 204
    assert (await sender.http.head(url, headers=TUS)).status_code == 404
    # But not a file of the thread.
    url = await sender.begin(5)
    await sender.patch(url, 0, b"01234")
    path = f"/api/threads/{sender.thread}/messages"
    await sender.http.post(path, json={"files": [{"upload": url.rpartition("/")[2]}]})
    await sender.served.hub.jobs.drain()
    assert problem(await sender.http.delete(url, headers=TUS)) == (409, "upload_done")
    # By POST where a network lets nothing else through.
    url = await sender.begin(10)
    override = {"x-http-method-override": "PATCH", **BODY, "upload-offset": "0"}
    assert (await sender.http.post(url, headers=override, content=b"01234")).status_code == 204
    override = {"x-http-method-override": "DELETE", **TUS}
    assert (await sender.http.post(url, headers=override)).status_code == 204


async def test_what_is_given_up_while_it_is_sealed_is_no_blob(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = sender.served.hub.uploads._store
    seal = store.seal

    async def seal_and_give_up(name: str, begun: str, notes: Any) -> None:
        await seal(name, begun, notes)
        monkeypatch.undo()
        assert (await sender.http.delete(url, headers=TUS)).status_code == 204

    monkeypatch.setattr(store, "seal", seal_and_give_up)
    url = await sender.begin(5)
    await sender.patch(url, 0, b"01234")
    await sender.served.hub.jobs.drain()
    assert (await sender.http.head(url, headers=TUS)).status_code == 410
    assert [one async for one in store.all()] == []
    # The same bytes, sent again, are there.
    again = await sender.begin(5)
    await sender.patch(again, 0, b"01234")
    assert await sender.blob(again) == b"01234"


async def test_parts_are_joined_and_the_answer_may_be_lost(sender: Sender) -> None:
    data = some(5_000_000)
    cut = [0, 1_234_567, 3_000_001, 5_000_000]
    parts = []
    for first, last in pairwise(cut):
        headers = {**TUS, "upload-length": str(last - first), "upload-concat": "partial"}
        url = (await sender.http.post("/files/", headers=headers)).headers["location"]
        parts.append(url)
        if last < cut[-1]:
            await sender.patch(url, 0, data[first:last])

    async def final() -> httpx.Response:
        headers = {
            **TUS,
            "upload-concat": "final;" + " ".join(parts),
            "upload-metadata": metadata(filename="a", thread=sender.thread),
        }
        return await sender.http.post("/files/", headers=headers)

    assert problem(await final()) == (409, "parts_incomplete")
    await sender.patch(parts[-1], 0, data[cut[2] :])
    made = await final()
    assert made.status_code == 201, made.text
    for part, size in zip(parts, (1_234_567, 1_765_434, 1_999_999), strict=True):
        assert await sender.offset(part) == size
    again = await final()
    assert again.headers["location"] == made.headers["location"]
    assert await sender.blob(made.headers["location"]) == data
    assert (await final()).headers["location"] == made.headers["location"]
    assert await sender.offset(made.headers["location"]) == len(data)
    assert problem(await sender.patch(made.headers["location"], 5_000_000, b"")) == (
        403,
        "upload_joined",
    )


@pytest.mark.parametrize("seen", [True, False], ids=["sealed", "being sealed"])
async def test_what_was_joined_and_sealed_is_not_joined_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    urls = []
    for data in (b"01234", b"56789"):
        headers = {**TUS, "upload-length": "5", "upload-concat": "partial"}
        urls.append((await sender.http.post("/files/", headers=headers)).headers["location"])
        await sender.patch(urls[-1], 0, data)
    sealing = rows.still_sealing
    asked = 0

    async def once_away(connection: Any, upload: str) -> bool:
        """As when the hub dies between the seal and the row that tells of it."""
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Unavailable("away")
        return await sealing(connection, upload)

    store = sender.served.hub.uploads._store
    find = store.find
    looked = 0

    async def once_too_early(name: str) -> Any:
        """Who had the job before seals it right after the other one has looked."""
        nonlocal looked
        looked += asked == 1
        return None if looked == 1 and not seen else await find(name)

    monkeypatch.setattr(rows, "still_sealing", once_away)
    monkeypatch.setattr(store, "find", once_too_early)
    told = metadata(filename="a", thread=sender.thread)
    headers = {**TUS, "upload-concat": "final;" + " ".join(urls), "upload-metadata": told}
    made = await sender.http.post("/files/", headers=headers)
    async with asyncio.timeout(10):
        while asked < 2:
            await asyncio.sleep(0.05)
    assert await sender.blob(made.headers["location"]) == b"0123456789"


async def test_the_same_bytes_are_kept_once(sender: Sender) -> None:
    data = some(2_000_000)
    urls = [await sender.begin(len(data)) for _ in range(3)]
    for url in urls:
        await sender.patch(url, 0, data)
    for url in urls:
        assert await sender.blob(url) == data
    assert len([one async for one in sender.served.hub.uploads._store.all()]) == 1


async def test_quotas_hold_before_bytes_are_sent(database_url: str) -> None:
    bounds = {"max_file_bytes": 1000, "account_quota_bytes": 2500, "thread_quota_bytes": 1800}
    async with serve(database_url, **bounds) as served:
        ada = await served.person("ada")
        one = Sender(served, ada, await served.thread(ada))
        two = Sender(served, ada, await served.thread(ada, subject="Other"))
        assert problem(await one.create(1001)) == (413, "file_too_large")
        first = await one.begin(900)
        await one.begin(900)
        assert problem(await one.create(1)) == (413, "thread_quota")
        assert problem(await two.create(701)) == (413, "account_quota")
        # What is given up does not count; many at once are counted one after the other.
        await one.http.delete(first, headers=TUS)
        answers = await asyncio.gather(*(two.create(400) for _ in range(6)))
        assert sorted(one.status_code for one in answers) == [201] * 4 + [413] * 2


async def test_a_disk_that_is_nearly_full(database_url: str) -> None:
    async with serve(database_url, keep_free_bytes=2**60) as served:
        ada = await served.person("ada")
        sender = Sender(served, ada, await served.thread(ada))
        assert problem(await sender.create(1)) == (507, "no_space")


async def test_space_is_promised_once(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = sender.served.hub.uploads

    async def free() -> int:
        return uploads.bounds.free + 1000

    monkeypatch.setattr(uploads._store, "free_bytes", free)
    answers = await asyncio.gather(*(sender.create(400) for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [201] * 2 + [507] * 4
    assert (await sender.create(200)).status_code == 201
    assert problem(await sender.create(1)) == (507, "no_space")
    assert len([one async for one in uploads._store.all()]) == 3


async def parts_of(sender: Sender, *parts: bytes) -> list[str]:
    """Whole, to be joined."""
    urls = []
    for data in parts:
        headers = {**TUS, "upload-length": str(len(data)), "upload-concat": "partial"}
        urls.append((await sender.http.post("/files/", headers=headers)).headers["location"])
        assert (await sender.patch(urls[-1], 0, data)).status_code == 204
    return urls


async def join(sender: Sender, urls: list[str]) -> httpx.Response:
    told = metadata(filename="a", thread=sender.thread)
    headers = {**TUS, "upload-concat": "final;" + " ".join(urls), "upload-metadata": told}
    return await sender.http.post("/files/", headers=headers)


async def test_what_is_joined_keeps_to_the_bounds_of_a_file(database_url: str) -> None:
    async with serve(database_url, max_file_bytes=1000) as served:
        ada = await served.person("ada")
        sender = Sender(served, ada, await served.thread(ada))
        urls = await parts_of(sender, some(600), some(401))
        assert problem(await join(sender, urls)) == (413, "file_too_large")
        made = await join(sender, [urls[1]])  # nothing was taken
        assert await sender.blob(made.headers["location"]) == some(401)


async def test_joining_needs_space_for_what_it_copies(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = sender.served.hub.uploads
    urls = await parts_of(sender, b"a" * 600, b"b" * 300, b"c" * 200, b"d" * 300)
    left = 499

    async def free() -> int:
        return uploads.bounds.free + left

    go_on = asyncio.Event()
    seal = uploads._seal

    async def wait(job: Job) -> None:
        await go_on.wait()
        await seal(job)

    monkeypatch.setattr(uploads._store, "free_bytes", free)
    monkeypatch.setitem(sender.served.hub.jobs._handlers, "seal", wait)
    assert problem(await join(sender, urls[:3])) == (507, "no_space")
    left = 799
    made = await join(sender, urls[:3])
    assert made.status_code == 201
    # What it will take is promised.
    other = await parts_of(sender, b"e" * 200)
    assert problem(await join(sender, [*other, urls[3]])) == (507, "no_space")
    left = 800
    assert (await join(sender, [*other, urls[3]])).status_code == 201
    go_on.set()
    assert await sender.blob(made.headers["location"]) == b"a" * 600 + b"b" * 300 + b"c" * 200


@pytest.mark.parametrize("call", ["copy_file_range", "mkdir"])
async def test_what_is_here_waits_for_space(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    urls = await parts_of(sender, b"01234", b"56789")
    real = getattr(os, call)
    asked = 0

    def full(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked <= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    monkeypatch.setattr(os, call, full)
    monkeypatch.setattr("hub.files.uploads.FULL_S", 0)
    made = await join(sender, urls)
    assert await sender.blob(made.headers["location"]) == b"0123456789"
    assert asked > 3


async def test_joining_asks_the_store_for_nothing(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would keep others of the account and the thread waiting."""
    urls = await parts_of(sender, b"01234", b"56789")

    async def begin(name: str, size: int) -> str:
        raise AssertionError

    monkeypatch.setattr(sender.served.hub.uploads._store, "begin", begin)
    made = await join(sender, urls)
    assert made.status_code == 201
    assert await sender.blob(made.headers["location"]) == b"0123456789"


async def test_a_disk_that_fills_in_the_middle(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = some(3_000_000)
    url = await sender.begin(len(data))
    await sender.patch(url, 0, data[:1_000_000])
    with monkeypatch.context() as full:

        def refuse(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr(os, "pwritev", refuse)
        assert problem(await sender.patch(url, 1_000_000, data[1_000_000:])) == (507, "no_space")
    assert await sender.offset(url) == 1_000_000
    assert (await sender.patch(url, 1_000_000, data[1_000_000:])).status_code == 204
    assert await sender.blob(url) == data


async def test_what_nobody_goes_on_with_ends(sender: Sender) -> None:
    url = await sender.begin(10)
    await sender.patch(url, 0, b"01234")
    done = await sender.begin(5)
    await sender.patch(done, 0, b"01234")
    assert await sender.blob(done) == b"01234"
    uploads = sender.served.hub.uploads
    clock = TurnableClock(uploads._clock.now_ms())
    uploads._clock = clock
    clock.advance(71 * 3600)
    await sender.patch(url, 5, b"5")  # who goes on has as long again
    clock.advance(71 * 3600)
    await uploads.expire()
    assert await sender.offset(url) == 6
    assert (await sender.http.head(done, headers=TUS)).status_code == 404
    clock.advance(2 * 3600)
    await uploads.expire()
    assert (await sender.http.head(url, headers=TUS)).status_code in (404, 410)


class Expiry:
    """Every upload that is there is over; something happens between the look and the deed."""

    def __init__(self, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
        self.uploads = sender.served.hub.uploads
        self.patch = monkeypatch
        self.clock = TurnableClock(self.uploads._clock.now_ms())
        self.clock.advance(100 * 3600)

    async def __call__(self, meanwhile: Callable[[], Awaitable[Any]]) -> None:
        expired = rows.expired

        async def found(*args: Any) -> Any:
            over = await expired(*args)
            assert over
            await meanwhile()
            return over

        with self.patch.context() as patch:
            patch.setattr(self.uploads, "_clock", self.clock)
            patch.setattr(rows, "expired", found)
            await self.uploads.expire()


@pytest.fixture
def expiry(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> Expiry:
    return Expiry(sender, monkeypatch)


async def message(sender: Sender, url: str) -> httpx.Response:
    path = f"/api/threads/{sender.thread}/messages"
    return await sender.http.post(path, json={"files": [{"upload": url.rpartition("/")[2]}]})


async def state_of(sender: Sender, url: str) -> str:
    """Of the version that an upload has become, once all jobs are done."""
    hub = sender.served.hub
    await hub.jobs.drain()
    async with hub.database.acquire() as connection:
        found = await attachments.by_key(connection, url.rpartition("/")[2])
    assert found is not None
    return found.state


async def test_who_goes_on_with_an_upload_as_it_expires(sender: Sender, expiry: Expiry) -> None:
    url = await sender.begin(10)

    async def go_on() -> None:
        assert (await sender.patch(url, 0, b"01234")).status_code == 204

    await expiry(go_on)
    assert await sender.offset(url) == 5
    assert (await sender.patch(url, 5, b"56789")).status_code == 204
    assert await sender.blob(url) == b"0123456789"


async def test_who_joins_parts_as_they_expire(sender: Sender, expiry: Expiry) -> None:
    urls = await parts_of(sender, b"01234", b"56789")
    made: list[httpx.Response] = []

    async def joined() -> None:
        made.append(await join(sender, urls))

    await expiry(joined)
    assert made[0].status_code == 201
    assert await sender.blob(made[0].headers["location"]) == b"0123456789"


@pytest.fixture
def settling(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Nothing is settled before this is set."""
    go_on = asyncio.Event()
    settle = sender.served.hub.jobs._handlers[SETTLE]

    async def wait(job: Job) -> None:
        await go_on.wait()
        await settle(job)

    monkeypatch.setitem(sender.served.hub.jobs._handlers, SETTLE, wait)
    return go_on


async def test_who_sends_a_file_as_its_upload_expires(
    sender: Sender, expiry: Expiry, settling: asyncio.Event
) -> None:
    url = await sender.begin(5)
    await sender.patch(url, 0, b"01234")
    settling.set()
    assert await sender.blob(url) == b"01234"
    settling.clear()

    async def use() -> None:
        assert (await message(sender, url)).is_success

    await expiry(use)
    settling.set()
    assert await state_of(sender, url) == "ready"


@pytest.mark.parametrize("end", ["expire", "terminate"])
async def test_an_upload_stays_for_who_is_making_a_file_of_it(
    sender: Sender, expiry: Expiry, settling: asyncio.Event, monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:  # fmt: skip
    """The end comes while the message is being written, and waits for that."""
    url = await sender.begin(5)
    await sender.patch(url, 0, b"01234")
    settling.set()
    assert await sender.blob(url) == b"01234"
    settling.clear()
    keep = rows.keep
    ending: list[asyncio.Task[Any]] = []

    async def nothing() -> None:
        pass

    async def terminate() -> None:
        assert problem(await sender.http.delete(url, headers=TUS)) == (409, "upload_done")

    async def kept(connection: Any, uploads: Any) -> set[str]:
        found = await keep(connection, uploads)
        work = expiry(nothing) if end == "expire" else terminate()
        ending.append(asyncio.create_task(work))
        async with asyncio.timeout(5):
            while not await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = "
                "ANY(pg_blocking_pids(pid)))"
            ):
                await asyncio.sleep(0.01)
        return found

    monkeypatch.setattr(rows, "keep", kept)
    assert (await message(sender, url)).is_success
    await asyncio.gather(*ending)
    assert len(ending) == 1
    settling.set()
    assert await state_of(sender, url) == "ready"


async def test_no_file_is_made_of_an_upload_that_has_just_ended(
    sender: Sender, expiry: Expiry, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await sender.begin(5)
    await sender.patch(url, 0, b"01234")
    assert await sender.blob(url) == b"01234"
    keep = rows.keep

    async def nothing() -> None:
        pass

    async def too_late(connection: Any, uploads: Any) -> set[str]:
        await expiry(nothing)
        return await keep(connection, uploads)

    monkeypatch.setattr(rows, "keep", too_late)
    assert problem(await message(sender, url)) == (404, "upload_not_found")
