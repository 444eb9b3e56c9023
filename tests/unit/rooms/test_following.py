"""A feed has no gap and no event twice, whatever comes first."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.errors import Unavailable
from hub.rooms import limits
from hub.rooms.following import Following
from hub.rooms.outbox import Outbox
from hub.rooms.room import NEVER, Room
from hub.storage.timeline import MemberRow, RoomState
from hub.wire.events import Event
from tests.conftest import TurnableClock


def room(head: int) -> Room:
    return Room("r_1", RoomState("S", "all", head, {"u_ada": MemberRow("owner", 2)}))


def event(seq: int) -> Event:
    return Event(thread="r_1", seq=seq, type="message", sender="u_ada", at=0, data={"text": "x"})


async def test_an_event_that_comes_too_early_comes_again() -> None:
    heard: list[Any] = []
    there = room(5)
    following = Following(there, "u_ada", 5, None, None, lambda frame, **_: heard.append(frame))  # type: ignore[arg-type]
    following.begin([])
    following.offer(7, "7")  # of the inbox, which knows more than the room
    assert heard == []
    for seq in (6, 7, 7):
        if seq > there.state.head:
            there.apply(event(seq))
        following.offer(seq, str(seq))
    assert heard == ["6", "7"]


def test_who_is_no_member_may_see_nothing() -> None:
    assert room(5).since("u_ada") == 0
    assert room(5).since("u_eve") == NEVER


async def test_a_catch_up_ends_with_its_outbox(clock: TurnableClock) -> None:
    """However much waits there: it is not read again and again for nobody."""
    outbox, reads = Outbox(clock), 0
    following = Following(room(5), "u_ada", 0, None, outbox, outbox.put)  # type: ignore[arg-type]

    async def page() -> list[Event]:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0)
        return [event(seq) for seq in range(1, 6)]

    following.first_page = page  # type: ignore[method-assign]
    following.begin([event(1)])
    outbox.put("x" * (limits.CROWDED_BYTES + 1), counted=False)
    outbox.end(Unavailable("Over.", code="restarting"))
    assert following._task is not None
    async with asyncio.timeout(5):
        await following._task
    assert reads == 0
