"""What people do in calls, written to the log of their thread. Roles are asked for by whoever
calls; that they are still members, and the call still the one that was looked at, is asked again
where it is written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from hub.clock import Clock
from hub.errors import Conflict, Forbidden, NotFound
from hub.ids import new_id
from hub.rtc import rules
from hub.rtc.rules import Asked, Written
from hub.storage import calls as rows
from hub.storage.calls import Running
from hub.storage.pool import Database
from hub.storage.writer import Append, GroupCommitWriter
from hub.wire.calls import Call

ATTEMPTS: Final = 8

_encode = msgspec.json.Encoder().encode

Look = Callable[[Any], Awaitable[Call | None]]
Ask = Callable[[Call | None], list[Written]]


class CallMoved(Conflict):
    code = "call_moved"
    title = "The call changed meanwhile"
    retry_s = 1


class Calls:
    def __init__(self, database: Database, writer: GroupCommitWriter, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock

    async def start(
        self, thread: str, uid: str, device: str, ring: Collection[str], *, video: bool,
        may_begin: bool,
    ) -> Call:  # fmt: skip
        """Begin a call, or come into the one that lasts.

        Raises:
            Conflict, Forbidden: as ``rules.join``.
            Forbidden: ``read_only``.
        """
        call = new_id("k")
        asked = await self._asked(ring, None)

        def ask(running: Call | None) -> list[Written]:
            if running is None and not may_begin:
                raise Forbidden("You can read this thread, not call in it.", code="read_only")
            return rules.start(running, uid, call, device, asked, video=video)

        return await self._write(thread, uid, partial(rows.running, thread=thread), ask)

    async def join(self, thread: str, call: str, uid: str, device: str) -> Call:
        """Raises:
        HubError: of ``rules.join``.
        """
        return await self._act(thread, call, uid, lambda now: rules.join(now, uid, device))

    async def ring(self, thread: str, call: str, uid: str, ring: Collection[str]) -> Call:
        """Raises:
        HubError: of ``rules.ring``.
        """
        asked = await self._asked(ring, call)
        return await self._act(thread, call, uid, lambda now: rules.ring(now, uid, asked))

    async def decline(self, thread: str, call: str, uid: str) -> Call:
        """Raises:
        NotFound: ``call_not_found``, ``thread_not_found``.
        """
        return await self._act(
            thread, call, uid, lambda now: rules.decline(now, uid, self._clock.now_ms())
        )

    async def leave(self, thread: str, call: str, uid: str, device: str) -> Call:
        """Raises:
        NotFound: ``call_not_found``, ``thread_not_found``.
        """
        return await self._act(
            thread, call, uid,
            lambda now: rules.leave(now, uid, self._clock.now_ms(), device=device),
        )  # fmt: skip

    async def remove(self, thread: str, call: str, uid: str, other: str) -> Call:
        """Raises:
        HubError: of ``rules.remove``.
        """
        return await self._act(
            thread, call, uid, lambda now: rules.remove(now, uid, other, self._clock.now_ms())
        )

    async def lock(self, thread: str, call: str, uid: str, *, locked: bool) -> Call:
        """Raises:
        HubError: of ``rules.lock``.
        """
        return await self._act(thread, call, uid, lambda now: rules.lock(now, uid, locked))

    async def overdue(self, thread: str, *, sure: bool) -> None:
        """Write what time has done to the call of a thread; see ``rules.overdue``. Who is heard of
        and who is a member is asked again where it is written.

        Args:
            sure: whether who was not heard of could have been heard.

        Raises:
            CallMoved.
            DatabaseAway.
        """
        for _ in range(ATTEMPTS):
            async with self._database.acquire() as connection:
                found = await rows.all_running(connection, thread)
            if not found:
                return
            now = self._clock.now_ms()
            if not (written := due(found[0], now, sure=sure)):
                return
            guard = partial(_still_due, thread, found[0].call, _concerned(written), now, sure)
            try:
                await self._writer.append(_append(thread, written, guard))
            except CallMoved:
                continue
            return
        raise CallMoved

    async def _asked(self, ring: Collection[str], call: str | None) -> Asked:
        async with self._database.acquire() as connection:
            people = await rows.reachable(connection, ring)
            busy = await rows.busy(connection, people, call)
        quiet = {uid for uid, wants_quiet in people.items() if wants_quiet}
        return Asked(people, busy - quiet, quiet)

    async def _act(self, thread: str, call: str, uid: str, ask: Ask) -> Call:
        return await self._write(thread, uid, partial(rows.find, thread=thread, call=call), ask)

    async def _write(self, thread: str, uid: str, look: Look, ask: Ask) -> Call:
        for _ in range(ATTEMPTS):
            async with self._database.acquire() as connection:
                call = await look(connection)
            written = ask(call)
            if not written:
                return _found(call)
            guard = partial(_unmoved, thread, uid, look, call)
            try:
                await self._writer.append(_append(thread, written, guard))
            except CallMoved:
                continue
            name = call.call if call is not None and call.ended is None else written[0].data.call  # type: ignore[attr-defined]
            async with self._database.acquire() as connection:
                return _found(await rows.find(connection, thread, name))
        raise CallMoved


def all_away(running: Running, now: int) -> bool:
    """Several are in a call, and none of them is heard of."""
    heard = {uid: now - ms for uid, ms in running.silent_ms.items()}
    return running.call.ended is None and rules.all_away(running.call, now, heard)


def due(running: Running, now: int, *, sure: bool) -> list[Written]:
    """What time has done to a call."""
    inside = running.call.who("in")
    silent = running.silent_ms if sure else dict.fromkeys(inside, 0)
    heard = {uid: now - silent[uid] for uid in inside if uid in silent}
    return rules.overdue(running.call, now, heard, running.members)


async def _still_due(
    thread: str, call: Call, concerned: list[tuple[str, Any]], now: int, sure: bool, connection: Any
) -> None:  # fmt: skip
    """Asked where it is written.

    Raises:
        CallMoved: others have written since, or somebody was heard of.
    """
    found = await rows.all_running(connection, thread)
    if not found or found[0].call != call or _concerned(due(found[0], now, sure=sure)) != concerned:
        raise CallMoved


def _concerned(written: Sequence[Written]) -> list[tuple[str, Any]]:
    """Which events, about whom."""
    return [
        (one.type, getattr(one.data, "uid", None) or getattr(one.data, "uids", None))
        for one in written
    ]


def _append(thread: str, written: Sequence[Written], guard: Callable[[Any], Any]) -> Append:
    """All of it in one transaction."""
    *before, last = [
        Append(thread, one.type, one.sender, _encode(one.data), f"hub:{new_id('w')}")
        for one in written
    ]
    return last._replace(before=tuple(before), guard=guard)


async def _unmoved(thread: str, uid: str, look: Look, call: Call | None, connection: Any) -> None:
    """Asked where it is written.

    Raises:
        CallMoved: others have written since.
        NotFound: ``thread_not_found``: they are no member any more.
    """
    if not await rows.is_member(connection, thread, uid):
        raise NotFound("There is no such thread, or you are no member.", code="thread_not_found")
    if await look(connection) != call:
        raise CallMoved


def _found(call: Call | None) -> Call:
    if call is None:
        raise NotFound("There is no such call.", code="call_not_found")
    return call
