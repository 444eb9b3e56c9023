"""A real coturn on loopback, and a road to it that a test can move to another address."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.wire import Wire
from tests.support.child import Child

SECRET = "a secret of the tests alone"
Address = tuple[str, int]


class CoturnProcess(Child):
    """TURN over UDP and TCP at one port, with credentials by HMAC (`use-auth-secret`)."""

    program = "turnserver"
    hello = struct.pack("!HHI12s", 0x0001, 0, 0x2112A442, b"hub's tests!")  # a STUN binding request

    def arguments(self) -> list[str]:
        return [
            "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
            f"--listening-port={self.port}", "--min-port=40000", "--max-port=49000",
            "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=north.example",
            "--no-tls", "--no-dtls", "--no-cli", "--no-multicast-peers",
            "--allow-loopback-peers", "--allowed-peer-ip=127.0.0.1", "--fingerprint",
            "--verbose", "--simple-log", f"--log-file={self.folder / 'log'}",
            f"--pidfile={self.folder / 'pid'}", f"--userdb={self.folder / 'users'}",
        ]  # fmt: skip

    def allocations(self) -> int:
        """How many were made."""
        log = (self.folder / "log").read_text(errors="replace")
        return log.count("ALLOCATE processed, success")


class Road:
    """The way to a server by a NAT. After ``rebind()`` everybody comes from another address, which
    is what happens when a phone goes from one network to the next: the server knows none of them
    any more.

    Args:
        transport: ``udp`` or ``tcp``.
    """

    def __init__(self, port: int, transport: str) -> None:
        self.transport = transport
        self.port = 0
        self._way = _Datagrams(port) if transport == "udp" else _Streams(port)

    async def __aenter__(self) -> Self:
        self.port = await self._way.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._way.close()

    def rebind(self) -> None:
        self._way.rebind()


class _Streams:
    def __init__(self, port: int) -> None:
        self._wire = Wire(f"http://127.0.0.1:{port}")

    async def open(self) -> int:
        await self._wire.__aenter__()
        return urlsplit(self._wire.url).port or 0

    async def close(self) -> None:
        await self._wire.__aexit__()

    def rebind(self) -> None:
        self._wire.cut()
        self._wire.mend()


class _Datagrams:
    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._near: asyncio.DatagramTransport | None = None
        self._far: dict[Address, asyncio.DatagramTransport] = {}
        self._opening: dict[Address, asyncio.Task[None]] = {}

    async def open(self) -> int:
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(self.outwards), local_addr=("127.0.0.1", 0)
        )
        return int(self._near.get_extra_info("sockname")[1])

    async def close(self) -> None:
        for task in self._opening.values():
            task.cancel()
        self.rebind()
        assert self._near is not None
        self._near.close()

    def rebind(self) -> None:
        for far in self._far.values():
            far.close()
        self._far.clear()

    def outwards(self, data: bytes, client: Address) -> None:
        far = self._far.get(client)
        if far is not None:
            far.sendto(data)
        elif client not in self._opening:
            # What comes meanwhile is lost, as on any road; it is sent again.
            self._opening[client] = asyncio.create_task(self._begin(client, data))

    def inwards(self, data: bytes, client: Address) -> None:
        if self._near is not None and not self._near.is_closing():
            self._near.sendto(data, client)

    async def _begin(self, client: Address, first: bytes) -> None:
        far, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Receiver(lambda data, _: self.inwards(data, client)), remote_addr=self._to
        )
        self._far[client] = far
        self._opening.pop(client, None)
        far.sendto(first)


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr)

    def error_received(self, exc: Exception) -> None:
        """The server is not there."""
