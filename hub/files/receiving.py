"""The bytes of one request on their way to the store: hashed, written, made durable, noted.

    request ─► batches of 1 MiB ─► hash and write (threads) ─► sync every 32 MiB ─► the upload's row
                     while one batch is written, the next one comes in

What is noted is durable; what is answered was noted. Whoever takes the upload over is obeyed at the
next note, or within a second where nothing comes in.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

from hub.blobs.bulk import in_bulk
from hub.blobs.store import Intake, Mark
from hub.errors import BadRequest, Conflict
from hub.wire.pieces import PIECE_BYTES, Hasher

BATCH_BYTES: Final = 2**20
SYNC_BYTES: Final = 32 * 2**20
BATCH_S: Final = 0.5
SYNC_S: Final = 2.0
"""Of a slow connection, too, others see how far it is, and a cut costs little."""

Part = bytes | None
"""Of a request's body; null when nothing came in for a second."""

Note = Callable[[Mark, int, list[bytes], str | None], Awaitable[bool]]
"""Keeps a mark, with the number of the first piece, the hashes that are new, and with the last of
all bytes the blob's id; false when somebody else writes this upload now."""


class Superseded(Conflict):
    code = "upload_taken_over"
    title = "Another connection goes on with this upload"
    retry_s = 1


class ChecksumMismatch(BadRequest):
    code = "checksum_mismatch"
    title = "The bytes do not have the checksum that was sent with them"
    http_status = 460


class Checksum(NamedTuple):
    """What a request says of its body. Source: tus 1.0.0, Upload-Checksum."""

    algorithm: str
    digest: bytes

    def require(self, data: bytes) -> None:
        """Raises:
        ChecksumMismatch.
        """
        if hashlib.new(self.algorithm, data).digest() != self.digest:
            raise ChecksumMismatch


class Receiver:
    """The one writer of an upload, for the length of a request.

    Args:
        intake: open behind ``received`` bytes.
        hasher: of all before; null for a part of a parallel upload, which is hashed when joined.
        noted: how many pieces of the hasher are in the row already.
        checksum: what the body must have before any of it counts.
    """

    def __init__(
        self, intake: Intake, hasher: Hasher | None, size: int, received: int, noted: int,
        note: Note, still_mine: Callable[[], Awaitable[bool]], checksum: Checksum | None,
    ) -> None:  # fmt: skip
        self.position = received  # written, durable or not
        self.durable = received
        self._intake = intake
        self._hasher = hasher
        self._size = size
        self._noted = noted
        self._note = note
        self._still_mine = still_mine
        self._checksum = checksum
        self._body = None if checksum is None else hashlib.new(checksum.algorithm)
        self._writing: asyncio.Task[None] | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._synced = received
        self._sync_at_s = 0.0

    async def take(self, parts: AsyncIterator[Part]) -> None:
        """Take a body in, to its end or to where it breaks off. ``durable`` says afterwards how
        much of it counts.

        Raises:
            BadRequest: ``upload_too_long``.
            ChecksumMismatch: nothing of it counts.
            Superseded.
        """
        whole = False
        try:
            whole = await self._take(parts)
        finally:
            await self._finish(whole)

    async def _take(self, parts: AsyncIterator[Part]) -> bool:
        """False where the body broke off."""
        batch: list[bytes] = []
        gathered = 0
        now = asyncio.get_running_loop().time
        due = now() + BATCH_S
        self._sync_at_s = now() + SYNC_S
        async for part in parts:
            if part is None:
                if not await self._still_mine():
                    raise Superseded
                # Who stands still may be gone: what came so far is kept now.
                if batch:
                    await self._write(batch)
                    batch, gathered, due = [], 0, now() + BATCH_S
                if self.position > self._synced:
                    await self._sync_now_and_then(self._sync_at_s)
                continue
            if not part:
                return await self._rest(batch)
            self.position += len(part)
            if self.position > self._size:
                raise BadRequest("More bytes came than were announced.", code="upload_too_long")
            batch.append(part)
            gathered += len(part)
            if gathered >= BATCH_BYTES or now() > due:
                await self._write(batch)
                batch, gathered, due = [], 0, now() + BATCH_S
                await self._sync_now_and_then(now())
        await self._rest(batch)
        return False

    async def _rest(self, batch: list[bytes]) -> bool:
        if batch:
            await self._write(batch)
        return True

    async def _write(self, batch: list[bytes]) -> None:
        """Begin to write a batch; the one before it has been written."""
        await self._written()
        self._writing = asyncio.create_task(self._keep(batch))

    async def _written(self) -> None:
        """Who waits may be cancelled; what is being written is not."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None

    async def _settled(self) -> None:
        if self._syncing is not None:
            await asyncio.shield(self._syncing)
            self._syncing = None

    async def _keep(self, batch: list[bytes]) -> None:
        hashed = in_bulk(self._hash, batch)
        await asyncio.gather(hashed, self._intake.write(batch))

    def _hash(self, batch: list[bytes]) -> None:
        for part in batch:
            if self._hasher is not None:
                self._hasher.update(part)
            if self._body is not None:
                self._body.update(part)

    async def _sync_now_and_then(self, now_s: float) -> None:
        if self._syncing is not None and self._syncing.done():
            await self._settled()
        if self._checksum is None and self._syncing is None:
            if self.position - self._synced < SYNC_BYTES and now_s < self._sync_at_s:
                return
            self._synced, self._sync_at_s = self.position, now_s + SYNC_S
            await self._written()
            self._syncing = asyncio.create_task(self._sync(last=False))

    async def _sync(self, *, last: bool) -> None:
        mark = await self._intake.sync(last=last)
        if mark.durable <= self.durable:
            return
        first, hashes, blob = self._noted, [], None
        if self._hasher is not None:
            whole = mark.durable // PIECE_BYTES
            if mark.durable == self._size:
                blob = self._hasher.finish()
                whole = len(self._hasher.hashes)
            hashes = self._hasher.hashes[first:whole]
        if not await self._note(mark, first, hashes, blob):
            raise Superseded
        self.durable = mark.durable
        self._noted += len(hashes)

    async def _finish(self, whole: bool) -> None:
        try:
            await self._written()
            await self._settled()
            if self._checksum is not None:
                if not whole:
                    return  # nobody can tell whether it is right
                assert self._body is not None
                if self._body.digest() != self._checksum.digest:
                    raise ChecksumMismatch
            await self._sync(last=True)
        finally:
            for task in (self._writing, self._syncing):
                if task is not None:  # it failed, or nobody waits for it any more
                    await asyncio.wait((task,))
