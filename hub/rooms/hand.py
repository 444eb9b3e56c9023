"""A change that the hub itself brings into a live document, in somebody's name: it goes the way of
every other change, and is seen and kept like one.
"""

from __future__ import annotations

from hub.errors import HubError
from hub.ids import new_id
from hub.rooms.access import Grounds
from hub.rooms.documents import LiveDocument
from hub.rooms.intake import reloading
from hub.wire import frames
from hub.wire.api import DocumentInfo
from hub.wire.websocket import Outgoing


class _Hand:
    """The connection of nobody."""

    def __init__(self, uid: str) -> None:
        self.key = new_id("h")
        self.uid = uid
        self.error: HubError | None = None

    def send(self, frame: Outgoing, *, counted: bool = True) -> None: ...

    def refused(self, info: DocumentInfo, count: int, error: HubError) -> None:
        self.error = error

    def document_closed(self, info: DocumentInfo) -> None:
        self.error = reloading()

    def demoted(self) -> None: ...


async def write(live: LiveDocument, uid: str, update: bytes) -> None:
    """Returns once it is on disk.

    Args:
        update: under client ids that were leased to ``uid``.

    Raises:
        HubError: why it was not taken.
    """
    hand = _Hand(uid)
    live.attach(hand, "editor", Grounds(None, None), stock=False)
    try:
        rest = live.receive(hand, frames.UPDATE, update)
        if rest is not None:
            await rest
        await live.settled()
        if hand.error is not None:
            raise hand.error
        if live.broken:
            raise reloading()
    finally:
        live.detach(hand)
