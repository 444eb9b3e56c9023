"""A version of a file becomes a live document, one for everybody who opens it.

    bytes ─ worker ─► update ─ the hub's own rules ─► document.create and the first row of its log,
                                                      in one transaction

Who opens a version that is open already gets that document. The words of the file are those of
whoever brought it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from secrets import randbelow
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec

from hub.editing.converter import Opened
from hub.editing.formats import format_of
from hub.editing.pictures import Brought
from hub.editing.refusals import FileDamaged, NoEditableFormat
from hub.editing.workshop import Workshop
from hub.errors import Conflict, NotFound, TooLarge
from hub.files.previews.kinds import HEAD_BYTES
from hub.identity.principal import Principal
from hub.ids import new_id
from hub.mail.threads import schema_version
from hub.rooms.fold import fold
from hub.storage import attachments as rows
from hub.storage import document_files as files
from hub.storage import documents
from hub.storage.attachments import Stored
from hub.storage.pool import DatabaseAway
from hub.storage.writer import CLAIM, UPDATE, Append
from hub.wire import events as ev
from hub.wire import words
from hub.wire.api import DocumentInfo

SEED_ROWS: Final = 2
"""What an opened document's log begins with: whose the client id is, and the words."""
MAX_TITLE: Final = 200
_CLIENTS: Final = 1 << 31

_encode = msgspec.json.Encoder().encode


class AlreadyOpen(Conflict):
    """Somebody was quicker."""

    code = "already_open"
    title = "The file is open already"


class Opening:
    """Args:
    max_bytes: of a document, encoded.
    """

    def __init__(self, workshop: Workshop, max_bytes: int) -> None:
        self._database = workshop.database
        self._pen = workshop.pen
        self._library = workshop.library
        self._sources = workshop.sources
        self._converter = workshop.converter
        self._pictures = workshop.pictures
        self._max_bytes = max_bytes
        self._turns: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    async def open(
        self, who: Principal, stored: Stored, name: str, send_id: str
    ) -> tuple[DocumentInfo, bool]:
        """The live document of a version, and whether it was made now.

        Args:
            stored: that ``who`` may read.
            name: of the file.

        Raises:
            Forbidden: ``read_only``, ``missing_scope``, when it has to be made.
            NotFound: ``attachment_not_found``.
            TooLarge: ``file_too_large_to_edit``.
            HubError: of ``hub.editing.refusals``, and of ``Sources.require_looked_at``.
        """
        self._sources.require_looked_at(stored)
        version = stored.version
        assert version.number is not None
        key = version.attachment, version.number
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:  # the work is done once
            if (known := await self._bound(*key)) is not None:
                return known, False
            await self._pen.require(who, version.thread)
            client, document = 1 + randbelow(_CLIENTS), new_id("d")
            async with self._converter.turn:
                data = await self._sources.read(stored)
                format_ = format_of(name, version.type, data[:HEAD_BYTES], len(data))
                if format_ is None:
                    raise NoEditableFormat
                opened = await self._converter.open(format_, data, document, client)
                update = await self._checked(opened)
                # Pictures are in memory, too.
                brought = await self._pictures.bring(
                    who.uid, version.thread, document, opened.pictures, send_id
                )
            file = ev.OpenedFile(*key, format_, SEED_ROWS, opened.encoding, opened.notices)
            try:
                document = await self._write(
                    who, stored, name, file, opened.kind, document, (client, update), brought,
                    send_id,
                )  # fmt: skip
            except AlreadyOpen:
                await self._pictures.drop(brought)
                known = await self._bound(*key)
                assert known is not None
                return known, False
            except BaseException as error:
                if not isinstance(error, DatabaseAway):  # else it may be written all the same
                    await self._pictures.drop(brought)
                raise
        return await self._library.info(document), True

    async def _checked(self, opened: Opened) -> bytes:
        """The update as the hub's own rules have it.

        Raises:
            FileDamaged: it is not what a document begins with.
            TooLarge: ``file_too_large_to_edit``.
        """
        if len(opened.update) > self._max_bytes:
            raise TooLarge(
                "As a document it would be larger than this hub allows.",
                code="file_too_large_to_edit",
            )
        folded = await asyncio.to_thread(fold, opened.kind, None, [(1, opened.update)])
        if folded.waiting or folded.aside:
            raise FileDamaged
        return folded.content.state()

    async def _write(
        self, who: Principal, stored: Stored, name: str, file: ev.OpenedFile, kind: str,
        document: str, seed: tuple[int, bytes], brought: Brought, send_id: str,
    ) -> str:  # fmt: skip
        """Returns the document's id: of another one, if this ``send_id`` made that.

        Args:
            seed: a client id, and the words under it.

        Raises:
            AlreadyOpen.
            NotFound: ``attachment_not_found``.
        """
        version = stored.version
        async with self._database.acquire() as connection:
            number = await documents.new_number(connection)
        client, update = seed
        data = ev.DocumentCreateData(
            document=document, number=number, kind="rich" if kind == "rich" else "text",
            title=words.subject(name)[:MAX_TITLE], schema_version=schema_version(kind),
            lineage=new_id("y"), file=file,
        )  # fmt: skip
        claim = {"uid": version.author, "ids": [client], "origin": "bound"}
        append = Append(
            version.thread, "document.create", who.uid, _encode(data), send_id,
            guard=partial(self._before_written, file, brought), before=brought.appends,
            begins=(
                Append(document, CLAIM, version.author, _encode(claim)),
                Append(document, UPDATE, version.author, documents.encode_updates([update])),
            ),
        )  # fmt: skip
        committed = await self._pen.write(append, who)
        if committed.type != "document.create":
            raise Conflict("This send_id stands for something else.", code="send_id_reused")
        return str(msgspec.json.decode(committed.body)["document"])

    async def _before_written(
        self, file: ev.OpenedFile, brought: Brought, connection: Any
    ) -> None:  # fmt: skip
        await _require_free(file, connection)
        await self._pictures.keep(brought, connection)

    async def _bound(self, attachment: str, number: int) -> DocumentInfo | None:
        async with self._database.acquire() as connection:
            found = await files.bound(connection, attachment, number)
            return None if found is None else await documents.info(connection, found.document)


async def _require_free(file: ev.OpenedFile, connection: Any) -> None:
    """Asked where it is written.

    Raises:
        AlreadyOpen.
        NotFound: ``attachment_not_found``.
    """
    if await files.bound(connection, file.attachment, file.number) is not None:
        raise AlreadyOpen
    found = await rows.find(connection, file.attachment)
    if found is None or found.removed_by is not None:
        raise NotFound("There is no such file in this thread.", code="attachment_not_found")
