"""Where blobs lie: what every kind of store can do.

A store knows ids and bytes, not whose they are, nor what their hashes should be: who reads checks
(``hub.blobs.reading``), who removes has asked the database before (``collect``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hub.errors import HubError, Unavailable


@dataclass(frozen=True, slots=True)
class Stored:
    """One blob as the store has it.

    Attributes:
        at_s: Unix time of when it came, by the clock of the store.
    """

    blob: str
    size: int
    at_s: float


class BlobMissing(HubError):
    """The database names a blob that the store has not, or not whole: an operator's business."""

    code = "blob_missing"
    title = "The bytes of this file are not there"
    http_status = 500
    retry_s = None


class StoreAway(Unavailable):
    code = "blob_store_down"
    title = "The store of files does not answer"
    retry_s = 5


class BlobStore(Protocol):
    """Every method may raise ``StoreAway``; nothing has changed then, or may be done again."""

    async def take(self, blob: str, staged: Path) -> None:
        """Make a finished file the blob of this id, durably; it is gone from where it was. One that
        is there already stays."""
        ...

    async def read(self, blob: str, start: int, end: int) -> bytes:
        """Bytes ``start`` to ``end`` (not included), which lie within it.

        Raises:
            BlobMissing: it is not there, or shorter.
        """
        ...

    async def find(self, blob: str) -> Stored | None: ...

    async def remove(self, blob: str) -> None:
        """It may be gone already."""
        ...

    def all(self) -> AsyncIterator[Stored]:
        """Every blob, in no order; one that comes or goes meanwhile may be missed."""
        ...
