"""A file of any size that lies nowhere, and what becomes of it in a hub that is killed on the way.

Each MiB is the same noise behind its own number, so that no two pieces are the same, and both
Python and a browser make it without holding more than one.
"""

from __future__ import annotations

import asyncio
import io
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from hub.app import open_database
from hub.blobs.local import LocalStore
from hub.files.keeping import Keeper
from hub.jobs.queue import Jobs
from hub.mail.erasure import Eraser
from hub.settings import Settings
from hub.wire.pieces import Hasher
from tests.conftest import TurnableClock
from tests.support.hub_process import HubProcess

GIB: Final = 2**30
EVERY_TIME: Final = GIB // 2
BLOCK: Final = 2**20
NUMBER: Final = 16
SPARE: Final = 2 * GIB
GROWTH: Final = 64 * 2**20
"""Memory that a hub may take for it, beyond what it had once it was ready."""


class Noise(io.RawIOBase):
    """The file, open."""

    name = "film.mov"

    def __init__(self, size: int, seed: int = 1) -> None:
        super().__init__()
        self.size = size
        self.block = random.Random(seed).randbytes(BLOCK)
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = start + offset
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        """Up to the end of a block."""
        number, first = divmod(self._at, BLOCK)
        last = min(BLOCK, self.size - number * BLOCK)
        if size >= 0:
            last = min(last, first + size)
        head = number.to_bytes(NUMBER, "big")
        part = head[first:last] + self.block[max(NUMBER, first) : last]
        self._at += len(part)
        return part

    def root(self) -> str:
        """The blob that it is."""
        hasher = Hasher()
        self.seek(0)
        while part := self.read():
            hasher.update(part)
        return hasher.finish()


IN_A_BROWSER: Final = """async ([input, size, block]) => {
    const noise = new Blob([Uint8Array.from(atob(block), (one) => one.charCodeAt(0)).slice(16)]);
    const parts = [];
    for (let number = 0, at = 0; at < size; number++, at += 2 ** 20) {
        const head = new DataView(new ArrayBuffer(16));
        head.setUint32(12, number);
        parts.push(head.buffer, noise);
    }
    const transfer = new DataTransfer();
    const all = new Blob(parts).slice(0, size);
    transfer.items.add(new File([all], 'film.mov', { lastModified: 1000 }));
    input.files = transfer.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
}"""
"""The same file, chosen in an input: references to one Blob and to small ones."""


def wanted_bytes(folder: Path) -> int:
    """``HUB_BYTES``, 20 GiB without it. Skips the test when the disk cannot take them."""
    size = int(os.environ.get("HUB_BYTES", 20 * GIB))
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        pytest.skip(
            f"{size / GIB:.1f} GiB and {SPARE / GIB:.0f} GiB to spare are more than the "
            f"{free / GIB:.1f} GiB of the disk; HUB_BYTES says how many to send"
        )
    return size


class Witness:
    """Looks at a hub while something large comes in, and kills it twice meanwhile."""

    def __init__(self, hub: HubProcess, size: int) -> None:
        self.hub, self.size = hub, size
        self.grown: list[int] = []
        self._began = self._memory()
        self._store = hub.data_dir / "blobs"

    def staged(self) -> int:
        """Bytes of the largest upload under way."""
        return max((one.stat().st_size for one in self._store.glob("uploads/*")), default=0)

    def sealed(self) -> list[Path]:
        return list(self._store.glob("sealed/*/*"))

    async def kills(self, still_sending: Callable[[], bool]) -> None:
        for share in (1, 2):
            while self.staged() < self.size * share // 3:
                assert still_sending(), "it came to its end before it was a third further"
                await asyncio.sleep(0.01)
            self.note_memory()
            await self.hub.kill()
            assert self.staged() < self.size
            await self.hub.start()
            self._began = self._memory()

    def note_memory(self) -> None:
        self.grown.append(self._memory() - self._began)

    def check_memory(self) -> None:
        self.note_memory()
        assert max(self.grown) <= GROWTH, self.grown

    async def holds(self, root: str) -> None:
        """One sealed file, which has just these bytes."""
        (path,) = self.sealed()

        def read() -> str:
            hasher = Hasher()
            with path.open("rb") as file:
                while part := file.read(BLOCK):
                    hasher.update(part)
            return hasher.finish()

        assert path.stat().st_size == self.size
        assert await asyncio.to_thread(read) == root

    async def nothing_stays(self) -> None:
        """Two days later: what is removed is erased, and its bytes are collected."""
        settings = Settings.from_environ({}, data_dir=self.hub.data_dir)
        async with open_database(settings, beside=True) as database:
            clock = TurnableClock(int(self.sealed()[0].stat().st_mtime * 1000))
            clock.advance(2 * 86_400)
            store = LocalStore(self._store)
            keeper = Keeper(database, store, clock, Jobs(database, clock), 86_400)
            assert await Eraser(database, clock).erase() == 1
            await keeper.collect()
            clock.advance(2 * 86_400)
            assert await keeper.collect() == 1
            store.close()
        assert self.sealed() == []
        assert self.staged() == 0

    def _memory(self) -> int:
        """The most that the process had."""
        assert self.hub.process is not None
        status = Path(f"/proc/{self.hub.process.pid}/status").read_text()
        (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
