"""What arrives comes to its end: a version is ready, or nothing will come of it.

An upload and the event that makes it a file of a thread come in any order, and on any process; a
job of the version's key (``hub.files.attachments.SETTLE``) is asked for by both, and writes the
event once both are there.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from hub.files.attachments import SETTLE, VersionTaken
from hub.files.following import follow
from hub.files.previews.service import PREVIEW
from hub.files.scanning.telling import Telling
from hub.jobs.queue import Jobs, Later
from hub.storage import attachments as rows
from hub.storage import uploads
from hub.storage.attachments import VersionRow
from hub.storage.jobs import Job
from hub.storage.pool import Database
from hub.storage.uploads import Upload
from hub.storage.writer import Append, GroupCommitWriter
from hub.wire import events as ev

_encode = msgspec.json.Encoder().encode


class Settling:
    def __init__(
        self, database: Database, writer: GroupCommitWriter, jobs: Jobs, telling: Telling
    ) -> None:
        self._database = database
        self._writer = writer
        self._jobs = jobs
        self._telling = telling
        jobs.handle(SETTLE, self._settle)

    async def _settle(self, job: Job) -> None:
        async with self._database.acquire() as connection:
            version = await rows.by_key(connection, job.key)
            upload = await uploads.find(connection, job.key)
            before = await rows.versions(connection, version.attachment) if version else []
        if version is None or version.state != "arriving":
            return
        if upload is None:
            data: msgspec.Struct = _failed(version, "expired")
            await self._append(version, "version.failed", data, None)
        elif upload.state == "failed":
            data = _failed(version, upload.reason or "failed")
            await self._append(version, "version.failed", data, None)
        elif upload.state == "done":
            await self._ready(version, upload, before)

    async def _ready(self, version: VersionRow, upload: Upload, before: list[VersionRow]) -> None:
        assert upload.blob is not None
        number, same = rows.numbered(before, upload.blob)
        data = ev.VersionReadyData(
            attachment=version.attachment, key=version.key, target=version.seq, number=number,
            blob=upload.blob, size=upload.size, same=same,
        )  # fmt: skip
        guard = partial(self._before_ready, version.attachment, upload.blob, number, same)
        try:
            await self._append(version, "version.ready", data, guard)
        except VersionTaken:
            raise Later(0) from None

    async def _append(
        self, version: VersionRow, type_: str, data: msgspec.Struct, guard: Any
    ) -> None:
        append = Append(
            version.thread, type_, version.author, _encode(data), f"hub:{version.key}",
            guard=guard,
        )  # fmt: skip
        await self._writer.append(append)

    async def _before_ready(
        self, attachment: str, blob: str, number: int, same: bool, connection: Any
    ) -> None:
        """Asked where it is written: versions may have come since. Whether there is a verdict on
        the blob is not asked: one may be coming at this moment.

        Raises:
            VersionTaken.
        """
        before = await rows.versions(connection, attachment)
        if rows.numbered(before, blob) != (number, same):
            raise VersionTaken
        await self._jobs.put(connection, PREVIEW, blob)
        await self._telling.ask(connection, [blob])
        await follow(self._jobs, connection, attachment)


def _failed(version: VersionRow, reason: str) -> ev.VersionFailedData:
    return ev.VersionFailedData(version.attachment, version.key, version.seq, reason)
