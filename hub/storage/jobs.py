"""The queue of jobs in PostgreSQL. Leases go by the clock of the database, so that processes on
several machines agree; when a job is due, by the hub's clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple


class Job(NamedTuple):
    """A job that somebody holds. ``tries`` counts this one, those that failed and those in which
    the process ended; ``lease`` is a name that nobody else gets, and that no other taking of the
    job had."""

    id: int
    kind: str
    key: str
    tries: int
    lease: str


class GivenUp(NamedTuple):
    """A job that failed too often."""

    kind: str
    key: str
    tries: int
    error: str


async def put(connection: Any, kind: str, keys: Sequence[str], due_at: datetime) -> None:
    """Ask for jobs. One that waits already is due at the earlier moment; one that somebody is at
    is done once more; one that was given up begins anew."""
    await connection.execute(_PUT, kind, list(keys), due_at)


async def take(
    connection: Any, lease: str, kinds: Sequence[str], now: datetime, for_: timedelta, limit: int,
    running: Collection[int] = (),
) -> list[Job]:  # fmt: skip
    """Hold jobs that are due and that nobody holds.

    Args:
        lease: the name of the lease; new each time.
        running: not these.
    """
    rows = await connection.fetch(_TAKE, lease, list(kinds), now, for_, limit, list(running))
    return [Job(row["job_id"], row["kind"], row["key"], row["tries"], lease) for row in rows]


async def renew(connection: Any, jobs: Collection[Job], for_: timedelta) -> set[int]:
    """Hold on to jobs; returns those that are still held."""
    ids, leases = [job.id for job in jobs], [job.lease for job in jobs]
    rows = await connection.fetch(_RENEW, ids, leases, for_)
    return {row["job_id"] for row in rows}


async def hold(connection: Any, job: Job) -> bool:
    """Whether the job is still this worker's; it stays so until the transaction ends."""
    return bool(await connection.fetchval(_HOLD, job.id, job.lease))


async def done(connection: Any, job: Job) -> None:
    """It is over, or begins anew where it was asked for meanwhile."""
    if not await connection.fetchval(_DELETE, job.id, job.lease):
        await connection.execute(_BEGIN_ANEW, job.id, job.lease)


async def failed(connection: Any, job: Job, error: str, due_at: datetime | None) -> None:
    """It is tried again at ``due_at``, or given up."""
    await connection.execute(_FAILED, job.id, job.lease, error, due_at)


async def put_off(connection: Any, job: Job, reason: str, due_at: datetime) -> None:
    """It is asked again at ``due_at``, and has not failed."""
    await connection.execute(_PUT_OFF, job.id, job.lease, reason, due_at)


async def release(connection: Any, worker: str) -> None:
    """Let go of everything that was taken by leases whose names begin so; it counts as not
    tried."""
    await connection.execute(
        "UPDATE jobs SET worker = NULL, lease_until = NULL, tries = tries - 1 "
        "WHERE starts_with(worker, $1)",
        worker,
    )


async def given_up(connection: Any, limit: int = 100) -> list[GivenUp]:
    return [GivenUp(*row) for row in await connection.fetch(_GIVEN_UP, limit)]


async def is_waiting(connection: Any, kind: str, key: str) -> bool:
    """Whether a job will still be done."""
    return bool(await connection.fetchval(_IS_WAITING, kind, key))


async def waiting(connection: Any) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM jobs WHERE NOT given_up"))


async def due_kinds(connection: Any, now: datetime, kinds: Sequence[str]) -> set[str]:
    """Of which of these kinds there are jobs that are due, or that somebody is at."""
    return {row["kind"] for row in await connection.fetch(_DUE_KINDS, now, list(kinds))}


_IS_WAITING = """
SELECT EXISTS (SELECT FROM jobs WHERE kind = $1 AND key = $2 AND NOT given_up)
"""

_PUT = """
INSERT INTO jobs (kind, key, due_at) SELECT $1, k.key, $3 FROM unnest($2::text[]) AS k (key)
ORDER BY k.key
ON CONFLICT (kind, key) DO UPDATE SET
    due_at = CASE WHEN jobs.given_up OR jobs.worker IS NOT NULL AND NOT jobs.again
                  THEN excluded.due_at ELSE least(jobs.due_at, excluded.due_at) END,
    again = jobs.worker IS NOT NULL,
    tries = CASE WHEN jobs.given_up THEN 0 ELSE jobs.tries END,
    given_up = false
"""

_TAKE = """
UPDATE jobs SET worker = $1, lease_until = now() + $4, tries = tries + 1, again = false
WHERE job_id IN (
    SELECT job_id FROM jobs
    WHERE NOT given_up AND due_at <= $3 AND kind = ANY($2::text[])
      AND (worker IS NULL OR lease_until < now()) AND job_id <> ALL($6::bigint[])
    ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED
)
RETURNING job_id, kind, key, tries
"""

_DUE_KINDS = """
SELECT k.kind FROM unnest($2::text[]) AS k (kind)
WHERE EXISTS (SELECT FROM jobs j WHERE j.kind = k.kind AND NOT given_up AND due_at <= $1)
"""

_RENEW = """
UPDATE jobs SET lease_until = now() + $3
FROM unnest($1::bigint[], $2::text[]) AS held (id, lease)
WHERE job_id = held.id AND worker = held.lease RETURNING job_id
"""

_HOLD = "SELECT true FROM jobs WHERE job_id = $1 AND worker = $2 FOR UPDATE"

# Whoever asks for it at this moment has the row, and is waited for: then it is looked at again.
_DELETE = "DELETE FROM jobs WHERE job_id = $1 AND worker = $2 AND NOT again RETURNING true"

_BEGIN_ANEW = """
UPDATE jobs SET worker = NULL, lease_until = NULL, again = false, tries = 0, error = NULL
WHERE job_id = $1 AND worker = $2
"""

_FAILED = """
UPDATE jobs SET worker = NULL, lease_until = NULL, again = false, error = $3,
                due_at = coalesce($4, due_at), given_up = $4 IS NULL AND NOT again
WHERE job_id = $1 AND worker = $2
"""

_PUT_OFF = """
UPDATE jobs SET worker = NULL, lease_until = NULL, again = false, error = $3, due_at = $4,
                tries = tries - 1
WHERE job_id = $1 AND worker = $2
"""

_GIVEN_UP = """
SELECT kind, key, tries, coalesce(error, '') FROM jobs WHERE given_up ORDER BY job_id LIMIT $1
"""
