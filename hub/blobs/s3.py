"""Bytes in an object store with the S3 API, which several hubs may share.

    {prefix}{name}                       what is sealed
    {prefix}.uploads/{name}/begun        a multipart upload of {prefix}{name} has begun
    {prefix}.uploads/{name}/claim-…      numbers of parts that a writer has (``s3_numbers``)
    {prefix}.uploads/{name}/tail-…       bytes that are fewer than a part
    {prefix}.uploads/{name}/whole-…      the parts of an upload whose last byte has come

An upload is a multipart upload whose parts have one size, so that each begins at a multiple of it.
What is durable is what the store has answered: whole parts as they come; and, at the end of a body,
the rest as a *tail*, an object that the next writer reads back and goes on from. An upload that is
smaller than a part is nothing but a tail until it is sealed.

**Two writers.** ``open`` never waits for anybody. A writer that was taken over may go on until its
next mark is refused; nothing that it does meanwhile touches what counts:

- its parts have numbers that nobody else has, not even itself at its second attempt
  (``s3_numbers``), and completing names the parts that were noted, by number and etag;
- its tails and lists of parts have random names, and only what a later mark has superseded is
  removed: what ``open`` was told of is behind ``durable``, and so nobody will ask for it again;
- after the end of the upload its parts are refused, since the multipart upload is gone; what it
  left beside them is found by ``all`` and removed with the name.

**Joining.** ``join`` is told the names of uploads, and not their notes. So whoever sends the last
byte of an upload leaves the list of its parts (``whole-…``) before that is marked. Where two
writers of one upload both came to its end, either list is whole and begins with the same noted
parts; they differ only when one client sent two things as the same bytes, and then one of them is
taken, the same at each attempt. What was joined is an object at once, and sealed.

Memory: two parts for each writer, 16 MiB unless the upload has more than 39 GiB.
"""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

from hub.blobs.s3_bucket import (
    ATTEMPTS,
    Bucket,
    CannotCopy,
    Item,
    Passing,
    UploadGone,
    pause,
)
from hub.blobs.s3_numbers import Numbers
from hub.blobs.s3_parts import (
    COPY_BYTES,
    LEAST_BYTES,
    PART_BYTES,
    Begun,
    Note,
    Part,
    Place,
    Range,
    Tail,
    Whole,
    noted,
    part_bytes,
    plan_join,
)
from hub.blobs.store import BlobMissing, Confirm, Mark, StoreAway, Stored

T = TypeVar("T")

THREADS: Final = 16
"""So many requests run at once; the others wait."""
AT_ONCE: Final = 4
"""Parts of one upload that are copied at once."""
UPLOADS: Final = ".uploads/"


class S3Store:
    """Args:
    access_key, secret_key: without them, the library looks where it usually does.
    timeout_s: how long the store may say nothing.
    least_part: bytes of the smallest part: whole MiB, so that what is behind the last whole piece
        can be read and hashed again; at least 5 MiB with a store that keeps to the rules.
    """

    def __init__(
        self, place: Place, *, access_key: str | None = None, secret_key: str | None = None,
        timeout_s: float = 20, least_part: int = PART_BYTES,
    ) -> None:  # fmt: skip
        self._prefix = place.prefix
        self._least_part = least_part
        self._bucket = Bucket(place, access_key, secret_key, timeout_s, THREADS)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")

    def close(self) -> None:
        """Nothing is asked for any more; what is under way comes to its end or its deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._bucket.close()

    async def begin(self, name: str, size: int) -> str:
        part = part_bytes(size, self._least_part)
        begun = Begun(size, part)
        if size >= part:
            # Before the multipart upload: some stores list those only for a whole key.
            await self._run(self._bucket.put, self._folder(name) + "begun", b"")
            upload = await self._run(self._bucket.begin, self._key(name))
            begun = Begun(size, part, upload)
        return msgspec.json.encode(begun).decode()

    def begin_joined(self, size: int) -> str:
        return msgspec.json.encode(Begun(size, part_bytes(size, self._least_part))).decode()

    async def open(
        self, name: str, begun: str, durable: int, notes: Sequence[str],
        confirm: Confirm | None = None,
    ) -> S3Intake:  # fmt: skip
        if confirm is not None:
            await confirm()
        fixed = _begun(begun)
        parts, tails = noted(notes)
        start = durable - durable % fixed.part
        whole = start // fixed.part
        if fixed.upload and 0 < durable == fixed.size:
            start, whole = durable, -(-durable // fixed.part)
        data = b""
        tail = next((one for one in tails if one.start == start and one.end >= durable), None)
        if whole <= len(parts) and (durable == start or tail is not None):
            if durable > start and tail is not None:
                data = await self._get(self._folder(name) + tail.label, 0, durable - start)
        elif not parts and durable == fixed.size and await self._is_there(self._key(name), durable):
            whole = 0  # it was joined
        else:
            raise BlobMissing(f"{name} is shorter than {durable} bytes.")
        # What a later mark has superseded; the ones before it went when that was opened.
        past = next((one for one in reversed(tails) if one.end < durable), None)
        if past is not None:
            await self._run(self._bucket.delete, self._folder(name) + past.label)
        return S3Intake(self, name, fixed, parts[:whole], durable, data)

    async def put(self, name: str, data: bytes) -> None:
        await self._run(self._bucket.put, self._key(name), data, moved=len(data))

    async def join(self, name: str, begun: str, parts: Sequence[str], sizes: Sequence[int]) -> None:
        size = sum(sizes)
        key = self._key(name)
        if await self._is_there(key, size):
            return
        sources = [
            await self._source(part, length)
            for part, length in zip(parts, sizes, strict=True)
            if length
        ]
        lengths = [length for length in sizes if length]
        least = min(LEAST_BYTES, self._least_part)
        if size <= 2 * least:
            data = await self._read_ranges(
                sources, [Range(one, 0, length) for one, length in enumerate(lengths)]
            )
            await self._run(self._bucket.put, key, data, moved=size)
            return
        try:
            most = max(COPY_BYTES, part_bytes(size))
            await self._join(key, sources, plan_join(lengths, most, least), size)
        except CannotCopy:
            # Each part is read then, in pieces that memory can hold.
            most = part_bytes(size, self._least_part)
            await self._join(key, sources, plan_join(lengths, most, least), size, copies=False)

    async def seal(self, name: str, begun: str, notes: Sequence[str]) -> None:
        fixed = _begun(begun)
        key = self._key(name)
        if not await self._is_there(key, fixed.size):
            parts, tails = noted(notes)
            if fixed.upload:
                if len(parts) != -(-fixed.size // fixed.part):
                    raise BlobMissing(f"{name} is not whole.")
                await self._complete(key, fixed.upload, parts, fixed.size)
            else:
                data = b""
                if fixed.size:
                    tail = next((one for one in tails[::-1] if one.end == fixed.size), None)
                    if tail is None or tail.start:
                        raise BlobMissing(f"{name} is not whole.")
                    data = await self._get(self._folder(name) + tail.label, 0, fixed.size)
                await self._run(self._bucket.put, key, data, moved=fixed.size)
        await self._clear(name)

    async def read(self, name: str, start: int, end: int) -> bytes:
        if start >= end:
            if await self.find(name) is None:
                raise BlobMissing(f"{name} is not there.")
            return b""
        return await self._get(self._key(name), start, end)

    async def find(self, name: str) -> Stored | None:
        found = await self._run(self._bucket.find, self._key(name))
        return None if found is None else Stored(name, found.size, found.at_s, sealed=True)

    async def remove(self, name: str) -> None:
        # First the upload: who still writes it is refused then.
        await self._clear(name)
        await self._run(self._bucket.delete, self._key(name))

    async def all(self) -> AsyncIterator[Stored]:
        """Sealed, and under way; the size of the latter is what they take now."""
        under_way: dict[str, list[Item]] = {}
        async for item in self._each(lambda: self._bucket.list(self._prefix)):
            name = item.key.removeprefix(self._prefix)
            if name.startswith(UPLOADS):
                name = name.removeprefix(UPLOADS).partition("/")[0]
                under_way.setdefault(name, []).append(item)
            elif "/" not in name:
                under_way.pop(name, None)
                yield Stored(name, item.size, item.at_s, sealed=True)
        async for key, _, at_s in self._each(lambda: self._bucket.uploads(self._prefix)):
            name = key.removeprefix(self._prefix)
            if "/" not in name:
                under_way.setdefault(name, []).append(Item(key, 0, at_s))
        for name, items in under_way.items():
            if await self.find(name) is not None:
                continue  # it was sealed a moment ago
            try:
                items += await self._run(self._parts_of, self._key(name))
            except UploadGone:
                continue
            yield Stored(
                name, sum(one.size for one in items), max(one.at_s for one in items), sealed=False
            )

    async def free_bytes(self) -> None:
        return None

    async def link(
        self, name: str, headers: Mapping[str, str], *, seconds: int = 300
    ) -> str | None:  # fmt: skip
        """A URL at which the store itself gives what is sealed, for so long, to whoever has it.

        Args:
            headers: of its answer: content-type, content-disposition, cache-control. With others
                there is no link.
        """
        return await self._run(self._bucket.link, self._key(name), headers, seconds)

    # --- the steps of joining ---------------------------------------------------------------------

    async def _source(self, name: str, size: int) -> str:
        """The key of an object that has the bytes of an upload whose last byte has come."""
        key = self._key(name)
        folder = self._folder(name)
        if await self._is_there(key, size):
            return key
        for item in await self._run(lambda: list(self._bucket.list(folder + "whole-"))):
            data = await self._get(item.key, 0, item.size)
            try:
                whole = msgspec.json.decode(data, type=Whole)
            except msgspec.DecodeError:
                raise StoreAway("The store of files gave another list of parts.") from None
            await self._complete(key, whole.upload, whole.parts, size)
            return key
        tails = f"{folder}tail-{0:020d}-{size:020d}-"
        tail = await self._run(lambda: next(self._bucket.list(tails), None))
        if tail is None or tail.size != size:
            raise BlobMissing(f"{name} is not there.")
        return tail.key

    async def _join(
        self, key: str, sources: Sequence[str], plan: Sequence[Sequence[Range]], size: int,
        *, copies: bool = True,
    ) -> None:  # fmt: skip
        """By a multipart upload of its own, which nobody else can write."""
        upload = await self._run(self._bucket.begin, key)

        async def made(number: int, ranges: Sequence[Range]) -> Part:
            source, start, end = ranges[0]
            if copies and len(ranges) == 1:
                return await self._run(
                    _repeated,
                    lambda: self._bucket.copy_part(
                        key, upload, number, sources[source], start, end
                    ),
                )
            data = io.BytesIO(await self._read_ranges(sources, ranges))
            return await self._run(
                _repeated,
                lambda: self._bucket.put_part(key, upload, number, data),
                moved=len(data.getbuffer()),
            )

        parts: list[Part] = []
        for at in range(0, len(plan), AT_ONCE):
            few = enumerate(plan[at : at + AT_ONCE], at + 1)
            done = await asyncio.gather(*(made(*one) for one in few), return_exceptions=True)
            for one in done:
                if isinstance(one, BaseException):
                    await self._run(self._bucket.abort, key, upload)
                    raise one
                parts.append(one)
        await self._complete(key, upload, parts, size)

    async def _read_ranges(self, sources: Sequence[str], ranges: Sequence[Range]) -> bytes:
        return b"".join([await self._get(sources[one], start, end) for one, start, end in ranges])

    # --- what several need ------------------------------------------------------------------------

    async def _complete(self, key: str, upload: str, parts: Sequence[Part], size: int) -> None:
        """Done again, or by somebody else, it comes to the same."""
        try:
            await self._run(self._bucket.complete, key, upload, parts)
        except UploadGone:
            if not await self._is_there(key, size):
                raise
        else:
            if not await self._is_there(key, size):
                raise StoreAway("The store of files has not put an upload together.")

    async def _is_there(self, key: str, size: int) -> bool:
        found = await self._run(self._bucket.find, key)
        if found is not None and found.size != size:
            raise BlobMissing(f"{key.rpartition('/')[2]} has {found.size} bytes, not {size}.")
        return found is not None

    async def _get(self, key: str, start: int, end: int) -> bytes:
        return await self._run(self._bucket.get, key, start, end, moved=end - start)

    async def _clear(self, name: str) -> None:
        """Nothing is left of the upload but what was sealed."""
        key, folder = self._key(name), self._folder(name)
        for other, upload, _ in await self._run(lambda: list(self._bucket.uploads(key))):
            if other == key:
                await self._run(self._bucket.abort, key, upload)
        for item in await self._run(lambda: list(self._bucket.list(folder))):
            await self._run(self._bucket.delete, item.key)

    def _parts_of(self, key: str) -> list[Item]:
        found: list[Item] = []
        for other, upload, _ in self._bucket.uploads(key):
            if other == key:
                found += self._bucket.parts(key, upload)
        return found

    async def _each(self, pages: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """What a thread lists, some at a time."""
        found = pages()

        def some() -> list[T]:
            return list(islice(found, 1000))

        while batch := await self._run(some):
            for one in batch:
                yield one

    def _key(self, name: str) -> str:
        return self._prefix + name

    def _folder(self, name: str) -> str:
        return f"{self._prefix}{UPLOADS}{name}/"

    async def _run(self, work: Callable[..., T], *args: Any, moved: int = 0) -> T:
        return await self._by(self._start(work, *args), moved)

    def _start(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        job = asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        # Nobody may be waiting any more when it fails.
        job.add_done_callback(lambda done: done.cancelled() or done.exception())
        return job

    async def _by(self, job: asyncio.Future[T], moved: int) -> T:
        """Also where the store sends a byte now and then: the thread goes on, nobody waits."""
        try:
            async with asyncio.timeout(self._bucket.deadline_s(moved)):
                return await asyncio.shield(job)
        except TimeoutError:
            raise StoreAway from None


class S3Intake:
    """Gathers a part while the one before it is on its way.

    Args:
        parts: of the upload, all before ``durable`` but the tail.
        tail: the bytes behind them.
    """

    def __init__(
        self, store: S3Store, name: str, begun: Begun, parts: Sequence[Part], durable: int,
        tail: bytes,
    ) -> None:  # fmt: skip
        self._store = store
        self._name = name
        self._begun = begun
        self._parts = list(parts)
        self._told = len(self._parts)  # of these parts, in notes
        self._durable = durable
        self._position = durable
        self._start = durable - len(tail)  # of the buffer
        self._buffer = io.BytesIO()
        self._buffer.write(tail)
        self._flight: asyncio.Future[Part] | None = None
        self._numbers = Numbers(store._bucket, store._folder(name))

    async def write(self, parts: Sequence[bytes]) -> None:
        for part in parts:
            left = memoryview(part)
            while left:
                room = self._start + self._begun.part - self._position
                self._buffer.write(left[:room])
                self._position += len(left[:room])
                left = left[room:]
                if self._position - self._start == self._begun.part:
                    await self._send()

    async def sync(self, *, last: bool) -> Mark:
        if not last:
            if self._flight is not None and self._flight.done():
                await self._landed()
            # The end is told by the last mark alone: the list of parts is there by then.
            whole = self._parts[: (self._begun.size - 1) // self._begun.part]
            self._durable = max(self._durable, len(whole) * self._begun.part)
            return self._mark(None)
        await self._landed()
        tail = None
        if self._begun.upload and self._position == self._begun.size:
            if self._position > self._start:
                await self._send()
                await self._landed()
            if self._parts:  # else it was joined
                await self._declare()
        elif self._position > max(self._durable, self._start):
            tail = await self._put_tail()
        self._durable = self._position
        return self._mark(tail)

    async def read(self, start: int, end: int) -> bytes:
        """Of what is in parts, nothing can be read before it is sealed or joined: the bytes behind
        the last whole part are here."""
        if start >= end:
            return b""
        if end > self._durable:
            raise BlobMissing(f"{self._name} ends at {self._durable}, before {end}.")
        if start >= self._start:
            with self._buffer.getbuffer() as view:
                return bytes(view[start - self._start : end - self._start])
        return await self._store.read(self._name, start, end)

    async def close(self) -> None:
        """A part that is under way stays so, and does not count."""

    async def _send(self) -> None:
        """The buffer is a part: it goes, when the one before it has arrived."""
        await self._landed()
        data, self._buffer, self._start = self._buffer, io.BytesIO(), self._position
        self._flight = self._store._start(self._put_part, data)

    async def _landed(self) -> None:
        """One that failed fails whoever asks, again and again: its bytes are gone."""
        flight = self._flight
        if flight is not None:
            part = await self._store._by(flight, self._begun.part)
            if self._flight is flight:
                self._parts.append(part)
                self._flight = None

    def _put_part(self, data: io.BytesIO) -> Part:
        key = self._store._key(self._name)
        return _repeated(
            lambda: self._store._bucket.put_part(
                key, self._begun.upload, self._numbers.take(), data
            )
        )

    async def _put_tail(self) -> Tail:
        tail = Tail(self._start, self._position, secrets.token_hex(8))
        key = self._store._folder(self._name) + tail.label
        data = self._buffer.getvalue()
        await self._store._run(self._store._bucket.put, key, data, moved=len(data))
        return tail

    async def _declare(self) -> None:
        """For ``join``, which has no notes."""
        whole = msgspec.json.encode(Whole(self._begun.upload, tuple(self._parts)))
        key = f"{self._store._folder(self._name)}whole-{secrets.token_hex(8)}"
        await self._store._run(self._store._bucket.put, key, whole)

    def _mark(self, tail: Tail | None) -> Mark:
        end = -(-self._durable // self._begun.part)
        note = Note(tuple(self._parts[self._told : end]), tail)
        self._told = max(self._told, min(end, len(self._parts)))
        return Mark(self._durable, msgspec.json.encode(note).decode())


def _begun(text: str) -> Begun:
    return msgspec.json.decode(text, type=Begun)


def _repeated(work: Callable[[], T]) -> T:
    """What may be done again, but not as the same request."""
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except Passing:
            pause(attempt)
    return work()
