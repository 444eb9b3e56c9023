"""Typing while somebody uploads at full speed, beside typing at rest, interleaved in one run."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
from base64 import b64encode
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager

import httpx

from bench.files import MIB, send
from bench.load import typing
from bench.servers import Target, hub

SIZE = 512 * MIB


@asynccontextmanager
async def uploading(target: Target) -> AsyncIterator[list[float]]:
    """One file after the other, given up when it is there; yields the MiB/s of each. Whoever sends
    stands for another machine, and takes what processors others leave."""
    pairs = {"filename": b"a.bin", "thread": target.thread.encode()}
    told = ",".join(f"{name} {b64encode(value).decode()}" for name, value in pairs.items())
    bearer = {"Authorization": f"Bearer {target.token}"}
    rates: list[float] = []
    ends = asyncio.Event()

    async def all_the_time() -> None:
        async with httpx.AsyncClient(base_url=target.url, trust_env=False, headers=bearer) as http:
            while not ends.is_set():
                headers = {**bearer, "Upload-Metadata": told}
                took, place = await loop.run_in_executor(sender, send, target.url, SIZE, headers)
                rates.append(SIZE / MIB / took)
                await http.delete(place, headers={"Tus-Resumable": "1.0.0"})

    loop = asyncio.get_running_loop()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=os.nice, initargs=(10,)) as sender:
        await loop.run_in_executor(sender, os.getpid)  # it is there
        task = asyncio.create_task(all_the_time())
        try:
            yield rates
        finally:
            ends.set()
            await task


async def run(runs: int, clients: int, rate: float, seconds: float) -> None:
    """Prints p50 and p99 of an edit from one client to another, at rest and beside an upload."""
    print(f"{clients} clients x {rate:g} edits/s x {seconds:g} s, {runs} interleaved runs\n")
    print(f"{'':14}{'p50 ms':>8}{'p99 ms':>8}{'MiB/s':>8}")
    results: dict[str, list[tuple[float, float]]] = {"at rest": [], "beside": []}
    for _ in range(runs):
        async with hub() as target:
            for name, found in results.items():
                speed = 0.0
                if name == "at rest":
                    latencies = await _type(target, clients, rate, seconds)
                else:
                    async with uploading(target) as rates:
                        latencies = await _type(target, clients, rate, seconds)
                    speed = statistics.median(rates)
                cuts = statistics.quantiles(latencies, n=100)
                found.append((statistics.median(latencies) * 1000, cuts[98] * 1000))
                print(f"{name:14}{found[-1][0]:8.2f}{found[-1][1]:8.2f}{speed:8.0f}", flush=True)
    print("\nratio of medians, beside / at rest")
    for index, name in enumerate(("p50", "p99")):
        busy, idle = (
            statistics.median(one[index] for one in results[key]) for key in ("beside", "at rest")
        )
        print(f"{name:14}{busy / idle:8.2f}")


async def _type(target: Target, clients: int, rate: float, seconds: float) -> list[float]:
    latencies, sent, durable = await typing(
        target, clients=clients, edits_per_s=rate, seconds=seconds
    )
    if durable != sent:
        raise SystemExit(f"{sent - durable} edits were not acknowledged")
    return latencies
