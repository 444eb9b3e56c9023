"""Live documents that save themselves: a while after the last change, in the name of the member who
asked for it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from hub.clock import Clock
from hub.editing.pen import Pen
from hub.editing.saving import Saving
from hub.errors import Conflict, HubError, Unavailable
from hub.identity.principal import Principal
from hub.ids import new_id
from hub.jobs.queue import Jobs, Later
from hub.rooms.library import Library
from hub.storage import document_files as files
from hub.storage.document_files import Binding
from hub.storage.jobs import Job
from hub.storage.pool import Database
from hub.storage.writer import Append
from hub.wire import events as ev
from hub.wire.api import DocumentInfo

AUTOSAVE: Final = "autosave"
"""The job that saves a document once nobody changes it any more."""
PAUSE_S: Final = 60.0
LOOK_S: Final = 2.0

_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class Autosaving:
    def __init__(
        self, database: Database, pen: Pen, library: Library, saving: Saving, clock: Clock,
        jobs: Jobs,
    ) -> None:  # fmt: skip
        self._database = database
        self._pen = pen
        self._library = library
        self._saving = saving
        self._clock = clock
        self._jobs = jobs
        self._changed: set[str] = set()
        library.on_written = lambda document: self._changed.add(document)
        jobs.handle(AUTOSAVE, self._save)

    async def set(self, who: Principal, info: DocumentInfo, on: bool, send_id: str) -> None:
        """Have a document save itself, or not any more.

        Raises:
            Conflict: ``not_a_file``.
            Forbidden: ``read_only``, ``missing_scope``.
            NotFound: ``thread_not_found``.
        """
        await self._pen.require(who, info.thread)
        async with self._database.acquire() as connection:
            binding = await files.find(connection, info.document)
        if binding is None:
            raise Conflict("This document is no file of the thread.", code="not_a_file")
        if (binding.autosave is not None) == on:
            return
        data = ev.DocumentAutosaveData(info.document, binding.attachment, on)
        guard = partial(self._ask, info.document) if on else None
        append = Append(
            info.thread, "document.autosave", who.uid, _encode(data), send_id, guard=guard
        )
        await self._pen.write(append, who)

    async def run(self) -> None:
        """Ask for documents that have changed, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Unavailable as away:
                log.warning("autosaves wait", reason=away.code)

    async def look(self) -> None:
        """Ask for what has changed since."""
        if not self._changed:
            return
        changed, self._changed = self._changed, set()
        try:
            async with self._database.acquire() as connection:
                for document in await files.saving_themselves(connection, changed):
                    await self._ask(document, connection)
        except Unavailable:
            self._changed |= changed
            raise

    async def _ask(self, document: str, connection: Any) -> None:
        await self._jobs.put(connection, AUTOSAVE, document, in_s=PAUSE_S)

    async def _save(self, job: Job) -> None:
        async with self._database.acquire() as connection:
            binding = await files.find(connection, job.key)
            changed_ms = await files.changed_at(connection, job.key)
        if binding is None or binding.autosave is None or not _unsaved(binding, changed_ms):
            return
        quiet_s = (self._clock.now_ms() - changed_ms[1]) / 1000
        if quiet_s < PAUSE_S:
            raise Later(PAUSE_S - quiet_s)
        who = Principal(binding.autosave, "", is_owner=False)
        try:
            await self._saving.save(who, await self._library.info(job.key), new_id("n"))
        except Unavailable:
            raise
        except HubError as error:  # people see that it is not saved, and are told why when they try
            log.info("a document did not save itself", document=job.key, reason=error.code)


def _unsaved(binding: Binding, changed: tuple[int, int]) -> bool:
    return changed[0] > binding.saved_seq
