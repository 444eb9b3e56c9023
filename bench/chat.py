"""Messages: many who write in many threads, and in one; each durable before it is acknowledged.

Some have several on the way at once, and two others hear each thread. Everything runs on this
machine's cores, so the load's own share of the processor is stated.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.servers import cpu_s, find_postmaster, own_cpu_s
from tests.support.hub_process import HubProcess, answer, token
from tests.support.redis_server import RedisServer

IN_FLIGHT = 5
SUBSCRIBERS = 2


@dataclass(frozen=True)
class Team:
    """A hub with people, who can all write in every thread.

    Attributes:
        tokens: one of each person.
    """

    hub: HubProcess
    process: psutil.Process
    database: psutil.Process | None
    tokens: list[str]
    threads: list[str]

    def cpu_s(self) -> float:
        """Of the hub, with all its workers."""
        return own_cpu_s(self.process) + sum(
            own_cpu_s(one) for one in self.process.children() if "hub.cli" in one.cmdline()
        )


@asynccontextmanager
async def team(people: int, threads: int, *arguments: str, **environ: str) -> AsyncIterator[Team]:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        async with (
            HubProcess(Path(folder), *arguments, **environ) as hub,
            AsyncExitStack() as open_,
        ):
            browsers = [await hub.first_owner()]
            for number in range(1, people):
                browsers.append(await _newcomer(hub, browsers[0], number))
            for browser in browsers:
                open_.push_async_callback(browser.aclose)
            uids = [(await answer(one.get("/api/me")))["uid"] for one in browsers]
            made = [
                await answer(
                    browsers[0].post(
                        "/api/threads", json={"subject": f"Thread {number}", "members": uids[1:]}
                    )
                )
                for number in range(threads)
            ]
            assert hub.process is not None
            yield Team(
                hub,
                psutil.Process(hub.process.pid),
                find_postmaster(Path(folder)),
                [await token(one) for one in browsers],
                [one["summary"]["thread"] for one in made],
            )


async def _newcomer(hub: HubProcess, owner: httpx.AsyncClient, number: int) -> httpx.AsyncClient:
    """Each comes from another address: only so many newcomers a minute are let in from one."""
    made = await answer(owner.post("/api/invitations", json={}))
    browser = hub.browser()
    browser.headers["x-forwarded-for"] = f"10.0.{number // 250}.{1 + number % 250}"
    person = {
        "secret": made["link"].split("#")[1], "display_name": f"Person {number}",
        "address": f"person{number}@north.example", "password": "correct horse",
    }  # fmt: skip
    await answer(browser.post("/api/links/accept", json=person))
    return browser


async def signed_in(url: str, secret: str, *, host: str | None = None) -> ClientConnection:
    """A live socket; ``host``: the address it comes from."""
    socket = await connect(
        url.replace("http", "ws", 1) + "/live",
        subprotocols=[Subprotocol("hub.live.v1")],
        compression=None, proxy=None, max_size=None, ping_interval=None,
        local_addr=None if host is None else (host, 0),
    )  # fmt: skip
    await socket.send(msgspec.json.encode({"cmd": "auth", "token": secret}).decode())
    while not (await socket.recv(decode=False)).startswith(b'{"t":"welcome"'):  # type: ignore[arg-type]
        pass
    return socket


@dataclass
class Writer:
    """Posts as fast as its messages are acknowledged."""

    name: str
    socket: ClientConnection
    thread: str
    took_s: list[float] = field(default_factory=list)
    refused: str = ""

    async def run(self, until_s: float) -> None:
        sent_at: dict[int, float] = {}
        number = 0
        while True:
            while len(sent_at) < IN_FLIGHT and time.perf_counter() < until_s:
                number += 1
                sent_at[number] = time.perf_counter()
                await self.socket.send(
                    f'{{"id":{number},"cmd":"post","thread":"{self.thread}",'
                    f'"send_id":"{self.name}-{number}","text":"message {number} of {self.name}"}}'
                )
            if not sent_at:
                return
            data = await self.socket.recv(decode=False)
            frame = msgspec.json.decode(data)
            if frame["t"] == "error":
                raise RuntimeError(f"refused: {frame}")
            if frame["t"] == "ok" and frame["re"]:  # 0: of the sign-in
                self.took_s.append(time.perf_counter() - sent_at.pop(frame["re"]))


async def _hear(socket: ClientConnection, heard: list[int]) -> None:
    try:
        while True:
            data = await socket.recv(decode=False)
            heard[0] += data.startswith(b'{"t":"event"')  # type: ignore[arg-type]
    except ConnectionClosed:
        pass


@dataclass(frozen=True)
class Result:
    posts_per_s: float
    p50_ms: float
    p99_ms: float
    hub_cores: float
    database_cores: float
    load_cores: float


async def messages(team: Team, writers: int, threads: Sequence[str], seconds: float) -> Result:
    """So many write, each in one of the threads."""
    url, tokens = team.hub.url, team.tokens
    heard = [0]
    hearing = []
    for number, thread in enumerate(threads):
        for other in range(SUBSCRIBERS):
            socket = await signed_in(url, tokens[(number + 1 + other) % len(tokens)])
            await socket.send(
                msgspec.json.encode({"cmd": "subscribe", "id": 1, "thread": thread}).decode()
            )
            while b'"re":1' not in await socket.recv(decode=False):  # type: ignore[operator]
                pass
            hearing.append((socket, asyncio.create_task(_hear(socket, heard))))
    run = f"{time.time():.0f}"
    people = [
        Writer(f"{run}-{n}", await signed_in(url, tokens[n]), threads[n % len(threads)])
        for n in range(writers)
    ]
    load = psutil.Process()
    before = team.cpu_s(), cpu_s(team.database), own_cpu_s(load)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for one in people:
            tasks.create_task(one.run(began + seconds))
    took_s = time.perf_counter() - began
    after = team.cpu_s(), cpu_s(team.database), own_cpu_s(load)
    times = [one for writer in people for one in writer.took_s]
    expected = SUBSCRIBERS * len(times)
    async with asyncio.timeout(20):
        while heard[0] < expected:
            await asyncio.sleep(0.01)
    for socket, task in hearing:
        await socket.close()
        await task
    for one in people:
        await one.socket.close()
    cuts = statistics.quantiles(times, n=100)
    cores = [(now - then) / took_s for now, then in zip(after, before, strict=True)]
    return Result(len(times) / took_s, cuts[49] * 1000, cuts[98] * 1000, *cores)


async def run(runs: int, people: int, seconds: float, workers: int) -> None:
    print(
        f"{people} people, {IN_FLIGHT} messages of each on the way, {SUBSCRIBERS} others hear "
        f"each thread, {runs} runs of {seconds:g} s\n"
    )
    print(
        f"{'':14}{'messages/s':>11}{'p50 ms':>8}{'p99 ms':>8}{'hub':>7}{'database':>10}{'load':>7}"
    )
    with RedisServer() as redis:
        several = ("--workers", str(workers)), {"HUB_REDIS_URL": redis.url}
        words, environ = several if workers > 1 else ((), {})
        async with team(people, people, *words, **environ) as there:
            for _ in range(runs):
                for name, threads in (
                  (f"{people} threads", there.threads), ("one thread", there.threads[:1])
              ):  # fmt: skip
                    one = await messages(there, people, threads, seconds)
                    print(
                        f"{name:14}{one.posts_per_s:11.0f}{one.p50_ms:8.1f}{one.p99_ms:8.1f}"
                        f"{one.hub_cores:7.2f}{one.database_cores:10.2f}{one.load_cores:7.2f}",
                        flush=True,
                    )
    print("\nthe last three are processors in use")
