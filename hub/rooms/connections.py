"""All live connections of this process, to cut those whose right has ended.

Listens to ``revocations`` on the bus; never decides whether something is revoked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from hub.bus.interface import Bus
from hub.bus.messages import Message, Revoked
from hub.errors import HubError, Unauthenticated
from hub.identity.service import Principal
from hub.rooms.outbox import Outbox

TOPIC = "revocations"
SLICES, SLICE_S = 20, 0.1
MIN_AT_ONCE = 50


class Connection(Protocol):
    principal: Principal
    outbox: Outbox

    def end(self, reason: HubError) -> None: ...


class Connections:
    """Attributes:
    on_gap: called when a revocation may have been lost on the bus.
    """

    def __init__(self, bus: Bus) -> None:
        self._all: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._bus = bus
        self.on_gap: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Begin to hear."""
        await self._bus.subscribe(TOPIC, self._on_message, lambda: self.on_gap())

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._all))

    def add(self, connection: Connection) -> None:
        self._all.add(connection)
        self._empty.clear()

    def discard(self, connection: Connection) -> None:
        self._all.discard(connection)
        if not self._all:
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until the last connection has gone."""
        await self._empty.wait()

    def revoke(self, kind: str, id_: str) -> None:
        """Tell every process that a session, token or user has ended."""
        self._bus.publish(TOPIC, Revoked(kind, id_))

    @property
    def rights(self) -> tuple[set[str], set[str]]:
        """Ids of the sessions and of the tokens that somebody is connected with here."""
        who = [one.principal for one in self._all]
        sessions = {one.session_id for one in who if one.session_id is not None}
        return sessions, {one.token_id for one in who if one.token_id is not None}

    async def end_all(self, reason: HubError) -> None:
        """At shutdown: every connection ends with the same reason, not all in one moment, since
        they are back in the next one."""
        there = tuple(self._all)
        at_once = max(MIN_AT_ONCE, -(-len(there) // SLICES))
        for first in range(0, len(there), at_once):
            if first:
                await asyncio.sleep(SLICE_S)
            for connection in there[first : first + at_once]:
                connection.end(reason)

    def _on_message(self, message: Message) -> None:
        if isinstance(message, Revoked):
            self.end(message.kind, message.id)

    def end(self, kind: str, id_: str) -> None:
        """End the connections here that a session, token or user has."""
        reason = Unauthenticated("Your session has ended.", code="session_ended")
        for connection in tuple(self._all):
            who = connection.principal
            if id_ == {
                "session": who.session_id, "token": who.token_id, "user": who.uid
            }.get(kind):  # fmt: skip
                connection.end(reason)
