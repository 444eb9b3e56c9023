"""Bytes of a blob that are what its id says: every piece is hashed before any of it is given."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import count, islice
from typing import Final

import structlog

from hub.blobs.bulk import in_bulk
from hub.blobs.store import BlobStore
from hub.errors import HubError
from hub.ids import sha256
from hub.wire.pieces import bounds, span

AHEAD: Final = 2
"""Pieces that are read and hashed while the one before them is sent."""

log = structlog.get_logger()


class BlobRotted(HubError):
    """A piece is not what it was: it is not given, and an operator must know."""

    code = "blob_rotted"
    title = "The bytes of this file have changed on their store"
    http_status = 500
    retry_s = None


async def verified(
    store: BlobStore, name: str, size: int, hashes: Sequence[bytes], start: int, end: int
) -> AsyncIterator[bytes]:
    """Bytes ``start`` to ``end`` (not included), in parts of at most 1 MiB.

    Args:
        hashes: of the pieces that the range touches (``span``), the first of them first.

    Raises:
        BlobRotted: a piece does not have its hash; what came before it was good.
        BlobMissing, StoreAway: as the store.
    """
    coming: deque[asyncio.Task[bytes]] = deque()
    wanted = zip(span(start, end), hashes, strict=True)
    try:
        for at in count(span(start, end).start):
            for number, expected in islice(wanted, AHEAD + 1 - len(coming)):
                coming.append(asyncio.create_task(_piece(store, name, size, number, expected)))
            if not coming:
                return
            first, _ = bounds(at, size)
            piece = await coming.popleft()
            yield piece[max(0, start - first) : end - first]
            del piece  # not kept while the next one comes
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)


async def _piece(store: BlobStore, name: str, size: int, number: int, expected: bytes) -> bytes:
    piece = await store.read(name, *bounds(number, size))
    if await in_bulk(sha256, piece) != expected:
        log.error("a piece of a blob has changed", name=name, piece=number)
        raise BlobRotted()
    return piece
