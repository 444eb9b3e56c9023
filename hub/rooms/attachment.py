"""One connection's view of one document: how far its updates are on disk, what it was sent."""

from __future__ import annotations

from collections import deque
from typing import Literal, Protocol

from hub.errors import HubError
from hub.wire.websocket import Outgoing

Mode = Literal["edit", "read"]


class Peer(Protocol):
    """What a document needs of a connection. Frames are of ``hub.wire.frames`` or JSON text."""

    key: str

    @property
    def uid(self) -> str: ...

    def send(self, frame: Outgoing, *, counted: bool = True) -> None:
        """``counted`` is false for answers the peer asked for."""
        ...

    def refused(self, number: int, count: int, error: HubError) -> None:
        """The peer's ``count``-th update was not taken."""
        ...

    def document_closed(self, number: int, reason: str) -> None:
        """The document must be opened again."""
        ...

    def demoted(self) -> None:
        """The user may only read from now on."""
        ...


class Receipt:
    """One received update frame on its way to the disk."""

    __slots__ = ("count", "settled")

    def __init__(self, count: int) -> None:
        self.count = count
        self.settled = False


class Attachment:
    """Counts the update frames of one peer since it opened the document.

    Attributes:
        lagging: the state vector the peer was left at when its outbox was full; null in step.
        owes_all: how many appends must be on disk before the peer is told "all"; null once told.
    """

    __slots__ = (
        "_receipts",
        "count",
        "durable",
        "lagging",
        "mode",
        "owes_all",
        "peer",
        "scheduled",
    )

    def __init__(self, peer: Peer, mode: Mode) -> None:
        self.peer = peer
        self.mode: Mode = mode
        self.count = 0
        self.durable = 0
        self.lagging: bytes | None = None
        self.owes_all: int | None = None
        self.scheduled = False
        self._receipts: deque[Receipt] = deque()

    def received(self) -> Receipt:
        """Count a frame; it is settled once on disk, refused or found to change nothing."""
        self.count += 1
        receipt = Receipt(self.count)
        self._receipts.append(receipt)
        return receipt

    def settle(self, receipt: Receipt) -> bool:
        """Returns whether ``durable`` moved: it passes only frames all of whose forerunners are
        settled."""
        receipt.settled = True
        moved = False
        while self._receipts and self._receipts[0].settled:
            self.durable = self._receipts.popleft().count
            moved = True
        return moved
