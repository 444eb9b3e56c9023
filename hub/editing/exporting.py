"""A live document as a file of any format: its own, with all that its file has, or another one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from hub.blobs.store import BlobStore
from hub.editing.converter import Wanted
from hub.editing.saving import Saving
from hub.editing.workshop import Workshop
from hub.errors import NotFound
from hub.files.pictures import embedded
from hub.formats import export
from hub.storage import document_files as files
from hub.wire.api import DocumentInfo

Format = Literal["md", "docx", "odt", "html", "txt", "pdf"]

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "md": "text/markdown",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "html": "text/html",
    "txt": "text/plain",
    "pdf": "application/pdf",
}
AT_ONCE: Final = 2
"""Of those that the hub makes by itself; conversions have turns of their own."""
_PLAIN: Final = frozenset(("md", "html", "txt"))
"""Made of the tree alone, by the hub itself: no library reads or writes them."""
_SHOWN: Final = re.compile(rb"attachment:(a_[A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])")
_KINDS: Final[Mapping[tuple[str, str], str]] = {("rich", "md"): "markdown", ("text", "txt"): "text"}
"""What ``wire.events.FileFormat`` calls them, where that is something else."""


class Exported(NamedTuple):
    """``missing``: characters that the format cannot show here. Up to seq ``saved`` of the
    document's log all is in it."""

    data: bytes
    missing: str
    saved: int


class Exporting:
    """Args:
    held: nothing is handed out before a scanner has looked at it.
    address: of the hub.
    """

    def __init__(
        self, workshop: Workshop, saving: Saving, store: BlobStore, address: str, *, held: bool
    ) -> None:  # fmt: skip
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._saving = saving
        self._store = store
        self._address = address
        self._held = held
        self._database = workshop.database
        self._library = workshop.library
        self._converter = workshop.converter
        self._pictures = workshop.pictures

    async def export(
        self, info: DocumentInfo, format_: Format, *, stays: bool = False
    ) -> Exported:  # fmt: skip
        """What a document says now, as a file.

        Args:
            stays: the file is one of the thread; links to its pictures need not lead here from
                elsewhere, but mean the same when they are read again.

        Raises:
            HubError: of ``hub.editing.refusals``.
            TooLarge: ``export_too_large``.
        """
        kind = _KINDS.get((info.kind, format_), format_)
        if (own := await self._own(info, kind, stays)) is not None:
            return own
        if format_ in _PLAIN and not (format_ == "md" and stays):
            async with self._turn:
                state, saved = await self._state(info)
                return Exported(await self._plain(info, format_, state), "", saved)
        state, saved = await self._state(info)
        async with self._database.acquire() as connection:
            _, changed_ms = await files.changed_at(connection, info.document)
        about = info.kind, info.title, (changed_ms or info.created_at) // 1000
        async with self._converter.turn:
            made = await self._converter.make(kind, state, info.document, *about)
            if isinstance(made, Wanted):
                given = await self._pictures.fetch(info.thread, made.attachments)
                made = await self._converter.make(kind, state, info.document, *about, given)
                assert not isinstance(made, Wanted)
        return Exported(made.data, made.missing, saved)

    async def _state(self, info: DocumentInfo) -> tuple[bytes, int]:
        async with self._library.using(info) as live:
            await live.settled()
            return live.state(), live.head

    async def _own(self, info: DocumentInfo, kind: str, stays: bool) -> Exported | None:
        """The document's file, with all that it has; null where it is none of this format, or its
        file is gone."""
        async with self._database.acquire() as connection:
            binding = await files.find(connection, info.document)
        if binding is None or binding.format != kind:
            return None
        try:
            data, saved = await self._saving.current(info)
        except NotFound:
            return None
        if kind == "markdown" and not stays:
            data = _SHOWN.sub(lambda one: self._served(one[1].decode()).encode(), data)
        return Exported(data, "", saved)

    def _served(self, attachment: str) -> str:
        return f"{self._address}/api/attachments/{attachment}/versions/1"

    async def _plain(self, info: DocumentInfo, format_: Format, state: bytes) -> bytes:
        shown: dict[str, str] = {}
        if format_ == "html" and info.kind == "rich":
            shown = await embedded(self._database, self._store, info.document, held=self._held)

        def picture(attachment: str) -> str:
            return shown.get(attachment) or self._served(attachment)

        return await asyncio.to_thread(export.export_state, state, info, format_, picture)
