"""Every blob is looked at by every scanner, and its threads are told.

    a blob is here ─► scan ─► verdict (the worst) ─► tell ─► version.blocked, version.unblocked
                       ▲                              ├────► frames to open rooms
                       │                              └────► preview, unless it is blocked
                       └── the scanner's signatures changed, or a day passed

A scanner that is away keeps the job waiting, however long: until then there is no verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import structlog

from hub.blobs.reading import BlobRotted
from hub.blobs.store import BlobMissing, BlobStore
from hub.clock import Clock, to_datetime
from hub.errors import Unavailable
from hub.files.contents import contents
from hub.files.previews.service import PREVIEW
from hub.files.scanning.verdicts import Result, Scanner, Verdict
from hub.jobs.queue import Jobs
from hub.storage import blobs
from hub.storage import verdicts as rows
from hub.storage.blobs import Blob
from hub.storage.jobs import Job
from hub.storage.pool import Database
from hub.storage.verdicts import Place, Untold
from hub.storage.writer import Append, GroupCommitWriter
from hub.wire import events as ev

SCAN: Final = "scan"
"""The job that has a blob looked at."""
TELL: Final = "tell"
"""The job that tells threads how a blob is judged."""
AT_ONCE: Final = 2
LOOK_S: Final = 60.0
AGAIN_AT_ONCE: Final = 20
DAY_MS: Final = 86_400_000

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


class NotTold(Exception):
    """An event was written and changed nothing: something is wrong, and is tried again later."""


class Scanning:
    """Args:
        scanners: all of them; there may be none.
        hold: nobody gets a file before it was looked at.
        rescan_days: blobs that came within so many days are looked at again when the signatures
            change; those of a scanner that does not say how old its signatures are, daily.

    ``on_verdict`` is told of each version of a blob that was judged.
    """

    def __init__(
        self, database: Database, store: BlobStore, writer: GroupCommitWriter, clock: Clock,
        jobs: Jobs, scanners: Sequence[Scanner], hold: bool, rescan_days: int,
    ) -> None:  # fmt: skip
        self.scanners = scanners
        self.on_verdict: Callable[[Place], None] | None = None
        self._database = database
        self._store = store
        self._writer = writer
        self._clock = clock
        self._jobs = jobs
        self._hold = hold
        self._rescan_ms = rescan_days * DAY_MS
        if scanners:
            jobs.handle(SCAN, self._scan, at_once=AT_ONCE)
        jobs.handle(TELL, self._tell)

    @property
    def policy(self) -> ev.Scanning:
        return "off" if not self.scanners else "hold" if self._hold else "on"

    async def begin(self) -> None:
        """Ask for what nobody has looked at: it came while there was no scanner."""
        last = ""
        while self.scanners:
            async with self._database.transaction() as connection:
                found = await rows.unscanned(connection, last)
                if not found:
                    break
                await self._jobs.put(connection, SCAN, *found)
            last = found[-1]

    async def run(self) -> None:
        """Look at what nobody has looked at, and then, for ever, at what was judged by other
        signatures than there are."""
        if not self.scanners:
            return
        begun = False
        while True:
            try:
                if begun:
                    await self.again()
                else:
                    await self.begin()
                    begun = True
            except Unavailable as away:
                log.warning("looking at files waits", reason=away.code)
            await asyncio.sleep(LOOK_S)

    async def again(self) -> int:
        """Ask for some of what was judged by other signatures, latest first; returns how many.

        Raises:
            ScannerDown.
        """
        engines = [await one.identify() for one in self.scanners]
        now = self._clock.now_ms()
        # One that does not say what it knows may know more tomorrow.
        before = 0 if all(database for _, database in engines) else now - DAY_MS
        async with self._database.transaction() as connection:
            found = await rows.stale(
                connection, _names(engines), to_datetime(now - self._rescan_ms),
                to_datetime(before), AGAIN_AT_ONCE,
            )  # fmt: skip
            await self._jobs.put(connection, SCAN, *found)
        self._jobs.wake()
        return len(found)

    async def _scan(self, job: Job) -> None:
        async with self._database.acquire() as connection:
            blob = await blobs.find(connection, job.key)
        if blob is None:
            return
        asked = await asyncio.gather(
            *(self._ask(one, blob) for one in self.scanners), return_exceptions=True
        )
        verdicts = [one for one in asked if isinstance(one, Verdict)]
        # What one of them found counts, also while another is away.
        if not any(one.result is Result.blocked for one in verdicts):
            for failure in asked:
                if isinstance(failure, BaseException):
                    raise failure
        worst = max(verdicts, key=lambda one: _GRAVITY[one.result])
        engines = _names([(one.engine, one.database) for one in verdicts])
        now = to_datetime(self._clock.now_ms())
        async with self._jobs.holding(job) as connection:
            # Before the blob is locked: whoever does these jobs locks in this order, too.
            if worst.result is not Result.blocked:
                await self._jobs.put(connection, PREVIEW, blob.blob)
            await self._jobs.put(connection, TELL, blob.blob)
            await rows.put(
                connection, blob.blob, worst.engine, worst.database, worst.result.value,
                worst.finding, engines, now,
            )  # fmt: skip
        self._jobs.wake()
        if worst.result is not Result.clean:
            log.warning("a file is not clean", blob=blob.blob, result=worst.result.value,
                        finding=worst.finding, engine=worst.engine)  # fmt: skip

    async def _ask(self, scanner: Scanner, blob: Blob) -> Verdict:
        try:
            return await scanner.scan(blob.size, contents(self._database, self._store, blob))
        except (BlobMissing, BlobRotted) as error:
            engine, database = await scanner.identify()
            return Verdict(engine, database, Result.unscannable, error.title)

    async def _tell(self, job: Job) -> None:
        told: set[tuple[str, int]] = set()
        while True:
            async with self._database.acquire() as connection:
                untold = await rows.untold(connection, job.key)
            if not untold:
                break
            for one in untold:
                if (one.key, one.verdict_id) in told:
                    raise NotTold(one.key)
                told.add((one.key, one.verdict_id))
                await self._writer.append(_event(one))
        async with self._jobs.holding(job) as connection:
            news = await rows.news(connection, job.key)
        if self.on_verdict is not None:
            for place in news:
                self.on_verdict(place)


_GRAVITY: Final = {Result.clean: 0, Result.unscannable: 1, Result.blocked: 2}


def _names(engines: Sequence[tuple[str, str]]) -> str:
    """What looked at a blob, in one line."""
    return "; ".join(f"{engine} {database}".strip() for engine, database in engines)


def _event(one: Untold) -> Append:
    data: Any
    if one.blocked:
        data = ev.VersionBlockedData(one.attachment, one.key, one.seq, one.finding)
    else:
        data = ev.VersionUnblockedData(one.attachment, one.key, one.seq)
    kind = "version.blocked" if one.blocked else "version.unblocked"
    # Said once of each verdict, however often the job is done.
    send_id = f"hub:{one.key}.{one.verdict_id}"
    return Append(one.thread, kind, one.author, _encode(data), send_id)
