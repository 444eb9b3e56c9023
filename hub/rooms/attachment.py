"""One connection's view of one document: what it may, how far its updates are on disk, what it was
sent."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from hub.errors import HubError
from hub.rooms.access import Access, Grounds
from hub.wire.api import DocumentInfo
from hub.wire.websocket import Outgoing


class Peer(Protocol):
    """What a document needs of a connection. Frames are of ``hub.wire.frames`` or JSON text; a
    stock client (see ``Attachment``) gets no text."""

    key: str

    @property
    def uid(self) -> str: ...

    def send(self, frame: Outgoing, *, counted: bool = True) -> None:
        """``counted`` is false for answers the peer asked for."""
        ...

    def refused(self, info: DocumentInfo, count: int, error: HubError) -> None:
        """The peer's ``count``-th update was not taken."""
        ...

    def document_closed(self, info: DocumentInfo) -> None:
        """The document must be opened again."""
        ...

    def demoted(self) -> None:
        """The user may only read from now on."""
        ...


class Receipt:
    """One received update frame on its way to the disk, perhaps in parts: some of it may wait."""

    __slots__ = ("count", "parts")

    def __init__(self, count: int) -> None:
        self.count = count
        self.parts = 1


class Attachment:
    """Counts the update frames of one peer since it opened the document.

    Args:
        stock: a plain Yjs client: it brings ids of its own, cannot fetch a large state by HTTP and
            cannot be told that an update was refused.

    Attributes:
        asked: it was sent a step 1 that it has not answered yet.
        access: what it may, by the role in the thread and its grounds.
        lagging: the clocks the peer was left at when its outbox was full; null in step.
        fetching: it was told to fetch the state; its next step 1 is answered whatever the size.
        owes_all: how many appends must be on disk before the peer is told "all"; null once told.
    """

    __slots__ = (
        "_receipts",
        "access",
        "asked",
        "count",
        "durable",
        "fetching",
        "grounds",
        "lagging",
        "owes_all",
        "peer",
        "scheduled",
        "stock",
    )

    def __init__(self, peer: Peer, access: Access, grounds: Grounds, *, stock: bool) -> None:
        self.peer = peer
        self.access = access
        self.grounds = grounds
        self.stock = stock
        self.asked = False
        self.count = 0
        self.durable = 0
        self.lagging: dict[int, int] | None = None
        self.fetching = False
        self.owes_all: int | None = None
        self.scheduled = False
        # Of the many that only read, none is ever made: an empty deque has 760 bytes.
        self._receipts: deque[Receipt] | None = None

    @property
    def owed(self) -> int:
        """How many received frames are not settled, or one before them is not."""
        return len(self._receipts) if self._receipts is not None else 0

    def received(self) -> Receipt:
        """Count a frame; it is settled once on disk, refused or found to change nothing."""
        self.count += 1
        receipt = Receipt(self.count)
        if self._receipts is None:
            self._receipts = deque()
        self._receipts.append(receipt)
        return receipt

    def settle(self, receipt: Receipt) -> bool:
        """A part of a frame is done with. Returns whether ``durable`` moved: it passes only frames
        all of whose forerunners are settled."""
        receipt.parts -= 1
        moved = False
        while self._receipts and self._receipts[0].parts <= 0:
            self.durable = self._receipts.popleft().count
            moved = True
        return moved
