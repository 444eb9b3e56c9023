"""Attachments: commands checked against what is stored, and turned into events to append.

    attachment.add ─► arriving ─► version.ready (number n, or the same bytes as version k)
    version.add   ──────┘   └──► version.failed

A version is named by a key from its first moment: the id of its upload. Its number is given when
its bytes are here; a new file whose bytes are here when it is added is ready at once. Never decides
roles and never writes; ``hub.files.settling`` finishes what arrives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from hub.clock import Clock
from hub.errors import BadRequest, Conflict, Forbidden, NotFound
from hub.files.following import follow
from hub.files.previews.service import PREVIEW
from hub.files.quotas import Quotas
from hub.files.scanning.telling import Telling
from hub.files.scanning.verdicts import blocked
from hub.ids import b64url, sha256
from hub.jobs.queue import Jobs
from hub.storage import attachments as rows
from hub.storage import blobs, documents, timeline, uploads
from hub.storage.attachments import AttachmentRow, VersionRow
from hub.storage.pool import Database
from hub.storage.uploads import Upload
from hub.storage.writer import Append
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire import properties
from hub.wire.filenames import file_name
from hub.wire.visibility import visible_from

_encode = msgspec.json.Encoder().encode

SETTLE: Final = "settle"
"""The job that finishes what arrives: its key is a version's."""


class Added(NamedTuple):
    """What files of a command come to: events that add them, and how a message names them.
    ``guard`` is asked where they are written."""

    appends: tuple[Append, ...]
    files: list[ev.MessageFile]
    guard: Callable[[Any], Awaitable[None]] | None


@dataclass(frozen=True, slots=True)
class _File:
    """One of them, as it was checked."""

    attachment: str
    key: str
    is_new: bool
    upload: str | None
    blob: str | None  # of what is here already
    number: int | None  # of that, when it is new
    takes: int  # bytes of the quotas, of what is here already
    append: Append


class VersionTaken(Conflict):
    """The same command again asks for the next number."""

    code = "version_taken"
    title = "Another version came meanwhile"
    retry_s = 1


class Attachments:
    def __init__(
        self, database: Database, clock: Clock, jobs: Jobs, undo_s: int, quotas: Quotas,
        telling: Telling,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._undo_s = undo_s
        self._quotas = quotas
        self._telling = telling

    async def add(
        self, uid: str, thread: str, send_id: str, files: Sequence[cmd.NewFile], since: int, *,
        message: bool, document: str | None = None,
    ) -> Added:  # fmt: skip
        """The events that add files to a thread.

        Raises:
            BadRequest: ``bad_file``.
            Conflict: ``upload_used``.
            NotFound: ``upload_not_found``, ``attachment_not_found``, ``version_not_found``,
                ``document_not_found``.
        """
        if not files:  # most messages; nothing is read for them
            return Added((), [], None)
        if document is not None:
            await self._require_document(thread, document)
        asked = [one.upload for one in files if one.upload is not None]
        async with self._database.acquire() as connection:
            known = {one.upload: one for one in await uploads.find_all(connection, asked)}
        checked = [
            await self._file(uid, thread, send_id, index, one, known, since, message, document)
            for index, one in enumerate(files)
        ]
        keys = [one.upload for one in checked if one.upload is not None]
        if len(set(keys)) < len(keys):
            raise BadRequest("An upload is one file.", code="bad_file")
        sent_on = [one.attachment for one in checked if one.blob is not None]
        if len(set(sent_on)) < len(sent_on):  # they would get one number
            raise BadRequest("Send on one version of a file at a time.", code="bad_file")
        return Added(
            tuple(one.append for one in checked),
            [ev.MessageFile(one.attachment, one.key) for one in checked],
            partial(self._require_free, uid, thread, checked),
        )

    async def prepare(self, uid: str, command: Any, since: int) -> Append | None:
        """The event that a command about an attachment asks for; null when all is so already.

        Raises:
            Conflict, Forbidden, NotFound: with the code of what stands against it.
        """
        match command:
            case cmd.AddAttachment():
                added = await self.add(
                    uid, command.thread, command.send_id, [command.file], since, message=False,
                    document=command.document,
                )  # fmt: skip
                (append,) = added.appends
                return append._replace(send_id=command.send_id, guard=added.guard)
            case cmd.RenameAttachment():
                found = await self._attachment(command, since)
                name = file_name(command.name)
                if name == found.name:
                    return None
                data: msgspec.Struct = ev.AttachmentRenameData(
                    found.attachment, found.added_seq, name
                )
                return _append(command, uid, "attachment.rename", data)
            case cmd.SetProperty():
                return await self._set_property(uid, command, since)
            case cmd.RemoveAttachment():
                found = await self._attachment(command, since)
                if found.document is not None:
                    raise Conflict(
                        "It is a picture of a document, whose history shows it.",
                        code="in_document",
                    )
                data = ev.AttachmentRemoveData(found.attachment, found.added_seq, self._undo_s)
                return _append(command, uid, "attachment.remove", data)
            case cmd.UnremoveAttachment():
                found = await self._attachment(command, since, removed=True)
                if found.removed_by != uid:
                    raise Forbidden("Only who removed it can bring it back.", code="not_author")
                if self._clock.now_ms() > (found.erase_at_ms or 0):
                    raise Conflict("It has been erased for good.", code="erased")
                data = ev.AttachmentUnremoveData(found.attachment, found.added_seq)
                return _append(command, uid, "attachment.unremove", data)
            case cmd.RestoreVersion():
                found = await self._attachment(command, since)
                async with self._database.acquire() as connection:
                    version = await rows.version(connection, found.attachment, command.number)
                if version is None or version.seq < since:
                    raise _no_version()
                if found.number == command.number:
                    return None
                data = ev.AttachmentRestoreData(found.attachment, found.added_seq, command.number)
                append = _append(command, uid, "attachment.restore", data)
                return append._replace(guard=partial(self._restored, found.attachment))
            case _:
                raise BadRequest("This command is about no file.", code="unknown_command")

    async def _restored(self, attachment: str, connection: Any) -> None:
        await follow(self._jobs, connection, attachment)

    async def _set_property(self, uid: str, command: cmd.SetProperty, since: int) -> Append | None:
        """The same value under the same key, from the same source, changes nothing.

        Raises:
            BadRequest: ``bad_property``.
            NotFound: ``attachment_not_found``, ``version_not_found``.
        """
        key = properties.key(command.key)
        value = None if command.property is None else properties.checked(command.property)
        source = properties.checked_source(command.source)
        found = await self._attachment(command, since)
        async with self._database.acquire() as connection:
            if source is not None and source.number is not None:
                version = await rows.version(connection, found.attachment, source.number)
                if version is None or version.seq < since:
                    raise _no_version()
            there = await rows.property_of(connection, found.attachment, properties.folded(key))
            # It is said of what is shown: who sees that version sees it.
            shown = await rows.version(connection, found.attachment, found.number or 0)
        if value is None and there is None:
            return None
        if there is not None and there == (key, value, source):
            return None
        target = found.added_seq if shown is None else shown.seq
        data = ev.AttachmentPropertyData(found.attachment, target, key, value, source)
        guard = partial(
            _require_room, found.attachment, None if value is None else properties.folded(key)
        )
        return _append(command, uid, "attachment.property", data)._replace(guard=guard)

    async def remove_with(
        self, uid: str, command: cmd.Delete, files: Sequence[ev.MessageFile]
    ) -> tuple[Append, ...]:
        """A message takes along the attachments of which it brought every version."""
        appends = []
        for index, file in enumerate(files):
            async with self._database.acquire() as connection:
                found = await rows.find(connection, file.attachment)
                brought = await rows.versions(connection, file.attachment)
            others = {one.key for one in brought} - {one.key for one in files}
            if found is None or found.removed_by is not None or others:
                continue
            data = ev.AttachmentRemoveData(
                found.attachment, found.added_seq, self._undo_s, command.target
            )
            appends.append(_with(command, index, uid, "attachment.remove", data))
        return tuple(appends)

    async def unremove_with(
        self, uid: str, command: cmd.Undelete, files: Sequence[ev.MessageFile]
    ) -> tuple[Append, ...]:
        """And brings them back; what somebody removed before stays removed."""
        appends = []
        for index, file in enumerate(files):
            async with self._database.acquire() as connection:
                found = await rows.find(connection, file.attachment)
            if found is not None and found.removed_with == command.target:
                data = ev.AttachmentUnremoveData(found.attachment, found.added_seq)
                appends.append(_with(command, index, uid, "attachment.unremove", data))
        return tuple(appends)

    async def _file(
        self, uid: str, thread: str, send_id: str, index: int, file: cmd.NewFile,
        known: Mapping[str, Upload], since: int, message: bool, document: str | None,
    ) -> _File:  # fmt: skip
        if (file.upload is None) == (file.source is None):
            raise BadRequest("A file is an upload or a source.", code="bad_file")
        # The same command again asks for the same attachment.
        seed = _encode([thread, uid, send_id, index])
        blob, takes = None, 0
        if file.upload is not None:
            upload = known.get(file.upload)
            if upload is None or upload.uid != uid or upload.thread != thread:
                raise _no_upload()
            key, size, type_, name = upload.upload, upload.size, upload.type, upload.name
            # A new version of a file gets its number where nobody else can get it meanwhile.
            if upload.state == "done" and file.attachment is None:
                blob = upload.blob
        else:
            source = await self._source(uid, file)
            key = "f_" + b64url(sha256(b"key", seed)[:16])
            size, type_, name, blob = source.size, source.type, source.name, source.blob
            takes = size
        name = file_name(file.name) if file.name is not None else name
        expected = None
        if file.attachment is not None:
            found = await self._attachment_of(thread, file.attachment, since)
            attachment = found.attachment
            number, same = None, False
            if blob is not None:
                async with self._database.acquire() as connection:
                    before = await rows.versions(connection, attachment)
                number, same = rows.numbered(before, blob)
                if same:
                    takes = 0
                else:
                    expected = number
            data: msgspec.Struct = ev.VersionAddData(
                attachment, key, name, size, type_, message, blob, number, same
            )
            kind = "version.add"
        else:
            attachment = "a_" + b64url(sha256(b"attachment", seed)[:16])
            data = ev.AttachmentAddData(attachment, key, name, size, type_, message, document, blob)
            kind = "attachment.add"
        add = Append(thread, kind, uid, _encode(data), f"{send_id}/{index}")
        return _File(
            attachment, key, file.attachment is None, file.upload, blob, expected, takes, add
        )

    async def _source(self, uid: str, file: cmd.NewFile) -> VersionRow:
        """A version that somebody sends on; of a thread that they may read.

        Raises:
            Forbidden: ``file_blocked``.
            NotFound: ``version_not_found``.
        """
        assert file.source is not None
        async with self._database.acquire() as connection:
            found = await rows.find(connection, file.source)
            if found is None or found.removed_by is not None:
                raise _no_version()
            number = file.number if file.number is not None else found.number
            version = number and await rows.version(connection, found.attachment, number)
            room = await timeline.room_state(connection, found.thread)
        member = room.members.get(uid) if room else None
        if not version or room is None or member is None:
            raise _no_version()
        if version.seq < visible_from(room.history, member.since_seq):
            raise _no_version()
        async with self._database.acquire() as connection:
            stored = await rows.stored(connection, found.attachment, version.number or 0)
        if stored is not None and stored.verdict == "blocked":
            raise blocked(stored.finding)
        return version

    async def _require_free(
        self, uid: str, thread: str, files: Sequence[_File], connection: Any
    ) -> None:
        """Asked in the transaction that adds them; has what arrives finished after it.

        Raises:
            Conflict: ``upload_used``.
            NotFound: ``attachment_not_found``, ``upload_not_found``.
            TooLarge: ``account_quota``, ``thread_quota``.
            VersionTaken.
        """
        if await rows.are_used(connection, [one.key for one in files]):
            raise Conflict("This upload is a file of the thread already.", code="upload_used")
        sent = {one.upload for one in files if one.upload is not None}
        if await uploads.keep(connection, sent) < sent:
            raise _no_upload()
        # What arrives was asked for when it was begun. No lock of the quotas is taken: a writer
        # waits for nobody; only who begins an upload in this very moment may go beyond.
        if takes := sum(one.takes for one in files):
            await self._quotas.require(connection, uid, thread, takes)
        here = sorted({one.blob for one in files if one.blob is not None})
        # Before a blob is locked: whoever does these jobs locks in this order, too.
        await self._jobs.put(connection, PREVIEW, *here)
        await self._telling.ask(connection, here)
        arriving = [one.upload for one in files if one.upload is not None and one.blob is None]
        await self._jobs.put(connection, SETTLE, *arriving)
        for one in files:
            if not one.is_new:
                found = await rows.find(connection, one.attachment)
                if found is None or found.removed_by is not None:
                    raise _no_attachment()
            if one.number is not None:
                before = await rows.versions(connection, one.attachment)
                if any(other.number == one.number and other.state == "ready" for other in before):
                    raise VersionTaken
            if not one.is_new and one.blob is not None:
                await follow(self._jobs, connection, one.attachment)
        if not await blobs.refer(connection, here):
            raise _no_version()

    async def _attachment(
        self, command: Any, since: int, *, removed: bool = False
    ) -> AttachmentRow:  # fmt: skip
        return await self._attachment_of(command.thread, command.attachment, since, removed=removed)

    async def _attachment_of(
        self, thread: str, attachment: str, since: int, *, removed: bool = False
    ) -> AttachmentRow:
        async with self._database.acquire() as connection:
            found = await rows.find(connection, attachment)
            if found is None or found.thread != thread:
                raise _no_attachment()
            seen = any(one.seq >= since for one in await rows.versions(connection, attachment))
        if not seen or (found.removed_by is not None) != removed:
            raise _no_attachment()
        return found

    async def _require_document(self, thread: str, document: str) -> None:
        async with self._database.acquire() as connection:
            info = await documents.info(connection, document)
        if info is None or info.thread != thread:
            raise NotFound("There is no such document in this thread.", code="document_not_found")


async def _require_room(attachment: str, folded: str | None, connection: Any) -> None:
    """Asked where a property is written: the file is still there, and takes one more of this key.

    Raises:
        Conflict: ``too_many_properties``.
        NotFound: ``attachment_not_found``.
    """
    found = await rows.find(connection, attachment)
    if found is None or found.removed_by is not None:
        raise _no_attachment()
    if folded is None:
        return
    if await rows.count_others(connection, attachment, folded) >= properties.MAX_PROPERTIES:
        raise Conflict(
            f"A file has at most {properties.MAX_PROPERTIES} properties.",
            code="too_many_properties",
        )


def _append(command: Any, uid: str, type_: str, data: msgspec.Struct) -> Append:
    return Append(command.thread, type_, uid, _encode(data), command.send_id)


def _with(command: Any, index: int, uid: str, type_: str, data: msgspec.Struct) -> Append:
    """An event beside the one of the command."""
    return Append(command.thread, type_, uid, _encode(data), f"{command.send_id}/{index}")


def _no_attachment() -> NotFound:
    return NotFound("There is no such file in this thread.", code="attachment_not_found")


def _no_upload() -> NotFound:
    return NotFound("There is no such upload of yours here.", code="upload_not_found")


def _no_version() -> NotFound:
    return NotFound(
        "There is no such version of a file that you may read.", code="version_not_found"
    )
