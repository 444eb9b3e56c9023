"""Ids of blobs, however their bytes come."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.pieces import HASH_BYTES, PIECE_BYTES, Hasher, blob_id, bounds, count, span, split

EDGES = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 7]


def plain(data: bytes) -> str:
    hashes = [
        hashlib.sha256(data[at : at + PIECE_BYTES]).digest()
        for at in range(0, len(data), PIECE_BYTES)
    ]
    return blob_id(len(data), hashes)


@pytest.mark.parametrize("size", EDGES)
def test_the_id_does_not_depend_on_how_the_bytes_come(size: int) -> None:
    chance = random.Random(size)
    data = chance.randbytes(size)
    for _ in range(3):
        hasher, at = Hasher(), 0
        while at < size:
            step = chance.choice((1, 7, 4096, 65_536, PIECE_BYTES, 2 * PIECE_BYTES + 1))
            hasher.update(data[at : at + step])
            at += step
        assert hasher.finish() == plain(data)
        assert hasher.size == size


def test_a_known_id() -> None:
    """Computed with openssl: it must never change."""
    assert plain(b"") == "b_BJ_ih_BBtc8jLJuru1nx5kVmijUTMPMiO9mhI_F3Pwo"
    assert plain(b"hello") == "b_CBLkO0Pk6Axihldv9i-xkoT94qTcg-QT9G6O-lfnuDo"


@pytest.mark.parametrize("size", EDGES)
def test_it_goes_on_after_a_crash(size: int) -> None:
    data = random.Random(size).randbytes(size)
    for whole in range(size // PIECE_BYTES + 1):
        first = Hasher()
        first.update(data[: whole * PIECE_BYTES])
        again = Hasher(first.hashes)
        again.update(data[whole * PIECE_BYTES :])
        assert again.finish() == plain(data)


def test_length_and_order_are_part_of_it() -> None:
    one, two = b"\x01" * HASH_BYTES, b"\x02" * HASH_BYTES
    size = 2 * PIECE_BYTES
    ids = {blob_id(size, [one, two]), blob_id(size, [two, one]), blob_id(size - 1, [one, two])}
    assert len(ids) == 3
    with pytest.raises(ValueError, match="2 pieces, not 1"):
        blob_id(size, [one])
    with pytest.raises(ValueError, match="cut off"):
        split(one + two[:5])
    assert split(one + two) == [one, two]


@given(st.integers(0, 5 * PIECE_BYTES), st.integers(0, 5 * PIECE_BYTES))
def test_a_span_covers_its_bytes_and_no_more(start: int, end: int) -> None:
    size = 5 * PIECE_BYTES
    pieces = span(start, end)
    if end <= start:
        assert len(pieces) == 0
        return
    assert bounds(pieces[0], size)[0] <= start < bounds(pieces[0], size)[1]
    assert bounds(pieces[-1], size)[0] < end <= bounds(pieces[-1], size)[1]
    assert count(end) == pieces[-1] + 1
