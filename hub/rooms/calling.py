"""One connection's part in calls: its commands, how it is present in them, what it may signal.

Who is in a call, and from which device, is what the log says; a connection carries that only while
it says so, too.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hub.bus.messages import Muted
from hub.errors import BadRequest, Conflict, Forbidden, NotFound
from hub.identity.service import Principal
from hub.rooms.permissions import action_of, may_write, require
from hub.rooms.room import Room
from hub.rooms.services import Services
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire.calls import Call

SIGNAL = "call"
"""Kind of the signals by which those in a call find each other."""

_encode = msgspec.json.Encoder().encode


class Connection(Protocol):
    key: str
    principal: Principal

    @property
    def uid(self) -> str: ...

    def followed(self, thread: str) -> Room:
        """Raises:
        NotFound: ``not_subscribed``.
        """
        ...

    def present_call(self, thread: str, call: ev.InCall | None) -> None:
        """Tell the room how this connection is in its call."""
        ...

    def send(self, frame: str) -> None: ...


class Calling:
    def __init__(self, services: Services, connection: Connection) -> None:
        self._services = services
        self._connection = connection
        self._here: dict[str, ev.InCall] = {}  # by thread

    async def carry_out(self, command: cmd.CallCommand) -> Call | None:
        """Raises:
        HubError: what stands against it.
        """
        uid, calls, thread = self._connection.uid, self._services.calls, command.thread
        async with self._services.rooms.hold(thread) as room:
            role = room.role(uid)
            require(self._connection.principal, role, action_of(command, uid))
            match command:
                case cmd.StartCall():
                    if room.state.call is None:
                        self._services.rings.spend(uid)
                    ring = _members(room, command.ring)
                    return await calls.start(
                        thread, uid, command.device, ring, video=command.video,
                        may_begin=may_write(role),
                    )  # fmt: skip
                case cmd.JoinCall():
                    return await calls.join(thread, command.call, uid, command.device)
                case cmd.LeaveCall():
                    return await calls.leave(thread, command.call, uid, command.device)
                case cmd.DeclineCall():
                    return await calls.decline(thread, command.call, uid)
                case cmd.RingInCall():
                    self._services.rings.spend(uid)
                    ring = _members(room, command.ring)
                    return await calls.ring(thread, command.call, uid, ring)
                case cmd.RemoveFromCall():
                    self._require_moderator(room, command.call)
                    return await calls.remove(thread, command.call, uid, command.uid)
                case cmd.LockCall():
                    self._require_moderator(room, command.call)
                    return await calls.lock(thread, command.call, uid, locked=command.locked)
                case cmd.MuteInCall():
                    self._mute(room, command)
                case cmd.PresentCall():
                    self._present(command)
                case _:
                    raise BadRequest("There is no such command.", code="unknown_command")
        return None

    def require_may_signal(self, room: Room, to_session: str) -> None:
        """Addresses of people are for those they are in a call with.

        Raises:
            Conflict: ``not_in_call``.
        """
        mine, theirs = self._here.get(room.thread), room.presence.get(to_session)
        if mine is None or theirs is None or theirs.call is None or theirs.call.call != mine.call:
            raise Conflict("You are not in a call with this connection.", code="not_in_call")

    def muted(self, message: Muted) -> None:
        """Somebody muted this connection."""
        for thread, here in tuple(self._here.items()):
            if here.call == message.call:
                now = msgspec.structs.replace(here, muted=True, mutes=here.mutes + 1)
                self._tell(thread, now)
                frame = ev.CallMuted(
                    thread=thread, call=message.call, by=message.by, mutes=now.mutes
                )
                self._connection.send(_encode(frame).decode())

    def changed(self, room: Room) -> None:
        """The call of a room changed: whoever is in it from elsewhere is not from here."""
        here = self._here.get(room.thread)
        if here is not None and not self._carries(room, here.call, here.device):
            self._tell(room.thread, None)

    def taken_over(self, thread: str, call: ev.InCall) -> None:
        """The same person is in from another connection: this one is an old one."""
        here = self._here.get(thread)
        if here is not None and here.call == call.call:
            self._tell(thread, None)

    def left(self, thread: str) -> None:
        """The connection is out of the room."""
        self._here.pop(thread, None)

    def _mute(self, room: Room, command: cmd.MuteInCall) -> None:
        mine = self._here.get(room.thread)
        if mine is None or mine.call != command.call:
            raise Conflict("You are not in this call.", code="not_in_call")
        theirs = [
            one.session
            for one in room.presence.values()
            if one.uid == command.uid and one.call is not None and one.call.call == command.call
        ]
        if not theirs:
            raise NotFound("They are not in this call.", code="person_not_in_call")
        for session in theirs:
            message = Muted(session, command.call, self._connection.uid)
            self._services.bus.publish(f"session:{session}", message)

    def _present(self, command: cmd.PresentCall) -> None:
        room = self._connection.followed(command.thread)
        if not self._carries(room, command.call, command.device):
            raise Conflict("You are not in this call from here.", code="not_in_call")
        known = self._here.get(room.thread)
        mutes = known.mutes if known is not None and known.call == command.call else 0
        # What was said before the client knew that it is muted.
        stale = known is not None and known.muted and command.mutes < mutes
        now = ev.InCall(
            command.call, command.device, command.muted or stale, command.camera, command.screen,
            command.hand, mutes,
        )  # fmt: skip
        self._services.watch.heard(command.call, self._connection.uid, command.device)
        self._tell(room.thread, now)

    def _tell(self, thread: str, now: ev.InCall | None) -> None:
        if now == self._here.get(thread):
            return
        if now is None:
            del self._here[thread]
        else:
            self._here[thread] = now
        self._connection.present_call(thread, now)

    def _carries(self, room: Room, call: str, device: str) -> bool:
        running = room.state.call
        return (
            running is not None
            and running.call == call
            and running.device_of(self._connection.uid) == device
        )

    def _require_moderator(self, room: Room, call: str) -> None:
        uid, running = self._connection.uid, room.state.call
        begun = running is not None and running.call == call and running.by == uid
        if not begun and room.role(uid) != "owner":
            raise Forbidden(
                "Only who began the call, or an owner of the thread, can do this.",
                code="not_moderator",
            )


def _members(room: Room, uids: list[str] | None) -> list[str]:
    """Raises:
    BadRequest: ``not_member``: somebody is not in the thread.
    """
    if uids is None:
        return list(room.state.members)
    if strangers := [uid for uid in uids if uid not in room.state.members]:
        raise BadRequest(f"Not in this thread: {', '.join(sorted(strangers))}.", code="not_member")
    return list(dict.fromkeys(uids))
