"""Bytes of the hub's own making, into a store."""

from __future__ import annotations

from hub.blobs.store import BlobStore


async def write(store: BlobStore, name: str, data: bytes) -> None:
    """All of it, whole and durable afterwards. Cut short, it leaves something that nothing names,
    which the keeper removes.

    Raises:
        StoreAway, StoreFull.
    """
    begun = await store.begin(name, len(data))
    intake = await store.open(name, begun, 0, ())
    try:
        await intake.write([data])
        mark = await intake.sync(last=True)
    finally:
        await intake.close()
    await store.seal(name, begun, [mark.note])
