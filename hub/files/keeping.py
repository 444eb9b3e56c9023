"""Bytes are kept for as long as something refers to them, and a while longer; what they are is
checked.

    unused_since noted ─► a day later: going (nothing may refer to it any more) ─► removed ─► no row

Each step is done again after a crash. What the store has and no row names is removed, too, once it
is older than a day: an upload that was given up in the moment of its beginning. That is looked for
once a day only, as all of the store has to be read for it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Final, NamedTuple

import structlog

from hub.blobs.bulk import in_bulk
from hub.blobs.reading import BlobRotted
from hub.blobs.store import BlobMissing, BlobStore
from hub.clock import Clock, to_datetime
from hub.errors import Unavailable
from hub.files.contents import contents
from hub.jobs.queue import Jobs
from hub.storage import blobs as rows
from hub.storage import previews
from hub.storage.blobs import Blob
from hub.storage.jobs import Job
from hub.storage.pool import Database

DIGEST: Final = "digest"
"""The job that computes the SHA-256 of a whole blob."""
INTERVAL_S: Final = 600.0
SWEEP_S: Final = 86_400.0
BATCH: Final = 500

log = structlog.get_logger()


class Fault(NamedTuple):
    """A blob that is not what it should be: its code says how."""

    blob: Blob
    code: str


class Keeper:
    """Args:
    keep_s: how long bytes stay that nothing refers to.
    """

    def __init__(
        self, database: Database, store: BlobStore, clock: Clock, jobs: Jobs, keep_s: float
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._keep_ms = int(keep_s * 1000)
        jobs.handle(DIGEST, self._digest)

    async def run(self) -> None:
        """Collect for ever, and sweep: first soon after the start, then once a day."""
        sweep_at_ms = self._clock.now_ms()
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self.collect()
                if (now := self._clock.now_ms()) >= sweep_at_ms:
                    await self.sweep()
                    sweep_at_ms = now + int(SWEEP_S * 1000)
            except Unavailable as away:
                log.warning("collecting waits", reason=away.code)

    async def collect(self) -> int:
        """Remove blobs to which nothing refers; returns how many."""
        now = self._clock.now_ms()
        async with self._database.transaction() as connection:
            await rows.mark_unused(connection, to_datetime(now))
        removed = 0
        while True:
            async with self._database.transaction() as connection:
                going = await rows.take_unused(connection, to_datetime(now - self._keep_ms))
            for blob in going:
                async with self._database.acquire() as connection:
                    made = await previews.names(connection, blob.blob)
                for name in (*made, blob.name):
                    await self._store.remove(name)
                async with self._database.acquire() as connection:
                    await rows.removed(connection, blob)
            removed += len(going)
            if not going:
                return removed

    async def sweep(self) -> int:
        """Remove what the store has and no row names; returns how much. Reads all of the store."""
        now_ms, removed = self._clock.now_ms(), 0
        old: list[str] = []
        async for stored in self._store.all():
            if stored.at_s * 1000 < now_ms - self._keep_ms:
                old.append(stored.name)
            if len(old) == BATCH:
                removed += await self._remove_unknown(old)
                old = []
        return removed + await self._remove_unknown(old)

    async def _remove_unknown(self, names: list[str]) -> int:
        if not names:
            return 0
        async with self._database.acquire() as connection:
            unknown = await rows.unknown(connection, names)
        for name in unknown:
            log.warning("bytes that nothing names are removed", name=name)
            await self._store.remove(name)
        return len(unknown)

    async def _digest(self, job: Job) -> None:
        async with self._database.acquire() as connection:
            blob = await rows.find(connection, job.key)
        if blob is None:
            return
        digest = hashlib.sha256()
        try:
            async for part in self._bytes_of(blob):
                await in_bulk(digest.update, part)
        except (BlobMissing, BlobRotted) as error:
            log.error("a blob is not what it was", blob=blob.blob, reason=error.code)
            async with self._jobs.holding(job) as connection:
                await rows.note_damage(connection, blob, True)
            return
        async with self._jobs.holding(job) as connection:
            await rows.set_digest(connection, blob.blob, digest.digest())

    async def faults(self, on_progress: Callable[[Blob], None] | None = None) -> list[Fault]:
        """Read every blob; note and say which are not whole and as they were."""
        found: list[Fault] = []
        last = ""
        while True:
            async with self._database.acquire() as connection:
                some = await rows.after(connection, last)
            if not some:
                return found
            for blob in some:
                last = blob.blob
                fault = await self._fault(blob)
                if fault is not None:
                    found.append(fault)
                async with self._database.acquire() as connection:
                    await rows.note_damage(connection, blob, fault is not None)
                if on_progress is not None:
                    on_progress(blob)

    async def _fault(self, blob: Blob) -> Fault | None:
        try:
            async for _ in self._bytes_of(blob):
                pass
        except (BlobMissing, BlobRotted) as error:
            return Fault(blob, error.code)
        return None

    def _bytes_of(self, blob: Blob) -> AsyncIterator[bytes]:
        return contents(self._database, self._store, blob)
