"""Channels: what gathers the threads of a number, and whose people are asked into them.

A channel shows nobody a thread: its list is of threads that the reader is a member of. Its people
come into a thread when somebody who may let people in asks them.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Final

from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Conflict, NotFound
from hub.identity.principal import Principal
from hub.identity.service import Identity
from hub.ids import new_id
from hub.storage import channels as rows
from hub.storage import references
from hub.storage.channels import ChannelRow
from hub.storage.pool import Database
from hub.wire import words
from hub.wire.api import Channel, NewChannel, PatchChannel
from hub.wire.references import checked, key

MAX_CHANNELS: Final = 50
"""That one person may make."""
MAX_PEOPLE: Final = 200
MAX_THREADS: Final = 200
MAX_LISTED: Final = 20
"""Threads of each channel, where many are listed."""


class Channels:
    def __init__(self, database: Database, clock: Clock, identity: Identity) -> None:
        self._database = database
        self._clock = clock
        self._identity = identity

    async def seen(self, who: Principal) -> list[Channel]:
        """Those that somebody is in and open ones, by name."""
        who.require("read")
        async with self._database.acquire() as connection:
            found = await rows.seen(connection, who.uid)
            numbers = await references.numbers_of_threads(connection, who.uid) if found else []
        return await asyncio.to_thread(_shown, sorted(found, key=_by_name), numbers, MAX_LISTED)

    async def one(self, who: Principal, channel: str) -> Channel:
        """Raises:
        NotFound: ``channel_not_found``, also for who may not see it.
        """
        who.require("read")
        async with self._database.acquire() as connection:
            row = _require(await rows.find(connection, channel, who.uid))
            numbers = await references.numbers_of_threads(connection, who.uid)
        (shown,) = _shown([row], numbers, MAX_THREADS)
        return shown

    async def add(self, who: Principal, new: NewChannel) -> Channel:
        """Whoever makes it is in it.

        Raises:
            BadRequest: ``bad_reference``, ``bad_text``, ``unknown_user``.
            Conflict: ``too_many_channels``, ``too_many_people``.
        """
        who.require("write")
        named = checked(new.kind or "free", new.number, "")
        if new.prefix and not key(named.number, "variable_symbol").strip("0-"):
            raise BadRequest("Such a beginning gathers everything.", code="bad_reference")
        members = await self._known([who.uid, *new.members])
        if len(members) > MAX_PEOPLE:
            raise _too_many_people()
        row = ChannelRow(
            new_id("h"), words.name(new.name), named.number, new.kind, new.prefix, new.open, members
        )
        async with self._database.transaction() as connection:
            if await rows.made_by(connection, who.uid) >= MAX_CHANNELS:
                raise Conflict(
                    f"Somebody may make {MAX_CHANNELS} channels.", code="too_many_channels"
                )
            await rows.add(connection, row, who.uid, to_datetime(self._clock.now_ms()))
        return await self.one(who, row.channel)

    async def change(self, who: Principal, channel: str, patch: PatchChannel) -> Channel | None:
        """Its people change it; everybody may join an open one. Null: it is gone, as nobody is in
        it, or the asker sees it no more.

        Raises:
            BadRequest: ``bad_text``, ``unknown_user``.
            Conflict: ``too_many_people``.
            NotFound: ``channel_not_found``.
        """
        who.require("write")
        added = await self._known(patch.add)
        async with self._database.transaction() as connection:
            row = _require(await rows.find(connection, channel, who.uid, lock=True))
            joins = (added, patch.remove, patch.name, patch.open) == ([who.uid], [], None, None)
            if who.uid not in row.members and not joins:
                raise NotFound("Join the channel to change it.", code="channel_not_found")
            name = row.name if patch.name is None else words.name(patch.name)
            is_open = row.open if patch.open is None else patch.open
            await rows.change(connection, channel, name, is_open=is_open)
            await rows.leave(connection, channel, patch.remove)
            await rows.enter(connection, channel, added)
            people = await rows.people(connection, channel)
            if people > MAX_PEOPLE:
                raise _too_many_people()
            if people == 0 and not is_open:  # nobody would ever see it again
                await rows.remove(connection, channel)
            left = await rows.find(connection, channel, who.uid)
        return None if left is None else await self.one(who, channel)

    async def remove(self, who: Principal, channel: str) -> None:
        """Its threads stay what they are. An owner of the hub removes any.

        Raises:
            NotFound: ``channel_not_found``; for who is not in it, too.
        """
        who.require("write")
        async with self._database.transaction() as connection:
            row = await rows.find(connection, channel, who.uid, lock=True)
            mine = row is not None and who.uid in row.members
            if not mine and not (who.is_owner and await rows.exists(connection, channel)):
                raise NotFound("There is no such channel of yours.", code="channel_not_found")
            await rows.remove(connection, channel)

    async def gathering(self, uid: str, numbers: Sequence[tuple[str, str]]) -> list[str]:
        """Channels that somebody sees and that gather one of the numbers ``(kind, number)``."""
        if not numbers:
            return []
        async with self._database.acquire() as connection:
            found = await rows.seen(connection, uid)
        keys = [(kind, key(number, kind)) for kind, number in numbers]
        return [row.channel for row in found if any(row.gathers(*one) for one in keys)]

    async def asked_in(
        self, uid: str, channels: Sequence[str], numbers: Sequence[tuple[str, str]]
    ) -> list[str]:
        """People of channels that somebody sees and that gather one of the numbers ``(kind,
        number)``.

        Raises:
            BadRequest: ``not_gathered``.
            NotFound: ``channel_not_found``.
        """
        if not channels:
            return []
        async with self._database.acquire() as connection:
            found = [_require(await rows.find(connection, one, uid)) for one in channels]
        people: dict[str, None] = {}
        for row in found:
            if not any(row.gathers(kind, key(number, kind)) for kind, number in numbers):
                raise BadRequest(
                    f"The channel {row.name!r} gathers none of its references.",
                    code="not_gathered",
                )
            people |= dict.fromkeys(row.members)
        return [one for one in people if one != uid]

    async def _known(self, uids: Sequence[str]) -> list[str]:
        wanted = list(dict.fromkeys(uids))
        if wanted and (missing := set(wanted) - await self._identity.known_uids(wanted)):
            raise BadRequest(
                f"No such person on this hub: {', '.join(sorted(missing))}.", code="unknown_user"
            )
        return wanted


def _shown(found: Sequence[ChannelRow], numbers: Sequence[Any], most: int) -> list[Channel]:
    """Channels with the threads that they gather; ``numbers`` of the latest threads first."""
    order = {row["thread_id"]: nth for nth, row in reversed([*enumerate(numbers)])}
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for row in numbers:
        by_kind.setdefault(row["kind"], []).append((row["key"], row["thread_id"]))
    for keys in by_kind.values():
        keys.sort()
    shown = []
    for row in found:
        threads = {
            thread
            for kind, keys in by_kind.items()
            if row.kind in (None, kind)
            for _, thread in _between(keys, row.key_of(kind), is_prefix=row.prefix)
        }
        shown.append(
            Channel(
                row.channel, row.name, row.number, row.kind, row.prefix, row.open, row.members,
                sorted(threads, key=order.__getitem__)[:most],
            )
        )  # fmt: skip
    return shown


def _between(
    keys: list[tuple[str, str]], wanted: str, *, is_prefix: bool
) -> list[tuple[str, str]]:  # fmt: skip
    end = wanted + ("\U0010ffff" if is_prefix else "")
    return keys[bisect_left(keys, (wanted, "")) : bisect_right(keys, (end, "\U0010ffff"))]


def _too_many_people() -> Conflict:
    return Conflict(f"A channel has {MAX_PEOPLE} people at most.", code="too_many_people")


def _require(row: ChannelRow | None) -> ChannelRow:
    if row is None:
        raise NotFound("There is no such channel.", code="channel_not_found")
    return row


def _by_name(row: ChannelRow) -> tuple[str, str]:
    return row.name.casefold(), row.channel
