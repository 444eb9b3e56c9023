"""Blobs in a directory of this machine.

A finished upload lies on the same file system and is renamed, never copied. What was answered is on
disk: the file before its name, and the name before the answer (fsync of the file and of each folder
that got an entry).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from hub.blobs.store import BlobMissing, StoreAway, Stored


class LocalStore:
    """Args:
    root: made when it is not there. Blob ``b_ab…`` lies in ``root/ab/b_ab…``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path_of(self, blob: str) -> Path:
        """Where it lies: for a web server that sends it instead of the hub."""
        return self.root / blob[2:4] / blob

    async def take(self, blob: str, staged: Path) -> None:
        with _named(blob):
            await asyncio.to_thread(self._take, self.path_of(blob), staged)

    async def read(self, blob: str, start: int, end: int) -> bytes:
        with _named(blob):
            return await asyncio.to_thread(_read, self.path_of(blob), start, end)

    async def find(self, blob: str) -> Stored | None:
        with _named(blob):
            try:
                status = await asyncio.to_thread(os.stat, self.path_of(blob))
            except FileNotFoundError:
                return None
        return Stored(blob, status.st_size, status.st_mtime)

    async def remove(self, blob: str) -> None:
        with _named(blob):
            await asyncio.to_thread(_remove, self.path_of(blob))

    async def all(self) -> AsyncIterator[Stored]:
        for folder in await asyncio.to_thread(_names, self.root):
            for blob in await asyncio.to_thread(_names, self.root / folder):
                if (found := await self.find(blob)) is not None:
                    yield found

    def _take(self, path: Path, staged: Path) -> None:
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True, mode=0o700)
            sync_folder(self.root)
        if path.exists():
            staged.unlink()
            return
        with staged.open("rb+") as file:
            os.fsync(file.fileno())
        staged.rename(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was made, renamed or removed in it is on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, start: int, end: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts: list[bytes] = []
        while start < end:
            part = os.pread(descriptor, end - start, start)
            if not part:
                raise BlobMissing(f"{path.name} ends at {start}, before {end}.")
            parts.append(part)
            start += len(part)
    finally:
        os.close(descriptor)
    return parts[0] if len(parts) == 1 else b"".join(parts)


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


@contextlib.contextmanager
def _named(blob: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BlobMissing(f"{blob} is not there.") from error
    except OSError as error:
        raise StoreAway(f"The store of files: {error.strerror}.") from error
