"""Uploads: begun, received in any number of requests, put together, made blobs, expired.

    receiving ─► sealing ─► done       (a part of a parallel upload: receiving ─► done ─► joined)
        └──────────┴─────► failed

The row follows the store: what it says was received is durable. One connection writes at a time;
the next one takes over from it, in this process or in another. Never decides who may send what into
which thread (``hub.api.uploads`` asks the room) nor what a file is for (``hub.files.attachments``).

Source: tus 1.0.0; FILES section 3.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

import structlog

from hub.blobs.bulk import in_bulk
from hub.blobs.store import BlobMissing, BlobStore, Busy, Intake, Mark, StoreFull
from hub.clock import Clock, to_datetime
from hub.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    HubError,
    NotFound,
    TooLarge,
    Unavailable,
)
from hub.files.attachments import SETTLE
from hub.files.keeping import DIGEST
from hub.files.previews.service import PREVIEW
from hub.files.quotas import Quotas
from hub.files.receiving import Checksum, Part, Receiver, Superseded
from hub.ids import new_id, sha256
from hub.jobs.queue import Jobs, Later
from hub.storage import blobs
from hub.storage import uploads as rows
from hub.storage.blobs import Blob
from hub.storage.jobs import Job
from hub.storage.pool import Database, DatabaseAway
from hub.storage.uploads import Upload
from hub.wire.pieces import PIECE_BYTES, Hasher

TAKE_OVER_S: Final = 10.0
SWEEP_S: Final = 15.0
READ_BYTES: Final = 4 * 2**20
FULL_S: Final = 30.0
BUSY_S: Final = 1.0
MAX_PARTS: Final = 64


class UploadEnded(NotFound):
    code = "upload_ended"
    title = "Nothing will come of this upload"
    http_status = 410


log = structlog.get_logger()


class Body(Protocol):
    """The bytes of a request; ``interrupt`` has it say at once that nothing came in."""

    def __aiter__(self) -> AsyncIterator[Part]: ...

    def interrupt(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What uploads may take; bytes and hours, 0: no bound.

    Attributes:
        free: bytes that stay free on the store.
        hours: an upload that nobody goes on with, or that was never used, ends after so many.
    """

    file: int
    account: int
    thread: int
    free: int
    hours: int


@dataclass(slots=True, eq=False)
class _Writing:
    """A request of this process that writes an upload."""

    body: Body
    ended: asyncio.Event
    stopped: bool = False


class Uploads:
    """Attributes:
    on_progress: told of an upload each time that more of it is durable.
    then: the jobs that are asked for once a blob is here.
    """

    def __init__(
        self, database: Database, store: BlobStore, clock: Clock, jobs: Jobs, bounds: Bounds
    ) -> None:  # fmt: skip
        self.bounds = bounds
        self.on_progress: Callable[[Upload], None] | None = None
        self.then: Sequence[str] = (DIGEST,)
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        jobs.handle("seal", self._seal)
        self._writing: dict[str, _Writing] = {}

    # --- beginning --------------------------------------------------------------------------------

    async def begin(
        self, uid: str, thread: str | None, size: int, name: str, type_: str, metadata: str
    ) -> Upload:
        """Make room for an upload; without a thread it is a part of a parallel one.

        Raises:
            TooLarge: ``file_too_large``, ``account_quota``, ``thread_quota``.
            StoreFull: ``no_space``.
        """
        upload = self._new(uid, thread, size, name, type_, metadata)
        self._require_size(size)
        free = await self._store.free_bytes()
        upload = replace(upload, begun=await self._store.begin(upload.upload, size))
        try:
            async with self._database.transaction() as connection:
                await self._require_quota(connection, uid, thread, size)
                await self._require_space(connection, free, size)
                await self._insert(connection, upload)
        except BaseException:
            await self._store.remove(upload.upload)
            raise
        if size == 0 and not upload.partial:
            await self._complete_empty(upload)
        return upload

    async def take(
        self, uid: str, thread: str, name: str, type_: str, metadata: str, data: bytes,
        checksum: Checksum | None,
    ) -> Upload:  # fmt: skip
        """A small upload that is here as a whole: it is kept, or there is none.

        Raises:
            ChecksumMismatch.
            TooLarge, StoreFull: as ``begin``; what others were promised is not counted.
        """
        if checksum is not None:
            checksum.require(data)
        self._require_size(len(data))
        free = await self._store.free_bytes()
        if free is not None and len(data) > free - self.bounds.free:
            raise StoreFull
        hasher, digest = await asyncio.to_thread(_known, data)
        upload = self._new(uid, thread, len(data), name, type_, metadata)
        upload = replace(upload, received=len(data), state="done", blob=hasher.finish())
        assert upload.blob is not None
        blob = Blob(upload.blob, len(data), upload.upload)
        await self._store.put(upload.upload, data)
        try:
            lost = await self._lost(blob)
            async with self._database.transaction() as connection:
                await self._require_quota(connection, uid, thread, len(data))
                await self._insert(connection, upload)
                kept = await self._keep(connection, blob, hasher.hashes, lost, digest)
        except HubError as error:
            if not isinstance(error, DatabaseAway):  # else it may be written all the same
                await self._store.remove(upload.upload)
            raise
        if kept != upload.upload:
            await self._store.remove(upload.upload)
        self._jobs.wake()
        return upload

    async def join(
        self, uid: str, thread: str, parts: Sequence[str], name: str, type_: str, metadata: str
    ) -> Upload:
        """Make an upload of parts that are whole. Asked again for the same parts, it is the same
        upload: the answer may have been lost.

        Raises:
            BadRequest: ``bad_parts``.
            Conflict: ``parts_incomplete``.
            NotFound: ``upload_not_found``.
            TooLarge, StoreFull: as ``begin``.
        """
        if not 0 < len(parts) <= MAX_PARTS or len(set(parts)) != len(parts):
            raise BadRequest(f"An upload is joined of 1 to {MAX_PARTS} parts.", code="bad_parts")
        free = await self._store.free_bytes()
        async with self._database.transaction() as connection:
            found = await rows.find_all(connection, parts, lock=True)
            if len(found) < len(parts) or any(one.uid != uid for one in found):
                raise _not_found()
            if any(not one.partial for one in found):
                raise BadRequest("Only parts can be joined.", code="bad_parts")
            if (known := await rows.joined(connection, uid, parts)) is not None:
                return known
            if any(one.state != "done" for one in found):
                raise Conflict("A part is not whole yet.", code="parts_incomplete")
            size = sum(one.size for one in found)
            self._require_size(size)
            await rows.mark_joined(connection, parts)
            upload = self._new(uid, thread, size, name, type_, metadata)
            await self._require_quota(connection, uid, thread, size)
            await self._require_space(connection, free, size - found[0].size)
            upload = replace(
                upload, partial=False, parts=list(parts), received=size, state="sealing",
                begun=self._store.begin_joined(size),
            )  # fmt: skip
            await self._insert(connection, upload)
            await self._jobs.put(connection, "seal", upload.upload)
        self._jobs.wake()
        return upload

    async def find(self, uid: str, upload: str) -> Upload:
        """An upload of one's own.

        Raises:
            NotFound: ``upload_not_found``.
            UploadEnded.
        """
        found = await self._find(upload)
        if found is None or found.uid != uid:
            raise _not_found()
        if found.state == "failed":
            raise UploadEnded(f"The upload has ended: {found.reason}.")
        return found

    async def _find(self, upload: str) -> Upload | None:
        async with self._database.acquire() as connection:
            return await rows.find(connection, upload)

    # --- receiving --------------------------------------------------------------------------------

    async def offset(self, uid: str, upload: str) -> Upload:
        """Where to go on. Who was writing has stopped then, and what they wrote counts.

        Raises:
            Busy: they do not let go.
            NotFound: ``upload_not_found``.
        """
        found = await self.find(uid, upload)
        if found.state == "receiving":
            await self._stop(upload)
            found = await self.find(uid, upload)
        return found

    async def receive(
        self, uid: str, upload: str, offset: int, body: Body, checksum: Checksum | None
    ) -> Upload:
        """Take bytes in behind ``offset``. Returns where it stands; what came before a body broke
        off counts.

        Raises:
            Busy, BlobMissing, StoreFull, StoreAway.
            Conflict: ``wrong_offset``, ``upload_done``.
            NotFound: ``upload_not_found``.
            HubError: as ``Receiver.take``.
        """
        found = await self.find(uid, upload)
        if found.parts is not None:
            raise Forbidden("An upload that was joined takes no bytes.", code="upload_joined")
        await self._stop_here(upload)
        writer = new_id("w")
        writing = self._writing[upload] = _Writing(body, asyncio.Event())
        try:
            async with self._database.transaction() as connection:
                taken = await rows.take_over(connection, upload, writer)
            if taken is None:
                found = await self.find(uid, upload)
                if offset == found.size:  # all of it is here, the answer was lost
                    return found
                raise Conflict("The upload is complete.", code="upload_done")
            if taken.received != offset:
                raise Conflict(
                    f"The upload stands at {taken.received}, not at {offset}.", code="wrong_offset"
                )
            return await self._receive(taken, writer, writing, checksum)
        finally:
            writing.ended.set()
            del self._writing[upload]

    async def _receive(
        self, upload: Upload, writer: str, writing: _Writing, checksum: Checksum | None
    ) -> Upload:
        async def still_mine() -> bool:
            if writing.stopped:
                return False
            async with self._database.acquire() as connection:
                return await rows.is_writer(connection, upload.upload, writer)

        async def confirm() -> None:
            # Only its writer moves the row on: where it stood at the take-over it stands now.
            if not await still_mine():
                raise Superseded

        async with self._database.acquire() as connection:
            pieces = await rows.pieces(connection, upload.upload)
        try:
            intake = await self._store.open(
                upload.upload, upload.begun, upload.received, pieces.notes, confirm
            )
        except BlobMissing:
            if await still_mine():
                raise
            raise Superseded from None  # by one who was through with it
        try:
            hasher = None
            if not upload.partial:
                hasher = Hasher(pieces.hashes)
                start = len(pieces.hashes) * PIECE_BYTES
                if start < upload.received:
                    hasher.update(await intake.read(start, upload.received))

            async def note(mark: Mark, first: int, hashes: list[bytes], blob: str | None) -> bool:
                return await self._note(upload, writer, mark, first, hashes, blob)

            receiver = Receiver(
                intake, hasher, upload.size, upload.received, len(pieces.hashes), note,
                still_mine, checksum,
            )  # fmt: skip
            try:
                await receiver.take(aiter(writing.body))
            finally:
                if receiver.durable < upload.size:
                    async with self._database.acquire() as connection:
                        await rows.let_go(connection, upload.upload, writer)
        finally:
            await intake.close()
        return replace(upload, received=receiver.durable)

    async def _note(
        self, upload: Upload, writer: str, mark: Mark, first: int, hashes: list[bytes],
        blob: str | None,
    ) -> bool:  # fmt: skip
        async with self._database.transaction() as connection:
            noted = await rows.mark(
                connection, upload.upload, writer, mark.durable, first, hashes, mark.note,
                to_datetime(self._expiry_ms()),
            )  # fmt: skip
            if noted and mark.durable == upload.size:
                await self._complete(connection, upload.upload, writer, blob)
        if mark.durable == upload.size:
            self._jobs.wake()
        if noted and self.on_progress is not None:
            self.on_progress(replace(upload, received=mark.durable))
        return noted

    async def _complete(
        self, connection: Any, upload: str, writer: str, blob: str | None
    ) -> None:  # fmt: skip
        if await rows.complete(connection, upload, writer, blob) and blob is not None:
            await self._jobs.put(connection, "seal", upload)

    async def _stop(self, upload: str) -> None:
        """Whoever writes lets go; what another process writes does not count any more.

        Raises:
            Busy.
        """
        await self._stop_here(upload)
        async with self._database.acquire() as connection:
            await rows.take_over(connection, upload, None)

    async def _stop_here(self, upload: str) -> None:
        """Nobody of this process writes it when this returns, until the next ``await``.

        Raises:
            Busy.
        """
        try:
            async with asyncio.timeout(TAKE_OVER_S):
                while (writing := self._writing.get(upload)) is not None:
                    writing.stopped = True
                    writing.body.interrupt()
                    await writing.ended.wait()
        except TimeoutError:
            raise Busy from None

    async def _complete_empty(self, upload: Upload) -> None:
        async with self._database.transaction() as connection:
            await rows.take_over(connection, upload.upload, upload.upload)
            await self._complete(connection, upload.upload, upload.upload, Hasher().finish())
        self._jobs.wake()

    # --- ending -----------------------------------------------------------------------------------

    async def terminate(self, uid: str, upload: str) -> None:
        """Give an upload up; its bytes are gone.

        Raises:
            Conflict: ``upload_done`` when it is a file of a thread, or part of another upload.
            NotFound: ``upload_not_found``.
        """
        found = await self.find(uid, upload)
        if found.state == "receiving":
            await self._stop(upload)
        await self.fail(upload, "cancelled")
        ended = await self._find(upload)
        if ended is None or ended.state == "failed":
            return
        async with self._database.transaction() as connection:
            if not await rows.remove_unused(connection, upload):
                raise Conflict("The upload is a file already.", code="upload_done")
        if found.partial:
            await self._store.remove(upload)

    async def fail(self, upload: str, reason: str, job: Job | None = None) -> None:
        """Nothing will come of it: its bytes are gone, and what it was for is told why."""
        own = self._database.transaction() if job is None else self._jobs.holding(job)
        async with own as connection:
            await rows.fail(connection, upload, reason)
            found = await rows.find(connection, upload)
            await self._jobs.put(connection, SETTLE, upload)
        if found is None or found.state != "failed":
            return
        for name in (upload, *(found.parts or ())):
            await self._store.remove(name)
        self._jobs.wake()

    async def run(self) -> None:
        """End what nobody goes on with, for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await self.expire()
            except Unavailable as away:
                log.warning("uploads wait", reason=away.code)

    async def expire(self) -> None:
        """End what nobody went on with for too long."""
        now = to_datetime(self._clock.now_ms())
        async with self._database.acquire() as connection:
            over = await rows.expired(connection, now)
        for one in over:
            if one not in self._writing:
                await self._expire(one, now)

    async def _seal(self, job: Job) -> None:
        try:
            await self._make_blob(job)
        except StoreFull as error:  # all its bytes are here; it waits for space
            log.error("an upload waits to be sealed", upload=job.key, reason=error.code)
            raise Later(FULL_S) from None
        except Busy:  # a thread of a job that was lost is still at it
            raise Later(BUSY_S) from None
        except BlobMissing as error:
            log.error("an upload cannot be sealed", upload=job.key, reason=error.code)
            await self.fail(job.key, error.code, job)

    async def _make_blob(self, job: Job) -> None:
        name = job.key
        async with self._database.acquire() as connection:
            upload = await rows.find(connection, name)
            pieces = await rows.pieces(connection, name)
        if upload is None or upload.state != "sealing":
            return
        hashes, blob = pieces.hashes, upload.blob
        if upload.parts is not None:
            async with self._database.acquire() as connection:
                parts = await rows.find_all(connection, upload.parts)
            sizes = [one.size for one in parts]
            sealed = await self._store.find(name)
            if sealed is None or sealed.size < upload.size:
                try:
                    if len(parts) < len(upload.parts):
                        raise BlobMissing("A part of the upload is gone.")
                    await self._store.join(name, upload.begun, upload.parts, sizes)
                    hasher = await self._hashed(upload)
                except BlobMissing:
                    if await self._store.find(name) is None:
                        raise
                    raise Busy from None  # who had this job before has just sealed it
            else:  # whoever sealed it came no further
                hasher = await self._hashed(upload, sealed=True)
            blob, hashes = hasher.finish(), hasher.hashes
        assert blob is not None
        await self._store.seal(name, upload.begun, pieces.notes)
        stored = await self._store.find(name)
        if stored is None or stored.size != upload.size:
            raise BlobMissing(f"{name} is not whole.")
        lost = await self._lost(Blob(blob, upload.size, name))
        async with self._jobs.holding(job) as connection:
            if not await rows.still_sealing(connection, name):
                return  # who gave it up removes its bytes
            await self._jobs.put(connection, SETTLE, name)
            kept = await self._keep(connection, Blob(blob, upload.size, name), hashes, lost)
            await rows.sealed(connection, name, blob)
        if kept != name:
            await self._store.remove(name)
        for part in upload.parts or ():
            await self._store.remove(part)

    async def _keep(
        self, connection: Any, blob: Blob, hashes: Sequence[bytes], lost: str | None,
        digest: bytes | None = None,
    ) -> str:  # fmt: skip
        """Bytes are here, and are looked at next. Returns the name that stays.

        Args:
            digest: their SHA-256, where it is known.
        """
        kinds = [one for one in self.then if one != DIGEST or digest is None]
        # Before the blob is locked: whoever does these jobs holds them first, too.
        for kind in (*kinds, *([PREVIEW] if lost else [])):
            await self._jobs.put(connection, kind, blob.blob)
        now = to_datetime(self._clock.now_ms())
        kept = await blobs.put(connection, blob, hashes, now, lost)
        if digest is not None:
            await blobs.set_digest(connection, blob.blob, digest)
        return kept

    async def _lost(self, new: Blob) -> str | None:
        """The name under which the same bytes should be, and are not as they were. The store is
        asked in any case: by the time it takes nobody learns that they were here before."""
        async with self._database.acquire() as connection:
            known = await blobs.find(connection, new.blob) or new
            damaged = await blobs.is_damaged(connection, new.blob)
        stored = await self._store.find(known.name)
        whole = stored is not None and stored.size == known.size and not damaged
        return None if whole else known.name

    async def _hashed(self, upload: Upload, *, sealed: bool = False) -> Hasher:
        """Of what was joined."""
        if sealed:
            return await _hash(upload.size, partial(self._store.read, upload.upload))
        intake: Intake = await self._store.open(upload.upload, upload.begun, upload.size, ())
        try:
            return await _hash(upload.size, intake.read)
        finally:
            await intake.close()

    async def _expire(self, upload: str, now: datetime) -> None:
        async with self._database.transaction() as connection:
            over = await rows.remove_expired(connection, upload, now)
            if over is None:  # somebody went on with it
                return
            if over.state == "receiving":
                await self._jobs.put(connection, SETTLE, upload)
        # The bytes of others are a blob's, or gone; and what stays here after a crash is found by
        # ``hub.files.keeping``.
        if over.state == "receiving" or (over.partial and over.state == "done"):
            await self._store.remove(upload)
        self._jobs.wake()

    # --- bounds -----------------------------------------------------------------------------------

    def _require_size(self, size: int) -> None:
        if self.bounds.file and size > self.bounds.file:
            raise TooLarge(
                f"A file of this hub has at most {self.bounds.file} bytes.", code="file_too_large"
            )

    async def _require_space(self, connection: Any, free: int | None, size: int) -> None:
        """After the quota, whose locks many may hold: this one is everybody's."""
        if free is None or size == 0:
            return
        if size > free - await rows.outstanding(connection) - self.bounds.free:
            raise StoreFull

    async def _require_quota(
        self, connection: Any, uid: str, thread: str | None, size: int
    ) -> None:
        quotas = Quotas(self.bounds.account, self.bounds.thread)
        if not quotas.bounded:
            return
        await rows.reserve(connection, uid, thread)
        await quotas.require(connection, uid, thread, size)

    def _new(
        self, uid: str, thread: str | None, size: int, name: str, type_: str, metadata: str
    ) -> Upload:
        return Upload(
            upload=new_id("f"), uid=uid, thread=thread, name=name, type=type_, metadata=metadata,
            size=size, received=0, state="receiving", partial=thread is None, parts=None, begun="",
            writer=None, blob=None, reason=None, expires_at_ms=self._expiry_ms(),
        )  # fmt: skip

    def _expiry_ms(self) -> int:
        return self._clock.now_ms() + self.bounds.hours * 3_600_000

    async def _insert(self, connection: Any, upload: Upload) -> None:
        now, expires = to_datetime(self._clock.now_ms()), to_datetime(upload.expires_at_ms)
        await rows.insert(connection, upload, now, expires)


def _known(data: bytes) -> tuple[Hasher, bytes]:
    hasher = Hasher()
    hasher.update(data)
    return hasher, sha256(data)


def _not_found() -> NotFound:
    return NotFound("There is no such upload of yours.", code="upload_not_found")


async def _hash(size: int, read: Callable[[int, int], Awaitable[bytes]]) -> Hasher:
    hasher = Hasher()
    for start in range(0, size, READ_BYTES):
        part = await read(start, min(start + READ_BYTES, size))
        await in_bulk(hasher.update, part)
    return hasher
