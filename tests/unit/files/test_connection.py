"""A socket to a scanner on which every wait ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.files.scanning.connection import Address, Broken, Connection


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


async def connected(
    listener: socket.socket, send_s: float = 30
) -> tuple[Connection, socket.socket]:
    """The two ends; the peer's one blocks."""
    connection = await Connection.open(
        Address("127.0.0.1", listener.getsockname()[1]), send_s=send_s
    )
    return connection, listener.accept()[0]


async def test_what_was_said_is_read_after_the_connection_broke(listener: socket.socket) -> None:
    connection, peer = await connected(listener)
    async with connection:
        with peer:
            peer.sendall(b"too large\0")
        with pytest.raises(Broken):
            await connection.send(bytes(1 << 26))
        assert connection.answered()
        assert await connection.read_until(b"\0", max_bytes=100, wait_s=5) == b"too large"


async def test_an_answer_ends_a_wait_for_a_peer_that_does_not_read(
    listener: socket.socket,
) -> None:
    connection, peer = await connected(listener)
    async with connection:
        with peer:
            asyncio.get_running_loop().call_soon(peer.sendall, b"no more\0")
            async with asyncio.timeout(5):
                with pytest.raises(Broken, match="before it has everything"):
                    await connection.send(bytes(1 << 26))
            assert await connection.read_until(b"\0", max_bytes=100, wait_s=5) == b"no more"


async def test_every_wait_ends(listener: socket.socket, tmp_path: Path) -> None:
    connection, peer = await connected(listener, send_s=0.05)
    async with connection:
        with peer:
            assert not connection.answered()
            with pytest.raises(Broken, match=r"says nothing for 0\.05 s"):
                await connection.read(1, wait_s=0.05)
            with pytest.raises(Broken, match=r"says nothing for 0\.05 s"):
                await connection.read_until(b"\0", max_bytes=100, wait_s=0.05)
            with pytest.raises(Broken, match=r"takes nothing for 0\.05 s"):
                await connection.send(bytes(1 << 26))
        with pytest.raises(Broken, match="closed the connection"):
            await connection.read(1, wait_s=5)
    with pytest.raises(Broken, match="No such file"):
        await Connection.open(Address(path=str(tmp_path / "nobody")))


async def test_no_more_is_read_than_may_come(listener: socket.socket) -> None:
    connection, peer = await connected(listener)
    async with connection:
        with peer:
            peer.sendall(b"ab\r\ncd\r\n" + bytes(1000))
            assert await connection.read_until(b"\r\n", max_bytes=4, wait_s=5) == b"ab"
            with pytest.raises(Broken, match="more than 3 bytes"):
                await connection.read_until(b"\r\n", max_bytes=3, wait_s=5)
            assert await connection.read(4, wait_s=5) == b"cd\r\n"


def test_an_address_reads_as_it_was_written() -> None:
    for address, text in [
        (Address("scanner", 1344), "scanner:1344"),
        (Address("::1", 1), "[::1]:1"),
        (Address(path="/run/x"), "/run/x"),
    ]:
        assert str(address) == text
