"""A proxy between a program and the hub, which breaks at a byte and not at a moment."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit


class Way:
    """One direction. Counts the bytes of the connection that is open.

    Attributes:
        cut_at: the connection that carried so many bytes ends; once.
        hold_at: no more than so many bytes pass; ``held`` is set then.
        alter: what becomes of the bytes.
    """

    def __init__(self) -> None:
        self.cut_at: int | None = None
        self.hold_at: int | None = None
        self.held = asyncio.Event()
        self.alter: Callable[[bytes], bytes] = bytes

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Raises:
        ConnectionAbortedError: it is cut here.
        """
        carried = 0
        while data := await reader.read(65536):
            ends = min(one for one in (self.cut_at, self.hold_at, 2**60) if one is not None)
            data = data[: ends - carried]
            writer.write(self.alter(data))
            await writer.drain()
            carried += len(data)
            if self.cut_at is not None and carried >= self.cut_at:
                self.cut_at = None
                raise ConnectionAbortedError
            if self.hold_at is not None and carried >= self.hold_at:
                self.held.set()
                # Both sides may end now; neither hears more of the other.
                while await reader.read(65536):
                    pass
                raise ConnectionAbortedError


class Between:
    """Attributes:
    heads: of the requests, in lower case.
    answers: given in place of the hub's, one a connection.
    """

    def __init__(self, hub_url: str, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        parts = urlsplit(hub_url)
        self._host, self._port = parts.hostname, parts.port
        self.heads: list[str] = []
        self.answers: list[bytes] = []
        self.up, self.down = Way(), Way()
        self.url = ""
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0, ssl=self._tls)
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def said(self, method: str, header: str) -> list[str]:
        """The values of a header in the requests of a method."""
        found = (
            re.search(rf"^{header}: (.*)\r$", head, re.MULTILINE)
            for head in self.heads
            if head.startswith(method.lower())
        )
        return [one[1] for one in found if one]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head.decode().lower())
                if self.answers:
                    writer.write(self.answers.pop(0))
                    await writer.drain()
                    writer.write_eof()
                    await reader.read()
                    return
                await self._through(head, reader, writer)
        finally:
            self._carrying.discard(task)
            writer.transport.abort()

    async def _through(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        hub_reader, hub_writer = await asyncio.open_connection(self._host, self._port)
        hub_writer.write(head)
        ways = [
            asyncio.create_task(self.up.carry(reader, hub_writer)),
            asyncio.create_task(self.down.carry(hub_reader, writer)),
        ]
        try:
            # The end of either is the end of both: nobody here goes on after half a close.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if ways[1].done() and ways[1].exception() is None:
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            hub_writer.transport.abort()
