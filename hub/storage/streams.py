"""Append-only streams: how an entry is sealed, chained, read and verified.

An entry is two texts of UTF-8 JSON, written once and kept as bytes: the *event* says who did what
(its body stands beside it, salted and hashed, so that it can be erased), the *position* gives it a
place behind the one before. Source: DESIGN section 4, docs/adr/0003. Writing is the business of
``hub.storage.writer``.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from hub.ids import b64url, sha256

StreamKind = Literal["timeline", "document"]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a stream; seq 0 and no hash before the first entry."""

    seq: int
    hash: bytes | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event ready to be placed: its bytes, its id, and how its body is bound to it."""

    payload: bytes
    ev: bytes
    salt: bytes
    bh: bytes


def seal(
    *,
    home: str,
    stream_id: str | None,
    sender: str,
    type_: str,
    ts_ms: int,
    seen: Head,
    body: bytes,
) -> Sealed:
    """Write an event. ``stream_id`` is null in the event that creates a thread: its id is the
    event's hash."""
    salt = secrets.token_bytes(16)
    bh = sha256(salt, body)
    event: dict[str, Any] = {"iss": home}
    if stream_id is not None:
        event["stream"] = stream_id
    event |= {
        "sender": sender,
        "type": type_,
        "ts": ts_ms,
        "n": b64url(secrets.token_bytes(8)),
        "seen": {"seq": seen.seq, "head": b64url(seen.hash) if seen.hash else None},
        "bh": b64url(bh),
    }
    payload = _encode(event)
    return Sealed(payload, sha256(payload), salt, bh)


def place(
    *, home: str, stream_id: str, seq: int, prev: bytes | None, ev: bytes, at_ms: int
) -> bytes:
    """Write the position of an event: the next place of the stream."""
    return _encode(
        {
            "iss": home,
            "stream": stream_id,
            "seq": seq,
            "prev": b64url(prev) if prev else None,
            "ev": b64url(ev),
            "at": at_ms,
        }
    )


_CREATE = """
INSERT INTO streams (stream_id, kind, thread_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""


async def create(connection: Any, stream_id: str, kind: StreamKind, thread_id: str) -> None:
    """Make an empty stream; one that exists already stays as it is."""
    await connection.execute(_CREATE, stream_id, kind, thread_id)


_FIND = """
SELECT seq, type, body, (extract(epoch FROM at) * 1000)::bigint AS at_ms FROM events
WHERE stream_id = $1 AND sender = $2 AND send_id = $3
"""


async def find(connection: Any, stream_id: str, sender: str, send_id: str) -> Any:
    """The entry a sender wrote under its ``send_id``, or null."""
    return await connection.fetchrow(_FIND, stream_id, sender, send_id)


@dataclass
class Verdict:
    """What ``verify`` found: each wrong seq in words. Erased bodies are no fault."""

    stream_id: str
    entries: int = 0
    erased: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.faults


_ENTRIES = """
SELECT seq, type, sender, send_id, ev, event_payload, position_payload, bh, salt, body
FROM events WHERE stream_id = $1 AND seq > $2 ORDER BY seq LIMIT 500
"""

_HEAD = "SELECT kind, head_seq, head_hash FROM streams WHERE stream_id = $1"

_SEGMENT_RANGES = """
SELECT first_seq, last_seq FROM document_segments WHERE document_id = $1 ORDER BY first_seq
"""


async def entries(connection: Any, stream_id: str, after: int = 0) -> AsyncIterator[Any]:
    """The rows of a stream in order, read in pages."""
    while rows := await connection.fetch(_ENTRIES, stream_id, after):
        for row in rows:
            yield row
        after = rows[-1]["seq"]


async def verify(connection: Any, stream_id: str) -> Verdict:
    """Check every hash and link of a stream against the bytes."""
    verdict = Verdict(stream_id)
    head = await connection.fetchrow(_HEAD, stream_id)
    if head is None:
        verdict.faults.append("there is no such stream")
        return verdict
    packed = [tuple(row) for row in await connection.fetch(_SEGMENT_RANGES, stream_id)]
    prev: bytes | None = None
    expected = 1
    async for row in entries(connection, stream_id):
        seq = row["seq"]
        verdict.entries += 1
        for fault in _faults(row, expected, prev):
            verdict.faults.append(f"seq {seq}: {fault}")
        if row["body"] is None and not any(first <= seq <= last for first, last in packed):
            verdict.erased += 1
        prev = sha256(row["position_payload"])
        expected = seq + 1
    if (expected - 1, prev) != (head["head_seq"], head["head_hash"]):
        verdict.faults.append("the head is not the last entry")
    return verdict


def _faults(row: Any, expected: int, prev: bytes | None) -> list[str]:
    faults = []
    event = msgspec.json.decode(row["event_payload"])
    position = msgspec.json.decode(row["position_payload"])
    if row["seq"] != expected or position["seq"] != row["seq"]:
        faults.append(f"expected place {expected}")
    if position["prev"] != (b64url(prev) if prev else None):
        faults.append("does not follow the entry before it")
    if sha256(row["event_payload"]) != row["ev"] or position["ev"] != b64url(row["ev"]):
        faults.append("the event's bytes were changed")
    if (event["type"], event["sender"]) != (row["type"], row["sender"]):
        faults.append("columns and event disagree")
    if event["bh"] != b64url(row["bh"]):
        faults.append("the body's hash was changed")
    if row["body"] is not None and (
        row["salt"] is None or sha256(row["salt"], row["body"]) != row["bh"]
    ):
        faults.append("the body was changed")
    return faults
