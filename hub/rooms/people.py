"""Who is who, told while it changes; and connections whose right has ended, ended.

The bus rings, the counters of ``hub.storage.changes`` are the truth: what a lost bell would have
told is found by the poll.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from hub.bus.interface import Bus
from hub.bus.messages import Message, PeopleChanged
from hub.identity.principal import Principal
from hub.rooms.connections import Connections
from hub.rooms.poll import Poll
from hub.storage import accounts, changes
from hub.storage.pool import Database
from hub.wire import events as ev
from hub.wire.websocket import Outgoing, shared

TOPIC = "people"

_encode = msgspec.json.Encoder().encode


class Listener(Protocol):
    principal: Principal

    def send(self, frame: Outgoing, *, counted: bool = True) -> None: ...


class People:
    """Attributes:
    revision: of the people, as far as listeners were told.
    """

    def __init__(self, database: Database, bus: Bus, connections: Connections) -> None:
        self._database = database
        self._bus = bus
        self._connections = connections
        self._listeners: set[Listener] = set()
        self._poll = Poll("people", self._look)
        self.revision = self._rights = 0

    async def start(self) -> None:
        """Begin to hear."""
        await self._bus.subscribe(TOPIC, self._on_message, self._poll.soon)
        self._connections.on_gap = self._poll.soon
        async with self._database.acquire() as connection:
            self.revision, self._rights = await changes.read(connection)

    async def run(self) -> None:
        """The poll behind the bell, for ever."""
        await self._poll.run()

    def changed(self) -> None:
        """Tell every process that there is something to read."""
        self._bus.publish(TOPIC, PeopleChanged())

    def add(self, listener: Listener) -> None:
        """Tell it of everything above ``revision``."""
        self._listeners.add(listener)

    def discard(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def _on_message(self, message: Message) -> None:
        if isinstance(message, PeopleChanged):
            self._poll.soon()

    async def _look(self) -> None:
        async with self._database.acquire() as connection:
            counters = await changes.read(connection)
            if counters.people != self.revision:
                await self._tell(connection, counters.people)
            if counters.rights != self._rights:
                await self._end(connection)
                self._rights = counters.rights

    async def _tell(self, connection: Any, revision: int) -> None:
        for changed, row in await accounts.changed_since(connection, self.revision):
            revision = max(revision, changed)
            frame = ev.Person(
                uid=row.uid, display_name=row.display_name, addresses=row.addresses,
                is_owner=row.is_owner, disabled=row.disabled, revision=changed,
            )  # fmt: skip
            message = shared(_encode(frame).decode())
            for one in tuple(self._listeners):
                if one.principal.may("read"):
                    one.send(message)
        self.revision = revision

    async def _end(self, connection: Any) -> None:
        """Of the connections here, those whose session or token has ended."""
        sessions, tokens = self._connections.rights
        good = await changes.still_good(connection, sessions, tokens)
        for id_ in sessions - good:
            self._connections.end("session", id_)
        for id_ in tokens - good:
            self._connections.end("token", id_)
