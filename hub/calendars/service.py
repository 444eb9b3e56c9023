"""The collections of somebody's calendar programs: read, queried, and written through the door of
the threads that their tasks and meetings are in.

Never writes what others see: it asks the door, like every client, and so a task that is ticked off
on a phone is ticked off in the room.

Source: RFC 4791, RFC 6578; docs/adr/0028.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from typing import Final, NamedTuple, TypeVar

from hub.agenda import lines, own, reading
from hub.agenda.lines import Block, Line
from hub.calendars import data, places
from hub.calendars.data import Wanted
from hub.calendars.filters import CompFilter, Range
from hub.calendars.places import COMPONENTS
from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Conflict, Forbidden, HubError, NotFound
from hub.identity.attempts import Attempts
from hub.identity.principal import Principal
from hub.ids import b64url, new_id, sha256
from hub.mail.agenda import facts as say
from hub.mail.agenda.facts import Beside
from hub.mail.agenda.moments import AHEAD, BACK, expand
from hub.mail.agenda.personal import Personal
from hub.mail.agenda.reminders import Reminders
from hub.mail.agenda.service import entry_id
from hub.mail.threads import Threads
from hub.rooms.door import Door
from hub.storage import accounts, calendars, entries, timeline
from hub.storage.calendars import Item, Kind, State
from hub.storage.pool import Database
from hub.wire import commands as cmd
from hub.wire.agenda import MAX_PEOPLE, Entry
from hub.wire.api import NewThread

T = TypeVar("T")
MAX_AT_ONCE: Final = 10_000
"""Changes that one answer tells of."""
_READ_AT_ONCE: Final = 100
"""Items, of at most ``lines.MAX_BYTES`` each."""
_BY_PROXIES: Final = re.compile(r'(?:W/)?"([^"]*?)(?:-gzip|-br|-zstd|;gzip)?"')


class Precondition(HubError):
    """Somebody else was first (RFC 9110, 13.1)."""

    code = "precondition_failed"
    http_status = 412
    close_code = 4409
    title = "It is another than the program knows"
    retry_s = None


class UidTaken(Conflict):
    """Attributes:
    path: of the item that has the UID.
    """

    code = "uid_taken"
    title = "The collection has a task or meeting of this UID"

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class WrongKind(Forbidden):
    code = "wrong_component"
    title = "The collection has another kind of components"


class BadToken(Forbidden):
    code = "bad_sync_token"
    title = "The token is of another collection, or too old"


class Put(NamedTuple):
    """``etag`` is null where what is kept is not the same text byte by byte."""

    is_new: bool
    etag: str | None


class Changes(NamedTuple):
    """What changed in a collection, up to ``number``; ``more``: there is more after that."""

    items: Sequence[Item]
    gone: Sequence[str]
    number: int
    more: bool


class Calendars:
    """Args:
    reads, writes: how often a device may ask, and may change something.
    turns: how often one item, so that programs that undo each other's changes stop.
    """

    def __init__(
        self, database: Database, clock: Clock, door: Door, personal: Personal, threads: Threads,
        reminders: Reminders,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._door = door
        self._personal = personal
        self._threads = threads
        self._reminders = reminders
        self._hands = asyncio.Semaphore(1)
        self.reads = Attempts(clock, burst=600, every_s=0.1)
        self.writes = Attempts(clock, burst=2_000, every_s=0.5)
        self.turns = Attempts(clock, burst=30, every_s=20)

    # --- reading ----------------------------------------------------------------------------------

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
        """Of items that were read with them; null: a series of which more is wanted than can be
        told."""
        return await self.worked(lambda: [_text_of(one, wanted) for one in items])

    async def worked(self, work: Callable[[], T]) -> T:
        """Texts, and rules above all, take long: it keeps the loop from nothing, and takes one core
        at most."""
        async with self._hands:
            return await asyncio.to_thread(work)

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

    # --- writing ----------------------------------------------------------------------------------

    async def put(
        self, who: Principal, kind: Kind, name: str, text: bytes, *, if_match: str | None,
        only_new: bool,
    ) -> Put:  # fmt: skip
        """Make a task or meeting, or say all of it anew.

        Raises:
            HubError: what stands against it; nothing was changed.
        """
        self._spend(who, name)
        calendar, alarms, ical = await self.worked(lambda: _read(text, kind))
        found = await self.named(who.uid, kind, [name], with_text=True)
        if not found and if_match is None:
            async with self._database.acquire() as connection:
                shown = await calendars.show(connection, who.uid, kind, _uid(calendar), name)
            if shown:  # it was taken out, and is put back
                found = await self.named(who.uid, kind, [name], with_text=True)
        if not found:
            if if_match is not None:
                raise Precondition
            return await self._add(who, kind, name, calendar, ical, alarms, text)
        item = found[0]
        if only_new or (if_match is not None and not is_tag_of(item, if_match)):
            raise Precondition
        base = None if if_match is None or if_match.strip() == "*" else item.seq
        if await self._invites(who, item, calendar):
            await self._move(who, kind, item, calendar, ical, alarms, base)
            return Put(False, await self._etag_of(who.uid, kind, name, text))
        command = cmd.ReplaceEntry(
            thread=item.thread, send_id=new_id("n"), entry=item.entry, ical=ical, base=base
        )
        await self._write(who, command)
        if (item.own or own.NOTHING) != alarms:
            async with self._database.acquire() as connection:
                await calendars.set_own(connection, who.uid, item.entry, alarms)
        return Put(False, await self._etag_of(who.uid, kind, name, text))

    async def remove(
        self, who: Principal, kind: Kind, name: str, *, if_match: str | None, says_no: bool
    ) -> None:
        """Who made it takes it away, for everybody, and can bring it back in the hub. Who is asked
        to a meeting declines, and has it on their devices no more; nor a task of somebody else,
        which stays to be done.

        Args:
            says_no: the others are told (RFC 6638, 8.1).
        """
        self._spend(who, name)
        item = await self.one(who.uid, kind, name)
        if if_match is not None and not is_tag_of(item, if_match):
            raise Precondition
        async with self._database.acquire() as connection:
            found = await entries.one_of(connection, item.entry, who.uid)
        if found is None:
            raise NotFound("There is no such task or meeting.", code="entry_not_found")
        entry = found[0]
        if _is_by(entry, who.uid) and await self._took_away(who, item):
            return
        if kind == "event" and says_no and _is_asked(entry, who.uid):
            answer = cmd.AnswerEntry(
                thread=item.thread, entry=item.entry, send_id=new_id("n"), answer="declined"
            )
            await self._write(who, answer)
        async with self._database.acquire() as connection:
            await calendars.hide(connection, who.uid, item.entry)

    async def _took_away(self, who: Principal, item: Item) -> bool:
        command = cmd.RemoveEntry(
            thread=item.thread, entry=item.entry, send_id=new_id("n"), base=item.seq
        )
        try:
            await self._write(who, command)
        except Forbidden:
            return False  # they may only read there by now
        return True

    async def _add(
        self, who: Principal, kind: Kind, name: str, calendar: Block, ical: str, alarms: str,
        text: bytes,
    ) -> Put:  # fmt: skip
        ical_uid = _uid(calendar)
        async with self._database.acquire() as connection:
            same = await calendars.of_uids(connection, who.uid, kind, [ical_uid])
        if same:
            raise UidTaken(places.item(who.uid, kind, same[0].name))
        await self.worked(lambda: self._check(calendar))
        asked = await self._asked(calendar)
        thread = await self._place_of(who, calendar, asked)
        await self._add_to(thread, who, kind, name, calendar, ical, alarms, asked)
        return Put(True, await self._etag_of(who.uid, kind, name, text))

    async def _invites(self, who: Principal, item: Item, calendar: Block) -> bool:
        """Whether somebody asks others of the hub to what was their own."""
        assert item.ical is not None
        if not await self._personal.is_of(item.thread, who.uid):
            return False
        organizer = reading.parts_of(calendar)[0].first("ORGANIZER")
        now, before = await self._asked(calendar), await self._asked(_calendar_of(item.ical))
        if organizer is not None and now.get(reading.participant(organizer).address) != who.uid:
            return False
        return bool(set(now.values()) - set(before.values()) - {who.uid})

    async def _move(
        self, who: Principal, kind: Kind, item: Item, calendar: Block, ical: str, alarms: str,
        base: int | None,
    ) -> None:  # fmt: skip
        """What was one's own is for others, too, from now on: it goes to a thread with these."""
        await self.worked(lambda: self._check(calendar))
        asked = await self._asked(calendar)
        thread = await self._place_of(who, calendar, asked)
        there, old = item.thread, item.entry
        await self._write(
            who, cmd.RemoveEntry(thread=there, send_id=new_id("n"), entry=old, base=base)
        )
        await self.state(who.uid, kind)  # its name is free from now on
        try:
            made = await self._add_to(thread, who, kind, item.name, calendar, ical, alarms, asked)
        except BaseException:
            undo = cmd.UnremoveEntry(thread=there, send_id=new_id("n"), entry=old)
            await self._write(who, undo)
            raise
        await self._reminders.carry(who.uid, old, made, thread)

    async def _add_to(
        self, thread: str, who: Principal, kind: Kind, name: str, calendar: Block, ical: str,
        alarms: str, asked: Mapping[str, str],
    ) -> str:  # fmt: skip
        """Returns its id."""
        send_id = new_id("n")
        if asked and who.uid not in asked.values():
            ical = await self._with(who, calendar)  # or it would not be theirs
        entry = entry_id(who.uid, thread, send_id)
        async with self._database.acquire() as connection:
            if not await calendars.name_new(
                connection, who.uid, kind, entry, name, None if alarms == own.NOTHING else alarms
            ):
                raise Precondition  # another device was faster
        try:
            await self._write(
                who, cmd.AddEntry(thread=thread, send_id=send_id, kind=kind, ical=ical)
            )
        except BaseException:
            async with self._database.acquire() as connection:
                await calendars.unname(connection, who.uid, entry)
            raise
        return entry

    def _check(self, calendar: Block) -> None:
        """Raises:
        BadRequest: what would stand against it when it is added.
        """
        say.facts_of(calendar, Beside())
        expand(calendar, to_datetime(self._clock.now_ms()))

    async def _asked(self, calendar: Block) -> dict[str, str]:
        """The uids of those of the hub who are asked, or ask, by their addresses."""
        master = reading.parts_of(calendar)[0]
        named = [*master.lines("ATTENDEE")[:MAX_PEOPLE], *master.lines("ORGANIZER")]
        async with self._database.acquire() as connection:
            return await accounts.uids_of(
                connection, [reading.participant(line).address for line in named]
            )

    async def _with(self, who: Principal, calendar: Block) -> str:
        """A text in which whoever made it is asked with the others."""
        async with self._database.acquire() as connection:
            found = await accounts.addresses_of(connection, [who.uid])
        master = reading.parts_of(calendar)[0]
        if found and found[0].addresses:
            name = lines.parameter("CN", who.display_name)
            me = Line("ATTENDEE", f"mailto:{found[0].addresses[0]}", f";PARTSTAT=ACCEPTED{name}")
            master.put(*master.lines("ATTENDEE"), me)
        return lines.write(calendar).decode()

    async def _place_of(
        self, who: Principal, calendar: Block, asked: Mapping[str, str]
    ) -> str:  # fmt: skip
        """The thread of what is new: one with those of the hub who are asked, or one's own."""
        others = sorted(uid for uid in set(asked.values()) if uid != who.uid)
        if not others:
            return await self._personal.thread_of(who.uid)
        line = reading.parts_of(calendar)[0].first("SUMMARY")
        subject = " ".join((line.text if line is not None else "").split())[:200] or "Meeting"
        # A second try finds the thread of the first.
        seed = sha256("\n".join([subject, _uid(calendar), *others]).encode())
        new = NewThread(subject=subject, members=others, send_id=f"dav:{b64url(seed[:15])}")
        thread = await self._threads.create(who.uid, new)
        async with self._database.acquire() as connection:
            if await timeline.role_of(connection, thread, who.uid) is not None:
                return thread
        new = NewThread(subject=subject, members=others, send_id=new_id("n"))
        return await self._threads.create(who.uid, new)  # they have left the other one

    async def _write(self, who: Principal, command: cmd.Command) -> None:
        """A device may do to tasks and meetings whatever its owner may."""
        try:
            await self._door.write(replace(who, scopes=frozenset(("read", "write"))), command)
        except Conflict as error:
            if error.code in ("entry_changed", "entry_removed"):
                raise Precondition(error.detail) from error
            raise

    async def _etag_of(self, uid: str, kind: Kind, name: str, text: bytes) -> str | None:
        found = await self.named(uid, kind, [name], with_text=True)
        if not found or data.text_of(found[0]).encode() != text:
            return None
        return etag(found[0])

    def _spend(self, who: Principal, name: str) -> None:
        """Raises:
        RateLimited: ``too_many_attempts``.
        """
        self.turns.spend(f"{who.token_id}/{name}")
        self.writes.spend(who.token_id or who.uid)


def etag(item: Item) -> str:
    return f'"{item.seq}-{item.own_number}"'


def is_tag_of(item: Item, given: str) -> bool:
    """Whether a precondition names an item as it is: also by what a proxy makes of its ETag when it
    compresses the answer."""
    tags = [_BY_PROXIES.sub(r'"\1"', tag.strip()) for tag in given.split(",")]
    return "*" in tags or etag(item) in tags


def _read(text: bytes, kind: Kind) -> tuple[Block, str, str]:
    """What is for everybody, what for nobody else, and the text of the first.

    Raises:
    BadRequest: ``bad_calendar``.
    TooLarge: ``calendar_too_large``.
    WrongKind: ``wrong_component``.
    """
    found = lines.read(text)
    if len(found) != 1 or found[0].name != "VCALENDAR":
        raise BadRequest("One VCALENDAR is kept at a time.", code="bad_calendar")
    master = reading.parts_of(found[0])[0]
    if master.name != COMPONENTS[kind]:
        raise WrongKind(f"There are {COMPONENTS[kind]} only here, and no {master.name}.")
    found[0].drop("METHOD")  # what is kept asks nobody for anything (RFC 4791, 4.1)
    alarms = own.take(found[0])
    return found[0], alarms, lines.write(found[0]).decode()


def _uid(calendar: Block) -> str:
    line = reading.parts_of(calendar)[0].first("UID")
    return "" if line is None else line.value.strip()


def _calendar_of(ical: str) -> Block:
    return lines.read(ical.encode())[0]


def _text_of(item: Item, wanted: Wanted | None) -> str | None:
    try:
        return data.text_of(item, wanted)
    except BadRequest:
        return None


def _those(items: Sequence[Item], wanted: CompFilter, zone: tzinfo) -> list[Item]:
    return [one for one in items if _matches(one, wanted, zone)]


def _matches(item: Item, wanted: CompFilter, zone: tzinfo) -> bool:
    assert item.ical is not None
    calendar = _calendar_of(item.ical)
    if item.own is not None:
        own.give(calendar, item.own)
    return wanted.matches(calendar, zone)


def _is_by(entry: Entry, uid: str) -> bool:
    """Whether it is theirs to call off."""
    organizer = entry.organizer
    return entry.created_by == uid or (organizer is not None and organizer.uid == uid)


def _is_asked(entry: Entry, uid: str) -> bool:
    return any(one.uid == uid and one.answer != "declined" for one in entry.people)
