"""What one connection does in calls: one act after the other, answered each, and carried out also
when the connection is gone; whoever closes a tab has hung up.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Protocol

import structlog

from hub.errors import BadRequest, Forbidden, HubError, RateLimited
from hub.identity.service import Principal
from hub.rooms.permissions import action_of, may_write, require
from hub.rooms.room import Room
from hub.rooms.services import Services
from hub.wire import commands as cmd
from hub.wire.calls import Call

MAX_QUEUED: Final = 16
MAX_RUNG: Final = 200

log = structlog.get_logger()


class Connection(Protocol):
    principal: Principal

    def answer(self, re: int, answer: Any | HubError) -> None:
        """The one answer to a command."""
        ...


class CallActs:
    def __init__(self, services: Services, connection: Connection) -> None:
        self._services = services
        self._connection = connection
        self._queue: deque[cmd.CallAct] = deque()
        self._running = False
        self._closed = False

    def act(self, command: cmd.CallAct) -> None:
        """Take a command; it is answered once it is carried out."""
        if len(self._queue) >= MAX_QUEUED:
            self._connection.answer(command.id, RateLimited("Wait for answers.", code="busy"))
            return
        self._queue.append(command)
        if not self._running:
            self._running = True
            self._services.background.spawn(self._run(), "act in a call")

    def close(self) -> None:
        """Nobody hears answers any more."""
        self._closed = True

    async def _run(self) -> None:
        try:
            while self._queue:
                command = self._queue.popleft()
                answer = await self._answer(command)
                if not self._closed:
                    self._connection.answer(command.id, answer)
        finally:
            self._running = False

    async def _answer(self, command: cmd.CallAct) -> Call | HubError:
        try:
            return await self._carry_out(command)
        except HubError as error:
            return error
        except Exception:
            log.exception("a command failed", command=type(command).__name__)
            return HubError("The hub failed at this.", code="internal")

    async def _carry_out(self, command: cmd.CallAct) -> Call:
        principal, calls, thread = self._connection.principal, self._services.calls, command.thread
        uid = principal.uid
        async with self._services.rooms.hold(thread) as room:
            role = room.role(uid)
            require(principal, role, action_of(command, uid))
            if not isinstance(command, cmd.LeaveCall | cmd.DeclineCall):  # one can always hang up
                self._services.acts.spend(uid)
            match command:
                case cmd.StartCall():
                    ring = _rung(room, command.ring)
                    if room.state.call is None:
                        await self._services.rings.spend(uid)
                    return await calls.start(
                        thread, uid, command.device, ring, video=command.video,
                        may_begin=may_write(role),
                    )  # fmt: skip
                case cmd.JoinCall():
                    joined = await calls.join(thread, command.call, uid, command.device)
                    self._services.watch.heard(command.call, uid, command.device)
                    return joined
                case cmd.LeaveCall():
                    return await calls.leave(thread, command.call, uid, command.device)
                case cmd.DeclineCall():
                    return await calls.decline(thread, command.call, uid)
                case cmd.RingInCall():
                    ring = _rung(room, command.ring)
                    await self._services.rings.spend(uid)
                    return await calls.ring(thread, command.call, uid, ring)
                case cmd.RemoveFromCall():
                    _require_moderator(room, uid, command.call)
                    return await calls.remove(thread, command.call, uid, command.uid)
                case cmd.LockCall():
                    _require_moderator(room, uid, command.call)
                    return await calls.lock(thread, command.call, uid, locked=command.locked)
                case _:
                    raise BadRequest("There is no such command.", code="unknown_command")


def _require_moderator(room: Room, uid: str, call: str) -> None:
    running = room.state.call
    begun = running is not None and running.call == call and running.by == uid
    if not begun and room.role(uid) != "owner":
        raise Forbidden(
            "Only who began the call, or an owner of the thread, can do this.",
            code="not_moderator",
        )


def _rung(room: Room, uids: list[str] | None) -> list[str]:
    """Raises:
    BadRequest: ``not_member``: somebody is not in the thread; ``too_many_rung``.
    """
    members = room.state.members
    if uids is None and len(members) > MAX_RUNG:
        raise BadRequest(f"Choose whom to ring, {MAX_RUNG} at most.", code="too_many_rung")
    if strangers := set(uids or ()) - members.keys():
        raise BadRequest(f"Not in this thread: {', '.join(sorted(strangers))}.", code="not_member")
    return list(members if uids is None else dict.fromkeys(uids))
