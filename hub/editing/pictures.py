"""The pictures within files: attachments of the document that shows them, on their way in and back
into the file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from hub.blobs.reading import BlobRotted
from hub.blobs.store import BlobMissing
from hub.editing.arrived import Arrived
from hub.editing.sources import Sources
from hub.errors import HubError, Unavailable
from hub.files.uploads import Uploads
from hub.formats.pictures import attachment_of, kind_of
from hub.storage import attachments as rows
from hub.storage.pool import Database
from hub.storage.uploads import Upload
from hub.storage.writer import Append
from hub.wire import events as ev

MAX_BYTES: Final = 48 << 20
"""Of all pictures that one save brings into a file."""

_encode = msgspec.json.Encoder().encode


class Brought(NamedTuple):
    """``appends``: the events that add these ``attachments``; to be written with ``Pictures.keep``
    in the guard."""

    uid: str
    appends: tuple[Append, ...]
    uploads: tuple[Upload, ...]
    attachments: tuple[str, ...]


class Pictures:
    def __init__(
        self, database: Database, arriving: Uploads, sources: Sources, arrived: Arrived
    ) -> None:
        self._database = database
        self._uploads = arriving
        self._sources = sources
        self._arrived = arrived

    async def bring(
        self, uid: str, thread: str, document: str, pictures: Sequence[bytes], send_id: str
    ) -> Brought:
        """Store pictures as attachments of a document, in somebody's name, but for those that it
        has already.

        Raises:
            HubError: of ``Uploads.take``.
        """
        appends: list[Append] = []
        kept: list[Upload] = []
        names: list[str] = []
        try:
            by_id = {attachment_of(document, data): data for data in pictures}
            for index, (attachment, data) in enumerate(by_id.items()):
                kind = kind_of(data)
                async with self._database.acquire() as connection:
                    known = await rows.find(connection, attachment)
                if known is not None or kind is None:
                    continue
                name, type_ = f"picture-{index + 1}.{kind[0]}", kind[1]
                upload = await self._uploads.take(uid, thread, name, type_, "", data, None)
                kept.append(upload)
                names.append(attachment)
                added = ev.AttachmentAddData(
                    attachment, upload.upload, name, len(data), type_, False, document, upload.blob
                )
                appends.append(
                    Append(thread, "attachment.add", uid, _encode(added), f"{send_id}/{index}")
                )
        except BaseException:
            await self.drop(Brought(uid, (), tuple(kept), ()))
            raise
        return Brought(uid, tuple(appends), tuple(kept), tuple(names))

    async def keep(self, brought: Brought, connection: Any) -> None:
        """Asked in the transaction that writes their events.

        Raises:
            NotFound: ``upload_not_found``.
            Unavailable: ``document_moved``: somebody was quicker.
        """
        for attachment in brought.attachments:
            if await rows.find(connection, attachment) is not None:
                raise Unavailable("The pictures came meanwhile.", code="document_moved")
        await self._arrived.keep(connection, brought.uploads)

    async def drop(self, brought: Brought) -> None:
        """Nothing refers to them after all."""
        for upload in brought.uploads:
            with contextlib.suppress(HubError):
                await self._uploads.terminate(brought.uid, upload.upload)

    async def fetch(self, thread: str, attachments: Sequence[str]) -> dict[str, bytes]:
        """Bytes of pictures of this thread, those that may be had; up to a bound."""
        found: dict[str, bytes] = {}
        left = MAX_BYTES
        for attachment in attachments:
            async with self._database.acquire() as connection:
                row = await rows.find(connection, attachment)
            if row is None or row.thread != thread or row.number is None or row.removed_by:
                continue
            try:
                stored = await self._sources.version(attachment, row.number)
                self._sources.require_looked_at(stored)
                if stored.version.size > left:
                    continue
                found[attachment] = await self._sources.read(stored)
            except (BlobMissing, BlobRotted):
                continue
            except HubError as error:
                if error.http_status >= 500:
                    raise
                continue
            left -= len(found[attachment])
        return found
