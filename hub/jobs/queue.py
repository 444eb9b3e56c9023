"""The workers of one process: they take jobs that are due, hold on to them while they are at it,
and try again later what failed.

A job runs at least once. What it changes in the database it changes in a transaction that first
holds the job (``hub.storage.jobs.hold``): a worker that lost its lease,
because it stood still, changes nothing any more.

Why not a library: docs/adr/0016.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NamedTuple

import structlog

from hub.clock import Clock, to_datetime
from hub.errors import HubError, Unavailable
from hub.ids import new_id
from hub.storage import jobs as rows
from hub.storage.jobs import Job
from hub.storage.pool import Database

LEASE: Final = timedelta(seconds=20)
RENEW_S: Final = 5.0
POLL_S: Final = 1.0
AT_ONCE: Final = 4
TRIES: Final = 8
BACK_OFF_S: Final = (1, 2, 5, 15, 60, 300, 900)
OUTAGES: Final = 10_000
"""Of so many jobs a process remembers how often it met an outage; then it begins anew."""

Handler = Callable[[Job], Awaitable[None]]

log = structlog.get_logger()


class JobLost(HubError):
    """Somebody else is at it: this worker stood still for too long."""

    code = "job_lost"
    title = "The job was taken over"
    retry_s = None


class Later(Exception):
    """Raised by a handler whose time has not come: asked again in ``seconds``, however often."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(slots=True)
class _Lane:
    at_once: int
    kinds: list[str] = field(default_factory=list)
    running: int = 0


class _Running(NamedTuple):
    job: Job
    task: asyncio.Task[None]


_SHARED: Final = ""


class Jobs:
    """Args:
    poll_s: how soon it is seen what other processes have put there.
    """

    def __init__(self, database: Database, clock: Clock, *, poll_s: float = POLL_S) -> None:
        self._database = database
        self._clock = clock
        self._poll_s = poll_s
        self._handlers: dict[str, Handler] = {}
        self._worker = new_id("j")
        self._taken = 0
        self._wake = asyncio.Event()
        self._lanes: dict[str, _Lane] = {}
        self._running: dict[int, _Running] = {}
        self._outages: dict[int, int] = {}

    def handle(self, kind: str, handler: Handler, *, at_once: int | None = None) -> None:
        """Who does jobs of a kind. With ``at_once`` they have a lane of their own, for so many at a
        time: what takes long keeps nothing else waiting. Before ``run``."""
        self._handlers[kind] = handler
        lane = _SHARED if at_once is None else kind
        self._lanes.setdefault(lane, _Lane(at_once or AT_ONCE)).kinds.append(kind)

    async def put(
        self, connection: Any, kind: str, *keys: str, in_s: float = 0
    ) -> None:  # fmt: skip
        """Ask for jobs, in the transaction that makes them needed; call ``wake`` after it."""
        due = to_datetime(self._clock.now_ms() + int(in_s * 1000))
        await rows.put(connection, kind, keys, due)

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    @asynccontextmanager
    async def holding(self, job: Job) -> AsyncIterator[Any]:
        """A transaction in which the job is still one's own.

        Raises:
            JobLost.
        """
        async with self._database.transaction() as connection:
            if not await rows.hold(connection, job):
                raise JobLost
            yield connection

    async def run(self) -> None:
        """Work for ever."""
        renewing = asyncio.create_task(self._renew(), name="leases of jobs")
        try:
            while True:
                self._wake.clear()
                try:
                    await self._start()
                except Unavailable as away:
                    log.warning("jobs wait", reason=away.code)
                try:
                    async with asyncio.timeout(self._poll_s):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            tasks = [renewing, *self._tasks()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._release()

    async def drain(self, kinds: Sequence[str] = ()) -> None:
        """Do what is due now, here and by who else is at it, and return when nothing is. For
        commands and tests."""
        while True:
            await self._start()
            if self._running:
                await asyncio.wait(self._tasks())
                continue
            async with self._database.acquire() as connection:
                now = to_datetime(self._clock.now_ms())
                if not await rows.due_kinds(connection, now, kinds or list(self._handlers)):
                    return
            await asyncio.sleep(0.01)

    async def _start(self) -> None:
        lanes = [lane for lane in self._lanes.values() if lane.running < lane.at_once]
        if not lanes:
            return
        async with self._database.acquire() as connection:
            now = to_datetime(self._clock.now_ms())
            kinds = [kind for lane in lanes for kind in lane.kinds]
            due = await rows.due_kinds(connection, now, kinds)
            for lane in lanes:
                if due.isdisjoint(lane.kinds):
                    continue
                free = lane.at_once - lane.running
                # What runs here after its lease ran out is renewed, or is another's.
                for job in await rows.take(
                    connection, self._lease(), lane.kinds, now, LEASE, free, self._running
                ):
                    lane.running += 1
                    task = asyncio.create_task(self._do(job, lane), name=f"job {job.kind}")
                    self._running[job.id] = _Running(job, task)

    def _lease(self) -> str:
        self._taken += 1
        return f"{self._worker}.{self._taken}"

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [one.task for one in self._running.values()]

    async def _do(self, job: Job, lane: _Lane) -> None:
        try:
            try:
                await self._handlers[job.kind](job)
            except JobLost:
                log.warning("a job was taken over", kind=job.kind, key=job.key)
            except Later as later:
                await self._put_off(job, "", later.seconds)
            except Unavailable as away:  # whose fault it is not; it is not given up
                await self._put_off(job, away.code, self._outage_s(job))
            except Exception as error:
                log.exception("a job failed", kind=job.kind, key=job.key, tries=job.tries)
                wait = BACK_OFF_S[job.tries - 1] if job.tries < TRIES else None
                await self._fail(job, f"{type(error).__name__}: {error}"[:500], wait)
            else:
                async with self._database.acquire() as connection:
                    await rows.done(connection, job)
                self._outages.pop(job.id, None)
        except Unavailable as away:  # its lease runs out
            log.warning("a job cannot be settled", kind=job.kind, key=job.key, reason=away.code)
        finally:
            self._running.pop(job.id, None)
            lane.running -= 1
            self._wake.set()

    async def _release(self) -> None:
        """What was begun is for others, at once."""
        try:
            async with asyncio.timeout(RENEW_S), self._database.acquire() as connection:
                await rows.release(connection, self._worker + ".")
        except (Unavailable, TimeoutError):
            log.info("jobs wait for the end of their leases")

    async def _fail(self, job: Job, error: str, wait_s: float | None) -> None:
        due = None if wait_s is None else to_datetime(self._clock.now_ms() + int(wait_s * 1000))
        async with self._database.acquire() as connection:
            await rows.failed(connection, job, error, due)

    async def _put_off(self, job: Job, reason: str, wait_s: float) -> None:
        due = to_datetime(self._clock.now_ms() + int(wait_s * 1000))
        async with self._database.acquire() as connection:
            await rows.put_off(connection, job, reason, due)

    def _outage_s(self, job: Job) -> float:
        """How long to wait for what is away; the longer, the more often it was away here."""
        if job.id not in self._outages and len(self._outages) >= OUTAGES:
            self._outages.clear()
        met = self._outages[job.id] = self._outages.get(job.id, 0) + 1
        return BACK_OFF_S[min(met, 5) - 1]

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            held = list(self._running.values())
            if not held:
                continue
            try:
                async with self._database.acquire() as connection:
                    still = await rows.renew(connection, [one.job for one in held], LEASE)
            except Unavailable:
                continue
            for one in held:
                if one.job.id not in still:
                    one.task.cancel()  # done meanwhile, or lost
