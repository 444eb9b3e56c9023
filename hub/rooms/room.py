"""A room: the live side of one thread in this process. Holds who may, who is here, who follows.

Everything that changes it arrives over the bus or from the log, also what this very process sent,
so that there is one way in. It never writes to disk and never awaits.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.rooms.subscriber import Subscriber
from hub.storage.timeline import MemberRow, RoomState
from hub.wire import calls
from hub.wire import events as ev
from hub.wire.visibility import visible_from
from hub.wire.websocket import shared

_encode = msgspec.json.Encoder().encode


NEVER = 1 << 62


class _Elsewhere:
    """The connections to one process."""

    def __init__(self) -> None:
        self.entries: dict[str, ev.PresenceEntry] = {}
        self.until_s: float | None = None  # unless it speaks of them again


class Room:
    """``state`` is true as of ``state.head``."""

    def __init__(self, thread: str, state: RoomState) -> None:
        self.thread = thread
        self.state = state
        self.subscribers: dict[str, Subscriber] = {}
        self._present: dict[str, _Elsewhere] = {}

    def role(self, uid: str) -> str | None:
        member = self.state.members.get(uid)
        return member.role if member is not None else None

    def since(self, uid: str) -> int:
        """The first seq this member may read."""
        member = self.state.members.get(uid)
        if member is None:
            return NEVER
        return visible_from(self.state.history, member.since_seq)

    def apply(self, event: ev.Event) -> None:
        """Follow the log: the event after the head."""
        state = self.state
        data: Any = event.data
        subject, history, members, call = state.subject, state.history, state.members, state.call
        if data is not None:
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
                case "call.start":
                    call = calls.begun(event.seq, event.sender, event.at, data)
                case type_ if type_.startswith("call.") and call is not None:
                    after = calls.after(call, event.seq, type_, event.sender, event.at, data)
                    call = after if after.ended is None else None
                case _:
                    pass
        self.state = RoomState(subject, history, event.seq, members, call)

    # --- who is here ------------------------------------------------------------------------------

    @property
    def presence(self) -> dict[str, ev.PresenceEntry]:
        """By connection."""
        return {key: entry for one in self._present.values() for key, entry in one.entries.items()}

    def entry(self, session: str) -> ev.PresenceEntry | None:
        """Of a connection that is here."""
        for one in self._present.values():
            if (found := one.entries.get(session)) is not None:
                return found
        return None

    def here(self, process: str) -> list[ev.PresenceEntry]:
        """Connections to one process."""
        known = self._present.get(process)
        return list(known.entries.values()) if known is not None else []

    def alive(self, process: str, until_s: float | None) -> None:
        """A process spoke of its connections; what it said holds until then."""
        self._present.setdefault(process, _Elsewhere()).until_s = until_s

    def set_presence(self, process: str, entry: ev.PresenceEntry, gone: bool) -> None:
        """Somebody is here, changed or went; everybody in the room is told."""
        known = self._present.setdefault(process, _Elsewhere()).entries
        if gone:
            if known.pop(entry.session, None) is None:
                return
        elif known.get(entry.session) == entry:
            return
        else:
            known[entry.session] = entry
        self.send(ev.Presence(thread=self.thread, entry=entry, gone=gone))
        if entry.call is not None and not gone:
            for one in self.subscribers.values():
                if one.uid == entry.uid and one.key != entry.session:
                    one.call_taken_over(self.thread, entry.call)

    def take_snapshot(self, process: str, entries: list[ev.PresenceEntry]) -> None:
        """All connections to a process; what is new of them is told."""
        said = {entry.session for entry in entries}
        for entry in self.here(process):
            if entry.session not in said:
                self.set_presence(process, entry, gone=True)
        for entry in entries:
            self.set_presence(process, entry, gone=False)

    def expire(self, now_s: float) -> None:
        """Processes that have not spoken for long are gone, with their connections."""
        for process, one in tuple(self._present.items()):
            if one.until_s is not None and one.until_s < now_s:
                self.take_snapshot(process, [])
                del self._present[process]

    # --- telling ----------------------------------------------------------------------------------

    def send(self, frame: ev.Frame, *, except_session: str | None = None) -> None:
        """One frame, encoded once, to everybody in the room."""
        if not self.subscribers:
            return
        message = shared(_encode(frame).decode())
        for key, one in self.subscribers.items():
            if key != except_session:
                one.send(message)
