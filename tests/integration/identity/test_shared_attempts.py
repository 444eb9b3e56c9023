"""What one process counts, all count."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import RateLimited
from hub.identity.attempts import SharedAttempts
from hub.storage import attempts as rows
from hub.storage.pool import Database
from tests.conftest import TurnableClock


@pytest.fixture
def processes(database: Database, clock: TurnableClock) -> list[SharedAttempts]:
    return [SharedAttempts("test", database, clock, burst=4, every_s=10) for _ in range(2)]


async def waits(bucket: SharedAttempts, key: str = "ada") -> float:
    """0 when the try was given."""
    try:
        await bucket.spend(key)
    except RateLimited as refused:
        return refused.retry_after_s or -1.0
    return 0.0


async def test_tries_at_two_processes_are_counted_together(
    processes: list[SharedAttempts], clock: TurnableClock
) -> None:
    one, two = processes
    assert [await waits(bucket) for bucket in (one, two, one, two)] == [0, 0, 0, 0]
    assert [await waits(bucket) for bucket in (one, two)] == [10, 10]
    assert await waits(one, "ben") == 0
    clock.advance(4)
    assert await waits(two) == 6
    clock.advance(6)
    assert await waits(two) == 0
    assert await waits(one) == 10


async def test_many_at_once_get_no_more(
    processes: list[SharedAttempts], clock: TurnableClock
) -> None:
    found = await asyncio.gather(*(waits(processes[number % 2]) for number in range(20)))
    assert found.count(0) == 4


async def test_forgiven_at_one_is_forgiven_at_the_other(processes: list[SharedAttempts]) -> None:
    one, two = processes
    for _ in range(4):
        await one.spend("ada")
    await one.forgive("ada")
    assert [await waits(bucket) for bucket in (two, two, two, two)] == [0, 0, 0, 0]
    assert await waits(two) > 0


async def test_uses_are_counted_apart(database: Database, clock: TurnableClock) -> None:
    buckets = [SharedAttempts(what, database, clock, burst=1, every_s=10) for what in "ab"]
    assert [await waits(bucket) for bucket in buckets] == [0, 0]


async def test_a_clock_that_is_set_back_or_forth_locks_nobody_out(
    database: Database, clock: TurnableClock
) -> None:
    def fresh() -> SharedAttempts:
        return SharedAttempts("test", database, clock, burst=4, every_s=10)

    for _ in range(4):
        await fresh().spend("ada")
    clock.advance(-3600)
    assert await waits(fresh()) == 10
    clock.advance(10)
    assert [await waits(fresh()) for _ in range(2)] == [0, 10], "it was told so"
    clock.advance(3600)
    assert [await waits(fresh()) for _ in range(5)] == [0, 0, 0, 0, 10]


async def test_full_buckets_are_forgotten(
    database: Database, processes: list[SharedAttempts], clock: TurnableClock
) -> None:
    await processes[0].spend("ada")
    async with database.acquire() as connection:
        assert await rows.forget(connection, clock.now_ms(), 10) == 0
        assert await rows.forget(connection, clock.now_ms() + 86_400_000, 10) == 1
