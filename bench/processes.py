"""Two processes with a Redis between them, beside two nodes of Hocuspocus with theirs.

Half of the typists are at each. Counted is how long an edit takes to those at the other one, the
CPU of both processes, and how many PUBLISH commands an edit costs.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.load import typing
from bench.servers import HERE, Target, cpu_s, listening, own_cpu_s, prepare
from tests.support.hub_process import HubProcess, free_port
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer

PEER = "Hocuspocus"
BAR = 0.8


@dataclass(frozen=True)
class Pair:
    """Two processes of one installation, and what they share."""

    targets: list[Target]
    redis: RedisServer
    others: list[psutil.Process]

    def cpu_s(self) -> tuple[float, float, float]:
        """Of the two; of PostgreSQL; of Redis."""
        return (
            sum(own_cpu_s(one.process) for one in self.targets),
            sum(cpu_s(one) for one in self.others),
            cpu_s(psutil.Process(self.redis.pid)),
        )

    def publishes(self) -> int:
        found = re.search(
            rb"cmdstat_publish:calls=(\d+)", self.redis.command("INFO", "COMMANDSTATS")
        )
        return int(found[1]) if found else 0


@asynccontextmanager
async def hubs() -> AsyncIterator[Pair]:
    with PostgresServer() as postgres, RedisServer() as redis:
        postgres.create()
        shared = {"HUB_DATABASE_URL": postgres.url, "HUB_REDIS_URL": redis.url}
        with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
            async with (
                HubProcess(Path(folder), **shared) as one,
                HubProcess(Path(folder), **shared) as two,
            ):
                first = await prepare(one)
                assert two.process is not None
                second = Target(
                    "two", two.url, psutil.Process(two.process.pid),
                    token=first.token, document=first.document, thread=first.thread,
                )  # fmt: skip
                yield Pair([first, second], redis, [psutil.Process(postgres.pid)])


@asynccontextmanager
async def hocuspocus() -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        targets = [await stack.enter_async_context(_node(redis.port)) for _ in range(2)]
        yield Pair(targets, redis, [])


@asynccontextmanager
async def _node(redis_port: int) -> AsyncIterator[Target]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(HERE.parent / "scripts/with-node"), "node", str(HERE / "hocuspocus-peer.mjs"),
        str(port), str(redis_port),
        env={**os.environ, "HUB_NODE_MIN": "22"}, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await listening(port)
        url = f"http://127.0.0.1:{port}"
        yield Target(PEER, url, psutil.Process(process.pid), path="/", document="bench")
    finally:
        process.terminate()
        await process.wait()


SIDES: dict[str, Callable[[], object]] = {"hub": hubs, PEER: hocuspocus}


@dataclass(frozen=True)
class Run:
    p50_ms: float
    p99_ms: float
    cpu_s: float
    postgres_s: float
    redis_s: float
    publishes: float


async def one_run(side: str, clients: int, rate: float, seconds: float) -> Run:
    async with SIDES[side]() as pair:  # type: ignore[attr-defined]
        before: list[float] = []

        def look() -> None:
            before[:] = *pair.cpu_s(), pair.publishes()

        latencies, sent, durable = await typing(
            pair.targets, clients=clients, edits_per_s=rate, seconds=seconds, on_joined=look
        )
        if side == "hub" and durable != sent:
            raise SystemExit(f"{sent - durable} edits were not acknowledged")
        used = [now - then for now, then in zip(pair.cpu_s(), before, strict=False)]
        return Run(
            statistics.median(latencies) * 1000,
            statistics.quantiles(latencies, n=100)[98] * 1000,
            *used,
            (pair.publishes() - before[3]) / sent,
        )


async def run(runs: int, clients: int, rate: float, seconds: float) -> None:
    results: dict[str, list[Run]] = {side: [] for side in SIDES}
    print(f"two processes, {clients} clients x {rate:g} edits/s x {seconds:g} s, {runs} runs\n")
    print(
        f"{'':12}{'p50 ms':>8}{'p99 ms':>8}{'CPU s':>8}{'PostgreSQL':>12}{'Redis':>8}"
        f"{'PUBLISH/edit':>14}"
    )
    for _ in range(runs):
        for side in SIDES:
            one = await one_run(side, clients, rate, seconds)
            results[side].append(one)
            print(
                f"{side:12}{one.p50_ms:8.2f}{one.p99_ms:8.2f}{one.cpu_s:8.2f}"
                f"{one.postgres_s:12.2f}{one.redis_s:8.2f}{one.publishes:14.2f}",
                flush=True,
            )
    print(f"\nratio of medians to {PEER} (which keeps no log), bar {BAR}")
    for label in ("p50_ms", "p99_ms", "cpu_s"):
        ours, theirs = (
            statistics.median(getattr(one, label) for one in results[side])
            for side in ("hub", PEER)
        )
        print(f"{label.removesuffix('_ms').removesuffix('_s'):12}{ours / theirs:8.2f}")
