"""A stock Yjs client on one document: the y-websocket protocol over the same live document.

Messages: 0 sync, 1 awareness, 2 auth, 3 query awareness, each behind its outer type.
Source: y-websocket (src/y-websocket.js), y-protocols PROTOCOL.md.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from hub.errors import Forbidden, HubError, NotFound, ProtocolError, Unavailable
from hub.identity.service import Principal
from hub.ids import new_id
from hub.rooms.access import Grounds
from hub.rooms.connections import Connections
from hub.rooms.documents import LiveDocument
from hub.rooms.outbox import Outbox
from hub.wire import frames
from hub.wire.api import DocumentInfo
from hub.wire.varint import read_bytes, read_varint
from hub.wire.websocket import Outgoing


class YjsSession:
    """Attached to a document from its making to ``close``."""

    def __init__(
        self, principal: Principal, live: LiveDocument, role: str | None, outbox: Outbox,
        connections: Connections,
    ) -> None:  # fmt: skip
        self.key = new_id("c")
        self.principal = principal
        self.outbox = outbox
        self._live = live
        self._connections = connections
        outbox.on_full = partial(live.leave_behind, self)
        outbox.on_drained = partial(live.resume, self)
        connections.add(self)
        live.attach(self, role, Grounds(principal.scopes, None), stock=True)

    @property
    def uid(self) -> str:
        return self.principal.uid

    def receive(self, data: bytes) -> Awaitable[float | None] | None:
        """Take one message; returns what the next one must wait for.

        Raises:
            ProtocolError: malformed; the connection must end.
        """
        kind, at = read_varint(data, 0)
        if kind == frames.YJS_SYNC:
            subtype, payload = frames.read_sync(memoryview(data)[at:])
            return self._live.receive(self, subtype, payload)
        if kind == frames.YJS_AWARENESS:
            message, _ = read_bytes(data, at)
            self._live.receive_awareness(self, message)
        elif kind == frames.YJS_QUERY_AWARENESS:
            self._live.send_carets(self)
        elif kind != frames.YJS_AUTH:
            raise ProtocolError("A message has an unknown type.", code="unknown_frame")
        return None

    def send(self, frame: Outgoing, *, counted: bool = True) -> None:
        """Frames of this protocol (``frames.YjsFraming``)."""
        self.outbox.put(frame, counted=counted)

    def refused(self, info: DocumentInfo, count: int, error: HubError) -> None:
        """The protocol cannot tell a client that its edit was not taken: end it."""
        self.end(error)

    def document_closed(self, info: DocumentInfo) -> None:
        if self._live.broken:
            self.end(Unavailable("The document is being loaded again.", code="document_reloading"))
        else:
            self.end(NotFound("You are no member any more.", code="removed"))

    def demoted(self) -> None:
        self.end(Forbidden("You may only read from now on.", code="read_only"))

    def end(self, reason: HubError) -> None:
        self.outbox.end(reason)

    def close(self) -> None:
        self._live.detach(self)
        self._connections.discard(self)
