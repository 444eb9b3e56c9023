"""Tasks and meetings: commands checked and turned into events, with their texts as they become.

Never decides roles and never writes: it hands back an ``Append``, as ``hub.mail.threads`` does. Two
who change one entry at the same moment both start from the text that is stored; the guard of the
second finds another one there, and it is asked for again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from hub.agenda import changing, lines, reading
from hub.agenda.lines import Block
from hub.clock import Clock
from hub.errors import BadRequest, Conflict, Forbidden, NotFound
from hub.ids import b64url, sha256
from hub.mail.agenda import facts as say
from hub.mail.agenda import texts
from hub.mail.agenda.facts import Beside
from hub.mail.agenda.moments import digest, expand
from hub.mail.agenda.reminders import Reminders
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


class _Made(NamedTuple):
    """A text as it becomes, and all that follows from it."""

    ical: str
    uid: str
    facts: wire.EntryFacts
    found: Expansion


class Agenda:
    def __init__(
        self, database: Database, clock: Clock, undo_s: int, reminders: Reminders
    ) -> None:  # fmt: skip
        self._database = database
        self._reminders = reminders
        self._clock = clock
        self._undo_s = undo_s

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
            case cmd.FinishEntry():
                return await self._finish(uid, command, room, row)
            case cmd.AnswerEntry():
                return await self._answer(uid, command, room, row)
            case cmd.RemoveEntry() if command.occurrence is not None:
                return await self._leave_out(uid, command, room, row)
            case cmd.RemoveEntry():
                return self._remove(uid, command, row)
            case cmd.UnremoveEntry():
                return await self._unremove(uid, command, room, row)
            case _:
                raise BadRequest("This command is about no entry.", code="unknown_command")

    # --- what is asked for ------------------------------------------------------------------------

    async def _add(
        self, uid: str, command: cmd.AddEntry, room: RoomState, since: int
    ) -> Append:  # fmt: skip
        await self._require_source(command, since)
        people = await self._people(room)
        asked = _asked(command.people, people)
        # The same command again asks for the same entry.
        seed = sha256(_encode([command.thread, uid, command.send_id]))
        if command.ical is None:
            ical_uid = str(uuid.UUID(bytes=seed[:16], version=4))
            calendar = texts.made(command, ical_uid, people.named(uid), asked, self._now())
        else:
            calendar = await self._calendar(command.ical)
            calendar.drop("METHOD")  # what is kept asks nobody for anything (RFC 4791, 4.1)
            if asked:
                block = reading.parts_of(calendar)[0]
                texts.set_people(block, people.named(uid), asked, people.by_address)
        return await self._set(
            uid, command, calendar, f"e_{b64url(seed[:15])}", "added", people,
            beside=Beside(people.by_address, command.source),
        )  # fmt: skip

    async def _change(
        self, uid: str, command: cmd.ChangeEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        if command.base is not None and command.base != row.seq:
            raise Conflict("Somebody changed it meanwhile.", code="entry_changed")
        people = await self._people(room)
        asked = _asked(command.people, people) if command.people is not msgspec.UNSET else None
        calendar = await self._calendar(row.ical)
        before = texts.write(calendar)
        wanted = _proposers(command, row.facts.proposals)
        did = texts.change(
            calendar, command, people.named(uid), asked, people.by_address, wanted, self._now()
        )
        if texts.is_same(before, texts.write(calendar)):
            return None
        proposals = row.facts.proposals
        if did == "moved":
            proposals = [
                one
                for one in proposals
                if command.occurrence is not None and one.occurrence != command.occurrence
            ]
        return await self._set(
            uid, command, calendar, row.entry, did, people, row=row, proposals=proposals,
            occurrence=command.occurrence,
        )  # fmt: skip

    async def _finish(
        self, uid: str, command: cmd.FinishEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        if row.kind != "task":
            raise BadRequest("A meeting is not done.", code="bad_state")
        if room.members[uid].role == "reader" and uid not in _uids(row.facts):
            raise Forbidden("You can read this thread, not write in it.", code="read_only")
        occurrence, is_done = command.occurrence, row.facts.state == "done"
        calendar = await self._calendar(row.ical)
        if row.facts.series and occurrence is None:
            after = say.last_done(calendar)
            if command.done:
                found = await asyncio.to_thread(say.to_do, calendar, after, self._now())
                occurrence = None if found is None else found.id
            else:
                occurrence = after
            if occurrence is None:
                return None
        elif not row.facts.series:
            occurrence = None
            if is_done == command.done:
                return None
        before = texts.write(calendar)
        changing.set_done(calendar, self._now(), occurrence, done=command.done)
        if texts.is_same(before, texts.write(calendar)):
            return None
        return await self._set(
            uid, command, calendar, row.entry, "finished" if command.done else "reopened",
            await self._people(room), row=row, occurrence=occurrence,
        )  # fmt: skip

    async def _answer(
        self, uid: str, command: cmd.AnswerEntry, room: RoomState, row: EntryRow
    ) -> Append | None:
        people = await self._people(room)
        calendar = await self._calendar(row.ical)
        own = {uid, *(address for address, one in people.by_address.items() if one == uid)}
        block = reading.parts_of(calendar)[0]
        known = {
            one.uid or one.address for one in map(reading.participant, block.lines("ATTENDEE"))
        }
        if row.kind == "event" and not own & known:  # who sees a meeting may come, too
            asked = [people.named(one) for one in _uids(row.facts) if one in people.contacts]
            who = [*asked, people.named(uid)]
            organizer = people.named(row.created_by)
            texts.set_people(block, organizer, who, people.by_address)
        before = row.ical
        changing.set_answer(calendar, own, texts.answer(command), command.occurrence)
        proposals = row.facts.proposals
        if command.proposal is not None:
            proposals = _proposed(uid, command, proposals, self._clock.now_ms())
        elif command.answer == "accepted":
            proposals = [one for one in proposals if not _is_of(one, uid, command.occurrence)]
        if proposals == row.facts.proposals and texts.is_same(before, texts.write(calendar)):
            return None
        return await self._set(
            uid, command, calendar, row.entry,
            "answered" if command.proposal is None else "proposed", people, row=row,
            proposals=proposals, occurrence=command.occurrence, answer=command.answer,
        )  # fmt: skip

    async def _leave_out(
        self, uid: str, command: cmd.RemoveEntry, room: RoomState, row: EntryRow
    ) -> Append:
        calendar = await self._calendar(row.ical)
        assert command.occurrence is not None
        changing.leave_out(calendar, command.occurrence)
        changing.touch(reading.parts_of(calendar)[0], self._now(), anew=True)
        return await self._set(
            uid, command, calendar, row.entry, "skipped", await self._people(room), row=row,
            occurrence=command.occurrence,
        )  # fmt: skip

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
    ) -> Append:
        if row.removed_by != uid:
            raise Forbidden("Only who removed it can bring it back.", code="not_author")
        if self._clock.now_ms() > (row.erase_at_ms or 0):
            raise Conflict("It has been erased for good.", code="erased")
        calendar = await self._calendar(row.ical)
        return await self._set(
            uid, command, calendar, row.entry, "brought_back", await self._people(room), row=row
        )

    # --- what is written --------------------------------------------------------------------------

    async def _set(
        self, uid: str, command: Any, calendar: Block, entry: str, did: wire.Did, people: People,
        *, row: EntryRow | None = None, beside: Beside | None = None,
        proposals: list[wire.Proposal] | None = None, occurrence: str | None = None,
        answer: wire.Answer | None = None,
    ) -> Append:  # fmt: skip
        """The event that says how an entry is now."""
        if beside is None:
            assert row is not None
            was = row.facts
            is_kept = was.state == "done"
            beside = Beside(
                people.by_address, was.source, was.proposals if proposals is None else proposals,
                was.done_by if is_kept else uid,
                was.done_at if is_kept else self._clock.now_ms(),
            )  # fmt: skip
        made = await self._made(calendar, beside)
        maker = uid if row is None else row.created_by
        asked = say.people_of(made.facts, maker)
        due = say.due_moment(made.facts) if made.facts.kind == "task" else None
        shown = list(dict.fromkeys([*asked, *(row.shown if row is not None else ())]))
        told = wire.EntrySetData(
            **{name: getattr(made.facts, name) for name in made.facts.__struct_fields__},
            entry=entry, did=did, target=None if row is None else row.added_seq, shown=shown,
            occurrence=occurrence, answer=answer,
            created_by=None if row is None else row.created_by,
            created_at=None if row is None else row.created_at_ms,
        )  # fmt: skip
        body = wire.EntrySetBody(
            told=told, ical=made.ical, uid=made.uid, asked=asked, due=_ms(due)
        )  # fmt: skip
        guard = partial(_require_room, command.thread, entry, made)
        if row is not None:
            guard = partial(self._require_unchanged, row, made)
        return Append(
            command.thread, "entry.set", uid, _encode(body), command.send_id, guard=guard
        )  # fmt: skip

    async def _made(self, calendar: Block, beside: Beside) -> _Made:
        now = self._now()
        if len(calendar.parts) > 200 or _is_series(calendar):
            return await asyncio.to_thread(_make, calendar, beside, now)
        return _make(calendar, beside, now)

    async def _calendar(self, ical: str) -> Block:
        if len(ical) > _AT_ONCE:
            return await asyncio.to_thread(texts.read, ical)
        return texts.read(ical)

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


def _make(calendar: Block, beside: Beside, now: datetime) -> _Made:
    """Raises:
    BadRequest: what stands against the calendar.
    """
    ical = texts.write(calendar)
    if len(ical.encode()) > lines.MAX_BYTES:
        raise BadRequest("It has become too long.", code="calendar_too_large")
    found = say.facts_of(calendar, beside)
    return _Made(ical, reading.facts(calendar).uid, found, expand(calendar, now))


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


def _is_series(calendar: Block) -> bool:
    master, others = reading.parts_of(calendar)
    return bool(others or master.first("RRULE") or master.first("RDATE"))


def _is_of(one: wire.Proposal, uid: str, occurrence: str | None) -> bool:
    return one.by == uid and one.occurrence == occurrence


def _proposed(
    uid: str, command: cmd.AnswerEntry, before: Sequence[wire.Proposal], now_ms: int
) -> list[wire.Proposal]:
    """Raises:
    BadRequest: ``bad_date``, ``unknown_zone``.
    """
    assert command.proposal is not None
    starts, ends = texts.moment(command.proposal.starts), texts.moment(command.proposal.ends)
    if starts.is_day != ends.is_day or reading.is_before(ends, starts):
        raise BadRequest("It ends before it begins.", code="bad_date")
    first, last = say.told(starts), say.told(ends)
    assert first is not None
    assert last is not None
    kept = [one for one in before if not _is_of(one, uid, command.occurrence)]
    new = wire.Proposal(uid, now_ms, first, last, command.proposal.note, command.occurrence)
    return [*kept, new][-wire.MAX_PROPOSALS :]


def _proposers(command: cmd.ChangeEntry, proposals: Sequence[wire.Proposal]) -> list[str]:
    """Who asked for the time that it is moved to."""
    return [
        one.by
        for one in proposals
        if one.occurrence == command.occurrence
        and isinstance(command.starts, wire.Moment)
        and one.starts == say.told(texts.moment(command.starts))
    ]


def _ms(when: wire.When | None) -> int | None:
    if when is None:
        return None
    if when.at is not None:
        return when.at
    return int(datetime.fromisoformat(when.local).replace(tzinfo=UTC).timestamp() * 1000)
