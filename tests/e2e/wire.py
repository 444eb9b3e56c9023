"""A cable between a browser and the hub that a test can cut: a TCP proxy on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self
from urllib.parse import urlsplit


class Wire:
    """``cut()`` ends all connections and takes no new ones; ``cut(live_only=True)`` lets pages
    through, but no live socket. ``mend()`` puts it together again."""

    def __init__(self, hub_url: str) -> None:
        parts = urlsplit(hub_url)
        self._host, self._port = parts.hostname, parts.port
        self._hub_url = hub_url
        self._state = "whole"
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        self._end_all()

    def through(self, link: str) -> str:
        """The same address by way of this cable."""
        return link.replace(self._hub_url, self.url)

    def cut(self, *, live_only: bool = False) -> None:
        self._state = "pages" if live_only else "cut"
        self._end_all()

    def mend(self) -> None:
        self._state = "whole"

    def _end_all(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError):
                first = await reader.read(65536)
                live = first.startswith(b"GET /live")
                if self._state == "cut" or (self._state == "pages" and live) or not first:
                    return
                hub_reader, hub_writer = await asyncio.open_connection(self._host, self._port)
                self._open.add(hub_writer)
                try:
                    hub_writer.write(first)
                    await asyncio.gather(
                        self._copy(reader, hub_writer), self._copy(hub_reader, writer)
                    )
                finally:
                    self._open.discard(hub_writer)
                    hub_writer.close()
        finally:
            self._open.discard(writer)
            writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
