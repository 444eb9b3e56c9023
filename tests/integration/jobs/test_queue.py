"""Jobs: once where nothing breaks, at least once where something does, by one worker at a time."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from itertools import pairwise

import pytest

from hub.clock import to_datetime
from hub.errors import Unavailable
from hub.jobs import queue
from hub.jobs.queue import JobLost, Jobs, Later
from hub.storage import jobs as rows
from hub.storage.jobs import Job
from hub.storage.pool import Database
from tests.conftest import TurnableClock

LONG = timedelta(minutes=1)


async def ask(database: Database, jobs: Jobs, *keys: str, in_s: float = 0) -> None:
    async with database.transaction() as connection:
        await jobs.put(connection, "note", *keys, in_s=in_s)
    jobs.wake()


async def left(database: Database) -> int:
    async with database.acquire() as connection:
        return await rows.waiting(connection)


async def test_each_job_is_done_once_by_several_workers(
    database: Database, clock: TurnableClock
) -> None:
    done: list[str] = []

    async def note(job: Job) -> None:
        done.append(job.key)

    workers = [Jobs(database, clock) for _ in range(3)]
    for worker in workers:
        worker.handle("note", note)
    keys = [f"k{number}" for number in range(50)]
    await ask(database, workers[0], *keys)
    await ask(database, workers[0], *keys)  # asked for already
    await asyncio.gather(*(worker.drain() for worker in workers))
    assert sorted(done) == sorted(keys)
    assert await left(database) == 0


async def test_what_is_rolled_back_was_never_asked_for(
    database: Database, clock: TurnableClock
) -> None:
    jobs = Jobs(database, clock)
    with contextlib.suppress(RuntimeError):
        async with database.transaction() as connection:
            await jobs.put(connection, "note", "a")
            raise RuntimeError
    assert await left(database) == 0


async def test_it_waits_until_it_is_due(database: Database, clock: TurnableClock) -> None:
    done: list[str] = []

    async def note(job: Job) -> None:
        done.append(job.key)

    jobs = Jobs(database, clock)
    jobs.handle("note", note)
    await ask(database, jobs, "late", in_s=60)
    await ask(database, jobs, "early", in_s=60)
    await ask(database, jobs, "early", in_s=10)
    await jobs.drain()
    clock.advance(11)
    await jobs.drain()
    assert done == ["early"]
    clock.advance(50)
    await jobs.drain()
    assert done == ["early", "late"]


async def test_what_is_asked_for_meanwhile_is_done_once_more(
    database: Database, clock: TurnableClock
) -> None:
    tries: list[int] = []
    jobs = Jobs(database, clock)

    async def note(job: Job) -> None:
        tries.append(job.tries)
        if len(tries) == 1:
            await ask(database, jobs, "a")

    jobs.handle("note", note)
    await ask(database, jobs, "a")
    await jobs.drain()
    assert tries == [1, 1]
    assert await left(database) == 0


async def test_what_is_asked_for_as_a_job_ends_is_not_lost(
    database: Database, clock: TurnableClock
) -> None:
    done = 0

    async def note(job: Job) -> None:
        nonlocal done
        done += 1

    jobs = Jobs(database, clock)
    jobs.handle("note", note)
    for _ in range(60):
        before = done
        await ask(database, jobs, "a")
        async with asyncio.timeout(5):
            await asyncio.gather(jobs.drain(), *(ask(database, jobs, "a") for _ in range(4)))
            await jobs.drain()
        assert done > before
        assert await left(database) == 0


async def test_a_job_that_always_fails_ends_where_an_operator_sees_it(
    database: Database, clock: TurnableClock, capsys: pytest.CaptureFixture[str]
) -> None:
    tries: list[int] = []

    async def note(job: Job) -> None:
        tries.append(job.tries)
        if len(tries) <= queue.TRIES:
            raise ValueError("never")

    jobs = Jobs(database, clock)
    jobs.handle("note", note)
    await ask(database, jobs, "a")
    for _ in range(queue.TRIES + 2):
        await jobs.drain()
        clock.advance(1000)
    assert tries == list(range(1, queue.TRIES + 1))
    async with database.acquire() as connection:
        (given_up,) = await rows.given_up(connection)
    assert given_up == ("note", "a", queue.TRIES, "ValueError: never")
    await ask(database, jobs, "a")  # an operator asks again
    await jobs.drain()
    assert tries[-1] == 1
    assert await left(database) == 0


@pytest.mark.parametrize("reason", [Later(5), Unavailable("The store is away.")])
async def test_what_cannot_be_yet_is_never_given_up(
    database: Database, clock: TurnableClock, reason: Exception
) -> None:
    tries = 0

    async def note(job: Job) -> None:
        nonlocal tries
        tries += 1
        if tries < 20:
            raise reason

    jobs = Jobs(database, clock)
    jobs.handle("note", note)
    await ask(database, jobs, "a")
    for _ in range(25):
        await jobs.drain()
        clock.advance(61)
    assert tries == 20
    assert await left(database) == 0


async def test_a_worker_that_stood_still_changes_nothing_any_more(
    database: Database, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease ran out, and another did the job."""
    monkeypatch.setattr(queue, "LEASE", timedelta(seconds=0))
    slow, quick = Jobs(database, clock), Jobs(database, clock)
    reached, go_on = asyncio.Event(), asyncio.Event()
    said: list[str] = []

    async def slowly(job: Job) -> None:
        reached.set()
        await go_on.wait()
        try:
            async with slow.holding(job):
                said.append("slow")
        except JobLost:
            said.append("lost")
            raise

    async def quickly(job: Job) -> None:
        async with quick.holding(job):
            said.append("quick")

    slow.handle("note", slowly)
    quick.handle("note", quickly)
    await ask(database, slow, "a")
    running = asyncio.create_task(slow.run())
    await reached.wait()
    await quick.drain()
    go_on.set()
    await slow.drain()
    running.cancel()
    await asyncio.wait((running,))
    assert said == ["quick", "lost"]
    assert await left(database) == 0


async def test_what_still_runs_is_not_begun_again_by_the_same_worker(
    database: Database, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away, or the machine asleep, for longer than the lease."""
    monkeypatch.setattr(queue, "LEASE", timedelta(seconds=0))
    jobs = Jobs(database, clock)
    begun: list[str] = []
    go_on = asyncio.Event()
    other = asyncio.Event()

    async def note(job: Job) -> None:
        begun.append(job.key)
        if job.key == "b":
            other.set()
        await go_on.wait()
        async with jobs.holding(job):
            pass

    jobs.handle("note", note)
    await ask(database, jobs, "a")
    await jobs._start()
    await ask(database, jobs, "b")
    await jobs._start()
    await other.wait()
    go_on.set()
    await jobs.drain()
    assert begun == ["a", "b"]
    assert await left(database) == 0


async def test_each_taking_of_a_job_has_a_lease_of_its_own(
    database: Database, clock: TurnableClock
) -> None:
    """Of two that a worker began, the first does not hold what the second has."""
    jobs = Jobs(database, clock)
    taken: list[Job] = []

    async def note(job: Job) -> None:
        taken.append(job)
        if len(taken) == 1:
            raise Later(0)
        async with jobs.holding(job):
            pass
        with pytest.raises(JobLost):
            async with jobs.holding(taken[0]):
                pass

    jobs.handle("note", note)
    await ask(database, jobs, "a")
    await jobs.drain()
    assert len(taken) == 2
    assert await left(database) == 0


async def test_leases_that_ran_out_are_renewed_where_nobody_took_the_jobs(
    database: Database, clock: TurnableClock
) -> None:
    jobs = Jobs(database, clock)
    await ask(database, jobs, "a", "b")
    async with database.acquire() as connection:
        now = to_datetime(clock.now_ms())
        held = await rows.take(connection, "x.1", ["note"], now, timedelta(0), 5)
        (taken,) = await rows.take(connection, "y.1", ["note"], now, LONG, 1)
        still = {one.id for one in held} - {taken.id}
        assert await rows.renew(connection, held, LONG) == still
        assert await rows.take(connection, "y.2", ["note"], now, LONG, 5) == []
        await rows.release(connection, "x.")
        (again,) = await rows.take(connection, "y.2", ["note"], now, LONG, 5)
        assert {again.id} == still


async def test_outages_use_up_no_tries(database: Database, clock: TurnableClock) -> None:
    """After a long one, a job that fails for once is not given up."""
    reasons: list[Exception] = [Unavailable("away")] * 10 + [Later(1)] * 10 + [ValueError("once")]
    tries: list[int] = []

    async def note(job: Job) -> None:
        tries.append(job.tries)
        if reasons:
            raise reasons.pop(0)

    jobs = Jobs(database, clock)
    jobs.handle("note", note)
    await ask(database, jobs, "a")
    for _ in range(25):
        await jobs.drain()
        clock.advance(61)
    assert tries == [1] * 21 + [2]
    assert await left(database) == 0


async def test_an_outage_is_met_less_and_less_often(
    database: Database, clock: TurnableClock
) -> None:
    away = True
    at_s: list[int] = []

    async def note(job: Job) -> None:
        at_s.append(clock.now_ms() // 1000)
        if away:
            raise Unavailable("away")

    jobs = Jobs(database, clock)
    jobs.handle("note", note)
    await ask(database, jobs, "a")
    for _ in range(150):
        await jobs.drain()
        clock.advance(1)
    assert [b - a for a, b in pairwise(at_s)] == [1, 2, 5, 15, 60, 60]
    away = False
    clock.advance(60)
    await jobs.drain()
    assert await left(database) == 0
    assert jobs._outages == {}


async def test_a_worker_that_ends_lets_go_at_once(database: Database, clock: TurnableClock) -> None:
    reached = asyncio.Event()
    tries: list[int] = []

    async def hang(job: Job) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def note(job: Job) -> None:
        tries.append(job.tries)

    first, second = Jobs(database, clock), Jobs(database, clock)
    first.handle("note", hang)
    second.handle("note", note)
    await ask(database, first, "a")
    running = asyncio.create_task(first.run())
    await reached.wait()
    running.cancel()
    await asyncio.wait((running,))
    await second.drain()
    assert tries == [1]


async def test_of_what_is_asked_for_meanwhile_the_earliest_counts(
    database: Database, clock: TurnableClock
) -> None:
    jobs = Jobs(database, clock)
    done: list[int] = []

    async def note(job: Job) -> None:
        done.append(clock.now_ms())
        if len(done) == 1:  # somebody asks for soon, then somebody for late
            await ask(database, jobs, "a", in_s=60)
            await ask(database, jobs, "a", in_s=3600)

    jobs.handle("note", note)
    await ask(database, jobs, "a")
    await jobs.drain()
    clock.advance(60)
    await jobs.drain()
    assert len(done) == 2
    assert await left(database) == 0
