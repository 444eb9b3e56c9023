"""Blobs in a directory, and what is served of them."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from hub.blobs.local import LocalStore
from hub.blobs.pieces import PIECE_BYTES, Hasher, span
from hub.blobs.reading import BlobRotted, verified
from hub.blobs.store import BlobMissing, StoreAway


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "blobs")


def staged(folder: Path, data: bytes) -> tuple[str, list[bytes], Path]:
    hasher = Hasher()
    hasher.update(data)
    path = folder / "staged"
    path.write_bytes(data)
    return hasher.finish(), hasher.hashes, path


async def all_of(store: LocalStore) -> dict[str, int]:
    return {one.blob: one.size async for one in store.all()}


async def test_a_finished_file_is_renamed_into_place(store: LocalStore, tmp_path: Path) -> None:
    blob, _, path = staged(tmp_path, b"hello")
    inode = path.stat().st_ino
    await store.take(blob, path)
    assert not path.exists()
    assert store.path_of(blob).stat().st_ino == inode
    assert await store.read(blob, 0, 5) == b"hello"
    assert await store.read(blob, 1, 3) == b"el"
    assert await store.read(blob, 2, 2) == b""
    # The same again is there already.
    again, _, path = staged(tmp_path, b"hello")
    await store.take(again, path)
    assert not path.exists()
    assert store.path_of(blob).stat().st_ino == inode
    found = await store.find(blob)
    assert found is not None
    assert (found.blob, found.size) == (blob, 5)
    assert await all_of(store) == {blob: 5}
    await store.remove(blob)
    await store.remove(blob)
    assert await store.find(blob) is None
    assert await all_of(store) == {}


async def test_the_name_is_on_disk_before_the_answer(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob, _, path = staged(tmp_path, b"hello")
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        done.append("sync " + os.readlink(f"/proc/self/fd/{descriptor}").rpartition("/")[2])
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    await store.take(blob, path)
    assert done == ["sync blobs", "sync staged", "rename", f"sync {blob[2:4]}"]


async def test_what_is_not_there_and_what_does_not_answer(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob, _, path = staged(tmp_path, b"hello")
    with pytest.raises(BlobMissing):
        await store.read(blob, 0, 5)
    await store.take(blob, path)
    with pytest.raises(BlobMissing, match="ends at 5, before 6"):
        await store.read(blob, 0, 6)

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    with pytest.raises(StoreAway, match="Input/output error"):
        await store.read(blob, 0, 5)


async def test_a_rotted_piece_is_never_given(store: LocalStore, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(3 * PIECE_BYTES + 100)
    size = len(data)
    blob, hashes, path = staged(tmp_path, data)
    await store.take(blob, path)

    async def given(start: int, end: int) -> bytes:
        pieces = span(start, end)
        proofs = hashes[pieces.start : pieces.stop]
        parts = [part async for part in verified(store, blob, size, proofs, start, end)]
        assert all(len(part) <= PIECE_BYTES for part in parts)
        return b"".join(parts)

    for start, end in [(0, size), (0, 1), (PIECE_BYTES - 1, PIECE_BYTES + 1), (size - 1, size)]:
        assert await given(start, end) == data[start:end]
    assert await given(5, 5) == b""

    with store.path_of(blob).open("rb+") as file:
        file.seek(PIECE_BYTES + 7)
        file.write(b"\x00" if data[PIECE_BYTES + 7] else b"\x01")
    assert await given(0, PIECE_BYTES) == data[:PIECE_BYTES]
    with pytest.raises(BlobRotted):
        await given(PIECE_BYTES, PIECE_BYTES + 1)
    assert await given(2 * PIECE_BYTES, size) == data[2 * PIECE_BYTES :]
