"""Another version of a file came from elsewhere while it is a live document: what of it comes in.

    version n is shown ─ job ─► base, theirs, ours ─ worker ─► update ─► the live document
                                  │                                        │
                                  └ both changed the same: it waits        └► document.merge:
                                    beside, until an editor chooses           it goes on from n

Done again after a crash it comes to the same: what is in already is no change of theirs any more.
Taking a merge back is a merge, too: from that version to the one before it.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import msgspec
import structlog

from hub.editing.workshop import Workshop
from hub.errors import Conflict, HubError, NotFound, Unavailable
from hub.files.following import MERGE
from hub.identity.principal import Principal
from hub.ids import new_id
from hub.jobs.queue import Jobs
from hub.rooms import hand
from hub.storage import attachments as rows
from hub.storage import document_files as files
from hub.storage.attachments import Stored
from hub.storage.document_files import Binding
from hub.storage.jobs import Job
from hub.storage.pool import DatabaseAway
from hub.storage.writer import Append
from hub.wire import events as ev
from hub.wire.api import DocumentInfo, Merged

MANY: Final = 1 << 40

_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class BothChanged(Conflict):
    code = "both_changed"
    title = "Both versions have changed the same"


class Merging:
    def __init__(self, workshop: Workshop, jobs: Jobs) -> None:
        self._database = workshop.database
        self._pen = workshop.pen
        self._library = workshop.library
        self._sources = workshop.sources
        self._converter = workshop.converter
        self._pictures = workshop.pictures
        jobs.handle(MERGE, self._merge_all, at_once=1)

    async def _merge_all(self, job: Job) -> None:
        async with self._database.acquire() as connection:
            bindings = await files.of_attachment(connection, job.key)
        for binding in bindings:
            await self.take_in(binding)

    async def take_in(self, binding: Binding) -> None:
        """Bring the version that is shown into a live document, if nobody has to be asked.

        Raises:
            Unavailable: it may be tried again.
        """
        async with self._database.acquire() as connection:
            attachment = await rows.find(connection, binding.attachment)
        if attachment is None or attachment.number is None or attachment.removed_by is not None:
            return
        if attachment.number in binding.known:
            return
        try:
            shown = await self._sources.version(binding.attachment, attachment.number)
            await self._merge(binding, shown, "all", shown.version.author, None)
        except (BothChanged, NotFound):
            return  # its editors have to say
        except Unavailable:
            raise
        except HubError as error:
            log.info("a version stays beside", document=binding.document, reason=error.code)

    async def merge(
        self, who: Principal, info: DocumentInfo, version: int, take: ev.Take, send_id: str
    ) -> Merged:
        """Do with a version as an editor says.

        Args:
            version: that is shown, and came from elsewhere; or that came in last, to take it out.

        Raises:
            Conflict: ``not_a_file``, ``not_waiting``, ``both_changed``, ``send_id_reused``.
            Forbidden: ``read_only``, ``missing_scope``.
            NotFound: ``thread_not_found``, ``version_not_found``.
            HubError: of ``hub.editing.refusals``, and of ``Sources.require_looked_at``.
        """
        await self._pen.require(who, info.thread)
        if (known := await self._known(who, info, send_id)) is not None:
            return known
        async with self._database.acquire() as connection:
            binding = await files.find(connection, info.document)
            attachment = binding and await rows.find(connection, binding.attachment)
        if binding is None or not attachment:
            raise Conflict("This document is no file of the thread.", code="not_a_file")
        came_in = version == binding.number and binding.merged_from is not None
        if take == "none" and came_in:
            return await self._take_out(who, binding, send_id)
        if version != attachment.number or version == binding.number:
            raise Conflict("This version does not wait for anything.", code="not_waiting")
        shown = await self._sources.version(binding.attachment, version)
        if take == "none":
            data = ev.DocumentMergeData(
                binding.document, binding.attachment, version, binding.number, "none", 0,
                binding.saved_seq,
            )  # fmt: skip
            await self._write(binding, who.uid, data, send_id, who)
            return Merged(0, 0)
        return await self._merge(binding, shown, take, who.uid, (who, send_id))

    async def read_as(
        self, who: Principal, info: DocumentInfo, encoding: str, send_id: str
    ) -> Merged:
        """Read the file of a document in another encoding than that which it was taken for; words
        that somebody has changed meanwhile stay as they are.

        Raises:
            Conflict: ``not_a_file``, ``no_encoding``, ``send_id_reused``.
            Forbidden: ``read_only``, ``missing_scope``.
            NotFound: ``thread_not_found``, ``version_not_found``.
            HubError: of ``hub.editing.refusals``, and of ``Sources.require_looked_at``.
        """
        await self._pen.require(who, info.thread)
        if (known := await self._known(who, info, send_id)) is not None:
            return known
        async with self._database.acquire() as connection:
            binding = await files.find(connection, info.document)
        if binding is None:
            raise Conflict("This document is no file of the thread.", code="not_a_file")
        if binding.encoding is None:
            raise Conflict("This file says its encoding itself.", code="no_encoding")
        base = await self._sources.version(binding.attachment, binding.number)
        changes, _, found, clean = await self._bring(binding, base, base, "ours", who.uid, encoding)
        if found is None or found == binding.encoding:
            return Merged(0, 0)  # so it was read, or the file itself says another one
        saved = clean if clean is not None else binding.saved_seq
        data = ev.DocumentMergeData(
            binding.document, binding.attachment, binding.number, binding.number, "ours", changes,
            saved, found,
        )  # fmt: skip
        await self._write(binding, who.uid, data, send_id, who)
        return Merged(changes, 0)

    async def _merge(
        self, binding: Binding, shown: Stored, take: ev.Take, uid: str,
        by: tuple[Principal, str] | None,
    ) -> Merged:  # fmt: skip
        """Raises:
        BothChanged: and ``take`` does not say whose stands.
        """
        assert take != "none"
        assert shown.version.number is not None
        version = shown.version.number
        base = await self._sources.version(binding.attachment, binding.number)
        changes, conflicts, encoding, clean = await self._bring(
            binding, base, shown, take, shown.version.author
        )
        saved = clean if clean is not None else binding.saved_seq
        data = ev.DocumentMergeData(
            binding.document, binding.attachment, version, version, take, changes, saved, encoding,
            base=binding.number,
        )  # fmt: skip
        who, send_id = by if by is not None else (None, new_id("n"))
        await self._write(binding, uid, data, send_id, who)
        return Merged(changes, 0 if take != "all" else conflicts)

    async def _take_out(self, who: Principal, binding: Binding, send_id: str) -> Merged:
        """What came in goes out again, but for what was changed since."""
        assert binding.merged_from is not None
        before = await self._sources.version(binding.attachment, binding.merged_from)
        theirs = await self._sources.version(binding.attachment, binding.number)
        changes, _, encoding, clean = await self._bring(binding, theirs, before, "ours", who.uid)
        saved = clean if clean is not None else binding.saved_seq
        data = ev.DocumentMergeData(
            binding.document, binding.attachment, binding.number, binding.merged_from, "none",
            changes, saved, encoding,
        )  # fmt: skip
        await self._write(binding, who.uid, data, send_id, who)
        return Merged(changes, 0)

    async def _bring(
        self, binding: Binding, base: Stored, other: Stored, take: ev.Take, uid: str,
        anew: str | None = None,
    ) -> tuple[int, int, str | None, int | None]:  # fmt: skip
        """What of ``other`` comes into the live document, in somebody's name: changes, conflicts,
        the encoding; and up to which seq it is what ``other`` says, if it is.

        Args:
            anew: the encoding of ``other``, if that is not to be told by its bytes.

        Raises:
            BothChanged.
        """
        assert take != "none"
        info = await self._library.info(binding.document)
        self._sources.require_looked_at(other)
        async with self._converter.turn, self._library.using(info) as live:
            given = await self._sources.read(base), await self._sources.read(other)
            (client,) = await self._library.lease(info, uid, 1, most=MANY)
            await live.settled()
            async with self._database.acquire() as connection:
                unsaved = await files.updates(connection, binding.document, binding.saved_seq)
            found = await self._converter.merge(
                binding.format, *given, live.state(), binding.document, client, take,
                binding.encoding, anew,
            )  # fmt: skip
            if found.conflicts and take == "all":
                raise BothChanged
            await self._add_pictures(binding, uid, found.pictures)
            if found.update:
                await hand.write(live, uid, found.update)
        clean = None
        if not unsaved:
            async with self._database.acquire() as connection:
                rows_ = await files.updates(connection, binding.document, binding.saved_seq)
            # Its own row alone: whoever typed meanwhile has changed something.
            if len(rows_) == bool(found.update):
                clean = rows_[0] if rows_ else binding.saved_seq
        return found.changes, found.conflicts, found.encoding, clean

    async def _add_pictures(self, binding: Binding, uid: str, pictures: list[bytes]) -> None:
        """They are there before anybody sees their places."""
        brought = await self._pictures.bring(
            uid, binding.thread, binding.document, pictures, new_id("n")
        )
        if not brought.appends:
            return
        *before, last = brought.appends
        guard = partial(self._pictures.keep, brought)
        try:
            await self._pen.write(last._replace(before=tuple(before), guard=guard), None)
        except BaseException as error:
            if not isinstance(error, DatabaseAway):  # else they may be written all the same
                await self._pictures.drop(brought)
            raise

    async def _write(
        self, binding: Binding, uid: str, data: ev.DocumentMergeData, send_id: str,
        who: Principal | None,
    ) -> None:  # fmt: skip
        guard = partial(_require_unmoved, binding, data)
        append = Append(binding.thread, "document.merge", uid, _encode(data), send_id, guard=guard)
        await self._pen.write(append, who)

    async def _known(self, who: Principal, info: DocumentInfo, send_id: str) -> Merged | None:
        """What was written under this ``send_id``.

        Raises:
            Conflict: ``send_id_reused``.
        """
        async with self._database.acquire() as connection:
            row = await self._pen.before(connection, who, info, send_id, "document.merge")
        if row is None:
            return None
        data = msgspec.json.decode(row["body"]) if row["body"] else {}
        return Merged(data.get("changes", 0), 0)


async def _require_unmoved(binding: Binding, data: ev.DocumentMergeData, connection: Any) -> None:
    """Asked where it is written: nothing came between.

    Raises:
        Unavailable: ``document_moved``.
        NotFound: ``attachment_not_found``.
    """
    if await files.find(connection, binding.document) != binding:
        raise Unavailable("The document was saved meanwhile.", code="document_moved")
    attachment = await rows.find(connection, binding.attachment)
    if attachment is None or attachment.removed_by is not None:
        raise NotFound("The file was removed from the thread.", code="attachment_not_found")
