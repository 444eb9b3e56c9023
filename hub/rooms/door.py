"""The door of a thread: who may do something, then the writer. Whoever writes comes in here."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from hub.bus.interface import Bus
from hub.bus.messages import ToUser
from hub.clock import Clock
from hub.errors import HubError, NotFound
from hub.identity.service import Principal
from hub.mail.agenda.service import EntryBusy
from hub.mail.threads import Threads, require_the_same
from hub.rooms.permissions import Action, action_of, require
from hub.rooms.registry import Registry
from hub.storage import streams, timeline
from hub.storage.pool import Database
from hub.storage.writer import Committed, GroupCommitWriter
from hub.wire import events as ev

TRIES = 5
"""Of what two change at the same moment."""
_encode = msgspec.json.Encoder().encode
# What events of these types name is said in the answer.
_NAMING = frozenset(("document.create", "message", "attachment.add", "version.add", "entry.set"))


class Door:
    def __init__(
        self, database: Database, writer: GroupCommitWriter, clock: Clock, bus: Bus,
        threads: Threads, rooms: Registry,
    ) -> None:  # fmt: skip
        self._database = database
        self._writer = writer
        self._clock = clock
        self._bus = bus
        self._threads = threads
        self._rooms = rooms

    async def write(self, principal: Principal, command: Any) -> ev.Accepted:
        """Carry out a command that writes an event; returns once it is on disk.

        Raises:
            HubError: what stands against it; nothing was written then.
        """
        for _ in range(TRIES):
            given = await self.submit(principal, command)
            if isinstance(given, ev.Accepted):
                return given
            try:
                return accepted(command, await given)
            except EntryBusy:
                continue
        raise EntryBusy

    async def submit(
        self, principal: Principal, command: Any
    ) -> ev.Accepted | asyncio.Future[Committed]:
        """Check a command and give it to the writer. Returns what it comes to, if that is known
        already, or what it will have written.

        Raises:
            HubError: what stands against it.
        """
        async with self._rooms.hold(command.thread) as room:
            uid = principal.uid
            action = action_of(command, uid)
            require(principal, room.role(uid), action)
            try:
                append = await self._threads.prepare(
                    uid, command, room.state, since=room.since(uid)
                )
            except HubError:
                # It may stand against the command that it was carried out already.
                if (known := await self._known(uid, command)) is None:
                    raise
                return accepted(command, known)
            if append is None:
                if (known := await self._known(uid, command)) is not None:
                    return accepted(command, known)
                return ev.Accepted(room.state.head, self._clock.now_ms(), changed=False)
            # Nothing is awaited between this and the append.
            require(principal, room.role(uid), action)
            return self._writer.append(append)

    async def mark_read(
        self, principal: Principal, thread: str, seq: int, session: str | None = None
    ) -> ev.ReadState:
        """Move the private marker; the user's other connections hear of it."""
        async with self._rooms.hold(thread) as room:
            require(principal, room.role(principal.uid), Action.READ)
            async with self._database.acquire() as connection:
                await timeline.mark_read(connection, thread, principal.uid, seq)
                state = await timeline.read_state(connection, thread, principal.uid)
        if state is None:
            raise NotFound("You are no member any more.", code="thread_not_found")
        self._bus.publish(
            f"user:{principal.uid}", ToUser(principal.uid, _encode(state).decode(), session)
        )
        return state

    async def _known(self, uid: str, command: Any) -> Committed | None:
        """What was written under the command's ``send_id``."""
        async with self._database.acquire() as connection:
            row = await streams.find(connection, command.thread, uid, command.send_id)
        if row is None:
            return None
        return Committed(
            command.thread, row["seq"], row["type"], uid, row["at_ms"], command.send_id,
            row["body"] or b"", duplicate=True,
        )  # fmt: skip


def accepted(command: Any, committed: Committed) -> ev.Accepted:
    """The answer to a command that wrote an event, now or before.

    Raises:
        Conflict: ``send_id_reused``.
    """
    if committed.duplicate:
        require_the_same(command, committed)
    data = {}
    if committed.type in _NAMING and committed.body:
        data = ev.told(committed.type, committed.body)
    files = [one["attachment"] for one in data.get("files", ())]
    if committed.type in ("attachment.add", "version.add") and data:
        files = [data["attachment"]]
    return ev.Accepted(
        seq=committed.seq, at=committed.at_ms, duplicate=committed.duplicate,
        document=data.get("document") if committed.type == "document.create" else None,
        attachments=files,
        entry=data.get("entry"), occurrence=data.get("occurrence"),
    )  # fmt: skip
