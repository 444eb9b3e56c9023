"""A hub is killed and comes back: so many clients reconnect at once, each from its own address."""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import time

import msgspec
import psutil
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidHandshake, WebSocketException

from bench.chat import Team, signed_in, team
from bench.servers import own_cpu_s

AGAIN_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""As ``hub.client`` does, times 0.5 to 1."""


class Client:
    """Follows a thread, and is back as soon as it can be."""

    def __init__(self, there: Team, number: int) -> None:
        self._there = there
        self._host = f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"
        self._thread = there.threads[number % len(there.threads)]
        self._token = there.tokens[number % len(there.tokens)]
        self.tries = 0
        self.back_s = 0.0

    async def follow(self) -> ClientConnection:
        """A socket on which the thread is subscribed, however often it takes."""
        self.tries = 0
        while True:
            self.tries += 1
            try:
                socket = await signed_in(self._there.hub.url, self._token, host=self._host)
                await socket.send(
                    msgspec.json.encode(
                        {"cmd": "subscribe", "id": 1, "thread": self._thread, "after": 0}
                    ).decode()
                )
                while b'"re":1' not in await socket.recv(decode=False):  # type: ignore[operator]
                    pass
            except (OSError, EOFError, WebSocketException, InvalidHandshake, TimeoutError):
                pause_s = AGAIN_S[min(self.tries, len(AGAIN_S)) - 1]
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            else:
                self.back_s = time.perf_counter()
                self._reading = asyncio.create_task(_read(socket))
                return socket


async def _read(socket: ClientConnection) -> None:
    with contextlib.suppress(WebSocketException):
        while True:
            await socket.recv(decode=False)


async def run(clients: int, people: int) -> None:
    print(f"{clients} clients of {people} people in as many threads; the hub is killed\n")
    async with team(people, people) as there:
        all_ = [Client(there, number) for number in range(clients)]
        sockets: list[ClientConnection] = []
        for first in range(0, clients, 100):
            some = all_[first : first + 100]
            sockets += await asyncio.gather(*(one.follow() for one in some))
        await there.hub.kill()
        for socket in sockets:
            socket.transport.abort()
        returning = [asyncio.create_task(one.follow()) for one in all_]
        load_s = own_cpu_s(psutil.Process())
        await there.hub.start()
        began = time.perf_counter()
        sockets = await asyncio.gather(*returning)
        assert there.hub.process is not None
        hub = psutil.Process(there.hub.process.pid)
        took = sorted(one.back_s - began for one in all_)
        load_s = own_cpu_s(psutil.Process()) - load_s
        print(
            f"after it serves: half were back in {statistics.median(took):.1f} s, all in "
            f"{took[-1]:.1f} s, with {statistics.fmean(one.tries for one in all_):.1f} tries each; "
            f"CPU: hub {own_cpu_s(hub):.1f} s, load {load_s:.1f} s"
        )
        for socket in sockets:
            socket.transport.abort()
