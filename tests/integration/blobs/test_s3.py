"""An object store: who writes beside whom, what it leaves, what it takes, and how it fails."""

from __future__ import annotations

import asyncio
import io
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.blobs.s3 import S3Intake, S3Store
from hub.blobs.s3_bucket import Bucket, CannotCopy
from hub.blobs.s3_numbers import Numbers
from hub.blobs.s3_parts import Part, noted, parse_place
from hub.blobs.store import BlobMissing, Mark, StoreAway, StoreFull
from tests.integration.blobs.conftest import PART
from tests.integration.blobs.test_contract import Sent, all_of, some

Left = Callable[[], list[str]]
MakeS3 = Callable[..., S3Store]


class Gate:
    """Holds the parts of one store back when they have their number and are about to be sent."""

    def __init__(self, store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()
        put = store._bucket.put_part

        def late(key: str, upload: str, number: int, data: io.BytesIO) -> Part:
            self.reached.set()
            assert self.open.wait(10)
            return put(key, upload, number, data)

        monkeypatch.setattr(store._bucket, "put_part", late)


async def test_a_stale_part_that_comes_late_replaces_none_that_counts(
    make_s3: MakeS3, monkeypatch: pytest.MonkeyPatch, left: Left
) -> None:
    data = some(3 * PART + 5)
    sent = await Sent(make_s3, "f_abc", data).begin()
    stale_store = make_s3()
    gate = Gate(stale_store, monkeypatch)
    stale = await stale_store.open("f_abc", sent.begun, 0, ())
    await stale.write([b"x" * PART])
    assert await asyncio.to_thread(gate.reached.wait, 10)
    await sent.body(len(data))
    gate.open.set()
    mark = await stale.sync(last=True)  # nobody notes it
    assert mark.durable == PART
    store = await sent.seal()
    assert await store.read("f_abc", 0, len(data)) == data
    # It goes on after the end, and after that was removed.
    await stale.write([b"y" * (PART - 1)])
    assert (await stale.sync(last=True)).durable == 2 * PART - 1
    assert await all_of(store) == {"f_abc": (len(data), True)}
    await stale.write([b"yy"])
    with pytest.raises((BlobMissing, StoreAway)):  # this endpoint says 500 instead of 404
        await stale.sync(last=True)
    await store.remove("f_abc")
    await store.remove("f_abc")
    assert left() == []


async def test_a_stale_tail_replaces_none_that_counts(make_s3: MakeS3) -> None:
    """Though it has the same bytes of the upload, and whoever goes on may do so more than once."""
    sent = await Sent(make_s3, "f_abc", some(PART + 5)).begin()
    stale = await make_s3().open("f_abc", sent.begun, 0, ())
    await stale.write([bytes(7)])
    await sent.body(7)
    await stale.sync(last=True)
    for _ in range(3):  # they die before they bring anything
        intake = await make_s3().open("f_abc", sent.begun, 7, sent.notes)
        assert await intake.read(0, 7) == sent.data[:7]
        await intake.close()
    await sent.body(len(sent.data))
    store = await sent.seal()
    assert await store.read("f_abc", 0, len(sent.data)) == sent.data


async def test_what_a_stale_writer_leaves_is_found_and_removed(make_s3: MakeS3, left: Left) -> None:
    store = make_s3()
    for size in (10, 3 * PART):
        begun = await store.begin("f_abc", size)
        stale = await store.open("f_abc", begun, 0, ())
        await store.remove("f_abc")
        assert left() == []
        await stale.write([b"late"])
        await stale.sync(last=True)
        assert await all_of(store) == {"f_abc": (4, False)}
        await store.remove("f_abc")
        assert left() == []


async def test_who_claims_at_the_same_time_gets_other_numbers(make_s3: MakeS3) -> None:
    store = make_s3()
    start = threading.Barrier(6)

    def take() -> list[int]:
        numbers = Numbers(store._bucket, store._folder("f_abc"))
        start.wait(10)
        return [numbers.take() for _ in range(6)]

    taken = await asyncio.gather(*(asyncio.to_thread(take) for _ in range(6)))
    assert all(one == sorted(one) for one in taken)
    together = [number for one in taken for number in one]
    assert len(set(together)) == len(together) == 36
    after = Numbers(store._bucket, store._folder("f_abc"))
    assert await asyncio.to_thread(after.take) > max(together)


async def test_there_are_numbers_for_all_parts_of_a_writer_who_is_often_interrupted(
    make_s3: MakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_s3()
    objects: dict[str, bytes] = {}
    monkeypatch.setattr(store._bucket, "put", lambda key, data: objects.update({key: data}))
    monkeypatch.setattr(
        store._bucket, "list", lambda prefix: [_Key(key) for key in sorted(objects)]
    )
    for run in (1, 3, 4, 9, 17, 500):
        objects.clear()
        for _ in range(500 // run):
            numbers = Numbers(store._bucket, "")
            for _ in range(run):
                last = numbers.take()
        assert last <= 500 * 1.6
    objects["claim-09990-09999-t"] = b""
    numbers = Numbers(store._bucket, "")
    assert numbers.take() == 10_000
    with pytest.raises(StoreFull, match="interrupted"):
        numbers.take()


class _Key:
    def __init__(self, key: str) -> None:
        self.key = key


async def test_what_is_left_beside_what_counts_goes(make_s3: MakeS3, left: Left) -> None:
    """Tails while the upload is under way, and all of it when it is sealed."""
    data = some(2 * PART + 9)
    sent = await Sent(make_s3, "f_abc", data).begin()
    for end in (1, 2, 3, 4, PART + 1, PART + 2, PART + 3):
        await sent.body(end)
        assert len([key for key in left() if "/tail-" in key]) <= 2
    for end in (2 * PART, len(data)):
        await sent.body(end)
    await sent.seal()
    assert left() == ["blobs/f_abc"]


async def test_a_part_that_is_sent_again_has_another_number(
    make_s3: MakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was lost, and the first of them may still arrive."""
    data = some(PART)
    sent = await Sent(make_s3, "f_abc", data).begin()
    store = make_s3()
    call = store._bucket._client.upload_part
    seen: list[int] = []

    def lossy(**told: Any) -> Any:
        seen.append(told["PartNumber"])
        answer = call(**told)
        if len(seen) == 1:
            raise ConnectionResetError
        return answer

    monkeypatch.setattr(store._bucket._client, "upload_part", lossy)
    intake = await store.open("f_abc", sent.begun, 0, ())
    await intake.write([data])
    mark = await intake.sync(last=True)
    assert seen == [1, 2]
    assert [part.number for part in noted([mark.note])[0]] == [2]
    sent.noted(mark)
    assert await (await sent.seal()).read("f_abc", 0, PART) == data


async def test_sealed_again_after_the_answer_was_lost(
    make_s3: MakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = some(2 * PART)
    sent = await Sent(make_s3, "f_abc", data).begin()
    await sent.body(len(data))
    store = make_s3()
    call = store._bucket._client.complete_multipart_upload

    lose = [True]

    def lost(**told: Any) -> Any:
        answer = call(**told)
        if lose:
            lose.clear()
            raise ConnectionResetError
        return answer

    monkeypatch.setattr(store._bucket._client, "complete_multipart_upload", lost)
    await store.seal("f_abc", sent.begun, sent.notes)
    assert await store.read("f_abc", 0, len(data)) == data
    short = await Sent(make_s3, "f_abd", data).begin()
    await short.body(PART)
    with pytest.raises(BlobMissing):
        await short.seal()


async def test_joined_by_reading_where_parts_cannot_be_copied(
    make_s3: MakeS3, monkeypatch: pytest.MonkeyPatch, left: Left
) -> None:
    data = some(5 * PART)
    one = await Sent(make_s3, "f_1", data[:100]).begin()
    await one.body(100)
    two = await Sent(make_s3, "f_2", data[100:]).begin()
    await two.body(len(two.data))
    store = make_s3()

    def refused(*_: object) -> Part:
        raise CannotCopy

    with monkeypatch.context() as patch:
        patch.setattr(store._bucket, "copy_part", refused)
        begun = await store.begin("f_3", len(data))
        await store.join("f_3", begun, ["f_1", "f_2"], [100, len(two.data)])
    assert await store.read("f_3", 0, len(data)) == data
    await store.seal("f_3", begun, ())
    await store.remove("f_1")
    await store.remove("f_2")
    assert left() == ["blobs/f_3"]


async def test_two_who_join_at_once(make_s3: MakeS3) -> None:
    data = some(6 * PART)
    names = []
    for number in range(3):
        part = data[2 * number * PART : 2 * (number + 1) * PART]
        sent = await Sent(make_s3, f"f_{number}", part).begin()
        await sent.body(len(part))
        names.append(sent.name)
    store = make_s3()
    begun = await store.begin("f_9", len(data))
    sizes = [2 * PART] * 3
    joins = (make_s3().join("f_9", begun, names, sizes) for _ in range(3))
    await asyncio.gather(*joins)
    assert await store.read("f_9", 0, len(data)) == data


async def test_a_link_gives_the_bytes_to_whoever_has_it(make_s3: MakeS3) -> None:
    sent = await Sent(make_s3, "f_abc", b"hello world").begin()
    await sent.body(11)
    store = await sent.seal()
    headers = {"Content-Type": "text/plain", "content-disposition": 'attachment; filename="a"'}
    link = await store.link("f_abc", headers, seconds=60)
    assert link is not None
    assert "X-Amz-Expires=60" in link
    assert "secret" not in link
    async with httpx.AsyncClient(trust_env=False) as http:
        said = await http.get(link, headers={"range": "bytes=6-"})
    assert (said.status_code, said.content) == (206, b"world")
    assert said.headers["content-disposition"] == 'attachment; filename="a"'
    assert await store.link("f_abc", {"x-frame-options": "DENY"}) is None
    assert await store.free_bytes() is None


# --- any order of everything ----------------------------------------------------------------------


class Model:
    """The database: whose marks count, and what they were. What writers keep is in memory."""

    def __init__(self, make: MakeS3, data: bytes) -> None:
        self.sent = Sent(make, f"f_{os.urandom(8).hex()}", data)
        self.make = make
        self.writer: S3Intake | None = None
        self.at = 0
        self.stale: list[S3Intake] = []

    async def open(self) -> S3Intake:
        if self.writer is not None:
            self.stale.append(self.writer)
        sent = self.sent
        self.writer = await self.make().open(sent.name, sent.begun, sent.durable, sent.notes)
        self.at = sent.durable
        return self.writer

    async def write(self, size: int) -> None:
        writer = self.writer or await self.open()
        part = self.sent.data[self.at : self.at + size]
        await writer.write([part])
        self.at += len(part)

    async def sync(self, last: bool) -> None:
        writer = self.writer or await self.open()
        mark = await writer.sync(last=last)
        assert self.sent.durable <= mark.durable <= self.at
        assert not last or mark.durable == self.at
        self.sent.noted(mark)
        behind = max(self.sent.durable - self.sent.durable % PART, writer._start)
        if behind < self.sent.durable:
            read = await writer.read(behind, self.sent.durable)
            assert read == self.sent.data[behind : self.sent.durable]

    async def stray(self, size: int, last: bool) -> None:
        for writer in self.stale[-2:]:
            await writer.write([b"\xff" * min(size, len(self.sent.data) - writer._position)])
            await writer.sync(last=last)

    async def end(self) -> None:
        await self.open()
        await self.write(len(self.sent.data))
        await self.sync(last=True)
        await self.stray(PART, last=True)
        store = await self.sent.seal()
        size = len(self.sent.data)
        assert await store.read(self.sent.name, 0, size) == self.sent.data
        await store.remove(self.sent.name)


SIZES = st.one_of(
    st.integers(0, 5), st.integers(0, 3 * PART), st.sampled_from([PART - 1, PART, PART + 1])
)
STEPS = st.one_of(
    st.tuples(st.just("write"), SIZES),
    st.tuples(st.just("sync"), st.booleans()),
    st.tuples(st.just("open")),
    st.tuples(st.just("stray"), SIZES, st.booleans()),
)


@settings(
    max_examples=30, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(size=SIZES.map(lambda one: 2 * one + 1), steps=st.lists(STEPS, max_size=12))
def test_whatever_happens_the_noted_bytes_are_sealed(
    make_s3: MakeS3, left: Left, size: int, steps: list[tuple[Any, ...]]
) -> None:
    stores: list[S3Store] = []

    def make() -> S3Store:  # three processes
        if len(stores) < 3:
            stores.append(make_s3())
        return random.choice(stores)

    async def run() -> None:
        model = Model(make, some(size, size))
        await model.sent.begin()
        for name, *told in steps:
            await getattr(model, name)(*told)
        await model.end()

    asyncio.run(run())
    assert left() == []


# --- a store that fails ---------------------------------------------------------------------------

Answer = Callable[[bytes], bytes | None]


class Hostile:
    """Answers each request as told; null: never."""

    def __init__(self) -> None:
        self.answer: Answer = lambda head: None
        self.requests: list[bytes] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Hostile:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            answer = self.answer(head)
            if answer is None:
                await reader.read()  # until they have had enough
                return
            writer.write(answer)
            await writer.drain()
            # A close while their bytes are under way would take the answer from them (a reset).
            if writer.can_write_eof():
                writer.write_eof()
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._open.discard(writer)


def said(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    told = [f"content-length: {len(body) if length is None else length}", "connection: close"]
    head = "\r\n".join([f"HTTP/1.1 {status}", *told, *headers])
    return f"{head}\r\n\r\n".encode() + body


def refusal(status: str, code: str) -> bytes:
    xml = f"<Error><Code>{code}</Code><Message>sesame AKIAKEY</Message></Error>"
    return said(status, xml.encode(), "content-type: application/xml")


HTML = said("200 OK", b"<html><body>Please sign in</body></html>", "content-type: text/html")
RANGE = "content-range: bytes 0-4/5"

FAILURES = {
    "nothing": (None, StoreAway, ""),
    "closed at once": (b"", StoreAway, ""),
    "half a head": (b"HTTP/1.1 200 O", StoreAway, ""),
    "no HTTP": (b"220 mail.example ESMTP\r\n", StoreAway, ""),
    "503": (refusal("503 Slow Down", "SlowDown"), StoreAway, "SlowDown"),
    "500 without a word": (said("500 Oh"), StoreAway, "500"),
    "html": (HTML, StoreAway, ""),
    "302": (said("302 Found", b"", "location: http://127.0.0.1:1/"), StoreAway, ""),
    "403": (refusal("403 No", "InvalidAccessKeyId"), StoreAway, "credentials for the bucket box"),
    "signature": (refusal("403 No", "SignatureDoesNotMatch"), StoreAway, "SignatureDoesNotMatch"),
    "no bucket": (refusal("404 No", "NoSuchBucket"), StoreAway, "no bucket box"),
    "507": (said("507 Full"), StoreFull, ""),
    "quota": (refusal("403 No", "QuotaExceeded"), StoreFull, ""),
    "minio": (refusal("507 No", "XMinioStorageFull"), StoreFull, ""),
    "a code with a secret": (refusal("400 No", "&lt;x&gt; bad"), StoreAway, "xltxgt|xbad"),
}  # fmt: skip


@pytest.fixture
def hostile_store() -> Any:
    stores: list[S3Store] = []

    def make(url: str, timeout_s: float = 0.3) -> S3Store:
        place = parse_place(f"s3://box?endpoint={url}")
        stores.append(
            S3Store(
                place, access_key="AKIAKEY", secret_key="sesame", timeout_s=timeout_s,
                least_part=PART,
            )
        )  # fmt: skip
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def everything(store: S3Store) -> dict[str, Any]:
    """One coroutine for each thing that a store can be asked."""
    big = '{"size":200000,"part":65536,"upload":"u"}'
    part = '{"parts":[[1,"e"],[2,"e"],[3,"e"],[4,"e"]]}'
    tail = '{"tail":[0,5,"t"]}'

    async def write(size: int) -> None:
        intake = await store.open("f_a", big, 0, ())
        await intake.write([bytes(size)])
        await intake.sync(last=True)

    async def listed() -> None:
        assert [one async for one in store.all()] == []

    return {
        "begin": lambda: store.begin("f_a", 200_000),
        "open": lambda: store.open("f_a", '{"size":9,"part":65536}', 5, [tail]),
        "tail": lambda: write(5),
        "part": lambda: write(PART),
        "join": lambda: store.join("f_a", big, ["f_b"], [200_000]),
        "seal": lambda: store.seal("f_a", big, [part]),
        "seal small": lambda: store.seal("f_a", '{"size":5,"part":65536}', [tail]),
        "read": lambda: store.read("f_a", 0, 5),
        "find": lambda: store.find("f_a"),
        "remove": lambda: store.remove("f_a"),
        "all": listed,
    }


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_store_that_fails_is_told_apart_from_bytes_that_are_not_there(
    failure: str, hostile_store: Any, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr("hub.blobs.s3_bucket.PAUSE_S", 0.001)
    answer, error, words = FAILURES[failure]
    async with Hostile() as hostile:
        hostile.answer = lambda head: answer
        # Only who says nothing is waited for until the deadline.
        store = hostile_store(hostile.url, 30 if answer else 0.3)
        asked = everything(store)
        tasks = {name: asyncio.create_task(ask()) for name, ask in asked.items()}
        all_met = await asyncio.gather(*tasks.values(), return_exceptions=True)
        for name, met in zip(tasks, all_met, strict=True):
            assert isinstance(met, BaseException), name
            assert isinstance(met, error), (name, met)
            if words and "|" not in words:
                assert words in str(met), (name, met)
            told = f"{met!r} {met.__cause__!r} {caplog.text}"
            assert "sesame" not in told
            assert "AKIAKEY" not in told
        # Bounded, and only what may pass is tried again.
        assert len(hostile.requests) <= 4 * len(tasks)
        if error is StoreFull or failure in ("403", "no bucket", "302"):
            assert len(hostile.requests) <= len(tasks)


@pytest.mark.parametrize(
    "answer",
    [
        said("206 P", b"hel", RANGE, length=5),  # closes early
        said("206 P", b"hel", RANGE),
        said("206 P", b"hello you", RANGE),
        said("206 P", b"hello", "content-range: bytes 1-5/9"),
        said("200 OK", b"hello"),  # whatever this is, it is not the range
        said("206 P", b"hello", "content-range: all of it"),
    ],
)
async def test_less_or_other_bytes_than_asked_for_are_never_given(
    answer: bytes, hostile_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.blobs.s3_bucket.PAUSE_S", 0.001)
    async with Hostile() as hostile:
        hostile.answer = lambda head: answer
        store = hostile_store(hostile.url)
        with pytest.raises(StoreAway):
            await store.read("f_a", 0, 5)
        assert len(hostile.requests) == 3
        hostile.answer = lambda head: said("206 P", b"hello", RANGE)
        assert await store.read("f_a", 0, 5) == b"hello"
        hostile.answer = lambda head: said("206 P", b"hello", "content-range: bytes 0-4/5")
        with pytest.raises(BlobMissing, match="ends at 5, before 6"):
            await store.read("f_a", 0, 6)
        hostile.answer = lambda head: refusal("416 No", "InvalidRange")
        with pytest.raises(BlobMissing):
            await store.read("f_a", 5, 6)


async def test_a_store_that_recovers_is_asked_again(
    hostile_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.blobs.s3_bucket.PAUSE_S", 0.001)
    async with Hostile() as hostile:
        hello = said("206 P", b"hello", RANGE)
        answers = [refusal("503 No", "SlowDown"), b"", hello]
        hostile.answer = lambda head: answers.pop(0)
        assert await hostile_store(hostile.url).read("f_a", 0, 5) == b"hello"
        assert answers == []


async def test_nobody_waits_for_a_store_that_sends_a_byte_now_and_then(
    hostile_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread stays with it; who asked does not."""
    done = threading.Event()

    def drip(*_: object) -> None:
        done.wait(10)

    monkeypatch.setattr(Bucket, "get", drip)
    store = hostile_store("http://127.0.0.1:1")
    with pytest.raises(StoreAway):
        await store.read("f_a", 0, 5)
    done.set()


async def test_nobody_listens(hostile_store: Any) -> None:
    with pytest.raises(StoreAway):
        await hostile_store("http://127.0.0.1:1").begin("f_a", 10**6)


async def test_a_bucket_that_is_not_there(make_s3: MakeS3, client: Any, bucket: str) -> None:
    store = make_s3()
    client.delete_bucket(Bucket=bucket)
    for name, ask in everything(store).items():
        met = (await asyncio.gather(ask(), return_exceptions=True))[0]
        assert isinstance(met, StoreAway), name
        assert f"no bucket {bucket}" in str(met), name


async def test_a_failed_part_fails_all_that_follows(
    make_s3: MakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are gone: what comes after them must not be noted."""
    sent = await Sent(make_s3, "f_abc", some(5 * PART)).begin()
    store = make_s3()
    full: list[int] = []

    def refuse(*_: object) -> Part:
        full.append(1)
        raise StoreFull

    monkeypatch.setattr(store._bucket, "put_part", refuse)
    intake = await store.open("f_abc", sent.begun, 0, ())
    await intake.write([sent.data[:PART]])
    for _ in range(2):
        with pytest.raises(StoreFull):
            await intake.write([sent.data[:PART]])
        with pytest.raises(StoreFull):
            await intake.sync(last=True)
    assert full == [1]
    await sent.body(5 * PART)
    assert await (await sent.seal()).read("f_abc", 0, 5 * PART) == sent.data


GROW = r"""
import asyncio, re, sys
from pathlib import Path
from hub.blobs.s3 import S3Store
from hub.blobs.s3_parts import parse_place

def peak():
    # Not ru_maxrss: that begins with what the parent had.
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])

async def main():
    store = S3Store(parse_place(sys.argv[1]), access_key="key", secret_key="secret")
    size = 200 * 2**20
    small = await store.open("f_s", await store.begin("f_s", 5), 0, ())
    await small.write([b"hello"])
    await small.sync(last=True)
    begun = await store.begin("f_big", size)
    before = peak()
    intake = await store.open("f_big", begun, 0, ())
    notes = []
    for at in range(200):
        await intake.write([bytes([at]) * 2**20])
        if at % 32 == 31:
            notes.append((await intake.sync(last=False)).note)
    mark = await intake.sync(last=True)
    assert mark.durable == size
    print((peak() - before) // 1024)
    await store.seal("f_big", begun, [*notes, mark.note])
    assert await store.read("f_big", size - 1, size) == bytes([199])
    await store.remove("f_big")
    store.close()

asyncio.run(main())
"""


async def test_memory_does_not_grow_with_the_file(endpoint: str, bucket: str) -> None:
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", GROW, f"s3://{bucket}?endpoint={endpoint}"],
        capture_output=True, text=True, timeout=19, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert 8 <= int(run.stdout) < 48


async def test_marks_are_small(make_s3: MakeS3) -> None:
    """One row of the database each."""
    sent = await Sent(make_s3, "f_abc", some(40 * PART)).begin()
    await sent.body(40 * PART)
    assert len(sent.notes) == 1
    assert len(sent.notes[0]) < 40 * 60
    assert Mark(40 * PART, sent.notes[0]).durable == sent.durable
