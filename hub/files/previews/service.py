"""Every version gets a preview: a picture, pages, words, or the reason why not.

    a version is ready, its blob may be looked at ─► preview (a job of the blob) ─► rows and parts
                                                                                └► frames to rooms

The file itself never waits for it. Where a scanner is on, nothing is decoded before it has spoken.

Nobody learns that another thread has the same bytes: a version has its preview only once the job
has run for it, which does all the work again for bytes that were brought again.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from hub.blobs.reading import BlobRotted
from hub.blobs.store import BlobMissing, BlobStore
from hub.clock import Clock, to_datetime
from hub.errors import HubError, NotFound, Unavailable
from hub.files.contents import contents
from hub.files.previews import making
from hub.files.previews.kinds import HEAD_BYTES, Nature, nature
from hub.files.previews.making import Making, Picture
from hub.ids import new_id
from hub.jobs.queue import TRIES, JobLost, Jobs
from hub.sandbox.frames import Reason
from hub.sandbox.walls import Sandbox
from hub.storage import blobs
from hub.storage import previews as rows
from hub.storage.blobs import Blob
from hub.storage.jobs import Job
from hub.storage.pool import Database
from hub.storage.previews import Candidate, Part, Shown
from hub.wire.events import Preview

PREVIEW: Final = "preview"
"""The job that makes what is shown of a blob."""
MAX_BYTES: Final = 256 << 20
SANDBOX_TRIES: Final = 4
RETRY_S: Final = 5.0
MOST_PAGES_AT_ONCE: Final = 64
_UNKNOWN: Final = Nature("none", "application/octet-stream", False)

log = structlog.get_logger()


class SandboxFailed(Exception):
    """The place to work in failed: the job is tried again."""


class PageTooLarge(HubError):
    code = "preview_too_large"
    title = "The page takes more memory than a preview may"
    http_status = 422
    retry_s = None


class PageTimeout(HubError):
    code = "preview_timeout"
    title = "The page takes more time than a preview may"
    http_status = 422
    retry_s = None


class PageDamaged(HubError):
    code = "preview_damaged"
    title = "The page cannot be read"
    http_status = 422
    retry_s = None


class PageUnsupported(HubError):
    code = "preview_unsupported"
    title = "There is no way to show this page"
    http_status = 422
    retry_s = None


class PageSandbox(HubError):
    code = "preview_sandbox"
    title = "The hub could not make this page; the file is not to blame"
    http_status = 503
    retry_s = 5


_ERRORS: Final[dict[Reason, type[HubError]]] = {
    "too_large": PageTooLarge, "timeout": PageTimeout, "damaged": PageDamaged,
    "unsupported": PageUnsupported, "sandbox": PageSandbox,
}  # fmt: skip


class Made(NamedTuple):
    """A version has a preview."""

    thread: str
    key: str
    preview: Preview


class Previews:
    """Args:
        judged_first: nothing is decoded before a scanner has looked at it.

    ``on_preview`` is told of each version that got one.
    """

    def __init__(
        self, database: Database, store: BlobStore, clock: Clock, jobs: Jobs, sandbox: Sandbox,
        *, judged_first: bool,
    ) -> None:  # fmt: skip
        self.on_preview: Callable[[Made], None] | None = None
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._sandbox = sandbox
        self._judged_first = judged_first
        self._pages: dict[tuple[int, str], asyncio.Task[Part]] = {}
        cores = len(os.sched_getaffinity(0))
        self._copies = asyncio.Semaphore(cores)
        jobs.handle(PREVIEW, self._make, at_once=cores)

    async def begin(self) -> None:
        """Ask for what has none: it came before there were previews."""
        last = ""
        while True:
            async with self._database.transaction() as connection:
                found = await rows.missing(connection, last, self._judged_first)
                await self._jobs.put(connection, PREVIEW, *found)
            if not found:
                break
            last = found[-1]

    async def run(self) -> None:
        """The same, once the database lets it."""
        while True:
            try:
                return await self.begin()
            except Unavailable as away:
                log.warning("previews wait", reason=away.code)
                await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Give up pages that are being made."""
        tasks = list(self._pages.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)

    # --- the job ----------------------------------------------------------------------------------

    async def _make(self, job: Job) -> None:
        async with self._database.acquire() as connection:
            blob = await blobs.find(connection, job.key)
            verdict = await rows.verdict(connection, job.key)
            # What waits for a verdict is asked for with it.
            waiting = await rows.candidates(connection, job.key, self._judged_first)
        if blob is None or not waiting or verdict == "blocked":
            return
        try:
            head = await self._head(blob)
            taken: dict[Nature, list[Candidate]] = {}
            for one in waiting:
                taken.setdefault(nature(one.name, one.type, head), []).append(one)
            for is_, some in taken.items():
                await self._take(job, blob, is_, some)
        except (BlobMissing, BlobRotted) as error:
            log.error("a blob is not what it was", blob=blob.blob, reason=error.code)
            await self._give_up(job, blob, waiting, "damaged")
        except (HubError, SandboxFailed, JobLost):
            raise
        except Exception:
            if job.tries < TRIES:
                raise
            log.exception("no preview, after all tries", blob=blob.blob)
            await self._give_up(job, blob, waiting, "sandbox")

    async def _give_up(
        self, job: Job, blob: Blob, some: list[Candidate], reason: Reason
    ) -> None:  # fmt: skip
        """Nobody waits for what does not come."""
        await self._store_made(job, blob, _UNKNOWN, some, Making(reason=reason), [], None)

    async def _take(self, job: Job, blob: Blob, is_: Nature, some: list[Candidate]) -> None:
        """A preview for versions that take the blob for the same."""
        async with self._database.acquire() as connection:
            before = await rows.find(connection, blob.blob, is_.kind, is_.media_type)
        made, parts = None, []
        now = to_datetime(self._clock.now_ms())
        # Who brings bytes anew must not see by the time it takes that they were here before.
        if before is None or any(one.uploaded for one in some):
            made = await self._made(job, blob, is_)
            now = to_datetime(self._clock.now_ms())
            if before is None or (before.reason is not None and made.reason is None):
                parts = [await self._keep(one, now) for one in made.parts]
            else:
                made = None
        await self._store_made(job, blob, is_, some, made, parts, before)

    async def _store_made(
        self, job: Job, blob: Blob, is_: Nature, some: list[Candidate], made: Making | None,
        parts: list[Part], before: rows.Row | None,
    ) -> None:  # fmt: skip
        """Null ``made``: what was there ``before`` is good enough."""
        now = to_datetime(self._clock.now_ms())
        async with self._jobs.holding(job) as connection:
            if made is not None:
                preview = await rows.put(
                    connection, blob.blob, is_.kind, is_.media_type, width=made.width,
                    height=made.height, pages=made.pages, reason=made.reason, text=made.text,
                    truncated=made.truncated, parts=parts, at=now,
                )  # fmt: skip
            else:
                assert before is not None
                preview = before.preview_id
            await rows.show(connection, preview, [one.key for one in some], now)
            shown = await rows.wire(connection, preview)
        if self.on_preview is not None and shown is not None:
            for one in some:
                self.on_preview(Made(one.thread, one.key, shown))

    async def _made(self, job: Job, blob: Blob, is_: Nature) -> Making:
        """Raises:
        SandboxFailed: and there are tries left.
        """
        if is_.kind not in making.DECODED:
            return Making()
        if blob.size > MAX_BYTES:
            return Making(reason="too_large")
        async with self._copied(blob) as path:
            made = await making.make(self._sandbox, is_, path)
        if made.reason == "sandbox" and job.tries < SANDBOX_TRIES:
            raise SandboxFailed(blob.blob)
        if made.reason is not None:
            log.info("no preview", blob=blob.blob, kind=is_.kind, reason=made.reason)
        return made

    async def _head(self, blob: Blob) -> bytes:
        found = b""
        async for part in contents(self._database, self._store, blob):
            found += part[:HEAD_BYTES]
            if len(found) >= HEAD_BYTES:
                break
        return found[:HEAD_BYTES]

    async def _keep(self, picture: Picture, at: datetime) -> Part:
        """Into the store, before a row names it."""
        name = new_id("p")
        await self._store.put(name, picture.body)
        return Part(
            picture.part, name, picture.media_type, len(picture.body), picture.width,
            picture.height, at,
        )  # fmt: skip

    @asynccontextmanager
    async def _copied(self, blob: Blob) -> AsyncIterator[Path]:
        """The file of a blob, for as long as the block lasts."""
        with tempfile.NamedTemporaryFile(prefix="hub-preview-") as file:
            async for part in contents(self._database, self._store, blob):
                await asyncio.to_thread(file.write, part)
            await asyncio.to_thread(file.flush)
            yield Path(file.name)

    # --- reading ----------------------------------------------------------------------------------

    async def part(self, shown: Shown, name: str) -> Part:
        """A part of a preview; a page is made when it is asked for.

        Raises:
            NotFound: ``preview_not_found``.
            HubError: a page cannot be made.
        """
        row = shown.row
        async with self._database.acquire() as connection:
            found = await rows.part(connection, row.preview_id, name)
        number = page_number(name)
        if number is None:
            if found is None:
                raise not_found()
            return found
        if row.reason is not None or not 1 <= number <= (row.pages or 0):
            raise not_found()
        # Made for another thread before this version was here: as if it had not been.
        if found is not None and found.made_at >= shown.at:
            return found
        task = self._pages.get((row.preview_id, name))
        if task is None:
            if len(self._pages) >= MOST_PAGES_AT_ONCE:
                raise Unavailable("Too many pages are being made.", code="preview_busy")
            task = asyncio.create_task(self._page(shown, number), name=f"preview {name}")
            self._pages[row.preview_id, name] = task
            task.add_done_callback(lambda done: self._done((row.preview_id, name), done))
        # One who leaves must not take the others' page along.
        return await asyncio.shield(task)

    def _done(self, key: tuple[int, str], task: asyncio.Task[Part]) -> None:
        del self._pages[key]
        if not task.cancelled():
            task.exception()  # all who asked may be gone

    async def text(self, shown: Shown) -> str:
        """Raises:
        NotFound: ``preview_not_found``.
        """
        async with self._database.acquire() as connection:
            found = await rows.text(connection, shown.row.preview_id)
        if found is None:
            raise not_found()
        return found

    async def _page(self, shown: Shown, number: int) -> Part:
        row = shown.row
        async with self._copies:
            made = await self._rendered(row, number)
        if not isinstance(made, Picture):
            raise _ERRORS[made]()
        now = to_datetime(self._clock.now_ms())
        mine = await self._keep(made, now)
        async with self._database.transaction() as connection:
            kept = await rows.put_part(connection, row.preview_id, mine)
        if kept is None or kept.name != mine.name:
            await self._store.remove(mine.name)
        if kept is None:
            raise not_found()
        return kept

    async def _rendered(self, row: rows.Row, number: int) -> Picture | Reason:
        async with self._database.acquire() as connection:
            blob = await blobs.find(connection, row.blob)
            pdf = await rows.part(connection, row.preview_id, "pdf")
        if pdf is not None:
            body = await self._store.read(pdf.name, 0, pdf.size)
            return await making.page(self._sandbox, body, number)
        if blob is None or row.kind != "pdf":
            raise not_found()
        async with self._copied(blob) as path:
            return await making.page(self._sandbox, path, number)


def page_number(part: str) -> int | None:
    """Of ``page-N``; null for other parts."""
    digits = part.removeprefix("page-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) < 7 and digits[0] != "0"
    return int(digits) if part != digits and plain else None


def not_found() -> NotFound:
    return NotFound("There is no such preview of this file.", code="preview_not_found")
