"""Bytes in a directory: appended, sealed, joined, read, and what breaks meanwhile."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import threading
from pathlib import Path

import pytest

from hub.blobs.local import LocalStore
from hub.blobs.reading import BlobRotted, verified
from hub.blobs.store import BlobMissing, Busy, Mark, StoreAway, StoreFull
from hub.wire.pieces import PIECE_BYTES, Hasher, span


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "blobs")


async def stage(store: LocalStore, name: str, data: bytes) -> str:
    begun = await store.begin(name, len(data))
    intake = await store.open(name, begun, 0, ())
    await intake.write([data])
    assert await intake.sync(last=True) == Mark(len(data), "")
    await intake.close()
    return begun


async def keep(store: LocalStore, name: str, data: bytes) -> None:
    await store.seal(name, await stage(store, name, data), ())


async def all_of(store: LocalStore) -> dict[str, tuple[int, bool]]:
    return {one.name: (one.size, one.sealed) async for one in store.all()}


async def test_a_finished_upload_is_renamed_into_place(store: LocalStore) -> None:
    begun = await stage(store, "f_abc", b"hello")
    staged = store.root / "uploads" / "f_abc"
    inode = staged.stat().st_ino
    assert await all_of(store) == {"f_abc": (5, False)}
    assert await store.find("f_abc") is None
    await store.seal("f_abc", begun, ())
    await store.seal("f_abc", begun, ())  # asked again
    assert not staged.exists()
    assert store.path_of("f_abc").stat().st_ino == inode
    assert await store.read("f_abc", 0, 5) == b"hello"
    assert await store.read("f_abc", 1, 3) == b"el"
    assert await store.read("f_abc", 2, 2) == b""
    assert await all_of(store) == {"f_abc": (5, True)}
    await store.remove("f_abc")
    await store.remove("f_abc")
    assert await store.find("f_abc") is None
    assert await all_of(store) == {}


async def test_the_name_is_on_disk_before_the_answer(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    begun = await store.begin("f_abc", 5)
    assert done == ["sync uploads"]
    done.clear()
    await store.seal("f_abc", begun, ())
    assert done == ["sync sealed", "sync f_abc", "rename", "sync ab", "sync uploads"]
    done.clear()
    await store.seal("f_abc", begun, ())  # another renamed it, and answered nobody
    assert done == ["sync ab", "sync uploads"]
    await store.begin("f_abd", 5)
    done.clear()
    await store.seal("f_abd", begun, ())  # the folder is known
    assert done == ["sync f_abd", "rename", "sync ab", "sync uploads"]
    # The folder was made by one who did not come further.
    other = LocalStore(store.root)
    await other.begin("f_abe", 5)
    done.clear()
    await other.seal("f_abe", begun, ())
    assert done == ["sync sealed", "sync f_abe", "rename", "sync ab", "sync uploads"]
    # And one that was taken away is made again.
    for name in ("f_abc", "f_abd", "f_abe"):
        await store.remove(name)
    store.path_of("f_abc").parent.rmdir()
    await store.begin("f_abf", 5)
    done.clear()
    await store.seal("f_abf", begun, ())
    assert done == ["sync sealed", "sync f_abf", "rename", "sync ab", "sync uploads"]
    done.clear()
    LocalStore(store.root)
    assert done == ["sync blobs", "sync " + store.root.parent.name]


async def test_what_was_not_noted_is_thrown_away(store: LocalStore) -> None:
    begun = await stage(store, "f_abc", b"hello world")
    intake = await store.open("f_abc", begun, 5, ())
    await intake.write([b",", b" you"])
    await intake.sync(last=True)
    assert await intake.read(0, 10) == b"hello, you"
    with pytest.raises(BlobMissing):
        await intake.read(0, 11)
    await intake.close()
    with pytest.raises(BlobMissing, match="shorter than 11"):
        await store.open("f_abc", begun, 11, ())


async def test_only_one_writes(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = await store.begin("f_abc", 5)
    first = await store.open("f_abc", begun, 0, ())
    monkeypatch.setattr("hub.blobs.local.LOCK_S", 0.05)
    with pytest.raises(Busy):
        await store.open("f_abc", begun, 0, ())
    monkeypatch.setattr("hub.blobs.local.LOCK_S", 5)
    second = asyncio.create_task(store.open("f_abc", begun, 0, ()))
    await first.close()
    await (await second).close()


async def test_nothing_is_thrown_away_of_an_upload_that_is_another_writers(
    store: LocalStore,
) -> None:
    """Who waited for the lock was told of fewer bytes than there are by now."""
    begun = await stage(store, "f_abc", b"hello")
    first = await store.open("f_abc", begun, 0, ())
    asked = 0

    async def not_mine() -> None:
        nonlocal asked
        asked += 1
        raise Busy

    late = asyncio.create_task(store.open("f_abc", begun, 0, (), not_mine))
    await first.write([b"hello again"])
    await first.sync(last=True)
    assert asked == 0
    await first.close()
    with pytest.raises(Busy):
        await late
    assert asked == 1
    again = await store.open("f_abc", begun, 11, ())  # the lock is free
    assert await again.read(0, 11) == b"hello again"
    await again.close()


async def test_who_gets_the_lock_after_the_end_of_an_upload_has_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await stage(store, "f_abc", b"hello")
    lock = fcntl.flock

    def sealed_meanwhile(descriptor: int, how: int) -> None:
        monkeypatch.undo()
        store.path_of("f_abc").parent.mkdir()
        (store.root / "uploads" / "f_abc").rename(store.path_of("f_abc"))
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", sealed_meanwhile)
    with pytest.raises(BlobMissing):
        await store.open("f_abc", begun, 0, ())
    assert await store.read("f_abc", 0, 5) == b"hello"


async def test_who_is_cancelled_while_waiting_for_the_lock_does_not_keep_it(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await store.begin("f_abc", 5)
    reached, go_on = threading.Event(), threading.Event()
    lock = fcntl.flock

    def held_up(descriptor: int, how: int) -> None:
        lock(descriptor, how)
        reached.set()
        go_on.wait()

    monkeypatch.setattr(fcntl, "flock", held_up)
    opening = asyncio.create_task(store.open("f_abc", begun, 0, ()))
    await asyncio.to_thread(reached.wait)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    go_on.set()
    monkeypatch.undo()
    await (await store.open("f_abc", begun, 0, ())).close()


async def test_a_descriptor_is_open_for_as_long_as_a_thread_uses_it(store: LocalStore) -> None:
    """Else its number may mean another file by the time that the thread writes."""
    begun = await store.begin("f_abc", 10**8)
    intake = await store.open("f_abc", begun, 0, ())
    data = bytes(40_000_000)
    writing = asyncio.create_task(intake.write([data]))
    await asyncio.sleep(0)
    writing.cancel()
    await intake.close()
    with pytest.raises(asyncio.CancelledError):
        await writing
    again = await store.open("f_abc", begun, 0, ())  # waits for the lock
    await again.close()
    size = (store.root / "uploads" / "f_abc").stat().st_size
    assert size == 0  # either it never began, or it was thrown away whole


@pytest.mark.parametrize("can_share", [True, False])
async def test_parts_are_joined_in_their_order(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, can_share: bool
) -> None:
    if not can_share:

        def refused(*_: object) -> int:
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(os, "copy_file_range", refused)
    data = random.Random(1).randbytes(5_000_000)
    cuts = [0, 1, 2_000_000, 5_000_000]
    names = ["f_1", "f_2", "f_3"]
    for name, first, last in zip(names, cuts, cuts[1:], strict=False):
        await stage(store, name, data[first:last])
    sizes = [1, 1_999_999, 3_000_000]
    begun = await store.begin("f_whole", 5_000_000)
    for _ in range(2):  # a crash before it was noted, and once more
        await store.join("f_whole", begun, names, sizes)
    await store.seal("f_whole", begun, ())
    assert await store.read("f_whole", 0, 5_000_000) == data
    for name in names:
        await store.remove(name)
    assert await all_of(store) == {"f_whole": (5_000_000, True)}


async def test_who_lost_a_job_cuts_nothing_off_of_what_another_joins(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread goes on when its task is cancelled."""
    for name, data in (("f_1", b"hello "), ("f_2", b"world")):
        await stage(store, name, data)
    begun = store.begin_joined(11)
    whole = ("f_abc", begun, ["f_1", "f_2"], [6, 5])
    reached, go_on = threading.Event(), threading.Event()
    copy = os.copy_file_range

    def held_up(*args: int) -> int:
        reached.set()
        go_on.wait()
        return copy(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "copy_file_range", held_up)
        lost = asyncio.create_task(store.join(*whole))
        await asyncio.to_thread(reached.wait)
    lost.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lost
    other = LocalStore(store.root)
    try:
        with monkeypatch.context() as patch:
            patch.setattr("hub.blobs.local.LOCK_S", 0.05)
            with pytest.raises(Busy):
                await other.join(*whole)
            with pytest.raises(Busy):
                await other.seal("f_abc", begun, ())
        joining = asyncio.create_task(other.join(*whole))
    finally:
        go_on.set()
    await joining
    await other.seal("f_abc", begun, ())
    assert await other.read("f_abc", 0, 11) == b"hello world"
    with pytest.raises(BlobMissing):
        await store.join(*whole)
    assert await other.read("f_abc", 0, 11) == b"hello world"
    other.close()


async def test_what_is_shorter_than_it_was_is_not_joined(store: LocalStore) -> None:
    for name, data in (("f_1", b"hello"), ("f_2", b"world")):
        await stage(store, name, data)
    with pytest.raises(BlobMissing):
        await store.join("f_abc", store.begin_joined(11), ["f_1", "f_2"], [6, 5])
    assert (await all_of(store))["f_abc"] == (5, False)


async def test_what_is_not_there_and_what_does_not_answer(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BlobMissing):
        await store.read("f_abc", 0, 5)
    await keep(store, "f_abc", b"hello")
    with pytest.raises(BlobMissing, match="ends at 5, before 6"):
        await store.read("f_abc", 0, 6)

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pread", broken)
    with pytest.raises(StoreAway, match="Input/output error"):
        await store.read("f_abc", 0, 5)
    monkeypatch.setattr(os, "pwritev", full)
    with pytest.raises(StoreFull):
        await stage(store, "f_abd", b"hello")


async def test_a_rotted_piece_is_never_given(store: LocalStore) -> None:
    data = random.Random(1).randbytes(3 * PIECE_BYTES + 100)
    size = len(data)
    hasher = Hasher()
    hasher.update(data)
    hasher.finish()
    await keep(store, "f_abc", data)

    async def given(start: int, end: int) -> bytes:
        pieces = span(start, end)
        proofs = hasher.hashes[pieces.start : pieces.stop]
        parts = [part async for part in verified(store, "f_abc", size, proofs, start, end)]
        assert all(len(part) <= PIECE_BYTES for part in parts)
        return b"".join(parts)

    for start, end in [(0, size), (0, 1), (PIECE_BYTES - 1, PIECE_BYTES + 1), (size - 1, size)]:
        assert await given(start, end) == data[start:end]
    assert await given(5, 5) == b""
    # Whoever does not want the rest leaves nothing behind that reads on.
    begun = verified(store, "f_abc", size, hasher.hashes, 0, size)
    assert await anext(begun) == data[:PIECE_BYTES]
    await begun.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == {asyncio.current_task()}

    with store.path_of("f_abc").open("rb+") as file:
        file.seek(PIECE_BYTES + 7)
        file.write(b"\x00" if data[PIECE_BYTES + 7] else b"\x01")
    assert await given(0, PIECE_BYTES) == data[:PIECE_BYTES]
    with pytest.raises(BlobRotted):
        await given(PIECE_BYTES, PIECE_BYTES + 1)
    assert await given(2 * PIECE_BYTES, size) == data[2 * PIECE_BYTES :]
    parts = verified(store, "f_abc", size, hasher.hashes, 0, size)
    assert await anext(parts) == data[:PIECE_BYTES]  # what comes before it is good
    with pytest.raises(BlobRotted):
        await anext(parts)
