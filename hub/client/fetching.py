"""One version of a file from the hub: in parts, resumed, proved, and only then put in its place.

Never holds more of the file than one part, and never leaves bytes under the file's name that are
not the hub's. Source: RFC 9110 sections 13.1.5 (If-Range) and 14 (ranges).
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from pathlib import Path
from typing import BinaryIO, Final

from hub.client.http import PART_BYTES, Answer, Endpoint, bad_answer
from hub.client.notes import Fetching, LocalFile, Notes, local
from hub.client.patience import Patience
from hub.client.sending import OnProgress
from hub.errors import Conflict, HubError
from hub.wire.api import Version
from hub.wire.filenames import shortened
from hub.wire.pieces import Hasher

SUFFIX: Final = ".part"
NO_LINKS: Final = frozenset((errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK))


class WrongBytes(HubError):
    """What came is not what it is called."""

    code = "wrong_bytes"
    title = "The bytes are not those of this file"
    http_status = 400
    retry_s = None


class Download:
    """Args:
    path: below the hub's address.
    force: replace a file that is there.
    """

    def __init__(
        self, endpoint: Endpoint, notes: Notes, patience: Patience, path: str, version: Version,
        target: Path, force: bool, on_progress: OnProgress | None,
    ) -> None:  # fmt: skip
        self._endpoint = endpoint
        self._notes = notes
        self._patience = patience
        self._path = path
        self._blob = version.blob or ""
        self._size = version.size
        self._target = target
        self._part = target.with_name(
            shortened(target.name, 255 - len(SUFFIX)) + SUFFIX
        )  # fmt: skip
        self._force = force
        self._on_progress = on_progress
        self._hasher = Hasher()

    async def run(self) -> Path:
        """Fetch what is missing, prove all of it, put it in its place.

        Raises:
            Conflict: ``file_exists``.
            WrongBytes: the partial file is gone then.
            LocalFile: it cannot be written.
            HubError: what the hub says.
        """
        if not self._force:
            require_free(self._target)
        file = self._open()
        try:
            if not await self._proved(file):
                raise WrongBytes("What came is not what the hub names; nothing was kept.")
            await asyncio.to_thread(os.fsync, file.fileno())
            await asyncio.to_thread(
                lambda: put_in_place(self._part, self._target, force=self._force)
            )
        except WrongBytes:
            self._part.unlink(missing_ok=True)
            self._notes.forget(Fetching, str(self._part))
            raise
        except OSError as error:
            raise local(error) from error
        finally:
            file.close()  # and not before: the lock holds until all is in its place
        self._notes.forget(Fetching, str(self._part))
        return self._target

    async def _proved(self, file: BinaryIO) -> bool:
        resumed = await self._catch_up(file)
        if await self._fill(file):
            return True
        if not resumed:
            return False
        # Bytes of an earlier process may not have outlived a power cut.
        await asyncio.to_thread(self._restart, file)
        return await self._fill(file)

    def _open(self) -> BinaryIO:
        """The partial file, at its beginning; only one that this program made is gone on with."""
        note = self._notes.find(Fetching, str(self._part))
        if note is None and not self._force:
            require_free(self._part)
        try:
            # Not through a link that somebody put there.
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            file = os.fdopen(os.open(self._part, flags, 0o666), "r+b")
        except OSError as error:
            raise local(error) from error
        try:
            self._lock(file)
            if note is None or note.blob != self._blob:
                file.truncate()
            self._notes.keep(Fetching(path=str(self._part), blob=self._blob), str(self._part))
        except BaseException:
            file.close()
            raise
        return file

    def _lock(self, file: BinaryIO) -> None:
        """Raises:
        Conflict: ``already_fetching``.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.path.samestat(os.fstat(file.fileno()), os.lstat(self._part))
        except OSError:
            mine = False
        if not mine:  # another one has it, or has just put it in its place
            raise Conflict(f"Another program fetches {self._target}.", code="already_fetching")

    async def _catch_up(self, file: BinaryIO) -> bool:
        """Take what is there into the blob's name. Returns whether there was something."""

        def take() -> bool:
            part = file.read(PART_BYTES)
            self._hasher.update(part)
            return bool(part)

        while await asyncio.to_thread(take):
            pass
        if self._hasher.size > self._size:
            self._restart(file)
        self._tell()
        return self._hasher.size > 0

    def _restart(self, file: BinaryIO) -> None:
        file.seek(0)
        file.truncate()
        self._hasher = Hasher()

    async def _fill(self, file: BinaryIO) -> bool:
        """Fetch the rest, over as many connections as it takes. Returns whether it is right."""
        while self._hasher.size < self._size:
            before = self._hasher.size
            try:
                await self._fetch(file)
            except HubError as error:
                if self._hasher.size > before:
                    self._patience.moved()
                await self._patience.wait(error)
        return self._hasher.finish() == self._blob

    async def _fetch(self, file: BinaryIO) -> None:
        etag, at = f'"{self._blob}"', self._hasher.size
        headers = {"Range": f"bytes={at}-", "If-Range": etag} if at else {}
        async with self._endpoint.ask("GET", self._path, headers) as answer:
            if answer.status not in (200, 206):
                raise await answer.refusal()
            if answer.headers.get("etag", "").removeprefix("W/") != etag:
                raise WrongBytes("The hub gives another file than it names.")
            if answer.status == 200:
                await asyncio.to_thread(self._restart, file)
            elif answer.headers.get("content-range") != f"bytes {at}-{self._size - 1}/{self._size}":
                raise bad_answer("The hub gives other bytes than were asked for.")
            await self._write(file, answer)

    async def _write(self, file: BinaryIO, answer: Answer) -> None:
        def put(part: bytes) -> None:
            file.write(part)
            self._hasher.update(part)

        try:
            async for part in answer.parts():
                if self._hasher.size + len(part) > self._size:
                    raise WrongBytes("The hub gives more bytes than it names.")
                await asyncio.to_thread(put, part)
                self._tell()
        finally:
            file.flush()

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._hasher.size, self._size)


def write_whole(target: Path, data: bytes, *, force: bool) -> None:
    """A file with all of its bytes, or none.

    Args:
        force: replace one that is there.

    Raises:
        Conflict: ``file_exists``.
        LocalFile: it cannot be written.
    """
    part = target.with_name(shortened(target.name, 255 - len(SUFFIX)) + SUFFIX)
    try:
        if not force:
            require_free(target)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(part, target, force=force)
    except OSError as error:
        raise local(error) from error


def put_in_place(part: Path, target: Path, *, force: bool) -> None:
    """Raises:
    Conflict: ``file_exists``.
    OSError.
    """
    if force:
        part.replace(target)
    else:
        try:
            # Unlike a rename, a link never replaces what came meanwhile.
            os.link(part, target)
            part.unlink()
        except FileExistsError as error:
            raise _exists(target) from error
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            require_free(target)
            part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def require_free(path: Path) -> None:
    """Raises:
    Conflict: ``file_exists``.
    """
    if os.path.lexists(path):
        raise _exists(path)


def _exists(path: Path) -> Conflict:
    return Conflict(f"{path} is there already.", code="file_exists")


def place(target: Path | None, name: str) -> Path:
    """Where a file goes: the given path, or under its own name into the given folder.

    Raises:
        LocalFile: there is no such folder.
    """
    given = Path(os.path.abspath(target or Path.cwd()))
    found = given / name if given.is_dir() else given
    if not found.parent.is_dir():
        raise LocalFile(f"{found.parent} is no folder.")
    return found
