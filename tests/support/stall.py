"""A road between two programs on which, when told, nothing passes and nothing is said of it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class Stall:
    """A TCP proxy to a port of loopback.

    Attributes:
        port: where it listens.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._free = asyncio.Event()
        self._free.set()
        self._carrying: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def stall(self) -> None:
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    def cut(self) -> None:
        """End every connection; what is on the way is lost."""
        for task in self._carrying:
            task.cancel()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        there = None
        try:
            with contextlib.suppress(OSError):
                away, there = await asyncio.open_connection("127.0.0.1", self._to)
                await asyncio.gather(self._copy(reader, there), self._copy(away, writer))
        finally:
            self._carrying.discard(task)
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._free.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
