"""Tasks and meetings: commands checked and turned into events, with their texts as they become.

Never decides roles and never writes: it hands back an ``Append``, as ``hub.mail.threads`` does. Two
who change one entry at the same moment both start from the text that is stored; the guard of the
second finds another one there, and it is asked for again.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from hub.agenda import changing, lines, own, reading
from hub.agenda.lines import Block
from hub.clock import Clock
from hub.errors import BadRequest, Conflict, Forbidden, NotFound
from hub.ids import b64url, sha256
from hub.mail.agenda import facts as say
from hub.mail.agenda import replacing, texts
from hub.mail.agenda.facts import Beside
from hub.mail.agenda.moments import digest, expand, over_at
from hub.mail.agenda.reminders import Reminders
from hub.mail.agenda.replacing import Who
from hub.mail.agenda.texts import Contact
from hub.storage import accounts, attachments, documents, entries, occurrences, references
from hub.storage.entries import EntryRow
from hub.storage.occurrences import Expansion
from hub.storage.pool import Database
from hub.storage.timeline import RoomState
from hub.storage.writer import Append
from hub.wire import agenda as wire
from hub.wire import commands as cmd

_encode = msgspec.json.Encoder().encode
T = TypeVar("T")
_COMES_BACK: Final = re.compile(r"\b(RRULE|RDATE|EXRULE|RECURRENCE-ID)\b", re.IGNORECASE)
_AT_ONCE: Final = 8192
"""Bytes of a text that is worked on here; of a longer one, and of a series, in a thread."""


class EntryBusy(Conflict):
    """The same command again starts from what is there now."""

    code = "entry_busy"
    title = "Somebody else changed it at the same moment"
    retry_s = 1


class People(NamedTuple):
    """Of a thread: who they are in calendars, and who has an address."""

    contacts: Mapping[str, Contact]
    by_address: Mapping[str, str]

    def named(self, uid: str) -> Contact:
        return self.contacts.get(uid) or Contact(uid, f"{uid}@invalid", uid)

    def own(self, uid: str) -> set[str]:
        """Whatever somebody goes by."""
        return {uid, *(address for address, one in self.by_address.items() if one == uid)}


class _Made(NamedTuple):
    """A text as it becomes, and all that follows from it."""

    ical: str
    uid: str
    facts: wire.EntryFacts
    found: Expansion
    over: datetime | None


class _Edit(NamedTuple):
    """What a change came to."""

    did: wire.Did
    proposals: list[wire.Proposal]
    occurrence: str | None = None
    answer: wire.Answer | None = None


class Agenda:
    def __init__(
        self, database: Database, clock: Clock, undo_s: int, reminders: Reminders
    ) -> None:  # fmt: skip
        self._database = database
        self._reminders = reminders
        self._clock = clock
        self._undo_s = undo_s
        self._hands = asyncio.Semaphore(1)

    async def prepare(
        self, uid: str, command: Any, room: RoomState, since: int
    ) -> Append | None:  # fmt: skip
        """The event that a command asks for; null when all is so already.

        Args:
            since: the first seq that the user may read.

        Raises:
            BadRequest, Conflict, Forbidden, NotFound: with the code of what stands against it.
        """
        if isinstance(command, cmd.AddEntry):
            return await self._add(uid, command, room, since)
        row = await self._entry(uid, command, since)
        match command:
            case cmd.ChangeEntry():
                return await self._change(uid, command, room, row)
            case cmd.ReplaceEntry():
                return await self._replace(uid, command, room, row, command.ical)
            case cmd.FinishEntry():
                return await self._finish(uid, command, room, row)
            case cmd.AnswerEntry():
                return await self._answer(uid, command, room, row)
            case cmd.RemoveEntry() if command.occurrence is not None:
                return await self._leave_out(uid, command, room, row)
            case cmd.RemoveEntry():
                if command.base is not None and command.base != row.seq:
                    raise Conflict("Somebody changed it meanwhile.", code="entry_changed")
                return self._remove(uid, command, row)
            case cmd.UnremoveEntry():
                return await self._unremove(uid, command, room, row)
            case _:
                raise BadRequest("This command is about no entry.", code="unknown_command")

    # --- what is asked for ------------------------------------------------------------------------

    async def _add(
        self, uid: str, command: cmd.AddEntry, room: RoomState, since: int
    ) -> Append | None:  # fmt: skip
        await self._require_source(command, since)
        if command.ical is not None and (row := await self._same(uid, command, since)) is not None:
            return await self._renew(uid, command, room, row, command.ical)
        people = await self._people(room)
        asked = _asked(command.people, people)
        seed = _seed(uid, command.thread, command.send_id)
        now, ical, maker = self._now(), command.ical, people.named(uid)

        def make() -> _Made:
            if ical is None:
                ical_uid = str(uuid.UUID(bytes=seed[:16], version=4))
                calendar = texts.made(command, ical_uid, maker, asked, now)
            else:
                calendar = texts.read(ical)
                own.take(calendar)  # alarms are everybody's own
                calendar.drop("METHOD")  # what is kept asks nobody for anything (RFC 4791, 4.1)
                replacing.ask(calendar, Who(uid, people.own(uid), people.by_address))
                if asked:
                    block = reading.parts_of(calendar)[0]
                    texts.set_people(block, maker, asked, people.by_address)
            return _make(calendar, Beside(people.by_address, command.source), now)

        is_short = len(command.notes) < _AT_ONCE and command.rule is None and _is_short(ical or "")
        made = await self._worked(make, is_short=is_short)
        entry = entry_id(uid, command.thread, command.send_id)
        return self._append(uid, command, entry, made, _Edit("added", []), None)

    async def _change(
        self, uid: str, command: cmd.ChangeEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        if command.base is not None and command.base != row.seq:
            raise Conflict("Somebody changed it meanwhile.", code="entry_changed")
        people = await self._people(room)
        asked = _asked(command.people, people) if command.people is not msgspec.UNSET else None
        now = self._now()

        def change(calendar: Block) -> _Edit:
            wanted = _proposers(command, row.facts.proposals, reading.zones_of(calendar))
            changer = people.named(uid)
            did = texts.change(
                calendar, command, changer, asked, people.by_address, wanted, now
            )  # fmt: skip
            kept = row.facts.proposals
            if did == "moved":
                kept = [
                    one
                    for one in kept
                    if command.occurrence is not None and one.occurrence != command.occurrence
                ]
            return _Edit(did, kept, command.occurrence)

        return await self._edit(uid, command, people, row, change)

    async def _renew(
        self, uid: str, command: cmd.AddEntry, room: RoomState, row: EntryRow, ical: str
    ) -> Append | None:
        """What came once more, and says something newer.

        Raises:
            Conflict: ``entry_exists``.
        """
        if not texts.is_newer(ical, row.ical):
            raise Conflict("The thread has it already.", code="entry_exists")
        return await self._replace(uid, command, room, row, ical)

    async def _replace(
        self, uid: str, command: cmd.ReplaceEntry | cmd.AddEntry, room: RoomState, row: EntryRow,
        ical: str,
    ) -> Append | None:  # fmt: skip
        base = command.base if isinstance(command, cmd.ReplaceEntry) else None
        if base is not None and base != row.seq:
            raise Conflict("Somebody changed it meanwhile.", code="entry_changed")
        if room.members[uid].role == "reader" and uid not in _uids(row.facts):
            raise Forbidden("You can read this thread, not write in it.", code="read_only")
        people = await self._people(room)
        who = Who(uid, people.own(uid), people.by_address)
        make = replacing.require_own if room.members[uid].role == "reader" else replacing.replaced
        now = self._now()

        def replace(calendar: Block) -> _Edit | None:
            said = replacing.whole(calendar, texts.read(ical))
            own.take(said)
            found = make(calendar, said, who, now)
            if found.did is None:
                return None
            calendar.parts = said.parts
            moved = found.did == "moved"
            kept = [
                one
                for one in row.facts.proposals
                if not moved or (found.occurrence and one.occurrence != found.occurrence)
            ]
            return _Edit(found.did, kept, found.occurrence, found.answer)

        return await self._edit(uid, command, people, row, replace, said=ical)

    async def _finish(
        self, uid: str, command: cmd.FinishEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        if row.kind != "task":
            raise BadRequest("A meeting is not done.", code="bad_state")
        if room.members[uid].role == "reader" and uid not in _uids(row.facts):
            raise Forbidden("You can read this thread, not write in it.", code="read_only")
        current = None if row.facts.current is None else row.facts.current.id
        if command.seen is not None and command.seen != current:
            return None  # somebody was first
        now = self._now()
        ticked = now - timedelta(milliseconds=command.ago_ms)

        def finish(calendar: Block) -> _Edit | None:
            occurrence = command.occurrence
            if not row.facts.series:
                if (row.facts.state == "done") == command.done:
                    return None
                occurrence = None
            elif occurrence is None:
                occurrence = say.last_done(calendar)
                if command.done:
                    found = say.to_do(calendar, occurrence, ticked)
                    occurrence = None if found is None else found.id
                if occurrence is None:
                    return None
            elif say.is_done(calendar, occurrence) == command.done:
                return None
            changing.set_done(calendar, now, occurrence, done=command.done)
            did: wire.Did = "finished" if command.done else "reopened"
            return _Edit(did, row.facts.proposals, occurrence)

        return await self._edit(uid, command, await self._people(room), row, finish)

    async def _answer(
        self, uid: str, command: cmd.AnswerEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        people = await self._people(room)
        own = people.own(uid)
        kept = row.facts.proposals
        now_ms = self._clock.now_ms()

        def answer(calendar: Block) -> _Edit:
            if row.kind == "event":
                maker = people.named(row.created_by)
                texts.come_too(calendar, own, people.named(uid), maker)
            changing.set_answer(calendar, own, texts.answer(command), command.occurrence)
            proposals = kept
            if command.proposal is not None:
                zones = reading.zones_of(calendar)
                proposals = _proposed(uid, command, command.proposal, kept, zones, now_ms)
            elif command.answer == "accepted":
                proposals = [one for one in kept if not _is_of(one, uid, command.occurrence)]
            did: wire.Did = "answered" if command.proposal is None else "proposed"
            return _Edit(did, proposals, command.occurrence, command.answer)

        return await self._edit(uid, command, people, row, answer)

    async def _leave_out(
        self, uid: str, command: cmd.RemoveEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        occurrence, now = command.occurrence or "", self._now()

        def leave_out(calendar: Block) -> _Edit:
            changing.leave_out(calendar, occurrence)
            changing.touch(reading.parts_of(calendar)[0], now, anew=True)
            return _Edit("skipped", row.facts.proposals, occurrence)

        return await self._edit(uid, command, await self._people(room), row, leave_out)

    def _remove(self, uid: str, command: cmd.RemoveEntry, row: EntryRow) -> Append:
        data = wire.EntryRemoveData(
            entry=row.entry, kind=row.facts.kind, title=row.facts.title, target=row.added_seq,
            undo_s=self._undo_s, shown=row.shown,
        )  # fmt: skip
        return Append(
            command.thread, "entry.remove", uid, _encode(data), command.send_id,
            guard=partial(self._require_unchanged, row, None),
        )  # fmt: skip

    async def _unremove(
        self, uid: str, command: cmd.UnremoveEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        if row.removed_by != uid:
            raise Forbidden("Only who removed it can bring it back.", code="not_author")
        if self._clock.now_ms() > (row.erase_at_ms or 0):
            raise Conflict("It has been erased for good.", code="erased")
        return await self._edit(
            uid, command, await self._people(room), row,
            lambda _: _Edit("brought_back", row.facts.proposals), always=True,
        )  # fmt: skip

    # --- what is written --------------------------------------------------------------------------

    async def _edit(
        self, uid: str, command: Any, people: People, row: EntryRow,
        change: Callable[[Block], _Edit | None], *, always: bool = False, said: str = "",
    ) -> Append | None:  # fmt: skip
        """The event that says how an entry is after a change; null: it is as before."""
        now, now_ms = self._now(), self._clock.now_ms()

        def work() -> tuple[_Edit, _Made] | None:
            calendar = texts.read(row.ical)
            edit = change(calendar)
            if edit is None:
                return None
            same = edit.proposals == row.facts.proposals
            if same and not always and texts.is_same(row.ical, texts.write(calendar)):
                return None
            was = row.facts
            done = (was.done_by, was.done_at) if was.state == "done" else (uid, now_ms)
            beside = Beside(people.by_address, was.source, edit.proposals, *done)
            return edit, _make(calendar, beside, now)

        is_short = _is_short(row.ical) and _is_short(said)
        found = await self._worked(work, is_short=is_short)
        if found is None:
            return None
        edit, made = found
        return self._append(uid, command, row.entry, made, edit, row)

    def _append(
        self, uid: str, command: Any, entry: str, made: _Made, edit: _Edit, row: EntryRow | None
    ) -> Append:
        asked = say.people_of(made.facts, uid if row is None else row.created_by)
        due = say.due_moment(made.facts) if made.facts.kind == "task" else None
        told = wire.EntrySetData(
            **{name: getattr(made.facts, name) for name in made.facts.__struct_fields__},
            entry=entry, did=edit.did, target=None if row is None else row.added_seq,
            shown=list(dict.fromkeys([*asked, *(row.shown if row is not None else ())])),
            occurrence=edit.occurrence, answer=edit.answer,
            created_by=None if row is None else row.created_by,
            created_at=None if row is None else row.created_at_ms,
        )  # fmt: skip
        over = made.over if made.facts.kind == "event" else None
        body = wire.EntrySetBody(
            told=told, ical=made.ical, uid=made.uid, asked=asked, due=_ms(due),
            over=None if over is None else int(over.timestamp() * 1000),
        )  # fmt: skip
        guard = partial(_require_room, command.thread, entry, made)
        if row is not None:
            guard = partial(self._require_unchanged, row, made)
        return Append(
            command.thread, "entry.set", uid, _encode(body), command.send_id, guard=guard
        )  # fmt: skip

    async def _worked(self, work: Callable[[], T], *, is_short: bool) -> T:
        """What takes long keeps the loop from nothing, and takes one core at most."""
        if is_short:
            return work()
        async with self._hands:
            return await asyncio.to_thread(work)

    async def _entry(self, uid: str, command: Any, since: int) -> EntryRow:
        async with self._database.acquire() as connection:
            row = await entries.find(connection, command.entry)
        is_there = row is not None and row.thread == command.thread
        if row is None or not is_there or (row.added_seq < since and uid not in row.shown):
            raise NotFound("There is no such task or meeting.", code="entry_not_found")
        is_removed = row.removed_by is not None
        if is_removed and not isinstance(command, cmd.UnremoveEntry):
            raise Conflict("It was removed.", code="entry_removed")
        if not is_removed and isinstance(command, cmd.UnremoveEntry):
            raise Conflict("It is not removed.", code="not_removed")
        return row

    async def _same(self, uid: str, command: cmd.AddEntry, since: int) -> EntryRow | None:
        """What the thread has of the UID of a text, if whoever adds it sees that.

        Raises:
            BadRequest: ``bad_calendar``.
            TooLarge: ``calendar_too_large``.
        """
        ical = command.ical or ""
        name = await self._worked(
            lambda: texts.uid_of(texts.read(ical)), is_short=len(ical) < _AT_ONCE
        )
        async with self._database.acquire() as connection:
            return await entries.find_uid(connection, command.thread, name, uid, since)

    async def _require_source(self, command: cmd.AddEntry, since: int) -> None:
        """That there is what a task comes from; a message was looked for.

        Raises:
            BadRequest: ``bad_source``.
            NotFound: ``attachment_not_found``, ``document_not_found``, ``reference_not_found``.
        """
        source = command.source
        if source is None:
            return
        places = (source.seq, source.attachment, source.document, source.reference)
        if sum(one is not None for one in places) != 1:
            raise BadRequest("It comes from one thing.", code="bad_source")
        async with self._database.acquire() as connection:
            if source.attachment is not None:
                found = await attachments.find(connection, source.attachment)
                if found is None or found.thread != command.thread or found.added_seq < since:
                    raise NotFound("There is no such file.", code="attachment_not_found")
            if source.document is not None:
                info = await documents.info(connection, source.document)
                if info is None or info.thread != command.thread:
                    raise NotFound("There is no such document in this thread.",
                                   code="document_not_found")  # fmt: skip
            if source.reference is not None:
                there = (await references.at(connection, command.thread, 0)).get(source.reference)
                if there is None or not there.is_on:
                    raise NotFound("The thread has no such reference.",
                                   code="reference_not_found")  # fmt: skip

    async def _people(self, room: RoomState) -> People:
        async with self._database.acquire() as connection:
            found = await accounts.addresses_of(connection, list(room.members))
        contacts = {
            one.uid: Contact(one.uid, one.addresses[0], one.name) for one in found if one.addresses
        }
        return People(
            contacts, {address: one.uid for one in found for address in one.addresses}
        )  # fmt: skip

    async def _require_unchanged(
        self, row: EntryRow, made: _Made | None, connection: Any
    ) -> None:  # fmt: skip
        """Args:
            made: null: it is removed.

        Raises:
            Conflict: ``entry_busy``.
        """
        if not await occurrences.is_at(connection, row.entry, row.seq):
            raise EntryBusy
        is_open = made is not None and made.facts.state not in ("done", "cancelled")
        if made is not None:
            await occurrences.write(connection, row.entry, digest(made.ical), made.found)
        await self._reminders.follow(connection, row.entry, is_open=is_open)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() // 1000, UTC)


def entry_id(uid: str, thread: str, send_id: str) -> str:
    """Of what a command adds: the same again asks for the same."""
    return f"e_{b64url(_seed(uid, thread, send_id)[:15])}"


def _is_short(ical: str) -> bool:
    """Whether it is worked on at once: a rule may take long, however short it is."""
    return len(ical) < _AT_ONCE and not _COMES_BACK.search(ical)


def _seed(uid: str, thread: str, send_id: str) -> bytes:
    return sha256(_encode([thread, uid, send_id]))


def _make(calendar: Block, beside: Beside, now: datetime) -> _Made:
    """Raises:
    BadRequest: what stands against the calendar.
    """
    ical = texts.write(calendar)
    if len(ical.encode()) > lines.MAX_BYTES:
        raise BadRequest("It has become too long.", code="calendar_too_large")
    facts, found = say.facts_of(calendar, beside), expand(calendar, now, beside.members)
    uid = texts.uid_of(calendar)
    return _Made(ical, uid, facts, found, over_at(calendar, found, now))


async def _require_room(thread: str, entry: str, made: _Made, connection: Any) -> None:
    """Raises:
    Conflict: ``too_many_entries``.
    """
    if not await entries.has_room(connection, thread):
        raise Conflict(
            f"A thread has {entries.MAX_OF_THREAD} tasks and meetings.", code="too_many_entries"
        )
    await occurrences.write(connection, entry, digest(made.ical), made.found)


def _asked(uids: Any, people: People) -> list[Contact]:
    """Raises:
    BadRequest: ``not_in_thread``.
    """
    found = []
    for uid in dict.fromkeys(uids):
        if uid not in people.contacts:
            raise BadRequest("Only people of the thread can be asked.", code="not_in_thread")
        found.append(people.contacts[uid])
    return found


def _uids(facts: wire.EntryFacts) -> list[str]:
    return [one.uid for one in facts.people if one.uid is not None]


def _is_of(one: wire.Proposal, uid: str, occurrence: str | None) -> bool:
    return one.by == uid and one.occurrence == occurrence


def _proposed(
    uid: str, command: cmd.AnswerEntry, new: cmd.NewProposal, before: Sequence[wire.Proposal],
    zones: Mapping[str, tzinfo], now_ms: int,
) -> list[wire.Proposal]:  # fmt: skip
    """Raises:
    BadRequest: ``bad_date``, ``unknown_zone``.
    """
    starts, ends = texts.moment(new.starts, zones), texts.moment(new.ends, zones)
    if starts.is_day != ends.is_day or reading.is_before(ends, starts):
        raise BadRequest("It ends before it begins.", code="bad_date")
    first, last = say.told(starts), say.told(ends)
    assert first is not None
    assert last is not None
    kept = [one for one in before if not _is_of(one, uid, command.occurrence)]
    made = wire.Proposal(uid, now_ms, first, last, new.note, command.occurrence)
    return [*kept, made][-wire.MAX_PROPOSALS :]


def _proposers(
    command: cmd.ChangeEntry, proposals: Sequence[wire.Proposal], zones: Mapping[str, tzinfo]
) -> list[str]:  # fmt: skip
    """Who asked for the time that it is moved to."""
    return [
        one.by
        for one in proposals
        if one.occurrence == command.occurrence
        and isinstance(command.starts, wire.Moment)
        and one.starts == say.told(texts.moment(command.starts, zones))
    ]


def _ms(when: wire.When | None) -> int | None:
    if when is None:
        return None
    if when.at is not None:
        return when.at
    return int(datetime.fromisoformat(when.local).replace(tzinfo=UTC).timestamp() * 1000)
