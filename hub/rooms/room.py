"""A room: the live side of one thread in this process. Holds who may, who is here, who types.

Everything that changes it arrives over the bus, also what this very process sent, so that there is
one way in. It never writes to disk and never awaits.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from hub.rooms.subscriber import Subscriber
from hub.storage.timeline import MemberRow, RoomState
from hub.wire import events as ev
from hub.wire.visibility import visible_from
from hub.wire.websocket import shared

_encode = msgspec.json.Encoder().encode


class Room:
    """``state`` is true as of ``state.head``."""

    def __init__(self, thread: str, state: RoomState) -> None:
        self.thread = thread
        self.state = state
        self.sessions: dict[str, Subscriber] = {}
        self.presence: dict[str, ev.PresenceEntry] = {}
        self.member_lock = asyncio.Lock()
        """Held while a role changes, so that two changes never check the same state."""

    def role(self, uid: str) -> str | None:
        member = self.state.members.get(uid)
        return member.role if member is not None else None

    def since(self, uid: str) -> int:
        """The first seq this member may read."""
        member = self.state.members.get(uid)
        return visible_from(self.state.history, member.since_seq) if member is not None else 0

    def apply(self, event: ev.Event) -> bool:
        """Follow the log; False for an event that is known already."""
        state = self.state
        if event.seq <= state.head:
            return False
        data: Any = event.data
        subject, history, members = state.subject, state.history, state.members
        match event.type:
            case "thread.rename":
                subject = data["subject"]
            case "thread.history":
                history = data["history"]
            case "member.set":
                members = dict(members)
                before = members.pop(data["uid"], None)
                if data["role"] is not None:
                    since = before.since_seq if before is not None else event.seq
                    members[data["uid"]] = MemberRow(data["role"], since)
            case _:
                pass
        self.state = RoomState(subject, history, event.seq, members)
        return True

    def set_presence(self, entry: ev.PresenceEntry, gone: bool) -> None:
        """Somebody is here, changed or went; everybody in the room is told."""
        if gone:
            if self.presence.pop(entry.session, None) is None:
                return
        else:
            if self.presence.get(entry.session) == entry:
                return
            self.presence[entry.session] = entry
        self.send(ev.Presence(thread=self.thread, entry=entry, gone=gone))

    def send(self, frame: ev.Frame, *, except_session: str | None = None) -> None:
        """One frame, encoded once, to everybody in the room."""
        if not self.sessions:
            return
        message = shared(_encode(frame).decode())
        for key, session in self.sessions.items():
            if key != except_session:
                session.send(message)
