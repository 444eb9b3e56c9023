"""Where bytes lie: what every kind of store can do.

A store knows names and bytes, not whose they are, nor what their hashes should be: who reads checks
(``hub.blobs.reading``), who removes has asked the database before. A name is that of the upload
that brought the bytes, and never stands for others: so a store neither copies nor overwrites, and
nobody who removes one thing meets somebody who brings another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from hub.errors import Conflict, HubError, Unavailable


@dataclass(frozen=True, slots=True)
class Stored:
    """Something that the store has.

    Attributes:
        at_s: Unix time of when it was last written, by the clock of the store.
        sealed: it is whole; else an upload has not come to its end.
    """

    name: str
    size: int
    at_s: float
    sealed: bool


class BlobMissing(HubError):
    """The database names bytes that the store has not, or not whole: an operator's business."""

    code = "blob_missing"
    title = "The bytes of this file are not there"
    http_status = 500
    retry_s = None


class StoreAway(Unavailable):
    code = "blob_store_down"
    title = "The store of files does not answer"
    retry_s = 5


class StoreFull(HubError):
    code = "no_space"
    title = "The hub has no space for this file"
    http_status = 507
    retry_s = None


class Busy(Conflict):
    """Another writer has it, here or in another process."""

    code = "upload_busy"
    title = "The upload is being written by another connection"
    http_status = 423
    retry_s = 1


class Mark(NamedTuple):
    """So many bytes are durable; ``note`` is what the store has to be told of the last stretch
    when it is opened again or sealed (docs/adr/0015)."""

    durable: int
    note: str


Confirm = Callable[[], Awaitable[None]]
"""Raises what an opening ends with; nothing has changed then."""


class Intake(Protocol):
    """The one writer of an upload."""

    async def write(self, parts: Sequence[bytes]) -> None:
        """Append. Durable only with the next ``sync``.

        Raises:
            StoreFull.
        """
        ...

    async def sync(self, *, last: bool) -> Mark:
        """Make durable what was written before the call, or, unless it is the last of this
        writer, as much as the store can at no cost. Writing may go on meanwhile."""
        ...

    async def read(self, start: int, end: int) -> bytes:
        """Bytes that are durable."""
        ...

    async def close(self) -> None: ...


class BlobStore(Protocol):
    """Every method may raise ``StoreAway``; nothing has changed then, or may be done again."""

    async def begin(self, name: str, size: int) -> str:
        """Prepare for an upload of so many bytes. Returns what ``open`` and ``seal`` need."""
        ...

    def begin_joined(self, size: int) -> str:
        """As ``begin``, of an upload that ``join`` makes of others. Asks the store for nothing."""
        ...

    async def open(
        self, name: str, begun: str, durable: int, notes: Sequence[str],
        confirm: Confirm | None = None,
    ) -> Intake:  # fmt: skip
        """Go on behind ``durable`` bytes; what was written after them is thrown away.

        Args:
            confirm: asked when no other writer can get in any more, before anything is thrown
                away: whoever waited for that may have been told of too few bytes.

        Raises:
            Busy.
        """
        ...

    async def put(self, name: str, data: bytes) -> None:
        """All of it, sealed at once. Cut short, it may leave something that nothing names.

        Raises:
            StoreFull.
        """
        ...

    async def join(self, name: str, begun: str, parts: Sequence[str], sizes: Sequence[int]) -> None:
        """Make an upload of others, which are whole and not sealed; they may be gone afterwards.
        Done again it comes to the same.

        Raises:
            BlobMissing: one of them is not there, or shorter.
            Busy, StoreFull.
        """
        ...

    async def seal(self, name: str, begun: str, notes: Sequence[str]) -> None:
        """The upload is whole. What is sealed already stays so.

        Raises:
            BlobMissing: it is not there.
            Busy, StoreFull.
        """
        ...

    async def read(self, name: str, start: int, end: int) -> bytes:
        """Bytes ``start`` to ``end`` (not included) of what is sealed.

        Raises:
            BlobMissing: it is not there, or shorter.
        """
        ...

    async def find(self, name: str) -> Stored | None:
        """What is sealed under this name."""
        ...

    async def remove(self, name: str) -> None:
        """Sealed or not. It may be gone already."""
        ...

    def all(self) -> AsyncIterator[Stored]:
        """Everything, in no order; what comes or goes meanwhile may be missed."""
        ...

    def close(self) -> None:
        """Nothing is asked for any more."""
        ...

    async def free_bytes(self) -> int | None:
        """How much more it can take; null when it does not say."""
        ...
