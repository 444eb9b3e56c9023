"""Channels: what gathers the threads of a number, and whose people are asked into them.

A channel shows nobody a thread: its list is of threads that the reader is a member of. Its people
come into a thread when somebody who may let people in asks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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

MAX_CHANNELS: Final = 1000
MAX_THREADS: Final = 200


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
        return [await self._shown(row, who.uid) for row in sorted(found, key=_by_name)]

    async def one(self, who: Principal, channel: str) -> Channel:
        """Raises:
        NotFound: ``channel_not_found``, also for who may not see it.
        """
        who.require("read")
        async with self._database.acquire() as connection:
            row = await rows.find(connection, channel, who.uid)
        return await self._shown(_require(row), who.uid)

    async def add(self, who: Principal, new: NewChannel) -> Channel:
        """Whoever makes it is in it.

        Raises:
            BadRequest: ``bad_reference``, ``bad_text``, ``unknown_user``.
            Conflict: ``too_many_channels``.
        """
        who.require("write")
        named = checked(new.kind or "free", new.number, "")
        members = await self._known([who.uid, *new.members])
        row = ChannelRow(
            new_id("h"), words.name(new.name), named.number, new.kind,
            _gathered(named.number, new.kind, is_prefix=new.prefix), new.prefix, new.open, members,
        )  # fmt: skip
        async with self._database.transaction() as connection:
            if await rows.count(connection) >= MAX_CHANNELS:
                raise Conflict(f"There may be {MAX_CHANNELS} channels.", code="too_many_channels")
            await rows.add(connection, row, who.uid, to_datetime(self._clock.now_ms()))
        return await self._shown(row, who.uid)

    async def change(self, who: Principal, channel: str, patch: PatchChannel) -> Channel:
        """Its people change it; everybody may join an open one.

        Raises:
            BadRequest: ``bad_text``, ``unknown_user``.
            NotFound: ``channel_not_found``.
        """
        who.require("write")
        wanted = None if patch.members is None else await self._known(patch.members)
        async with self._database.transaction() as connection:
            row = _require(await rows.find(connection, channel, who.uid, lock=True))
            members = row.members if wanted is None else wanted
            joins = {*row.members, who.uid} == {*members} and (patch.name, patch.open) == (
                None, None
            )  # fmt: skip
            if who.uid not in row.members and not joins:
                raise NotFound("Join the channel to change it.", code="channel_not_found")
            name = row.name if patch.name is None else words.name(patch.name)
            opened = row.open if patch.open is None else patch.open
            if not members and not opened:  # nobody would ever see it again
                await rows.remove(connection, channel)
            row = ChannelRow(
                row.channel, name, row.number, row.kind, row.key, row.prefix, opened, members
            )
            await rows.change(connection, row)
        return await self._shown(row, who.uid)

    async def remove(self, who: Principal, channel: str) -> None:
        """Its threads stay what they are.

        Raises:
            NotFound: ``channel_not_found``; for who is not in it, too, unless they own the hub.
        """
        who.require("write")
        async with self._database.transaction() as connection:
            row = _require(await rows.find(connection, channel, who.uid, lock=True))
            if who.uid not in row.members and not who.is_owner:
                raise NotFound("Join the channel to remove it.", code="channel_not_found")
            await rows.remove(connection, channel)

    async def asked_in(
        self, uid: str, channels: list[str], references: Sequence[tuple[str, str]]
    ) -> list[str]:
        """People of channels that somebody sees and that gather one of the references ``(kind,
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
            if not any(row.gathers(kind, key(number, kind)) for kind, number in references):
                raise BadRequest(
                    f"The channel {row.name!r} gathers none of its references.",
                    code="not_gathered",
                )
            people |= dict.fromkeys(row.members)
        return [one for one in people if one != uid]

    async def _shown(self, row: ChannelRow, uid: str) -> Channel:
        async with self._database.acquire() as connection:
            threads = await references.threads_of_channel(
                connection, uid, row.key, row.kind, is_prefix=row.prefix, limit=MAX_THREADS
            )
        return Channel(
            row.channel, row.name, row.number, row.kind, row.prefix, row.open, row.members, threads
        )

    async def _known(self, uids: list[str]) -> list[str]:
        wanted = list(dict.fromkeys(uids))
        if missing := set(wanted) - await self._identity.known_uids(wanted):
            raise BadRequest(
                f"No such person on this hub: {', '.join(sorted(missing))}.", code="unknown_user"
            )
        return wanted


def _gathered(number: str, kind: str | None, *, is_prefix: bool) -> str:
    """The key; of a beginning that ends with a mark between parts, with that: ``PO-`` is no
    beginning of ``POL-1``."""
    folded = key(number, kind or "free")
    return folded + "-" if is_prefix and not number[-1].isalnum() else folded


def _require(row: ChannelRow | None) -> ChannelRow:
    if row is None:
        raise NotFound("There is no such channel.", code="channel_not_found")
    return row


def _by_name(row: ChannelRow) -> tuple[str, str]:
    return row.name.casefold(), row.channel
