"""What connections cost in memory: those that do nothing, and one that does not read."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import psutil

from bench.load import join, varint
from bench.servers import Target

WARM = 200
SETTLE_S = 2.0
EDIT_BYTES = 16 * 1024


async def _plain(target: Target, *, receive_buffer: int | None = None) -> socket.socket:
    """A WebSocket connection without a client behind it: what comes is left to the kernel."""
    parts = urlsplit(target.url)
    loop = asyncio.get_running_loop()
    one = socket.socket()
    if receive_buffer is not None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    one.setblocking(False)
    await loop.sock_connect(one, (parts.hostname, parts.port))
    key = base64.b64encode(os.urandom(16)).decode()
    await loop.sock_sendall(
        one,
        f"GET {target.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode(),
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += await loop.sock_recv(one, 4096)
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode(errors="replace"))
    return one


def _rss(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


async def idle(target: Target, connections: int) -> float:
    """Bytes of memory for each of so many connections that say nothing."""
    sockets = [await _plain(target) for _ in range(WARM)]
    await asyncio.sleep(SETTLE_S)
    before = _rss(target.process)
    for _ in range(connections):
        sockets.append(await _plain(target))
    await asyncio.sleep(SETTLE_S)
    grown = _rss(target.process) - before
    for one in sockets:
        one.close()
    return grown / connections


@asynccontextmanager
async def _highest(process: psutil.Process) -> AsyncIterator[list[int]]:
    """The largest memory of a process meanwhile."""
    highest = [_rss(process)]

    async def look() -> None:
        while True:
            highest[0] = max(highest[0], _rss(process))
            await asyncio.sleep(0.01)

    looking = asyncio.create_task(look())
    try:
        yield highest
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


async def stalled(target: Target, edits_bytes: int, readers: int, *, keep: bool = False) -> int:
    """Bytes that the memory grows by at most while so many are typed, with so many connections that
    do not read. What was typed is deleted at once, unless ``keep``."""
    writer = await join(target, 0, [], {})
    listening = asyncio.create_task(writer.listen())
    others = [await _plain(target, receive_buffer=4096) for _ in range(readers)]
    await asyncio.sleep(SETTLE_S)
    before = _rss(target.process)
    async with _highest(target.process) as highest:
        for _ in range(edits_bytes // EDIT_BYTES):
            writer.text += "x" * EDIT_BYTES
            await writer.socket.send(_update(writer.prefix, writer.take_update()))
            if not keep:
                writer.text.clear()
                await writer.socket.send(_update(writer.prefix, writer.take_update()))
            await asyncio.sleep(0.005)
        await asyncio.sleep(SETTLE_S)
    for one in others:
        one.close()
    await writer.socket.close()
    await listening
    return highest[0] - before


def _update(prefix: bytes, update: bytes) -> bytes:
    return prefix + b"\x02" + varint(len(update)) + update
