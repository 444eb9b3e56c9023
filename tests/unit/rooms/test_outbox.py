"""The outbox writes while it can, keeps what it cannot, and bounds what a slow reader costs."""

from __future__ import annotations

import asyncio

from hub.errors import Unavailable
from hub.rooms import limits
from hub.rooms.outbox import Outbox
from hub.wire.websocket import encode, shared
from tests.conftest import TurnableClock


class Wire:
    """A transport whose buffer holds ``room`` bytes."""

    def __init__(self, clock: TurnableClock, room: int) -> None:
        self.written: list[bytes] = []
        self.room = room
        self.outbox = Outbox(clock, self)

    def write(self, wire: bytes) -> None:
        self.written.append(wire)
        self.room -= len(wire)
        if self.room <= 0:
            self.outbox.paused()

    def drain(self, size: int) -> None:
        self.room += size
        if self.room > 0:
            self.outbox.resumed()


def test_outbox_writes_at_once_and_in_order(clock: TurnableClock) -> None:
    wire = Wire(clock, room=6)
    message = shared(b"one")
    wire.outbox.put(message)
    wire.outbox.put("two")
    wire.outbox.put("three")
    assert wire.written == [message.wire, encode("two")]
    assert wire.written[0] is message.wire
    assert wire.outbox.queued_bytes == len("three")
    wire.drain(100)
    wire.outbox.put("four")
    assert wire.written[2:] == [encode("three"), encode("four")]
    assert wire.outbox.queued_bytes == 0


async def test_outbox_drops_updates_then_resumes(clock: TurnableClock) -> None:
    wire = Wire(clock, room=0)
    wire.outbox.paused()
    drained, full = asyncio.Event(), asyncio.Event()
    wire.outbox.on_full = full.set
    wire.outbox.on_drained = drained.set
    frame = b"x" * 300_000
    for _ in range(4):
        assert not full.is_set()
        wire.outbox.put(frame)
    assert full.is_set()
    assert not wire.outbox.crowded
    wire.outbox.put(b"answer" * 200_000, counted=False)
    assert wire.outbox.queued_bytes == 4 * len(frame)
    assert wire.outbox.crowded
    for _ in range(4):
        assert not drained.is_set()
        wire.drain(len(frame) + 10)
    assert drained.is_set()
    assert not wire.outbox.full
    assert not wire.outbox.crowded


async def test_outbox_ends_a_reader_that_is_too_slow(clock: TurnableClock) -> None:
    full = Outbox(clock)
    while full.ended is None:
        full.put(b"x" * 500_000)
    assert (full.ended.code, full.ended.close_code) == ("slow_reader", 1013)
    assert full.waiting_bytes == 0
    assert await full.fetch(100) == []

    stalled = Outbox(clock)
    stalled.put("one")
    clock.advance(limits.STALLED_S + 1)
    stalled.put("two")
    assert stalled.ended is not None

    lively = Outbox(clock)
    lively.put("one")
    assert await lively.fetch(100) == ["one"]
    clock.advance(limits.STALLED_S + 1)
    lively.put("two")
    assert lively.ended is None


async def test_outbox_sends_what_waits_before_the_end(clock: TurnableClock) -> None:
    wire = Wire(clock, room=0)
    wire.outbox.paused()
    wire.outbox.put("last words")
    wire.outbox.end(Unavailable("Over.", code="stopping"))
    wire.outbox.put("too late")
    finished = asyncio.ensure_future(wire.outbox.finished())
    await asyncio.sleep(0)
    assert not finished.done()
    wire.drain(100)
    await finished
    assert wire.written == [encode("last words")]


def test_frames_have_the_length_that_websockets_read() -> None:
    for size, header in ((0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)):
        assert len(encode(b"x" * size)) == header + size
    assert encode("é")[:2] == bytes((0x81, 2))
