"""The load: clients that type into one document and time each edit to every other client.

A client makes real Yjs updates (pycrdt) but does not apply what it receives: it looks for the
marker in the frame and notes the time. One process runs all clients, so all times are of one clock.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.servers import Target

MARKER = re.compile(rb"@(\d+)\.(\d+)@")


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@dataclass
class Typist:
    """One client: the socket, its document, what it sent and when."""

    number: int
    socket: ClientConnection
    client_id: int | None
    prefix: bytes
    latencies_s: list[float]
    sent_at: dict[tuple[int, int], float]
    sent: int = 0
    durable: int = 0
    places: int = 1
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.doc: Doc[Any] = Doc(client_id=self.client_id)
        self.text = self.doc.get("content", type=Text)
        self._updates: list[bytes] = []
        self._observer = self.doc.observe(lambda event: self._updates.append(event.update))

    def hears(self, other: int) -> bool:
        """Whether the time of another one's edits to here counts."""
        here, there = self.number % self.places, other % self.places
        return other != self.number and (self.places == 1 or here != there)

    async def type(self) -> None:
        key = (self.number, self.sent)
        self.text += f"@{self.number}.{self.sent}@"
        update = self.take_update()
        self.sent += 1
        self.sent_at[key] = time.perf_counter()
        await self.socket.send(self.prefix + b"\x02" + varint(len(update)) + update)

    def take_update(self) -> bytes:
        """The update of the last change."""
        return self._updates.pop()

    async def listen(self) -> None:
        try:
            async for message in self.socket:
                now = time.perf_counter()
                if isinstance(message, str):
                    frame = msgspec.json.decode(message)
                    if frame["t"] == "durable":
                        self.durable = max(self.durable, frame["count"])
                        self.changed.set()
                    elif frame["t"] == "refused":
                        raise RuntimeError(f"the hub refused an update: {frame}")
                    continue
                for found in MARKER.finditer(message):
                    key = (int(found[1]), int(found[2]))
                    if self.hears(key[0]):
                        self.latencies_s.append(now - self.sent_at[key])
        except ConnectionClosed:
            pass


async def _call(socket: ClientConnection, **command: Any) -> Any:
    await socket.send(msgspec.json.encode(command).decode())
    while True:
        message = await socket.recv()
        if isinstance(message, str):
            frame = msgspec.json.decode(message)
            if frame.get("re") == command["id"]:
                assert frame["t"] == "ok", frame
                return frame["result"]


async def join(
    target: Target, number: int, latencies: list[float], sent_at: dict[tuple[int, int], float]
) -> Typist:
    """Open a connection to the document of the target."""
    where = target.url.replace("http", "ws", 1)
    options: dict[str, Any] = {"compression": None, "proxy": None, "max_size": None}
    if not target.path:
        socket = await connect(
            f"{where}/live", subprotocols=[Subprotocol("hub.live.v1")], **options
        )
        await socket.send(msgspec.json.encode({"cmd": "auth", "token": target.token}).decode())
        while msgspec.json.decode(await socket.recv())["t"] != "welcome":
            pass
        document = target.document
        lease = await _call(socket, cmd="lease_client_ids", id=1, document=document, count=1)
        opened = await _call(socket, cmd="open_document", id=2, document=document, schema_version=1)
        prefix = b"\x01" + opened["number"].to_bytes(8, "big")
        return Typist(number, socket, lease["ids"][0], prefix, latencies, sent_at)
    if target.document:
        return await _join_hocuspocus(
            where + target.path, target.document, number, latencies, sent_at, options
        )
    socket = await connect(where + target.path, **options)
    await socket.recv()  # the server's step 1: from now on it takes anything
    return Typist(number, socket, None, b"\x00", latencies, sent_at)


async def _join_hocuspocus(
    url: str, document: str, number: int, latencies: list[float],
    sent_at: dict[tuple[int, int], float], options: dict[str, Any],
) -> Typist:  # fmt: skip
    """Source: packages/common/src/auth.ts and packages/server/src/types.ts of Hocuspocus 4.7."""

    def text(value: str) -> bytes:
        return varint(len(value)) + value.encode()

    socket = await connect(url, **options)
    head = text(document)
    await socket.send(head + b"\x02\x00" + text("token"))
    await socket.send(head + b"\x00\x00\x01\x00")  # sync step 1 of an empty document
    while not (await socket.recv()).startswith(head + b"\x00\x01"):  # type: ignore[arg-type]
        pass
    return Typist(number, socket, None, head + b"\x00", latencies, sent_at)


async def typing(
    target: Target | Sequence[Target], *, clients: int, edits_per_s: float, seconds: float,
    on_joined: Callable[[], None] = lambda: None,
) -> tuple[list[float], int, int]:  # fmt: skip
    """Type, and return (latencies in s, edits sent, edits acknowledged as durable or -1). With
    several targets the clients take turns at them, and latencies are to those at others."""
    latencies: list[float] = []
    sent_at: dict[tuple[int, int], float] = {}
    targets = [target] if isinstance(target, Target) else target
    typists = [
        await join(targets[number % len(targets)], number, latencies, sent_at)
        for number in range(clients)
    ]
    for typist in typists:
        typist.places = len(targets)
    listeners = [asyncio.create_task(typist.listen()) for typist in typists]
    on_joined()
    end = time.perf_counter() + seconds

    async def one(typist: Typist) -> None:
        pause = 1 / edits_per_s
        await asyncio.sleep(random.random() * pause)
        while time.perf_counter() < end:
            await typist.type()
            await asyncio.sleep(pause)

    await asyncio.gather(*(one(typist) for typist in typists))
    expected = sum(one.sent for one in typists for other in typists if other.hears(one.number))
    async with asyncio.timeout(30):
        while len(latencies) < expected:
            await asyncio.sleep(0.02)
        durable = -1
        if not targets[0].path:
            for typist in typists:
                while typist.durable < typist.sent:
                    typist.changed.clear()
                    await typist.changed.wait()
            durable = sum(min(typist.durable, typist.sent) for typist in typists)
    for typist in typists:
        await typist.socket.close()
    await asyncio.gather(*listeners)
    return latencies, sum(typist.sent for typist in typists), durable


async def ingest(target: Target, updates: int) -> float:
    """Send so many one-edit updates as fast as they go; returns seconds until the server, asked
    with an empty state vector, answers with all of them."""
    typist = await join(target, 0, [], {})
    made = []
    for _ in range(updates):
        typist.text += "x"
        update = typist.take_update()
        made.append(typist.prefix + b"\x02" + varint(len(update)) + update)
    started = time.perf_counter()
    for frame in made:
        await typist.socket.send(frame)
    await typist.socket.send(typist.prefix + b"\x00\x01\x00")
    step2 = typist.prefix + b"\x01"
    async with asyncio.timeout(120):
        while True:
            message = await typist.socket.recv()
            if isinstance(message, bytes) and message.startswith(step2):
                break
    took = time.perf_counter() - started
    await typist.socket.close()
    have: Doc[Any] = Doc()
    _, at = _length(message, len(step2))
    have.apply_update(message[at:])
    if len(str(have.get("content", type=Text))) != updates:
        raise RuntimeError("the server answered before it had everything")
    return took


async def post(target: Target, messages: int, in_flight: int = 64) -> float:
    """Post messages on one connection, so many at a time without an answer; returns messages a
    second that were on disk, in order.

    Raises:
        RuntimeError: an answer is missing, out of order or no ``ok``.
    """
    url = target.url.replace("http", "ws", 1) + "/live"
    protocols = [Subprotocol("hub.live.v1")]
    async with connect(url, subprotocols=protocols, compression=None, max_size=None) as socket:
        await socket.send(msgspec.json.encode({"cmd": "auth", "token": target.token}).decode())
        await socket.recv()
        started = time.perf_counter()
        sent = done = 0
        last = 0
        while done < messages:
            while sent < messages and sent - done < in_flight:
                sent += 1
                command = {
                    "id": sent, "cmd": "post", "thread": target.thread, "send_id": f"s{sent}",
                    "text": f"message {sent}",
                }  # fmt: skip
                await socket.send(msgspec.json.encode(command).decode())
            frame = msgspec.json.decode(await socket.recv())
            if frame["t"] in ("ok", "error"):
                done += 1
                if frame["t"] != "ok" or frame["re"] != done or frame["result"]["seq"] <= last:
                    raise RuntimeError(f"not as asked: {frame}")
                last = frame["result"]["seq"]
        return messages / (time.perf_counter() - started)


def _length(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
