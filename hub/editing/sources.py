"""The bytes that documents come from: a version of an attachment, whole."""

from __future__ import annotations

from typing import Final

from hub.blobs.store import BlobStore
from hub.errors import NotFound, TooLarge
from hub.files.contents import contents
from hub.files.scanning.verdicts import NotScanned, blocked
from hub.storage import attachments as rows
from hub.storage.attachments import Stored
from hub.storage.blobs import Blob
from hub.storage.pool import Database

MAX_BYTES: Final = 64 << 20


class Sources:
    """Args:
    held: nothing is handed out before a scanner has looked at it.
    """

    def __init__(self, database: Database, store: BlobStore, *, held: bool) -> None:
        self._held = held
        self._database = database
        self._store = store

    async def version(self, attachment: str, number: int) -> Stored:
        """A version that is ready.

        Raises:
            NotFound: ``version_not_found``.
        """
        async with self._database.acquire() as connection:
            found = await rows.stored(connection, attachment, number)
        if found is None or found.removed:
            raise NotFound("There is no such version.", code="version_not_found")
        return found

    def require_looked_at(self, stored: Stored) -> None:
        """Raises:
        Blocked: ``file_blocked``.
        NotScanned: ``file_not_scanned``.
        """
        if stored.verdict == "blocked":
            raise blocked(stored.finding)
        if stored.verdict is None and self._held:
            raise NotScanned()

    async def read(self, stored: Stored) -> bytes:
        """Raises:
        BlobMissing, BlobRotted: it is not what it was.
        StoreAway.
        TooLarge: ``file_too_large_to_edit``.
        """
        version = stored.version
        if version.size > MAX_BYTES:
            raise TooLarge(
                f"Files of up to {MAX_BYTES >> 20} MiB can be edited together.",
                code="file_too_large_to_edit",
            )
        assert version.blob is not None
        blob = Blob(version.blob, version.size, stored.place)
        return b"".join([part async for part in contents(self._database, self._store, blob)])
