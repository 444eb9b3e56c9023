"""What is written when somebody does something in a call. Pure: a call and an act come to events.

Whoever writes them does so only if the call is still the one that was looked at; else asks again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from hub.errors import Conflict, Forbidden, NotFound
from hub.wire import calls
from hub.wire.calls import Call, CallPerson

RING_MS: Final = 45_000
LOST_MS: Final = 8_000
"""A device that has not been heard of for so long is not in any more."""
ALL_LOST_MS: Final = 45_000
"""Where nobody is heard of, it is the way to the hub: their media go on, and they come back."""
AUDIBLE_MS: Final = LOST_MS // 2
"""Who is there is heard of within this, and then again."""
MAX_DIRECT: Final = 4
"""Each sends to each: more than so many are too much for a browser and its line."""


class Written(NamedTuple):
    """An event to write, in the name of ``sender``."""

    type: str
    sender: str
    data: Struct


class Asked(NamedTuple):
    """Who is asked to come, and where it does not sound."""

    ring: Collection[str]
    busy: Collection[str] = ()
    quiet: Collection[str] = ()


def start(
    running: Call | None, uid: str, call: str, device: str, asked: Asked, *, video: bool = False
) -> list[Written]:  # fmt: skip
    """Two who ring each other are in one call.

    Args:
        call: the id of a new one.
    """
    if running is not None and running.ended is None:
        return join(running, uid, device)
    ring = sorted(set(asked.ring) - {uid})
    busy, quiet = sorted(asked.busy), sorted(asked.quiet)
    return [Written("call.start", uid, calls.CallStartData(call, device, ring, busy, quiet, video))]


def join(call: Call | None, uid: str, device: str) -> list[Written]:
    """Nothing for who is in from that device already.

    Raises:
        Conflict: ``call_locked``, ``call_full``.
        Forbidden: ``removed_from_call``.
        NotFound: ``call_ended``.
    """
    running = _running(call)
    known = running.people.get(uid)
    if known is not None and known.removed:
        raise Forbidden("You were removed from this call.", code="removed_from_call")
    if running.locked and not _was_in(known):
        raise Conflict("Nobody can come in any more.", code="call_locked")
    if known is not None and known.state == "in" and known.device == device:
        return []
    inside = running.who("in")
    if uid not in inside and len(inside) >= MAX_DIRECT:
        raise Conflict(f"A call takes {MAX_DIRECT} people.", code="call_full")
    data = calls.CallJoinData(running.call, running.seq, device)
    return [Written("call.join", uid, data)]


def ring(call: Call | None, uid: str, asked: Asked) -> list[Written]:
    """Who rings somebody who was removed lets them in again.

    Raises:
        Conflict: ``not_in_call``.
        NotFound: ``call_ended``.
    """
    running = _running(call)
    require_in(running, uid)
    there = {*running.who("in"), *running.who("ringing")}
    absent = sorted(set(asked.ring) - there)
    if not absent:
        return []
    busy, quiet = sorted(set(asked.busy) - there), sorted(set(asked.quiet) - there)
    data = calls.CallRingData(running.call, running.seq, absent, busy, quiet)
    return [Written("call.ring", uid, data)]


def decline(call: Call | None, uid: str, now: int) -> list[Written]:
    """Nothing when it does not ring for them any more."""
    if call is None or call.ended is not None or uid not in call.who("ringing"):
        return []
    declined = Written("call.decline", uid, calls.CallDeclineData(call.call, call.seq))
    return [declined, *_nobody_comes(applied(call, [declined], now), now)]


def leave(
    call: Call | None, uid: str, now: int, *, device: str | None = None, until: int | None = None,
    reason: calls.LeaveReason = "left", by: str | None = None,
) -> list[Written]:  # fmt: skip
    """The last one who goes ends it.

    Args:
        device: whoever is in from another one stays.
        until: Unix ms when they were last heard of; null: now.
        by: who removes them.
    """
    if call is None or call.ended is not None or uid not in call.people:
        return []
    known = call.people[uid]
    if known.state != "in" and (reason != "removed" or known.removed):
        return []
    if device is not None and known.device != device:
        return []
    last = now if until is None else min(until, now)
    data = calls.CallLeaveData(call.call, call.seq, uid, last, reason)
    gone = Written("call.leave", by or uid, data)
    left = applied(call, [gone], now)
    return [gone, *(_nobody_comes(left, now) if left.who("in") else _ends(left, uid, now))]


def remove(call: Call | None, uid: str, other: str, now: int) -> list[Written]:
    """Raises:
    Conflict: ``not_in_call``.
    NotFound: ``call_ended``.
    """
    running = _running(call)
    require_in(running, uid)
    return leave(running, other, now, reason="removed", by=uid)


def lock(call: Call | None, uid: str, locked: bool) -> list[Written]:
    """Raises:
    Conflict: ``not_in_call``.
    NotFound: ``call_ended``.
    """
    running = _running(call)
    require_in(running, uid)
    if running.locked == locked:
        return []
    return [Written("call.lock", uid, calls.CallLockData(running.call, running.seq, locked))]


def overdue(
    call: Call | None, now: int, heard: Mapping[str, int], members: Collection[str]
) -> list[Written]:
    """What time has done: rings that nobody answered, devices that are not heard of any more,
    people who are no members now.

    Args:
        heard: Unix ms when each who is in was last heard of.
    """
    if call is None or call.ended is not None:
        return []
    found: list[Written] = []
    inside = {uid: _last_heard(call.people[uid], heard.get(uid, 0)) for uid in call.who("in")}
    lost_ms = ALL_LOST_MS if all_away(call, now, heard) else LOST_MS
    for uid, last in inside.items():
        lost = now - last >= lost_ms
        if lost or uid not in members:
            reason: calls.LeaveReason = "removed" if uid not in members else "lost"
            until = last if lost else now
            found += leave(applied(call, found, now), uid, now, until=until, reason=reason)
    left = applied(call, found, now)
    if left.ended is not None:
        return found
    late = sorted(
        uid
        for uid in left.who("ringing")
        if now - left.people[uid].since >= RING_MS or uid not in members
    )
    if late:
        missed = Written("call.miss", left.by, calls.CallMissData(left.call, left.seq, late))
        found.append(missed)
        found += _nobody_comes(applied(left, [missed], now), now)
    return found


def all_away(call: Call, now: int, heard: Mapping[str, int]) -> bool:
    """Several are in, and none of them is heard of.

    Args:
        heard: as of ``overdue``.
    """
    inside = [_last_heard(call.people[uid], heard.get(uid, 0)) for uid in call.who("in")]
    return len(inside) > 1 and now - max(inside) >= AUDIBLE_MS


def _last_heard(person: CallPerson, spoke: int) -> int:
    """Unix ms."""
    return max(spoke, person.since, person.moved or 0)


def applied(call: Call, written: Sequence[Written], now: int) -> Call:
    """The call as it will be."""
    for one in written:
        data = msgspec.to_builtins(one.data)
        call = calls.after(call, call.head + 1, one.type, one.sender, now, data)
    return call


def require_in(call: Call, uid: str) -> None:
    """Raises:
    Conflict: ``not_in_call``.
    """
    if uid not in call.who("in"):
        raise Conflict("You are not in this call.", code="not_in_call")


def _was_in(known: CallPerson | None) -> bool:
    """Or is asked to come in."""
    return known is not None and (known.state in ("in", "left", "ringing") or known.stayed > 0)


def _nobody_comes(call: Call, now: int) -> list[Written]:
    """Who waits alone for people of whom none will come has not to hang up."""
    inside = call.who("in")
    asked = call.people.keys() - {call.by}
    met = any(one.stayed or one.state == "left" for one in call.people.values())
    if met or len(inside) != 1 or not asked or call.who("ringing"):
        return []
    return leave(call, inside[0], now)


def _ends(call: Call, uid: str, now: int) -> list[Written]:
    ends = [Written("call.end", uid, calls.CallEndData(call.call, call.seq, _last(call, now)))]
    if missed := sorted(call.who("ringing")):
        data = calls.CallMissData(call.call, call.seq, missed)
        return [Written("call.miss", call.by, data), *ends]
    return ends


def _last(call: Call, now: int) -> int:
    """When the last one went."""
    return max((one.since for one in call.people.values() if one.state == "left"), default=now)


def _running(call: Call | None) -> Call:
    if call is None or call.ended is not None:
        raise NotFound("The call is over.", code="call_ended")
    return call
