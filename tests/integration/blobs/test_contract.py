"""What every store does, in a directory and in an object store alike."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from hub.blobs.reading import BlobRotted, verified
from hub.blobs.store import BlobMissing, BlobStore, Mark
from hub.wire.pieces import PIECE_BYTES, Hasher, span
from tests.integration.blobs.conftest import PART, Make


def some(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


class Sent:
    """What the database would know of an upload."""

    def __init__(self, make: Make, name: str, data: bytes) -> None:
        self.make = make
        self.name = name
        self.data = data
        self.begun = ""
        self.durable = 0
        self.notes: list[str] = []

    async def begin(self) -> Sent:
        self.begun = await self.make().begin(self.name, len(self.data))
        return self

    def noted(self, mark: Mark) -> None:
        if mark.durable > self.durable:
            self.durable = mark.durable
            self.notes.append(mark.note)

    async def body(self, end: int, *steps: int) -> None:
        """One request, in another process than the one before it."""
        intake = await self.make().open(self.name, self.begun, self.durable, self.notes)
        at = self.durable
        cuts = random.Random(end)
        while at < end:
            part = self.data[at : min(end, at + cuts.choice(steps or (end,)))]
            await intake.write([part[:7], part[7:]])
            at += len(part)
            if steps:
                self.noted(await intake.sync(last=False))
                assert self.durable <= at
        self.noted(await intake.sync(last=True))
        assert self.durable == end
        await intake.close()

    async def seal(self) -> BlobStore:
        store = self.make()
        await store.seal(self.name, self.begun, self.notes)
        return store


async def keep(make: Make, name: str, data: bytes) -> BlobStore:
    sent = await Sent(make, name, data).begin()
    await sent.body(len(data))
    return await sent.seal()


async def all_of(store: BlobStore) -> dict[str, tuple[int, bool]]:
    return {one.name: (one.size, one.sealed) async for one in store.all()}


async def test_a_small_file_from_its_first_byte_to_its_last(make: Make) -> None:
    store = make()
    sent = await Sent(make, "f_abc", b"hello").begin()
    await sent.body(5)
    assert await all_of(store) == {"f_abc": (5, False)}
    assert await store.find("f_abc") is None
    with pytest.raises(BlobMissing):
        await store.read("f_abc", 0, 5)
    await sent.seal()
    await sent.seal()  # asked again
    assert await store.read("f_abc", 0, 5) == b"hello"
    assert await store.read("f_abc", 1, 3) == b"el"
    assert await store.read("f_abc", 2, 2) == b""
    assert await all_of(store) == {"f_abc": (5, True)}
    found = await store.find("f_abc")
    assert found is not None
    assert (found.name, found.size, found.sealed) == ("f_abc", 5, True)
    await store.remove("f_abc")
    await store.remove("f_abc")
    assert await store.find("f_abc") is None
    assert await all_of(store) == {}


@pytest.mark.parametrize(
    "size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 5 * PART + 17, PIECE_BYTES + 1]
)
@pytest.mark.parametrize("steps", [(), (1000, PART // 3, PART, 3 * PART)])
async def test_a_file_of_any_size_in_one_body(
    make: Make, size: int, steps: tuple[int, ...]
) -> None:
    sent = await Sent(make, "f_abc", some(size)).begin()
    await sent.body(size, *steps)
    store = await sent.seal()
    assert await store.read("f_abc", 0, size) == sent.data
    assert await all_of(store) == {"f_abc": (size, True)}


@pytest.mark.parametrize(
    "ends",
    [
        list(range(1, 31)),
        [1, PART - 1, PART, PART + 1, 2 * PART],
        [PART, 2 * PART, 3 * PART],
        [3, 2 * PART + 5, 2 * PART + 6, 3 * PART - 1],
    ],
)
async def test_a_file_in_many_bodies(make: Make, ends: list[int]) -> None:
    sent = await Sent(make, "f_abc", some(ends[-1])).begin()
    for end in ends:
        await sent.body(end)
    store = await sent.seal()
    assert await store.read("f_abc", 0, ends[-1]) == sent.data


async def test_what_was_not_noted_is_thrown_away(make: Make) -> None:
    store = make()
    sent = await Sent(make, "f_abc", b"hello, you").begin()
    await sent.body(5)
    lost = await store.open("f_abc", sent.begun, 5, sent.notes)
    await lost.write([b" world"])
    await lost.close()
    intake = await store.open("f_abc", sent.begun, 5, sent.notes)
    assert await intake.read(0, 5) == b"hello"
    await intake.write([b",", b" you"])
    sent.noted(await intake.sync(last=True))
    assert await intake.read(0, 10) == b"hello, you"
    assert await intake.read(4, 4) == b""
    with pytest.raises(BlobMissing):
        await intake.read(0, 11)
    await intake.close()
    with pytest.raises(BlobMissing, match="shorter than 11"):
        await store.open("f_abc", sent.begun, 11, sent.notes)
    await sent.seal()
    assert await store.read("f_abc", 0, 10) == b"hello, you"


async def test_the_bytes_behind_the_last_whole_piece_can_be_read_again(make: Make) -> None:
    """They are hashed once more by whoever goes on."""
    size = 2 * PIECE_BYTES
    sent = await Sent(make, "f_abc", some(size)).begin()
    for end in (PIECE_BYTES, PIECE_BYTES + PART - 1):
        await sent.body(end)
        intake = await make().open("f_abc", sent.begun, end, sent.notes)
        start = end - end % PART
        assert await intake.read(start, end) == sent.data[start:end]
        await intake.close()


@pytest.mark.parametrize(
    "cuts",
    [
        [0, 0],
        [0, 1],
        [0, 1, 2, 3],
        [0, 1, 2_000, 5_000],
        [0, 1, 3 * PART + 5, 3 * PART + 6, 3 * PART + 7, 6 * PART],
        [0, PART, PART, 2 * PART, 9 * PART + 1],
        [0, 4 * PART + 17],
    ],
)
async def test_parts_are_joined_in_their_order(make: Make, cuts: list[int]) -> None:
    data = some(cuts[-1])
    names = [f"f_{number}" for number in range(len(cuts) - 1)]
    for name, (first, last) in zip(names, pairwise(cuts), strict=True):
        part = await Sent(make, name, data[first:last]).begin()
        await part.body((last - first) // 2)
        await part.body(last - first)
    sizes = [last - first for first, last in pairwise(cuts)]
    store = make()
    begun = store.begin_joined(len(data))
    for _ in range(2):  # a crash before it was noted, and once more
        await make().join("f_whole", begun, names, sizes)
        intake = await make().open("f_whole", begun, len(data), ())
        assert await intake.read(0, len(data)) == data
        await intake.close()
    for _ in range(2):
        await make().seal("f_whole", begun, ())
    assert await store.read("f_whole", 0, len(data)) == data
    for name in names:
        await store.remove(name)
    assert await all_of(store) == {"f_whole": (len(data), True)}


async def test_what_is_not_there(make: Make) -> None:
    store = make()
    for start, end in [(0, 5), (3, 3)]:
        with pytest.raises(BlobMissing):
            await store.read("f_abc", start, end)
    await keep(make, "f_abc", b"hello")
    for start, end in [(0, 6), (4, 6), (5, 6), (9, 10)]:
        with pytest.raises(BlobMissing):
            await store.read("f_abc", start, end)
    with pytest.raises(BlobMissing):
        await store.join("f_whole", store.begin_joined(9), ["f_abc", "f_none"], [5, 4])


@pytest.mark.parametrize("size", [0, 10, 3 * PART + 1])
@pytest.mark.parametrize("stage", ["begun", "part", "whole", "sealed"])
async def test_what_is_removed_leaves_nothing(make: Make, size: int, stage: str) -> None:
    store = make()
    kept = await keep(make, "f_abcd", b"a name that begins in the same way")
    sent = await Sent(make, "f_abc", some(size)).begin()
    if stage != "begun":
        await sent.body(size // 2)
    if stage in ("whole", "sealed"):
        await sent.body(size)
    if stage == "sealed":
        await sent.seal()
    await store.remove("f_abc")
    await store.remove("f_abc")
    assert await all_of(kept) == {"f_abcd": (34, True)}
    await store.remove("f_abcd")
    assert await all_of(store) == {}


async def test_a_rotted_piece_is_never_given(make: Make) -> None:
    data = some(3 * PIECE_BYTES + 100)
    size = len(data)
    hasher = Hasher()
    hasher.update(data)
    hasher.finish()
    store = await keep(make, "f_abc", data)
    hashes = list(hasher.hashes)
    hashes[1] = bytes(32)

    async def given(start: int, end: int) -> bytes:
        pieces = span(start, end)
        proofs = hashes[pieces.start : pieces.stop]
        parts = [part async for part in verified(store, "f_abc", size, proofs, start, end)]
        assert all(len(part) <= PIECE_BYTES for part in parts)
        return b"".join(parts)

    for start, end in [(0, PIECE_BYTES), (2 * PIECE_BYTES, size), (size - 1, size), (5, 5)]:
        assert await given(start, end) == data[start:end]
    with pytest.raises(BlobRotted):
        await given(PIECE_BYTES - 1, PIECE_BYTES + 1)


@pytest.mark.parametrize("size", [0, 1, 3 * PART + 1])
async def test_what_is_put_is_sealed_at_once(make: Make, size: int) -> None:
    data = some(size)
    await make().put("f_abc", data)
    store = make()
    assert await store.read("f_abc", 0, size) == data
    assert await all_of(store) == {"f_abc": (size, True)}
    await store.remove("f_abc")
    assert await all_of(store) == {}
