"""Calls in the tables: as their events tell them, and when their devices were last heard of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from hub.storage.writer import Committed
from hub.wire import calls
from hub.wire.calls import Call

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Call).decode


class Heard(NamedTuple):
    """A device of somebody who is in a call."""

    call: str
    uid: str
    device: str


class Running(NamedTuple):
    """``silent_ms``: by person, how long nothing was heard of the device they are in from;
    ``members`` of the thread."""

    thread: str
    call: Call
    silent_ms: dict[str, int]
    members: set[str]


# --- the projection -------------------------------------------------------------------------------


async def project(connection: Any, one: Committed, data: Any) -> None:
    """Apply an event; one about a call that is not there changes nothing."""
    thread = one.stream_id
    if one.type == "call.start":
        call = calls.begun(one.seq, one.sender, one.at_ms, data)
        await connection.execute(
            "INSERT INTO calls VALUES ($1, $2, $3, $4, true)",
            thread, call.seq, call.call, _encode(call).decode(),
        )  # fmt: skip
        return
    target = data["target"]
    row = await connection.fetchrow(
        "SELECT state FROM calls WHERE thread_id = $1 AND seq = $2", thread, target
    )
    if row is None:
        return
    before = _decode(row["state"])
    call = calls.after(before, one.seq, one.type, one.sender, one.at_ms, data)
    if call is before:
        return
    await connection.execute(
        "UPDATE calls SET state = $3, running = $4 WHERE thread_id = $1 AND seq = $2",
        thread, target, _encode(call).decode(), call.ended is None,
    )  # fmt: skip
    await connection.execute(
        "UPDATE items SET version = $3 WHERE thread_id = $1 AND seq = $2", thread, target, one.seq
    )
    was, missed = set(before.who("missed")), set(call.who("missed"))
    await connection.execute(_NOT_MISSED, thread, target, sorted(was - missed))
    await connection.execute(_MISSED, thread, target, sorted(missed - was))


# --- reading --------------------------------------------------------------------------------------


def read(state: str) -> Call:
    """A call as a row has it."""
    return _decode(state)


async def running(connection: Any, thread: str) -> Call | None:
    """The call of a thread that lasts."""
    state = await connection.fetchval(_RUNNING, thread)
    return _decode(state) if state is not None else None


async def find(connection: Any, thread: str, call: str) -> Call | None:
    state = await connection.fetchval(
        "SELECT state FROM calls WHERE thread_id = $1 AND call_id = $2", thread, call
    )
    return _decode(state) if state is not None else None


async def at(connection: Any, thread: str, seqs: Sequence[int]) -> dict[int, Call]:
    """Calls by the seq of their start."""
    if not seqs:
        return {}
    rows = await connection.fetch(_AT, thread, seqs)
    return {row["seq"]: _decode(row["state"]) for row in rows}


async def is_member(connection: Any, thread: str, uid: str) -> bool:
    return bool(await connection.fetchval(_IS_MEMBER, thread, uid))


async def busy(connection: Any, uids: Iterable[str], but: str | None) -> set[str]:
    """Those who are in a call that lasts, another one than ``but``."""
    return {row["uid"] for row in await connection.fetch(_BUSY, list(uids), but)}


async def reachable(connection: Any, uids: Iterable[str]) -> dict[str, bool]:
    """Those whose account is not disabled, and whether they do not want to be disturbed."""
    rows = await connection.fetch(
        "SELECT uid, quiet FROM accounts WHERE uid = ANY($1::text[]) AND disabled_at IS NULL",
        list(uids),
    )
    return {row["uid"]: row["quiet"] for row in rows}


async def all_running(connection: Any, thread: str | None = None) -> list[Running]:
    """Every call that lasts, or that of one thread."""
    return [
        Running(
            row["thread_id"], _decode(row["state"]),
            msgspec.json.decode(row["silent_ms"] or "{}"), set(row["members"]),
        )
        for row in await connection.fetch(_ALL_RUNNING, thread)
    ]  # fmt: skip


# --- who is heard of ------------------------------------------------------------------------------


async def heard(connection: Any, devices: Sequence[Heard]) -> None:
    """Devices spoke."""
    await connection.execute(
        _HEARD,
        [one.call for one in devices],
        [one.uid for one in devices],
        [one.device for one in devices],
    )


async def forget(connection: Any) -> None:
    """Drop what was heard of calls that are over."""
    await connection.execute(
        "DELETE FROM call_devices d WHERE NOT EXISTS "
        "(SELECT FROM calls c WHERE c.running AND c.call_id = d.call_id)"
    )


_RUNNING = """
SELECT state FROM calls WHERE thread_id = $1 AND running ORDER BY seq DESC LIMIT 1
"""

_IS_MEMBER = """
SELECT EXISTS (SELECT FROM members WHERE thread_id = $1 AND uid = $2 AND role IS NOT NULL)
"""

_AT = "SELECT seq, state FROM calls WHERE thread_id = $1 AND seq = ANY($2::bigint[])"

_NOT_MISSED = """
DELETE FROM missed_calls WHERE thread_id = $1 AND seq = $2 AND uid = ANY($3::text[])
"""

_MISSED = """
INSERT INTO missed_calls (thread_id, seq, uid) SELECT $1, $2, uid FROM unnest($3::text[]) AS m (uid)
"""

_BUSY = """
SELECT DISTINCT p.key AS uid FROM calls c, jsonb_each(c.state::jsonb->'people') p
WHERE c.running AND p.key = ANY($1::text[]) AND p.value->>'state' = 'in'
  AND c.call_id IS DISTINCT FROM $2
"""

_ALL_RUNNING = """
SELECT c.thread_id, c.state,
       (SELECT json_object_agg(d.uid, (extract(epoch FROM now() - d.seen_at) * 1000)::bigint)
        FROM call_devices d
        WHERE d.call_id = c.call_id AND d.device = c.state::jsonb->'people'->d.uid->>'device'
       ) AS silent_ms,
       ARRAY(SELECT m.uid FROM members m
             WHERE m.thread_id = c.thread_id AND m.role IS NOT NULL) AS members
FROM calls c WHERE c.running AND ($1::text IS NULL OR c.thread_id = $1)
"""

_HEARD = """
INSERT INTO call_devices (call_id, uid, device, seen_at)
SELECT call, uid, device, now() FROM unnest($1::text[], $2::text[], $3::text[])
     AS h (call, uid, device)
ON CONFLICT (call_id, uid, device) DO UPDATE SET seen_at = excluded.seen_at
"""
