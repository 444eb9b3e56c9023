"""The pictures of a document, for its exports."""

from __future__ import annotations

import base64
from typing import Final

from hub.blobs.reading import BlobRotted
from hub.blobs.store import BlobMissing, BlobStore
from hub.files.contents import contents
from hub.files.previews.kinds import HEAD_BYTES, nature
from hub.storage import attachments as rows
from hub.storage.pool import Database

PICTURE_BYTES: Final = 8 << 20
ALL_BYTES: Final = 32 << 20


async def embedded(
    database: Database, store: BlobStore, document: str, *, held: bool
) -> dict[str, str]:
    """Pictures as data addresses by their attachments: those a browser shows, up to a bound.

    Args:
        held: only what a scanner has looked at.
    """
    async with database.acquire() as connection:
        found = await rows.pictures(connection, document, PICTURE_BYTES, held)
    made: dict[str, str] = {}
    left = ALL_BYTES
    for one in found:
        if one.blob.size > left:
            continue
        try:
            data = b"".join([part async for part in contents(database, store, one.blob)])
        except (BlobMissing, BlobRotted):
            continue
        is_ = nature(one.name, one.type, data[:HEAD_BYTES])
        if is_.kind == "image" and is_.inline:
            left -= len(data)
            body = base64.b64encode(data).decode()
            made[one.attachment] = f"data:{is_.media_type};base64,{body}"
    return made
