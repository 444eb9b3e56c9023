"""The outbox counts bytes; presence belongs to one connection and one user."""

from __future__ import annotations

import asyncio

from hub.rooms import limits
from hub.rooms.carets import TTL_S, Carets
from hub.rooms.outbox import Outbox
from hub.wire.awareness import GONE, Entry
from tests.conftest import TurnableClock


async def test_outbox_drops_updates_then_resumes(clock: TurnableClock) -> None:
    outbox = Outbox(clock)
    drained = asyncio.Event()
    outbox.on_drained = drained.set
    frame = b"x" * 300_000
    for _ in range(4):
        assert outbox.takes_updates
        outbox.put(frame)
    assert not outbox.takes_updates
    outbox.put(b"answer" * 100_000, counted=False)
    assert outbox.queued_bytes == 4 * len(frame)
    for _ in range(4):
        assert await outbox.take() is frame
        assert not drained.is_set()
        outbox.sent()
    assert drained.is_set()
    assert outbox.takes_updates


async def test_outbox_ends_a_reader_that_is_too_slow(clock: TurnableClock) -> None:
    full = Outbox(clock)
    while full.ended is None:
        full.put(b"x" * 500_000)
    assert (full.ended.code, full.ended.close_code) == ("slow_reader", 1013)
    assert full.queued_bytes <= limits.CLOSE_BYTES + 500_000
    assert await full.take() is None

    stalled = Outbox(clock)
    stalled.put("one")
    clock.advance(limits.STALLED_S + 1)
    stalled.put("two")
    assert stalled.ended is not None

    lively = Outbox(clock)
    lively.put("one")
    await lively.take()
    lively.sent()
    clock.advance(limits.STALLED_S + 1)
    lively.put("two")
    assert lively.ended is None


def test_carets_belong_to_connection_and_user() -> None:
    carets = Carets()
    owners = {1: "ada", 2: "grace"}
    assert carets.take("c1", "ada", [Entry(1, 1, b"{}")], owners, 0.0)
    # Another's id, an id of another connection, and an old clock say nothing.
    assert carets.take("c1", "ada", [Entry(2, 1, b"{}")], owners, 0.0) == []
    assert carets.take("c2", "ada", [Entry(1, 9, b"{}")], owners, 0.0) == []
    assert carets.take("c1", "ada", [Entry(1, 0, b"{}")], owners, 0.0) == []
    assert carets.owners() == {1: "ada"}
    assert carets.leave("c2") == []
    assert carets.leave("c1") == [Entry(1, 2, GONE)]
    assert len(carets) == 0


def test_carets_expire_and_are_limited() -> None:
    carets = Carets()
    accepted = sum(
        bool(carets.take("c1", "ada", [Entry(1, clock, b"{}")], {1: "ada"}, 0.0))
        for clock in range(100)
    )
    assert accepted == 2 * limits.PRESENCE_PER_S
    assert carets.take("c1", "ada", [Entry(1, 200, GONE)], {1: "ada"}, 0.0)
    carets.take("c1", "ada", [Entry(1, 201, b"{}")], {1: "ada"}, 5.0)
    assert carets.expire(5.0 + TTL_S) == []
    assert carets.expire(5.1 + TTL_S) == [Entry(1, 202, GONE)]
