"""Bytes in a directory of this machine, which several processes may share.

An upload is appended to ``uploads/{name}`` and renamed, never copied, to ``sealed/ab/{name}``. What
was answered is on disk: the bytes before their offset, the file before its name, and the name
before the answer (fsync of the file and of each folder that got an entry).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from hub.blobs.bulk import give_way
from hub.blobs.store import BlobMissing, Busy, Confirm, Mark, StoreAway, Stored, StoreFull

T = TypeVar("T")

THREADS: Final = 8
"""A slow disk keeps so many waiting, and not who hashes or reads the database."""
LOCK_S: Final = 5.0
"""A writer that was told to stop lets go within this time."""
RETRY_S: Final = 0.02
COPY_BYTES: Final = 64 * 2**20


class LocalStore:
    """Args:
    root: made when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._uploads = root / "uploads"
        self._sealed = root / "sealed"
        for folder in (root, self._uploads, self._sealed):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Also when they are there: who made them may not have come so far.
        sync_folder(root)
        with contextlib.suppress(PermissionError):
            sync_folder(root.parent)
        self._folders: set[Path] = set()  # that this process knows to be on disk
        self._threads = ThreadPoolExecutor(
            THREADS, thread_name_prefix="blobs", initializer=give_way
        )

    def path_of(self, name: str) -> Path:
        """Where sealed bytes lie: for a web server that sends them instead of the hub."""
        return self._sealed / name[2:4] / name

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def begin(self, name: str, size: int) -> str:
        await self._run(name, self._begin, self._uploads / name)
        return ""

    def begin_joined(self, size: int) -> str:
        return ""

    async def open(
        self, name: str, begun: str, durable: int, notes: Sequence[str],
        confirm: Confirm | None = None,
    ) -> LocalIntake:  # fmt: skip
        intake = LocalIntake(self, name, await self._lock(name), durable)
        try:
            if confirm is not None:
                await confirm()
            await intake.cut(durable)
        except BaseException:
            await intake.close()
            raise
        return intake

    async def put(self, name: str, data: bytes) -> None:
        await self._run(name, self._put, name, data)

    async def join(self, name: str, begun: str, parts: Sequence[str], sizes: Sequence[int]) -> None:
        """The first part is renamed, the others are copied behind it, by the file system where it
        can share blocks. A thread may still be at it whose job another process has now: hence the
        lock."""
        first, *others = [self._uploads / part for part in parts]
        await self._run(name, _take, first, self._uploads / name)
        intake = LocalIntake(self, name, await self._lock(name), 0)
        try:
            await intake.join(others, sizes)
        finally:
            await intake.close()
        await self._run(name, sync_folder, self._uploads)

    async def seal(self, name: str, begun: str, notes: Sequence[str]) -> None:
        path = self.path_of(name)
        try:
            intake = LocalIntake(self, name, await self._lock(name), 0)
        except BlobMissing:
            if await self.find(name) is None:
                raise
        else:
            try:
                await intake.seal(self._uploads / name, path)
            finally:
                await intake.close()
        # Whoever else renamed it may not have come here.
        for folder in (path.parent, self._uploads):
            await self._run(name, sync_folder, folder)

    async def read(self, name: str, start: int, end: int) -> bytes:
        return await self._run(name, _read_file, self.path_of(name), start, end)

    async def find(self, name: str) -> Stored | None:
        return await self._run(name, _status, self.path_of(name), name, sealed=True)

    async def remove(self, name: str) -> None:
        for path in (self._uploads / name, self.path_of(name)):
            await self._run(name, _remove, path)

    async def all(self) -> AsyncIterator[Stored]:
        for folder, sealed in [
            (self._uploads, False),
            *((self._sealed / one, True) for one in await self._run("", _names, self._sealed)),
        ]:
            for name in await self._run("", _names, folder):
                found = await self._run(name, _status, folder / name, name, sealed=sealed)
                if found is not None:
                    yield found

    async def free_bytes(self) -> int:
        status = await self._run("", os.statvfs, self.root)
        return status.f_bavail * status.f_frsize

    async def _lock(self, name: str) -> int:
        """A descriptor of the file of an upload; nobody else has one like it.

        Raises:
            Busy: somebody has, and does not let go.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + LOCK_S
        while True:
            job = self._threads.submit(_told, name, _locked, (self._uploads / name,), {})
            try:
                return await asyncio.wrap_future(job)
            except BlockingIOError:
                if loop.time() > until:
                    raise Busy from None
                await asyncio.sleep(RETRY_S)
            except asyncio.CancelledError:
                job.add_done_callback(_closed)
                raise

    async def _run(self, name: str, work: Callable[..., T], *args: Any, **named: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _told, name, work, args, named)

    def _put(self, name: str, data: bytes) -> None:
        staged = self._uploads / name
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _append(descriptor, [data], 0)
            self._rename(descriptor, staged, self.path_of(name))
        finally:
            os.close(descriptor)
        sync_folder(self.path_of(name).parent)

    def _rename(self, descriptor: int, staged: Path, path: Path) -> None:
        """Give a file that was written its name; its folder is not on disk yet."""
        if not path.parent.is_dir():
            self._folders.discard(path.parent)
        if path.parent not in self._folders:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            sync_folder(self._sealed)  # whoever else made it may not have come here
            self._folders.add(path.parent)
        os.fsync(descriptor)
        staged.rename(path)

    def _begin(self, path: Path) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        sync_folder(self._uploads)


class LocalIntake:
    """Appends to one file, which is locked against other processes, too."""

    def __init__(self, store: LocalStore, name: str, descriptor: int, position: int) -> None:
        self._store = store
        self._name = name
        self._descriptor = descriptor
        self._position = position
        # A thread goes on when nobody waits for it any more: the number of the descriptor must not
        # mean another file then.
        self._users = 1
        self._lock = threading.Lock()

    async def cut(self, size: int) -> None:
        """Throw away what is behind so many bytes.

        Raises:
            BlobMissing: there are fewer.
        """
        await self._run(_cut, self._name, size)

    async def join(self, others: Sequence[Path], sizes: Sequence[int]) -> None:
        """Copy others behind what is here; ``sizes`` of all, this one first.

        Raises:
            BlobMissing: one of them has fewer bytes.
            StoreFull.
        """
        await self._run(_join, self._name, others, sizes)

    async def seal(self, staged: Path, path: Path) -> None:
        await self._run(self._store._rename, staged, path)

    async def write(self, parts: Sequence[bytes]) -> None:
        self._position = await self._run(_append, parts, self._position)

    async def sync(self, *, last: bool) -> Mark:
        position = self._position
        await self._run(os.fdatasync)
        return Mark(position, "")

    async def read(self, start: int, end: int) -> bytes:
        return await self._run(_read, self._name, start, end)

    async def close(self) -> None:
        self._leave()

    async def _run(self, work: Callable[..., T], *args: Any) -> T:
        with self._lock:
            self._users += 1
        job = self._store._threads.submit(_told, self._name, work, (self._descriptor, *args), {})
        job.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(job)

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                os.close(self._descriptor)


def sync_folder(folder: Path) -> None:
    """What was made, renamed or removed in it is on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    """
    Raises:
        BlockingIOError: somebody else has it.
        FileNotFoundError: also where it was renamed or removed before it was locked.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _closed(job: Future[int]) -> None:
    """Nobody waits for this descriptor any more."""
    if not job.cancelled() and job.exception() is None:
        os.close(job.result())


def _cut(descriptor: int, name: str, size: int) -> None:
    if os.fstat(descriptor).st_size < size:
        raise BlobMissing(f"{name} is shorter than {size} bytes.")
    os.ftruncate(descriptor, size)


def _take(first: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # it was taken before
        first.rename(target)


def _join(descriptor: int, name: str, others: Sequence[Path], sizes: Sequence[int]) -> None:
    _cut(descriptor, name, sizes[0])
    at = sizes[0]
    for part, size in zip(others, sizes[1:], strict=True):
        with part.open("rb") as source:
            _copy(source.fileno(), descriptor, size, at)
        at += size
    os.fsync(descriptor)


def _append(descriptor: int, parts: Sequence[bytes], position: int) -> int:
    left = [memoryview(part) for part in parts]
    while left:
        written = os.pwritev(descriptor, left[:512], position)
        position += written
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]
    return position


def _copy(source: int, target: int, size: int, at: int) -> None:
    done = 0
    while done < size:
        try:
            copied = os.copy_file_range(
                source, target, min(COPY_BYTES, size - done), done, at + done
            )
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            copied = os.pwrite(target, os.pread(source, min(2**20, size - done), done), at + done)
        if not copied:
            raise BlobMissing("A part of the upload is shorter than it was.")
        done += copied


def _read_file(path: Path, start: int, end: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _read(descriptor, path.name, start, end)
    finally:
        os.close(descriptor)


def _read(descriptor: int, name: str, start: int, end: int) -> bytes:
    parts: list[bytes] = []
    while start < end:
        part = os.pread(descriptor, end - start, start)
        if not part:
            raise BlobMissing(f"{name} ends at {start}, before {end}.")
        parts.append(part)
        start += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _status(path: Path, name: str, *, sealed: bool) -> Stored | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return Stored(name, status.st_size, status.st_mtime, sealed)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        return
    sync_folder(path.parent)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _told(name: str, work: Callable[..., T], args: tuple[Any, ...], named: dict[str, Any]) -> T:
    with _failures(name):
        return work(*args, **named)


@contextlib.contextmanager
def _failures(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BlobMissing(f"{name} is not there.") from error
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StoreFull from error
        raise StoreAway(f"The store of files: {error.strerror}.") from error
