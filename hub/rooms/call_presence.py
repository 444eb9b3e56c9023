"""How one connection is in the calls of its rooms: passes by, as presence.

Who is in a call, and from which device, is what the log says; a connection carries that only while
it says so, too. Muting by others is kept here, and enforced by those who receive.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hub.bus.messages import Muted
from hub.errors import Conflict, NotFound
from hub.identity.service import Principal
from hub.rooms.permissions import Action, require
from hub.rooms.room import Room
from hub.rooms.services import Services
from hub.wire import commands as cmd
from hub.wire import events as ev

SIGNAL = "call"
"""Kind of the signals by which those in a call find each other."""

_encode = msgspec.json.Encoder().encode


class Connection(Protocol):
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


class CallPresence:
    def __init__(self, services: Services, connection: Connection) -> None:
        self._services = services
        self._connection = connection
        self._here: dict[str, ev.InCall] = {}  # by thread

    # --- what the client says ---------------------------------------------------------------------

    def present(self, command: cmd.PresentCall) -> ev.InCall:
        """Raises:
        Conflict: ``not_in_call``.
        NotFound: ``not_subscribed``.
        """
        room = self._room(command.thread)
        if not self._carries(room, command.call, command.device):
            raise Conflict("You are not in this call from here.", code="not_in_call")
        known = self._here.get(room.thread)
        if known is None or known.call != command.call or known.device != command.device:
            known = None
        # Over a new connection the client knows how often it was muted.
        mutes = max(known.mutes if known is not None else 0, command.mutes)
        # What was said before the client knew that it is muted.
        stale = known is not None and known.muted and command.mutes < mutes
        now = ev.InCall(
            command.call, command.device,
            known.at if known is not None else self._services.clock.now_ms(),
            command.muted or stale, command.camera, command.screen, command.hand, mutes,
        )  # fmt: skip
        self._services.watch.heard(command.call, self._connection.uid, command.device)
        self._tell(room.thread, now)
        return now

    def mute(self, command: cmd.MuteInCall) -> None:
        """Raises:
        Conflict: ``not_in_call``.
        NotFound: ``not_subscribed``, ``person_not_in_call``.
        """
        room = self._room(command.thread)
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

    def require_may_signal(self, room: Room, to: ev.PresenceEntry) -> None:
        """Addresses of people are for those they are in a call with: as the log says, whatever
        their connections say.

        Raises:
            Conflict: ``not_in_call``.
        """
        mine, theirs, running = self._here.get(room.thread), to.call, room.state.call
        if (
            mine is None
            or theirs is None
            or running is None
            or not mine.call == theirs.call == running.call
            or running.device_of(to.uid) != theirs.device
        ):
            raise Conflict("You are not in a call with this connection.", code="not_in_call")

    # --- what others say --------------------------------------------------------------------------

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
        """The same person is in from another connection: the older one is not in any more."""
        here = self._here.get(thread)
        if here is not None and here.call == call.call and here.at < call.at:
            self._tell(thread, None)

    def left(self, thread: str) -> None:
        """The connection is out of the room."""
        self._here.pop(thread, None)

    def _room(self, thread: str) -> Room:
        room = self._connection.followed(thread)
        require(self._connection.principal, room.role(self._connection.uid), Action.SIGNAL)
        return room

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
