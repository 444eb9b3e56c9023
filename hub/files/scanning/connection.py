"""A socket to a scanner on which every wait ends.

Not an asyncio stream: its transport throws away what the peer said last as soon as a write fails,
and a scanner that refuses a file says why and then closes while the file is still being sent.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

CONNECT_S: Final = 5.0
SEND_S: Final = 30.0  # for one chunk: a scanner that is busy reads late
LAST_WORDS_S: Final = 2.0  # what was said before the connection broke is here already
_READ_BYTES: Final = 64 * 1024


class Broken(Exception):
    """The peer is away, closed the connection, says too much, or says nothing in time."""


@dataclass(frozen=True, slots=True)
class Address:
    """Args:
    path: of a Unix socket; then there is no host and port.
    """

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        return self.path or f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Connection:
    """Use ``open``; close it by leaving its ``async with``."""

    def __init__(self, peer: socket.socket, send_s: float) -> None:
        self._socket = peer
        self._send_s = send_s
        self._buffer = bytearray()
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(
        cls, address: Address, *, connect_s: float = CONNECT_S, send_s: float = SEND_S
    ) -> Self:
        """Args:
            connect_s: longest wait until somebody is there.
            send_s: longest wait until what is sent at once is taken.

        Raises:
            Broken: nobody is there.
        """
        try:
            async with asyncio.timeout(connect_s):
                return cls(await _connected(address), send_s)
        except TimeoutError:
            raise Broken(f"{address} does not answer within {connect_s:g} s") from None
        except OSError as error:
            raise Broken(f"{address}: {error.strerror or error}") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    async def send(self, *data: bytes | memoryview) -> None:
        """Returns when the kernel has taken it, which is when the peer keeps up.

        Raises:
            Broken: the peer closed, does not read, or speaks before it has everything. What it
                said may still be read.
        """
        left = memoryview(b"".join(data))
        try:
            async with asyncio.timeout(self._send_s):
                while left:
                    try:
                        left = left[self._socket.send(left) :]
                    except BlockingIOError:
                        await self._ready()
                        if self.answered():
                            raise Broken("speaks before it has everything") from None
        except TimeoutError:
            raise Broken(f"takes nothing for {self._send_s:g} s") from None
        except OSError as error:
            raise Broken(f"closed the connection ({error.strerror or error})") from error

    async def _ready(self) -> None:
        """The socket may be written to, or be read from."""
        ready = self._loop.create_future()
        self._loop.add_writer(self._socket, _wake, ready)
        self._loop.add_reader(self._socket, _wake, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._socket)
            self._loop.remove_reader(self._socket)

    def answered(self) -> bool:
        """The peer has said something that was not read yet, or has closed."""
        if self._buffer:
            return True
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    async def read_until(self, end: bytes, *, max_bytes: int, wait_s: float) -> bytes:
        """What comes before the next ``end``, which is taken too.

        Args:
            max_bytes: at most, with the end.
            wait_s: for all of it.

        Raises:
            Broken: it does not come.
        """
        searched = 0
        async with _deadline(wait_s):
            while (at := self._buffer.find(end, max(0, searched - len(end)), max_bytes)) < 0:
                searched = len(self._buffer)
                if searched >= max_bytes:
                    raise Broken(f"says more than {max_bytes} bytes at once")
                await self._read()
        taken = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return taken

    async def read(self, count: int, *, wait_s: float) -> bytes:
        """So many bytes.

        Raises:
            Broken: they do not come within ``wait_s``.
        """
        async with _deadline(wait_s):
            while len(self._buffer) < count:
                await self._read()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _read(self) -> None:
        try:
            data = await self._loop.sock_recv(self._socket, _READ_BYTES)
        except OSError as error:
            raise Broken(f"closed the connection ({error.strerror or error})") from error
        if not data:
            raise Broken("closed the connection")
        self._buffer += data


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


@asynccontextmanager
async def _deadline(wait_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(wait_s):
            yield
    except TimeoutError:
        raise Broken(f"says nothing for {wait_s:g} s") from None


async def _connected(address: Address) -> socket.socket:
    loop = asyncio.get_running_loop()
    places: list[tuple[int, Any]]
    if address.path:
        places = [(socket.AF_UNIX, address.path)]
    else:
        infos = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        places = [(family, place) for family, _, _, _, place in infos]
    failure: OSError = OSError("has no address")
    for family, place in places:
        peer = socket.socket(family, socket.SOCK_STREAM)
        peer.setblocking(False)
        if family != socket.AF_UNIX:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await loop.sock_connect(peer, place)
        except OSError as error:
            peer.close()
            failure = error
        except BaseException:
            peer.close()
            raise
        else:
            return peer
    raise failure
