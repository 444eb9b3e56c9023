"""Two workers, a PostgreSQL and a Redis, and a bad day of each while people write.

Small in every run, twenty times in `make test-heavy`, which says how long each took to recover.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.crash.checking import Writers, write_through
from tests.support.hub_process import HubProcess
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer, SentinelServer
from tests.support.stall import Stall

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("services")]


class House:
    """Everything that a bad day can befall."""

    def __init__(
        self, hub: HubProcess, postgres: PostgresServer, redis: RedisServer, line: Stall,
        replica: RedisServer,
    ) -> None:  # fmt: skip
        self.hub = hub
        self.postgres = postgres
        self.redis = redis
        self.line = line
        self.replica = replica

    def workers(self) -> list[int]:
        """Their pids."""
        process = self.hub.process
        assert process is not None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        return [int(one) for one in children.split()]

    async def worker_killed(self, long_s: float) -> None:
        os.kill(random.choice(self.workers()), signal.SIGKILL)

    async def worker_frozen(self, long_s: float) -> None:
        """Its supervisor ends it."""
        os.kill(random.choice(self.workers()), signal.SIGSTOP)

    async def rolled(self, long_s: float) -> None:
        before = set(self.workers())
        assert self.hub.process is not None
        self.hub.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(60):
            while before & (now := set(self.workers())) or len(now) != len(before):
                await asyncio.sleep(0.05)

    async def redis_killed(self, long_s: float) -> None:
        self.redis.kill()
        await asyncio.sleep(long_s)
        self.redis.start()

    async def redis_frozen(self, long_s: float) -> None:
        self.redis.freeze()
        await asyncio.sleep(long_s)
        self.redis.thaw()

    async def redis_emptied(self, long_s: float) -> None:
        self.redis.command("FLUSHALL")
        for kind in ("pubsub", "normal"):
            self.redis.command("CLIENT", "KILL", "TYPE", kind)

    async def postgres_killed(self, long_s: float) -> None:
        self.postgres.kill()
        await asyncio.sleep(min(long_s, 3.0))
        self.postgres.start()

    async def postgres_frozen(self, long_s: float) -> None:
        self.postgres.freeze()
        await asyncio.sleep(long_s)
        self.postgres.thaw()

    async def postgres_read_only(self, long_s: float) -> None:
        self.postgres.read_only(True)
        await asyncio.sleep(long_s)
        self.postgres.read_only(False)

    async def line_cut(self, long_s: float) -> None:
        """Between one worker and Redis: nothing passes, and nothing says so."""
        self.line.stall()
        await asyncio.sleep(long_s)
        self.line.go_on()

    async def sentinel(self, long_s: float) -> None:
        """The master dies, its replica takes over."""
        self.redis.kill()
        async with asyncio.timeout(30):
            while b"role:master" not in self.replica.command("INFO", "replication"):
                await asyncio.sleep(0.05)
        self.redis._options = (f"replicaof 127.0.0.1 {self.replica.port}",)
        self.redis.start()
        # A Sentinel may think again when the old master is back so soon: it has the last word.
        async with asyncio.timeout(90):
            while (master := self._master()) is None:
                await asyncio.sleep(0.05)
        if master is not self.redis:
            self.redis, self.replica = self.replica, self.redis

    def _master(self) -> RedisServer | None:
        """The one that the other follows."""
        for one in (self.redis, self.replica):
            if b"state=online" in one.command("INFO", "replication"):
                return one
        return None


DAYS = {
    "worker killed": House.worker_killed,
    "worker frozen": House.worker_frozen,
    "rolling restart": House.rolled,
    "Redis killed": House.redis_killed,
    "Redis frozen": House.redis_frozen,
    "Redis emptied": House.redis_emptied,
    "line to Redis cut": House.line_cut,
    "Sentinel fails over": House.sentinel,
    "PostgreSQL killed": House.postgres_killed,
    "PostgreSQL frozen": House.postgres_frozen,
    "PostgreSQL read-only": House.postgres_read_only,
}
SMALL = ("worker killed", "rolling restart", "Redis frozen", "PostgreSQL killed",
         "PostgreSQL read-only")  # fmt: skip


@asynccontextmanager
async def house(folder: Path, day: str) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        postgres.create()
        redis = stack.enter_context(RedisServer())
        replica = stack.enter_context(RedisServer(f"replicaof 127.0.0.1 {redis.port}"))
        line = await stack.enter_async_context(Stall(redis.port))
        url = f"redis://127.0.0.1:{line.port}" if day == "line to Redis cut" else redis.url
        if day == "Sentinel fails over":
            sentinel = stack.enter_context(SentinelServer(mymaster=redis))
            async with asyncio.timeout(30):
                while b"slaves=1" not in sentinel.command("INFO", "sentinel"):
                    await asyncio.sleep(0.05)
            url = f"redis+sentinel://127.0.0.1:{sentinel.port}/mymaster"
        hub = HubProcess(
            folder / "data", "--workers", "2",
            HUB_DATABASE_URL=postgres.url, HUB_REDIS_URL=url,
        )  # fmt: skip
        await stack.enter_async_context(hub)
        try:
            yield House(hub, postgres, redis, line, replica)
        except BaseException:
            print("".join(hub.output[-200:]))
            raise


async def live_through(
    folder: Path, day: str, *, times: int, long_s: float, writers: int = 20
) -> list[float]:
    """Returns the seconds from the end of each bad day until everybody was served again."""
    took: list[float] = []
    async with house(folder, day) as there:
        befall: Callable[[House, float], Awaitable[None]] = DAYS[day]

        async def disaster(group: Writers) -> None:
            for _ in range(times):
                await group.more_than(await group.acknowledged() + random.randint(1, 100))
                await befall(there, long_s)
                ended_s = time.monotonic()
                await group.more_than(await group.acknowledged() + writers)
                took.append(time.monotonic() - ended_s)

        await write_through(there.hub, folder, disaster, writers=writers)
    return took


@pytest.mark.parametrize("day", SMALL)
async def test_a_bad_day(tmp_path: Path, day: str) -> None:
    await live_through(tmp_path, day, times=1, long_s=4.0)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("day", DAYS)
async def test_chaos_twenty_bad_days(
    tmp_path: Path, day: str, capsys: pytest.CaptureFixture[str]
) -> None:
    long_s = 30.0 if day == "Redis frozen" else 5.0
    took = await live_through(tmp_path, day, times=20, long_s=long_s)
    with capsys.disabled():
        most, mostly = max(took), statistics.median(took)
        print(f"\n{day}: back after {mostly:.1f} s mostly, {most:.1f} s at most")
