"""What a connection with another device owes whoever closes it."""

from __future__ import annotations

import asyncio

import pytest

from hub.client import call_peer
from hub.client.call_media import FrameQueue, Part, Source
from hub.client.call_peer import Body, Peer, Want
from hub.wire.api import Ice


async def test_it_closes_although_a_library_swallows_the_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_peer, "CANCEL_S", 0.01)
    begun = asyncio.Event()

    async def swallow(body: Body) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    async def ice() -> Ice:
        raise AssertionError("a polite one does not begin")

    sources: dict[Part, Source] = {}
    received: dict[Part, FrameQueue] = {}
    peer = Peer(
        "b", "a", ice=ice, send=swallow, sources=sources, received=received,
        want=Want(0, 0), changed=lambda: None,
    )  # fmt: skip
    peer.reachable()
    await begun.wait()
    async with asyncio.timeout(5):
        await peer.close()
