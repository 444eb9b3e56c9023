"""What a worker says, and what is no such thing."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sandbox.frames import MAX_PARTS, Garbled, Part, decode, encode

parts = st.builds(
    Part,
    name=st.text(max_size=20),
    meta=st.dictionaries(
        st.text(max_size=8), st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text())
    ),
    body=st.binary(max_size=200),
)


@given(st.lists(parts, max_size=5))
def test_what_was_written_is_read(written: list[Part]) -> None:
    assert decode(b"".join(map(encode, written))) == written


@given(st.lists(parts, min_size=1, max_size=3), st.data())
def test_what_is_cut_off_is_noticed(written: list[Part], data: st.DataObject) -> None:
    whole = b"".join(map(encode, written))
    ends = [len(b"".join(map(encode, written[:count]))) for count in range(len(written) + 1)]
    cut = data.draw(st.integers(0, len(whole)))
    if cut in ends:
        assert decode(whole[:cut]) == written[: ends.index(cut)]
    else:
        with pytest.raises(Garbled):
            decode(whole[:cut])


@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Garbled):
        assert b"".join(map(encode, decode(data))) or not data


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF) + bytes(100),
        struct.pack(">II", 2, 0) + b"[]",
        struct.pack(">II", 20000, 0) + b"[" * 20000,
        struct.pack(">II", 12, 0) + b'{"name": 12}',
        struct.pack(">II", 14, 0) + b'{"name":"\xff\xff\xff"}',
        encode(Part("x")) * (MAX_PARTS + 1),
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(Garbled):
        decode(data)
