"""All the bytes of a blob, each piece proved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from hub.blobs.reading import verified
from hub.blobs.store import BlobStore
from hub.storage import blobs as rows
from hub.storage.blobs import Blob
from hub.storage.pool import Database
from hub.wire.pieces import PIECE_BYTES, count

_PORTION: Final = 1024 * PIECE_BYTES


async def contents(database: Database, store: BlobStore, blob: Blob) -> AsyncIterator[bytes]:
    """In parts of any size; hashes are read in portions.

    Raises:
        BlobMissing, BlobRotted: it is not what it was.
        StoreAway.
    """
    for start in range(0, blob.size, _PORTION):
        end = min(blob.size, start + _PORTION)
        first = start // PIECE_BYTES
        async with database.acquire() as connection:
            hashes = await rows.hashes(connection, blob.blob, first, count(end) - first)
        async for part in verified(store, blob.name, blob.size, hashes, start, end):
            yield part
