"""Bytes of a blob that are what its id says: every piece is hashed before any of it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import structlog

from hub.blobs.store import BlobStore
from hub.errors import HubError
from hub.ids import sha256
from hub.wire.pieces import bounds, span

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
    for number, expected in zip(span(start, end), hashes, strict=True):
        first, last = bounds(number, size)
        piece = await store.read(name, first, last)
        if await asyncio.to_thread(sha256, piece) != expected:
            log.error("a piece of a blob has changed", name=name, piece=number)
            raise BlobRotted()
        yield piece[max(0, start - first) : end - first]
