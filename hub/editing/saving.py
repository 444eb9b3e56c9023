"""A live document goes back into its file, as a version of its own.

    state (all of it on disk) ─ worker, with the bytes it was opened from ─► bytes ─► an upload
                                             version.add with authors, and the binding moves ◄┘

The version is there whole or not at all: its event is written when its bytes are durable. Whoever
types meanwhile types on; what is not in this version is in the next one.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any, Final

import msgspec

from hub.editing.arrived import Arrived
from hub.editing.merging import Merging
from hub.editing.workshop import Workshop
from hub.errors import Conflict, HubError, NotFound
from hub.files.attachments import VersionTaken
from hub.files.following import follow
from hub.files.uploads import Uploads
from hub.identity.principal import Principal
from hub.jobs.queue import Jobs
from hub.storage import attachments as rows
from hub.storage import document_files as files
from hub.storage.attachments import AttachmentRow, Stored
from hub.storage.document_files import Binding
from hub.storage.pool import DatabaseAway
from hub.storage.uploads import Upload
from hub.storage.writer import Append
from hub.wire import events as ev
from hub.wire.api import DocumentInfo, SavedVersion

TRIES: Final = 4

_encode = msgspec.json.Encoder().encode


class SavedMeanwhile(Conflict):
    """Another save, or another version, was quicker."""

    code = "saved_meanwhile"
    title = "The document was saved by somebody else at the same moment"
    retry_s = 1


class OtherVersion(Conflict):
    code = "other_version"
    title = "Another version of the file came in"


class Saving:
    def __init__(
        self, workshop: Workshop, merging: Merging, arriving: Uploads, jobs: Jobs,
        arrived: Arrived,
    ) -> None:  # fmt: skip
        self._database = workshop.database
        self._pen = workshop.pen
        self._library = workshop.library
        self._sources = workshop.sources
        self._converter = workshop.converter
        self._pictures = workshop.pictures
        self._merging = merging
        self._uploads = arriving
        self._jobs = jobs
        self._arrived = arrived

    async def save(
        self, who: Principal, info: DocumentInfo, send_id: str, encoding: str | None = None
    ) -> SavedVersion:
        """Make a version of the file of what the document says now; when that is what the last
        version says, there is none to make.

        Args:
            encoding: that the file of a text gets, instead of its own.

        Raises:
            Conflict: ``not_a_file``, ``other_version``, ``saved_meanwhile``, ``send_id_reused``.
            Forbidden: ``read_only``, ``missing_scope``.
            NotFound: ``thread_not_found``, ``attachment_not_found``.
            HubError: of ``hub.editing.refusals`` and of ``Uploads.take``.
        """
        await self._pen.require(who, info.thread)
        if (known := await self._known(who, info, send_id)) is not None:
            return known
        for tries in range(TRIES):
            try:
                return await self._save(who, info, send_id, encoding)
            except (SavedMeanwhile, VersionTaken):
                if tries == TRIES - 1:
                    raise SavedMeanwhile from None
        raise AssertionError

    async def current(self, info: DocumentInfo) -> tuple[bytes, int]:
        """The file as it would be saved now, and up to which seq of the document's log it is in it.

        Raises:
            Conflict: ``not_a_file``.
            NotFound: ``attachment_not_found``.
            HubError: of ``hub.editing.refusals``.
        """
        binding, _ = await self._binding(info)
        base = await self._sources.version(binding.attachment, binding.number)
        async with self._library.using(info) as live:
            await live.settled()
            state, saved = live.state(), live.head
        async with self._converter.turn:
            return await self._written(binding, base, state, None), saved

    async def _save(
        self, who: Principal, info: DocumentInfo, send_id: str, encoding: str | None
    ) -> SavedVersion:
        binding, attachment = await self._binding(info)
        if attachment.number not in binding.known:
            await self._merging.take_in(binding)  # else it would be overwritten
            binding, attachment = await self._binding(info)
            if attachment.number not in binding.known:
                raise OtherVersion(f"Version {attachment.number} of the file came from elsewhere.")
        base = await self._sources.version(binding.attachment, binding.number)
        async with self._library.using(info) as live:
            await live.settled()
            state, saved = live.state(), live.head
        async with self._database.acquire() as connection:
            changed = await files.last_update(connection, info.document) > binding.saved_seq
            authors = await files.authors(connection, info.document, binding.saved_seq, saved)
        if not changed and encoding is None and binding.merged_from is None:
            return _unchanged(base)
        async with self._converter.turn:
            data = await self._written(binding, base, state, encoding)
        upload = await self._uploads.take(
            who.uid, info.thread, attachment.name, base.version.type, "", data, None
        )
        try:
            return await self._write(who, binding, upload, authors, saved, send_id, encoding)
        except HubError as error:
            if not isinstance(error, DatabaseAway):  # else it may be written all the same
                with contextlib.suppress(HubError):
                    await self._uploads.terminate(who.uid, upload.upload)
            raise

    async def _written(
        self, binding: Binding, base: Stored, state: bytes, encoding: str | None
    ) -> bytes:  # fmt: skip
        """The file with what a state says, and the pictures that this takes."""
        file = await self._sources.read(base)
        given = binding.format, file, state, binding.document, binding.encoding, encoding
        made = await self._converter.save(*given)
        if isinstance(made, bytes):
            return made
        pictures = await self._pictures.fetch(binding.thread, made.attachments)
        made = await self._converter.save(*given, pictures)
        assert isinstance(made, bytes)
        return made

    async def _write(
        self, who: Principal, binding: Binding, upload: Upload, authors: list[str], saved: int,
        send_id: str, encoding: str | None,
    ) -> SavedVersion:  # fmt: skip
        assert upload.blob is not None
        async with self._database.acquire() as connection:
            before = await rows.versions(connection, binding.attachment)
        number, same = rows.numbered(before, upload.blob)
        data = ev.VersionAddData(
            attachment=binding.attachment, key=upload.upload, name=upload.name, size=upload.size,
            type=upload.type, blob=upload.blob, number=number, same=same,
            document=binding.document, authors=authors, saved=saved, encoding=encoding,
        )  # fmt: skip
        guard = partial(self._before_saved, binding, upload, number, same)
        append = Append(binding.thread, "version.add", who.uid, _encode(data), send_id, guard=guard)
        committed = await self._pen.write(append, who)
        return _saved(committed.seq, committed.at_ms, committed.body)

    async def _before_saved(
        self, binding: Binding, upload: Upload, number: int, same: bool, connection: Any
    ) -> None:
        """Asked where it is written: nothing came between.

        Raises:
            NotFound: ``attachment_not_found``, ``upload_not_found``.
            SavedMeanwhile, VersionTaken.
        """
        attachment = await rows.find(connection, binding.attachment)
        if attachment is None or attachment.removed_by is not None:
            raise _no_file()
        now = await files.find(connection, binding.document)
        if now != binding or attachment.number not in binding.known:
            raise SavedMeanwhile
        assert upload.blob is not None
        before = await rows.versions(connection, binding.attachment)
        if rows.numbered(before, upload.blob) != (number, same):
            raise VersionTaken
        await follow(self._jobs, connection, binding.attachment, but=binding.document)
        await self._arrived.keep(connection, [upload])

    async def _binding(self, info: DocumentInfo) -> tuple[Binding, AttachmentRow]:
        async with self._database.acquire() as connection:
            binding = await files.find(connection, info.document)
            attachment = binding and await rows.find(connection, binding.attachment)
        if binding is None:
            raise Conflict("This document is no file of the thread.", code="not_a_file")
        if not attachment or attachment.removed_by is not None:
            raise _no_file()
        return binding, attachment

    async def _known(self, who: Principal, info: DocumentInfo, send_id: str) -> SavedVersion | None:
        """What was written under this ``send_id``.

        Raises:
            Conflict: ``send_id_reused``.
        """
        async with self._database.acquire() as connection:
            row = await self._pen.before(connection, who, info, send_id, "version.add")
        if row is None:
            return None
        return _saved(row["seq"], row["at_ms"], row["body"] or b"{}")


def _saved(seq: int, at_ms: int, body: bytes) -> SavedVersion:
    data = msgspec.json.decode(body)
    return SavedVersion(
        attachment=data.get("attachment", ""), number=data.get("number", 0), seq=seq,
        at=at_ms, changed=not data.get("same", False), authors=data.get("authors", []),
    )  # fmt: skip


def _unchanged(base: Stored) -> SavedVersion:
    version = base.version
    return SavedVersion(
        attachment=version.attachment, number=version.number or 0, seq=version.seq, at=None,
        changed=False,
    )  # fmt: skip


def _no_file() -> NotFound:
    return NotFound("The file was removed from the thread.", code="attachment_not_found")
