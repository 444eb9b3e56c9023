"""A live document is put into its thread as a file.

    document ─ exporting ─► bytes ─► an upload ─► attachment.add, with whose words these are
                                                   (version.add, when that file is there already)

If it is none yet and the format can be edited, it is the file's live copy from then on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from hub.editing.arrived import Arrived
from hub.editing.exporting import MEDIA_TYPES, Exported, Exporting, Format
from hub.editing.refusals import CharactersMissing
from hub.editing.saving import SavedMeanwhile
from hub.editing.workshop import Workshop
from hub.errors import BadRequest, Conflict, HubError, NotFound
from hub.files.attachments import VersionTaken
from hub.files.following import follow
from hub.files.uploads import Uploads
from hub.formats import export
from hub.identity.principal import Principal
from hub.ids import new_id
from hub.jobs.queue import Jobs
from hub.storage import attachments as rows
from hub.storage import document_files as files
from hub.storage.pool import DatabaseAway
from hub.storage.uploads import Upload
from hub.storage.writer import Append
from hub.wire import events as ev
from hub.wire.api import AttachedFile, DocumentInfo
from hub.wire.filenames import file_name

TRIES: Final = 4
_EDITED_AS: Final[Mapping[tuple[str, str], ev.FileFormat]] = {
    ("rich", "md"): "markdown", ("rich", "docx"): "docx", ("rich", "odt"): "odt",
    ("text", "txt"): "text",
}  # fmt: skip
"""By the kind of the document and the format of the file: as what it is edited from then on."""
_OTHERS: Final = frozenset(("docx", "docm", "doc", "odt", "ott", "pdf"))
"""What no text is called."""
_NONE: Final = frozenset((("text", "md"), ("text", "docx"), ("text", "odt")))
"""Plain text is no document of a word processor."""

_encode = msgspec.json.Encoder().encode


class BecameFile(Conflict):
    code = "became_file"
    title = "The document has become a file of the thread meanwhile"


@dataclass(frozen=True, slots=True)
class Wish:
    """``attachment``: it becomes the next version of that. ``anyway``: also without the characters
    that the format cannot show. ``live``: it may become the file's live copy."""

    format: Format
    name: str | None = None
    attachment: str | None = None
    anyway: bool = False
    live: bool = True


class Attaching:
    def __init__(
        self, workshop: Workshop, exporting: Exporting, arriving: Uploads, jobs: Jobs,
        arrived: Arrived,
    ) -> None:  # fmt: skip
        self._database = workshop.database
        self._pen = workshop.pen
        self._exporting = exporting
        self._uploads = arriving
        self._jobs = jobs
        self._arrived = arrived

    async def attach(
        self, who: Principal, info: DocumentInfo, wish: Wish, send_id: str
    ) -> AttachedFile:
        """Raises:
        BadRequest: ``bad_format``: a text as that, or a file of another one.
        Conflict: ``send_id_reused``, ``its_own_file``, ``became_file``, ``saved_meanwhile``,
            ``characters_missing``.
        Forbidden: ``read_only``, ``missing_scope``.
        NotFound: ``thread_not_found``, ``attachment_not_found``.
        HubError: of ``Exporting.export`` and of ``Uploads.take``.
        """
        if (info.kind, wish.format) in _NONE:
            raise BadRequest("A text is saved as txt, html or pdf.", code="bad_format")
        await self._pen.require(who, info.thread)
        if (known := await self._known(who, info, send_id)) is not None:
            return known
        made = await self._exporting.export(info, wish.format, stays=True)
        if made.missing and not wish.anyway:
            raise CharactersMissing(made.missing)
        for tries in range(TRIES):
            try:
                return await self._attach(who, info, wish, made, send_id)
            except VersionTaken:
                if tries == TRIES - 1:
                    raise SavedMeanwhile from None
        raise AssertionError

    async def _attach(
        self, who: Principal, info: DocumentInfo, wish: Wish, made: Exported, send_id: str
    ) -> AttachedFile:
        async with self._database.acquire() as connection:
            binding = await files.find(connection, info.document)
            found = wish.attachment and await rows.find(connection, wish.attachment)
            after = 0
            if found:
                after = await files.made_until(connection, found.attachment, info.document)
            authors = await files.authors(connection, info.document, after, made.saved)
        if wish.attachment is not None:
            if not found or found.thread != info.thread or found.removed_by or found.document:
                raise NotFound("There is no such file.", code="attachment_not_found")
            if binding is not None and binding.attachment == found.attachment:
                raise Conflict("The document is this file: save it.", code="its_own_file")
            if _named(found.name, info, wish) != found.name:
                raise BadRequest(f"{found.name} is no {wish.format}.", code="bad_format")
        edited_as = _EDITED_AS.get((info.kind, wish.format))
        if binding is not None or found or not wish.live:
            edited_as = None
        name = found.name if found else _named(wish.name, info, wish)
        upload = await self._uploads.take(
            who.uid, info.thread, name, MEDIA_TYPES[wish.format], "", made.data, None
        )
        encoding = "utf-8" if edited_as in ("text", "markdown") else None
        data = ev.MadeFile(info.document, made.saved, authors, edited_as, encoding)
        try:
            return await self._write(who, info, found.attachment if found else None, upload, data,
                                     send_id)  # fmt: skip
        except HubError as error:
            if not isinstance(error, DatabaseAway):  # else it may be written all the same
                with contextlib.suppress(HubError):
                    await self._uploads.terminate(who.uid, upload.upload)
            raise

    async def _write(
        self, who: Principal, info: DocumentInfo, attachment: str | None, upload: Upload,
        made: ev.MadeFile, send_id: str,
    ) -> AttachedFile:  # fmt: skip
        assert upload.blob is not None
        file = upload.upload, upload.name, upload.size, upload.type
        if attachment is None:
            kind, number, same, target = "attachment.add", 1, False, new_id("a")
            added = ev.AttachmentAddData(target, *file, blob=upload.blob, made=made)
            body = _encode(added)
        else:
            async with self._database.acquire() as connection:
                before = await rows.versions(connection, attachment)
            number, same = rows.numbered(before, upload.blob)
            kind, target = "version.add", attachment
            body = _encode(ev.VersionAddData(
                target, *file, blob=upload.blob, number=number, same=same, made=made,
            ))  # fmt: skip
        guard = partial(self._before, attachment, upload, made, number, same)
        append = Append(info.thread, kind, who.uid, body, send_id, guard=guard)
        committed = await self._pen.write(append, who)
        return _attached(committed.seq, committed.at_ms, committed.body)

    async def _before(
        self, attachment: str | None, upload: Upload, made: ev.MadeFile, number: int, same: bool,
        connection: Any,
    ) -> None:  # fmt: skip
        """Asked where it is written: nothing came between.

        Raises:
            BecameFile, VersionTaken.
            NotFound: ``attachment_not_found``, ``upload_not_found``.
        """
        assert upload.blob is not None
        if made.format is not None and await files.find(connection, made.document) is not None:
            raise BecameFile
        if attachment is not None:
            found = await rows.find(connection, attachment)
            if found is None or found.removed_by is not None:
                raise NotFound("There is no such file.", code="attachment_not_found")
            before = await rows.versions(connection, attachment)
            if rows.numbered(before, upload.blob) != (number, same):
                raise VersionTaken
            await follow(self._jobs, connection, attachment)
        await self._arrived.keep(connection, [upload])

    async def _known(
        self, who: Principal, info: DocumentInfo, send_id: str
    ) -> AttachedFile | None:  # fmt: skip
        """What was written under this ``send_id``.

        Raises:
            Conflict: ``send_id_reused``.
        """
        async with self._database.acquire() as connection:
            row = await self._pen.before(
                connection, who, info, send_id, "attachment.add", "version.add", made=True
            )
        return None if row is None else _attached(row["seq"], row["at_ms"], row["body"] or b"{}")


def _named(given: str | None, info: DocumentInfo, wish: Wish) -> str:
    """With the extension that its format has; a text may have any but those of other formats."""
    name = file_name(given or export.file_name(info, wish.format))
    stem, dot, extension = name.rpartition(".")
    if (info.kind, wish.format) == ("text", "txt"):
        if dot and extension.lower() not in _OTHERS:
            return name
        known = export.file_name(msgspec.structs.replace(info, title=name), "txt")
        return known if known.rpartition(".")[2].lower() not in _OTHERS else f"{name}.txt"
    return name if stem and extension.lower() == wish.format else file_name(f"{name}.{wish.format}")


def _attached(seq: int, at_ms: int, body: bytes) -> AttachedFile:
    data = msgspec.json.decode(body)
    made = data.get("made") or {}
    return AttachedFile(
        attachment=data.get("attachment", ""), number=data.get("number", 1), seq=seq, at=at_ms,
        name=data.get("name", ""), live=made.get("format") is not None,
        changed=not data.get("same", False), authors=made.get("authors", []),
    )  # fmt: skip
