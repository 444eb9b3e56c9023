"""Raw frames on the live socket, for what no well-behaved client would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from hub.wire import frames
from tests.integration.conftest import Person, Served
from tests.support.hub_process import HubProcess


class Raw:
    """Sends anything; ``next`` and ``until`` read what the hub says."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.binary: list[bytes] = []
        self._id = 100

    async def send(self, **command: Any) -> int:
        self._id += 1
        await self.socket.send(json.dumps({"id": self._id, **command}))
        return self._id

    async def call(self, **command: Any) -> dict[str, Any]:
        """Send a command; returns its ``ok`` or ``error`` frame."""
        id_ = await self.send(**command)
        return await self.until(lambda frame: frame.get("re") == id_)

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                message = await self.socket.recv()
                if isinstance(message, str):
                    return dict(json.loads(message))
                self.binary.append(message)

    async def until(self, condition: Any) -> dict[str, Any]:
        while True:
            frame = await self.next()
            if condition(frame):
                return frame

    async def frame(self, type_: str) -> dict[str, Any]:
        return await self.until(lambda frame: frame["t"] == type_)

    async def closed(self) -> tuple[int, str]:
        """Read on until the hub closes; returns code and reason."""
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 read until then
            async with asyncio.timeout(15):
                while True:
                    await self.socket.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code, closed.value.rcvd.reason

    async def open(self, document: str) -> int:
        """Open a document; returns its number."""
        answer = await self.call(cmd="open_document", document=document, schema_version=2)
        assert answer["t"] == "ok", answer
        return int(answer["result"]["number"])

    async def sync(self, number: int, subtype: int, payload: bytes) -> None:
        await self.socket.send(
            frames.header(frames.SYNC, number) + frames.sync_message(subtype, payload)
        )


@asynccontextmanager
async def connection(served: Served | HubProcess, **options: Any) -> AsyncIterator[Raw]:
    """A socket before anything was said on it."""
    url = served.url.replace("http", "ws", 1) + "/live"
    options.setdefault("subprotocols", [Subprotocol("hub.live.v1")])
    options.setdefault("max_size", None)
    async with connect(url, compression=None, proxy=None, close_timeout=1, **options) as socket:
        yield Raw(socket)


@asynccontextmanager
async def signed_in(served: Served, person: Person) -> AsyncIterator[Raw]:
    async with connection(served) as raw:
        await raw.socket.send(json.dumps({"cmd": "auth", "token": person.token}))
        await raw.frame("welcome")
        await raw.until(lambda frame: frame.get("re") == 0)
        yield raw


class Yjs:
    """A stock Yjs client's socket, below any library."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def sync(self, subtype: int, payload: bytes) -> None:
        await self.socket.send(bytes((frames.YJS_SYNC,)) + frames.sync_message(subtype, payload))

    async def next(self, subtype: int) -> bytes:
        """The payload of the next sync message of a type."""
        async with asyncio.timeout(10):
            while True:
                message = await self.socket.recv()
                assert isinstance(message, bytes)
                if message[0] == frames.YJS_SYNC:
                    kind, payload = frames.read_sync(message[1:])
                    if kind == subtype:
                        return payload

    async def state(self) -> bytes:
        """What the hub has, asked for with an empty state vector."""
        await self.sync(frames.STEP1, b"\x00")
        return await self.next(frames.STEP2)

    async def closed(self) -> int:
        """Read on until the hub closes; returns the code."""
        return (await Raw(self.socket).closed())[0]


@asynccontextmanager
async def yjs(served: Served, document: str, ticket: str) -> AsyncIterator[Yjs]:
    url = f"{served.url.replace('http', 'ws', 1)}/yjs/{document}?ticket={ticket}"
    async with connect(url, compression=None, proxy=None, close_timeout=1, max_size=None) as socket:
        yield Yjs(socket)
