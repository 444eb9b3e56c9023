"""A call of a thread: the bodies of its events, and what they come to. Pure: rooms, tables and
clients fold alike.

    start ─► (ring, join, decline, miss, leave, lock)* ─► end

    ringing ─► in ─► left          somebody is rung once at a time, and is in once at a time
       │  ▲     ▲      │
       ▼  │     └──────┤
    declined, missed ──┘

A thread has one call at a time. Who is in it is in from one device: another ``call.join`` moves
them there. An event that does not fit changes nothing: the log may hold what two wrote at the same
moment. ``hub.rtc.rules`` says what is written.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

LeaveReason = Literal["left", "lost", "removed"]
Standing = Literal["ringing", "declined", "missed", "in", "left"]
Hush = Literal["busy", "quiet"]
"""Why it does not sound where it rings: they are in another call, or are not to be disturbed."""


# --- bodies of events -----------------------------------------------------------------------------


class CallStartData(Struct, omit_defaults=True):
    """The sender is in, from ``device``; ``ring`` are asked to come. Of these ``busy`` are in
    another call and ``quiet`` do not want to be disturbed."""

    call: str
    device: str
    ring: list[str]
    busy: list[str] = []
    quiet: list[str] = []
    video: bool = False
    topology: str = "direct"


class CallRingData(Struct, omit_defaults=True):
    """More are asked to come, or again. ``target`` is the seq of the call's start, here and
    below."""

    call: str
    target: int
    ring: list[str]
    busy: list[str] = []
    quiet: list[str] = []


class CallJoinData(Struct):
    """The sender is in, or goes on from another device."""

    call: str
    target: int
    device: str


class CallDeclineData(Struct):
    call: str
    target: int


class CallMissData(Struct):
    """They were asked for too long, or until it was over."""

    call: str
    target: int
    uids: list[str]


class CallLeaveData(Struct):
    """``uid`` was in until ``until`` (Unix ms): before the event for who was lost."""

    call: str
    target: int
    uid: str
    until: int
    reason: LeaveReason


class CallLockData(Struct):
    """Nobody comes in who was not in and is not rung, until it is false."""

    call: str
    target: int
    locked: bool


class CallEndData(Struct):
    """Nobody is in any more; it lasted from the start to ``until`` (Unix ms)."""

    call: str
    target: int
    until: int


# --- what they come to ----------------------------------------------------------------------------


class CallPerson(Struct, frozen=True, omit_defaults=True):
    """``since``: Unix ms of the present stay, or of the ringing. ``stayed``: ms of the stays that
    are over. ``device`` is where they are in, ``moved`` (Unix ms) since when if they were in from
    another one before. ``removed``: may not come back by themselves."""

    state: Standing
    since: int
    device: str | None = None
    moved: int | None = None
    stayed: int = 0
    removed: bool = False
    hush: Hush | None = None


class Call(Struct, frozen=True, omit_defaults=True):
    """A call as of timeline seq ``head``; ``seq`` is that of its start. Times are Unix ms;
    ``ended`` is null while it lasts. ``topology``: how media go; ``direct`` is from person to
    person."""

    call: str
    seq: int
    head: int
    by: str
    started: int
    people: dict[str, CallPerson]
    video: bool = False
    topology: str = "direct"
    locked: bool = False
    ended: int | None = None

    def who(self, state: Standing) -> list[str]:
        return [uid for uid, one in self.people.items() if one.state == state]

    def device_of(self, uid: str) -> str | None:
        """Where somebody is in."""
        known = self.people.get(uid)
        return None if known is None or self.ended is not None else known.device

    @property
    def duration(self) -> int | None:
        """Ms, once it is over."""
        return None if self.ended is None else max(0, self.ended - self.started)


def begun(seq: int, sender: str, at: int, data: dict[str, Any]) -> Call:
    """A call as its first event tells it."""
    people = {uid: _rung(None, uid, at, data) for uid in data["ring"] if uid != sender}
    people[sender] = CallPerson("in", at, data["device"])
    return Call(
        data["call"], seq, seq, sender, at, people, data.get("video", False),
        data.get("topology", "direct"),
    )  # fmt: skip


def after(call: Call, seq: int, type_: str, sender: str, at: int, data: dict[str, Any]) -> Call:
    """The call after one more event about it."""
    if call.ended is not None or data["call"] != call.call:
        return call
    changed = _after(call, type_, sender, at, data)
    return call if changed == call else _set(changed, head=seq)


def _after(call: Call, type_: str, sender: str, at: int, data: dict[str, Any]) -> Call:
    people = call.people
    match type_:
        case "call.ring":
            rung = {uid: _rung(people.get(uid), uid, at, data) for uid in data["ring"]}
            return _with(call, rung)
        case "call.join":
            return _with(call, {sender: _joined(people.get(sender), at, data["device"])})
        case "call.decline":
            known = people.get(sender)
            if known is None or known.state != "ringing":
                return call
            return _with(call, {sender: _set(known, state="declined", since=at, hush=None)})
        case "call.miss":
            missed = {
                uid: _set(people[uid], state="missed", since=at)
                for uid in data["uids"]
                if uid in people and people[uid].state == "ringing"
            }
            return _with(call, missed)
        case "call.leave":
            uid = data["uid"]
            known = people.get(uid)
            return call if known is None else _with(call, {uid: _gone(known, at, data)})
        case "call.lock":
            return _set(call, locked=data["locked"])
        case "call.end":
            return _set(call, ended=min(max(data["until"], call.started), at))
    return call


def _with(call: Call, people: dict[str, CallPerson]) -> Call:
    return _set(call, people={**call.people, **people}) if people else call


def _rung(known: CallPerson | None, uid: str, at: int, data: dict[str, Any]) -> CallPerson:
    if known is not None and known.state in ("in", "ringing"):
        return known
    hush: Hush | None = "busy" if uid in data.get("busy", ()) else None
    if uid in data.get("quiet", ()):
        hush = "quiet"
    # Whoever rings somebody who was removed lets them in again.
    return CallPerson("ringing", at, stayed=known.stayed if known else 0, hush=hush)


def _joined(known: CallPerson | None, at: int, device: str) -> CallPerson:
    if known is not None and known.state == "in":
        return known if known.device == device else _set(known, device=device, moved=at)
    return CallPerson("in", at, device, stayed=known.stayed if known else 0)


def _gone(known: CallPerson, at: int, data: dict[str, Any]) -> CallPerson:
    removed = data["reason"] == "removed"
    if known.state == "in":
        until = min(max(data["until"], known.since), at)
        stayed = known.stayed + until - known.since
        return CallPerson("left", until, stayed=stayed, removed=removed)
    if removed and known.state == "ringing":
        return CallPerson("missed", at, stayed=known.stayed, removed=removed)
    return _set(known, removed=known.removed or removed)


_set = msgspec.structs.replace
