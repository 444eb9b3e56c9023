"""The collections of somebody's calendar programs, read and queried.

Source: RFC 4791, RFC 6578; docs/adr/0028.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Final, NamedTuple, TypeVar, cast

from hub.calendars import data
from hub.calendars.data import Wanted
from hub.calendars.filters import CompFilter, Range
from hub.calendars.places import COMPONENTS
from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Forbidden, NotFound
from hub.identity.attempts import Attempts
from hub.mail.agenda.moments import AHEAD, BACK
from hub.storage import calendars
from hub.storage.calendars import Item, Kind, State
from hub.storage.pool import Database

T = TypeVar("T")
MAX_AT_ONCE: Final = 10_000
"""Changes that one answer tells of."""
_READ_AT_ONCE: Final = 50
"""Items, of at most ``lines.MAX_BYTES`` each."""
_BY_PROXIES: Final = re.compile(r'(?:W/)?"([^"]*?)(?:-gzip|-br|-zstd|;gzip)?"')


class BadToken(Forbidden):
    code = "bad_sync_token"
    title = "The token is of another collection, or too old"


class Changes(NamedTuple):
    """What changed in a collection, up to ``number``; ``more``: there is more after that."""

    items: Sequence[Item]
    gone: Sequence[str]
    number: int
    more: bool


class Calendars:
    """Attributes:
    reads: how often a device may ask.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._hands = asyncio.Semaphore(1)
        self.reads = Attempts(clock, burst=600, every_s=0.1)

    async def state(self, uid: str, kind: Kind) -> State:
        return await calendars.refresh(self._database, uid, kind)

    async def items(self, uid: str, kind: Kind) -> list[Item]:
        await self.state(uid, kind)
        async with self._database.acquire() as connection:
            return await calendars.items(connection, uid, kind)

    async def named(
        self, uid: str, kind: Kind, names: Sequence[str], *, with_text: bool
    ) -> list[Item]:  # fmt: skip
        await self.state(uid, kind)
        async with self._database.acquire() as connection:
            return await calendars.named(connection, uid, kind, names, with_text=with_text)

    async def one(self, uid: str, kind: Kind, name: str) -> Item:
        """Raises:
        NotFound: ``entry_not_found``.
        """
        found = await self.named(uid, kind, [name], with_text=True)
        if not found:
            raise NotFound("There is no such task or meeting.", code="entry_not_found")
        return found[0]

    async def changes(self, uid: str, kind: Kind, since: int, limit: int) -> Changes:
        """Args:
            since: the number that the program knows; 0: nothing.

        Raises:
            BadToken: ``bad_sync_token``.
        """
        state = await self.state(uid, kind)
        if since and not state.floor <= since <= state.number:
            raise BadToken
        limit = min(limit, MAX_AT_ONCE)
        async with self._database.acquire() as connection:
            there, gone = await calendars.since(connection, uid, kind, since, limit + 1)
        numbers = sorted([one.number for one in there] + [number for _, number in gone])
        more = len(numbers) > limit
        last = numbers[limit - 1] if more else state.number
        return Changes(
            [one for one in there if not more or one.number <= last],
            [name for name, number in gone if not more or number <= last],
            last, more,
        )  # fmt: skip

    async def query(
        self, uid: str, kind: Kind, wanted: CompFilter, zone: tzinfo
    ) -> AsyncIterator[list[Item]]:
        """Those that a filter lets through, with their texts, some at a time.

        Args:
            zone: of whoever asks.
        """
        component = wanted.component()
        if component is not None and component.name != COMPONENTS[kind] and not component.is_absent:
            return
        await self.state(uid, kind)
        async with self._database.acquire() as connection:
            found = await self._candidates(connection, uid, kind, component)
        async for some in self.read(uid, kind, [one.name for one in found]):
            yield await self.worked(partial(_those, some, wanted, zone))

    async def read(
        self, uid: str, kind: Kind, names: Sequence[str]
    ) -> AsyncIterator[list[Item]]:  # fmt: skip
        """Items with their texts, as they are by then and without those that are gone: some at a
        time, so that no answer needs much memory, however much is asked for."""
        for at in range(0, len(names), _READ_AT_ONCE):
            async with self._database.acquire() as connection:
                found = await calendars.named(
                    connection, uid, kind, names[at : at + _READ_AT_ONCE], with_text=True
                )
            yield found

    async def texts(self, items: Sequence[Item], wanted: Wanted | None) -> list[str | None]:
        """Of items that were read with them; null: of a series more is wanted than can be told."""
        return await self.worked(lambda: [_text_of(one, wanted) for one in items])

    async def worked(self, work: Callable[[], T]) -> T:
        """Texts, and rules above all, take long: it keeps the loop from nothing, and takes one core
        at most, also when whoever asked does not wait for it."""
        is_wanted = True

        async def held() -> T | None:
            async with self._hands:
                return await asyncio.to_thread(work) if is_wanted else None

        try:
            return cast(T, await asyncio.shield(asyncio.create_task(held())))
        finally:
            is_wanted = False

    async def _candidates(
        self, connection: object, uid: str, kind: Kind, component: CompFilter | None
    ) -> list[Item]:
        """What may be meant, found without its text."""
        if component is not None:
            for one in component.props:
                is_one = one.name == "UID" and one.text is not None and not one.is_absent
                if is_one and one.text is not None and not one.text.is_negated:
                    found = await calendars.of_uids(connection, uid, kind, [one.text.text])
                    if found:
                        return found
            span = component.range
            if span is not None and kind == "event" and not component.is_absent:
                return await self._between(connection, uid, kind, span)
        return await calendars.items(connection, uid, kind)

    async def _between(
        self, connection: object, uid: str, kind: Kind, span: Range
    ) -> list[Item]:  # fmt: skip
        now = to_datetime(self._clock.now_ms())
        return await calendars.between(
            connection, uid, kind, span.first, span.last, kept_first=now - BACK,
            kept_last=now + AHEAD,
        )  # fmt: skip


def etag(item: Item) -> str:
    return f'"{item.entry}-{item.seq}-{item.own_number}"'


def is_tag_of(item: Item, given: str) -> bool:
    """Whether a precondition names an item as it is: also by what a proxy makes of its ETag when it
    compresses the answer."""
    tags = [_BY_PROXIES.sub(r'"\1"', tag.strip()) for tag in given.split(",")]
    return "*" in tags or etag(item) in tags


def _text_of(item: Item, wanted: Wanted | None) -> str | None:
    try:
        return data.text_of(item, wanted)
    except BadRequest:
        return None


def _those(items: Sequence[Item], wanted: CompFilter, zone: tzinfo) -> list[Item]:
    return [one for one in items if _matches(one, wanted, zone)]


def _matches(item: Item, wanted: CompFilter, zone: tzinfo) -> bool:
    return wanted.matches(data.calendar_of(item), zone)
