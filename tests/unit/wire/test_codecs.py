"""Bounded codecs: what is written is read, and no bytes make them do anything but refuse."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from hub.errors import ProtocolError
from hub.wire import awareness, frames, yrewrite, yupdate
from hub.wire.varint import read_varint, write_varint


@given(st.integers(0, 2**53 - 1))
def test_varint_round_trip(value: int) -> None:
    data = write_varint(value)
    assert read_varint(data, 0) == (value, len(data))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 8 + b"\x01", b"\xff" * 200_000])
def test_varint_refuses_what_is_cut_or_too_long(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_varint(data, 0)


@given(st.integers(0, 2), st.binary(max_size=200), st.integers(1, 2**63))
def test_sync_frame_round_trip(subtype: int, payload: bytes, number: int) -> None:
    frame = frames.header(frames.SYNC, number) + frames.sync_message(subtype, payload)
    kind, found, message = frames.split(frame)
    assert (kind, found) == (frames.SYNC, number)
    assert frames.read_sync(message) == (subtype, payload)


@given(st.binary(max_size=100))
def test_frames_refuse_or_read(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        _, _, message = frames.split(data)
        frames.read_sync(message)


entries = st.lists(
    st.builds(
        awareness.Entry,
        st.integers(0, 2**53 - 1),
        st.integers(0, 2**32),
        st.sampled_from([b"null", b"{}", '{"user":{"name":"Žofia"}}'.encode()]),
    ),
    max_size=20,
)


@given(entries)
def test_awareness_round_trip(given_: list[awareness.Entry]) -> None:
    assert awareness.decode(awareness.encode(given_)) == given_


@pytest.mark.parametrize("state", [b"[]", b"1", b'"x"', b"{", b"", b'{"a":"' + b"x" * 5000 + b'"}'])
def test_awareness_refuses_what_is_no_small_object(state: bytes) -> None:
    with pytest.raises(ProtocolError):
        awareness.decode(awareness.encode([awareness.Entry(1, 1, state)]))


def rich_doc(client: int, seed: int) -> Doc[Any]:
    """A document with every kind of content."""
    chance = random.Random(seed)
    doc: Doc[Any] = Doc(client_id=client)
    text = doc.get("content", type=Text)
    fragment = doc.get("default", type=XmlFragment)
    things = doc.get("map", type=Map)
    array = doc.get("array", type=Array)
    text += "plain "  # indices count bytes: what is formatted below must not cut a character
    for _ in range(30):
        match chance.randrange(6):
            case 0:
                text += chance.choice(["a", "žluťoučký ", "🙂", "x" * 50])
            case 1:
                fragment.children.append(XmlElement("heading", {"level": 2}, [XmlText("Hi")]))
            case 2:
                things[chance.choice("abc")] = chance.choice(
                    [1, -5, 2.5, True, None, "s", [1, {"k": "v"}], {"n": [None]}, b"bytes"]
                )
            case 3:
                array.append(chance.choice([1, "two", {"three": 3}]))
            case 4:
                start = chance.randrange(5)
                text.format(start, start + 1, {"bold": True})
            case _:
                if len(array) > 1:
                    del array[0]
    return doc


@given(st.integers(1, 2**40), st.integers(0, 10_000))
def test_update_tells_the_same_clocks_as_yrs(client: int, seed: int) -> None:
    doc = rich_doc(client, seed)
    update = yupdate.parse(doc.get_update())
    ends = {one: structs[-1].clock + structs[-1].length for one, structs in update.structs.items()}
    assert ends == yupdate.read_state_vector(doc.get_state())
    assert all(structs[0].clock == 0 for structs in update.structs.values())
    assert yupdate.read_state_vector(yupdate.write_state_vector(ends)) == ends


@given(st.integers(0, 2_000), st.integers(0, 2_000_000), st.integers(0, 255))
def test_mutated_updates_are_refused_or_read(seed: int, place: int, byte: int) -> None:
    data = bytearray(rich_doc(7, seed % 40).get_update())
    data[place % len(data)] = byte
    with contextlib.suppress(ProtocolError):
        yupdate.parse(bytes(data))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    for read in (yupdate.parse, yupdate.read_state_vector, awareness.decode):
        with contextlib.suppress(ProtocolError):
            read(data)


@pytest.mark.parametrize(
    "values", [[1, "zwei", None, {"a": [1.5]}], ["a", "bc", "ž", "😀"]], ids=["any", "json"]
)
def test_what_follows_a_clock_inside_a_struct(values: list[Any]) -> None:
    """Of values in a row, as an old log may hold them."""
    doc: Doc[Any] = Doc(client_id=7)
    array = doc.get("a", type=Array)
    array.extend(values)
    (struct,) = yupdate.parse(data := doc.get_update()).structs[7]
    tail = b"\x01\x01\x07\x02" + yrewrite.tail(data, 7, struct, 2) + b"\x00"
    (rest,) = yupdate.parse(tail).structs[7]
    assert (rest.clock, rest.length, rest.origin) == (2, 2, (7, 1))
    head: Doc[Any] = Doc(client_id=7)
    head.get("a", type=Array).extend(values[:2])
    head.apply_update(tail)
    assert head.get("a", type=Array).to_py() == values


def test_what_follows_inside_old_json() -> None:
    """ContentJSON, which no client of today writes."""
    item = b"\x02\x01\x01a" + b"\x03" + b"\x011" + b"\x03[2]" + b"\x04null"
    data = b"\x01\x01\x07\x00" + item + b"\x00"
    (struct,) = yupdate.parse(data).structs[7]
    tail = yrewrite.tail(data, 7, struct, 1)
    assert tail == b"\x82\x07\x00" + b"\x02" + b"\x03[2]" + b"\x04null"
