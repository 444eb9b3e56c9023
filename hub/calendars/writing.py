"""What somebody's calendar programs write: through the door of the threads that their tasks and
meetings are in.

Never writes what others see: it asks the door, like every client, and so a task that is ticked off
on a phone is ticked off in the room.

Source: RFC 4791, RFC 6638; docs/adr/0028.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from hub.agenda import lines, own, reading
from hub.agenda.lines import Block, Line
from hub.calendars import data, places
from hub.calendars.places import COMPONENTS
from hub.calendars.service import Calendars, etag, is_tag_of
from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Conflict, Forbidden, HubError, NotFound
from hub.identity.attempts import Attempts
from hub.identity.principal import Principal
from hub.ids import b64url, new_id, sha256
from hub.mail.agenda import facts as say
from hub.mail.agenda import replacing
from hub.mail.agenda.facts import Beside
from hub.mail.agenda.moments import expand
from hub.mail.agenda.personal import Personal
from hub.mail.agenda.reminders import Reminders
from hub.mail.agenda.service import entry_id
from hub.mail.threads import Threads
from hub.rooms.door import Door
from hub.storage import accounts, entries, timeline
from hub.storage import calendars as rows
from hub.storage.calendars import Item, Kind
from hub.storage.pool import Database
from hub.wire import commands as cmd
from hub.wire.agenda import MAX_PEOPLE, Entry
from hub.wire.api import NewThread


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


class Put(NamedTuple):
    """``etag`` is null where what is kept is not the same text byte by byte."""

    is_new: bool
    etag: str | None


class Said(NamedTuple):
    """What a program sent: ``ical`` and its ``calendar`` are for everybody, ``alarms`` for nobody
    else."""

    sent: bytes
    calendar: Block
    alarms: str
    ical: str


class Writing:
    def __init__(
        self, database: Database, clock: Clock, door: Door, personal: Personal, threads: Threads,
        reminders: Reminders, calendars: Calendars,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._door = door
        self._personal = personal
        self._threads = threads
        self._reminders = reminders
        self._calendars = calendars
        self._writes = Attempts(clock, burst=2_000, every_s=0.5)
        """Of a device."""
        self._turns = Attempts(clock, burst=30, every_s=20)
        """Of one item, so that programs that undo each other's changes stop."""

    async def put(
        self, who: Principal, kind: Kind, name: str, text: bytes, *, if_match: str | None,
        only_new: bool,
    ) -> Put:  # fmt: skip
        """Make a task or meeting, or say all of it anew.

        Raises:
            HubError: what stands against it; nothing was changed.
        """
        self._spend(who, name)
        said = await self._calendars.worked(lambda: _read(text, kind))
        found = await self._calendars.named(who.uid, kind, [name], with_text=True)
        if not found and if_match is None:
            async with self._database.acquire() as connection:
                shown = await rows.show(connection, who.uid, kind, _uid(said.calendar), name)
            if shown:  # it was taken out, and is put back
                found = await self._calendars.named(who.uid, kind, [name], with_text=True)
        if not found:
            if if_match is not None:
                raise Precondition
            return await self._add(who, kind, name, said)
        item = found[0]
        if only_new or (if_match is not None and not is_tag_of(item, if_match)):
            raise Precondition
        base = None if if_match is None or if_match.strip() == "*" else item.seq
        if (whole := await self._inviting(who, item, said)) is not None:
            await self._move(who, item, whole, base)
        else:
            await self._replace(who, item, said, base)
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
        item = await self._calendars.one(who.uid, kind, name)
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
            await rows.hide(connection, who.uid, item.entry)

    async def _took_away(self, who: Principal, item: Item) -> bool:
        try:
            await self._write(who, _removal(item.thread, item.entry, item.seq))
        except Forbidden:
            return False  # they may only read there by now
        return True

    async def _replace(self, who: Principal, item: Item, said: Said, base: int | None) -> None:
        command = cmd.ReplaceEntry(
            thread=item.thread, send_id=new_id("n"), entry=item.entry, ical=said.ical, base=base
        )
        await self._write(who, command)
        if (item.own or own.NOTHING) != said.alarms:
            async with self._database.acquire() as connection:
                await rows.set_own(connection, who.uid, item.entry, said.alarms)

    async def _add(self, who: Principal, kind: Kind, name: str, said: Said) -> Put:
        ical_uid = _uid(said.calendar)
        async with self._database.acquire() as connection:
            same = await rows.of_uids(connection, who.uid, kind, [ical_uid])
        if same:
            raise UidTaken(places.item(who.uid, kind, same[0].name))
        await self._calendars.worked(lambda: self._check(said.calendar))
        asked = await self._asked(said.calendar)
        thread = await self._place_of(who, said.calendar, asked)
        await self._add_to(thread, who, kind, name, said, asked)
        return Put(True, await self._etag_of(who.uid, kind, name, said.sent))

    async def _inviting(self, who: Principal, item: Item, said: Said) -> Said | None:
        """All of a meeting that was somebody's own, if they ask others of the hub to it; null: they
        say something else."""
        if reading.parts_of(said.calendar)[0].name != "VEVENT":
            return None
        if not await self._personal.is_of(item.thread, who.uid):
            return None
        before = await self._calendars.worked(lambda: data.calendar_of(item))
        if _uid(before) != _uid(said.calendar):
            return None  # which is refused when it is said anew
        whole = await self._calendars.worked(lambda: _whole(item, said))
        now, then = await self._asked(whole.calendar), await self._asked(before)
        organizer = reading.parts_of(whole.calendar)[0].first("ORGANIZER")
        if organizer is not None and now.get(reading.participant(organizer).address) != who.uid:
            return None
        return whole if set(now.values()) - set(then.values()) - {who.uid} else None

    async def _move(self, who: Principal, item: Item, said: Said, base: int | None) -> None:
        """What was one's own is for others, too, from now on: it is added to a thread with these,
        has its name there, and is taken out here. Whatever ends between, it is somewhere."""
        await self._calendars.worked(lambda: self._check(said.calendar))
        asked = await self._asked(said.calendar)
        thread = await self._place_of(who, said.calendar, asked)
        made = await self._moved(who, thread, said, asked)
        try:
            await self._hand_over(who.uid, item.entry, made, thread, said.alarms)
            await self._write(who, _removal(item.thread, item.entry, base))
        except BaseException:
            before = item.own or own.NOTHING
            await self._hand_over(who.uid, made, item.entry, item.thread, before)
            await self._write(who, _removal(thread, made))
            raise

    async def _moved(
        self, who: Principal, thread: str, said: Said, asked: Mapping[str, str]
    ) -> str:  # fmt: skip
        """Its id in another thread, where it may be of a first try."""
        ical = said.ical
        if who.uid not in asked.values():
            ical = await self._with(who, said.calendar)
        async with self._database.acquire() as connection:
            there = await entries.find_uid(connection, thread, _uid(said.calendar), who.uid, 0)
        send_id = new_id("n")
        if there is not None:
            again = cmd.ReplaceEntry(thread=thread, send_id=send_id, entry=there.entry, ical=ical)
            await self._write(who, again)
            return there.entry
        new = cmd.AddEntry(thread=thread, send_id=send_id, kind="event", ical=ical)
        await self._write(who, new)
        return entry_id(who.uid, thread, send_id)

    async def _hand_over(self, uid: str, entry: str, to: str, thread: str, alarms: str) -> None:
        """What an item and the reminders of somebody are of."""
        async with self._database.transaction() as connection:
            await rows.hand_over(connection, uid, entry, to, alarms)
        await self._reminders.carry(uid, entry, to, thread)

    async def _add_to(
        self, thread: str, who: Principal, kind: Kind, name: str, said: Said,
        asked: Mapping[str, str],
    ) -> None:  # fmt: skip
        send_id, ical = new_id("n"), said.ical
        if asked and who.uid not in asked.values():
            ical = await self._with(who, said.calendar)  # or it would not be theirs
        entry = entry_id(who.uid, thread, send_id)
        async with self._database.acquire() as connection:
            alarms = None if said.alarms == own.NOTHING else said.alarms
            if not await rows.name_new(connection, who.uid, kind, entry, name, alarms):
                raise Precondition  # another device was faster
        try:
            await self._write(
                who, cmd.AddEntry(thread=thread, send_id=send_id, kind=kind, ical=ical)
            )
        except BaseException:
            async with self._database.acquire() as connection:
                await rows.unname(connection, who.uid, entry)
            raise

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
        found = await self._calendars.named(uid, kind, [name], with_text=True)
        if not found or data.text_of(found[0]).encode() != text:
            return None
        return etag(found[0])

    def _spend(self, who: Principal, name: str) -> None:
        """Raises:
        RateLimited: ``too_many_attempts``.
        """
        self._turns.spend(f"{who.token_id}/{name}")
        self._writes.spend(who.token_id or who.uid)


def _read(text: bytes, kind: Kind) -> Said:
    """Raises:
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
    return Said(text, found[0], alarms, lines.write(found[0]).decode())


def _whole(item: Item, said: Said) -> Said:
    """With the rest of what single moments are of."""
    assert item.ical is not None
    calendar = replacing.whole(lines.read(item.ical.encode())[0], said.calendar)
    if calendar is said.calendar:
        return said
    return said._replace(calendar=calendar, ical=lines.write(calendar).decode())


def _removal(thread: str, entry: str, base: int | None = None) -> cmd.RemoveEntry:
    return cmd.RemoveEntry(thread=thread, entry=entry, send_id=new_id("n"), base=base)


def _uid(calendar: Block) -> str:
    line = reading.parts_of(calendar)[0].first("UID")
    return "" if line is None else line.value.strip()


def _is_by(entry: Entry, uid: str) -> bool:
    """Whether it is theirs to call off."""
    organizer = entry.organizer
    return entry.created_by == uid or (organizer is not None and organizer.uid == uid)


def _is_asked(entry: Entry, uid: str) -> bool:
    return any(one.uid == uid and one.answer != "declined" for one in entry.people)
