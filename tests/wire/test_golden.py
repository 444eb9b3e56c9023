"""Golden bytes: ``golden.json`` says what each means, or the code it is refused with.

``web/src/wire/golden.test.ts`` reads the same file with the browser's codec. ``"written": false``
marks what is read but never written so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ProtocolError
from hub.wire import awareness, frames, yupdate
from hub.wire.varint import read_varint, write_varint

GOLDEN: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "golden.json").read_text()
)
KINDS = {"sync": frames.SYNC, "awareness": frames.AWARENESS}
SUBTYPES = {"step1": frames.STEP1, "step2": frames.STEP2, "update": frames.UPDATE}


def golden(kind: str, *, good: bool) -> Any:
    cases = [one for one in GOLDEN[kind] if ("error" not in one) == good]
    assert cases
    return pytest.mark.parametrize("case", cases, ids=[one["name"] for one in cases])


def read_frame(data: bytes) -> object:
    kind, _, message = frames.split(data)
    return frames.read_sync(message) if kind == frames.SYNC else bytes(message)


def refuses(read: Callable[[bytes], object], case: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as refused:
        read(bytes.fromhex(case["hex"]))
    assert refused.value.code == case["error"]


@golden("frames", good=True)
def test_frames_are_read_and_written(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    kind, number, message = frames.split(data)
    assert (kind, number) == (KINDS[case["kind"]], case["number"])
    if kind == frames.AWARENESS:
        written = bytes.fromhex(case["message"])
        assert message == written
    else:
        subtype, payload = frames.read_sync(message)
        assert (subtype, payload.hex()) == (SUBTYPES[case["subtype"]], case["payload"])
        written = frames.sync_message(subtype, payload)
    assert (frames.header(kind, number) + written == data) == case.get("written", True)


@golden("frames", good=False)
def test_bad_frames_are_refused(case: dict[str, Any]) -> None:
    refuses(read_frame, case)


@golden("awareness", good=True)
def test_awareness_is_read_and_written(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    entries = awareness.decode(data)
    assert entries == [
        awareness.Entry(one["client"], one["clock"], one["state"].encode())
        for one in case["entries"]
    ]
    assert awareness.encode(entries) == data


@golden("awareness", good=False)
def test_bad_awareness_is_refused(case: dict[str, Any]) -> None:
    refuses(awareness.decode, case)


@golden("varints", good=True)
def test_varints_are_read_and_written(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert read_varint(data, 0) == (case["value"], len(data))
    assert write_varint(case["value"]) == data


@golden("varints", good=False)
def test_bad_varints_are_refused(case: dict[str, Any]) -> None:
    refuses(lambda data: read_varint(data, 0), case)


@golden("state_vectors", good=True)
def test_state_vectors_are_read_and_written(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    clocks = {int(client): clock for client, clock in case["clocks"].items()}
    assert yupdate.read_state_vector(data) == clocks
    assert yupdate.write_state_vector(clocks) == data


@golden("state_vectors", good=False)
def test_bad_state_vectors_are_refused(case: dict[str, Any]) -> None:
    refuses(yupdate.read_state_vector, case)
