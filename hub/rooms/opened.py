"""The documents that one live connection has open, and the way of their frames."""

from __future__ import annotations

from collections.abc import Awaitable

from hub.errors import Conflict, RateLimited
from hub.identity.service import Principal
from hub.rooms import limits
from hub.rooms.access import Grounds, access
from hub.rooms.attachment import Peer
from hub.rooms.documents import LiveDocument
from hub.rooms.permissions import Action, require
from hub.rooms.room import Room
from hub.rooms.services import Services
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire import frames


class Opened:
    """Args:
    peer: the connection, as documents know it.
    """

    def __init__(self, services: Services, peer: Peer) -> None:
        self._rooms = services.rooms
        self._library = services.library
        self._peer = peer
        self._open: dict[int, tuple[LiveDocument, Room]] = {}

    async def open(
        self, command: cmd.OpenDocument, principal: Principal
    ) -> tuple[LiveDocument, Grounds, str | None]:
        """Take a document in; then ``attach``, after the client has its answer.

        Raises:
            HubError: what stands against it.
        """
        if len(self._open) >= limits.MAX_DOCUMENTS:
            raise RateLimited("Too many documents on one connection.", code="too_many_documents")
        info = await self._library.info(command.document)
        self.close_number(info.number)
        room = await self._rooms.take(info.thread)
        try:
            require(principal, room.role(principal.uid), Action.READ)
            live = await self._library.take(info)
        except BaseException:
            self._rooms.give_back(room)
            raise
        role = room.role(principal.uid)  # again: it may have changed while the document was read
        if role is None or info.number in self._open:
            self._library.give_back(live)
            self._rooms.give_back(room)
            require(principal, role, Action.READ)
            raise Conflict("The document is being opened already.", code="already_open")
        self._open[info.number] = live, room
        return live, Grounds(principal.scopes, command.schema_version), role

    def attach(self, live: LiveDocument, role: str | None, grounds: Grounds, *, lag: bool) -> None:
        """Begin to serve it; ``lag``: the connection has no room for its updates now."""
        live.attach(self._peer, role, grounds, stock=False)
        if lag:
            live.leave_behind(self._peer)

    def receive(self, frame: bytes) -> Awaitable[float | None] | None:
        """Hand a document its message; returns what the next frame must wait for.

        Raises:
            ProtocolError: malformed; the connection must end.
        """
        kind, number, message = frames.split(frame)
        opened = self._open.get(number)
        if opened is None:
            return None  # closed a moment ago
        live = opened[0]
        if kind == frames.AWARENESS:
            live.receive_awareness(self._peer, message)
            return None
        subtype, payload = frames.read_sync(message)
        return live.receive(self._peer, subtype, payload)

    def close(self, document: str) -> None:
        for number, (live, _) in tuple(self._open.items()):
            if live.info.document == document:
                self.close_number(number)

    def close_number(self, number: int) -> None:
        live, room = self._open.pop(number, (None, None))
        if live is not None and room is not None:
            live.detach(self._peer)
            self._library.give_back(live)
            self._rooms.give_back(room)

    def close_all(self) -> None:
        for number in tuple(self._open):
            self.close_number(number)

    def leave_behind(self) -> None:
        """The connection reads too slowly."""
        for live, _ in self._open.values():
            live.leave_behind(self._peer)

    def resume(self) -> None:
        """It has room again."""
        for live, _ in self._open.values():
            live.resume(self._peer)


def result_of(live: LiveDocument, command: cmd.OpenDocument, role: str | None, grounds: Grounds) \
        -> ev.OpenResult:  # fmt: skip
    """The answer to ``open_document``."""
    info = live.info
    editable = access(role, grounds, info.schema_version).edit
    return ev.OpenResult(
        number=info.number,
        lineage=info.lineage,
        kind=info.kind,
        schema_version=info.schema_version,
        mode="edit" if editable else "read",
        reset=command.lineage not in (None, info.lineage),
        state_bytes=len(live.state()),
        owners=live.caret_owners(),
    )
