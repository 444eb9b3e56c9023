"""Calendar files: brought into a thread, looked at before, and made of what somebody has.

What comes in goes through the door of its thread, one task or meeting after the other; what cannot
be kept is told with its reason, and keeps the rest from nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

from hub.agenda import changing, files, lines, own, reading
from hub.agenda.files import Piece
from hub.agenda.lines import Line
from hub.errors import BadRequest, Conflict, HubError, TooLarge
from hub.identity.principal import Principal
from hub.ids import new_id
from hub.mail.agenda import facts as say
from hub.mail.agenda import replacing, texts
from hub.mail.agenda.facts import Beside
from hub.rooms.door import Door
from hub.storage import accounts, calendars, entries
from hub.storage.entries import Known
from hub.storage.pool import Database
from hub.wire import agenda as wire
from hub.wire import commands as cmd

T = TypeVar("T")
MAX_LOOKED_AT: Final = 100
# What stands against one keeps the others from nothing.
_OF_ONE: Final = (
    "entry_exists", "entry_busy", "entry_changed", "entry_removed", "not_invited",
    "occurrence_not_found",
)  # fmt: skip
_ADDS: Final = ("", "PUBLISH", "REQUEST", "ADD")


class _Refused(NamedTuple):
    piece: Piece
    error: HubError


class Files:
    def __init__(self, database: Database, door: Door) -> None:
        self._database = database
        self._door = door
        self._hands = asyncio.Semaphore(1)

    async def look(self, data: bytes, thread: str, uid: str, since: int) -> wire.CalendarFile:
        """What a file has, and what of it the thread has.

        Args:
            since: the first seq that whoever looks may read.

        Raises:
            BadRequest: ``bad_calendar``.
            TooLarge: ``calendar_too_large``.
        """
        pieces = await self._worked(lambda: files.split(data))
        shown = pieces[:MAX_LOOKED_AT]
        async with self._database.acquire() as connection:
            known = await entries.known_uids(
                connection, thread, uid, since, [one.uid for one in shown]
            )
            people = (await accounts.of_threads(connection, [thread])).get(thread, {})
        looked = await self._worked(lambda: [_looked_at(one, known, people) for one in shown])
        return wire.CalendarFile(
            method=pieces[0].method if pieces else "",
            entries=[one for one in looked if isinstance(one, wire.CalendarFileEntry)],
            refused=[_told(one) for one in looked if isinstance(one, _Refused)],
            count=len(pieces),
        )

    async def bring(
        self, who: Principal, data: bytes, thread: str, since: int,
        source: wire.EntrySource | None = None, message: int | None = None,
    ) -> wire.Brought:  # fmt: skip
        """Bring what a file has into a thread: what is new is added, what is newer replaces what is
        there, what its sender called off is cancelled, and what they answered is noted.

        Args:
            since: the first seq that they may read.
            source: what it comes from; of a file with one only, the ``message`` instead.

        Raises:
            BadRequest: ``bad_calendar``.
            TooLarge: ``calendar_too_large``.
            Forbidden, NotFound: of the door.
        """
        pieces = await self._worked(lambda: files.split(data))
        if message is not None and len(pieces) == 1:
            source = wire.EntrySource(seq=message)
        async with self._database.acquire() as connection:
            known = await entries.known_uids(
                connection, thread, who.uid, since, [one.uid for one in pieces]
            )
        brought = wire.Brought([], [], 0, [])
        for piece in pieces:
            try:
                entry = await self._bring_one(who, piece, known.get(piece.uid), thread, source)
            except HubError as error:
                ends = error.code not in _OF_ONE and not isinstance(error, BadRequest | TooLarge)
                if ends and not (brought.added or brought.renewed):
                    raise
                if error.code == "entry_exists":
                    brought.same += 1
                elif len(brought.refused) < MAX_LOOKED_AT:
                    brought.refused.append(_told(_Refused(piece, error)))
                if ends:
                    break
                continue
            if entry is None:
                brought.same += 1
            elif piece.uid in known:
                brought.renewed.append(entry)
            else:
                brought.added.append(entry)
                async with self._database.acquire() as connection:
                    known |= await entries.known_uids(
                        connection, thread, who.uid, since, [piece.uid]
                    )
        return brought

    async def _bring_one(
        self, who: Principal, piece: Piece, there: Known | None, thread: str,
        source: wire.EntrySource | None,
    ) -> str | None:  # fmt: skip
        """The id of what is new or was changed; null: it says nothing new."""

        def work() -> tuple[str, cmd.AddEntry | cmd.ReplaceEntry]:
            return own.take(piece.calendar), _command(piece, there, thread, source)

        alarms, command = await self._worked(work)
        accepted = await self._door.write(who, command)
        if there is not None and not accepted.changed:
            return None
        entry = there.entry if there is not None else accepted.entry or ""
        if alarms != own.NOTHING:
            is_task = reading.parts_of(piece.calendar)[0].name == "VTODO"
            kind: wire.EntryKind = "task" if is_task else "event"
            async with self._database.acquire() as connection:
                await calendars.keep_own(connection, who.uid, entry, kind, alarms)
        return entry

    async def export(
        self, uid: str, name: str, thread: str | None, since: int = 0, *, alarms: bool = True
    ) -> bytes:  # fmt: skip
        """A file of what is for somebody, or of what they see of a thread.

        Args:
            alarms: their own are in it.
        """
        async with self._database.acquire() as connection:
            if thread is None:
                found = await entries.texts_for(connection, uid)
            else:
                found = await entries.texts_in(connection, thread, uid, since)
            theirs = await calendars.own_of(connection, uid, list(found) if alarms else [])
        return await self._worked(lambda: _joined(found, theirs, name))

    async def digest(self, uid: str) -> str:
        """By which it is known whether what is for somebody has changed."""
        async with self._database.acquire() as connection:
            seqs = await entries.seqs_for(connection, uid)
        text = "\n".join(f"{entry} {seq}" for entry, seq in seqs)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    async def _worked(self, work: Callable[[], T]) -> T:
        async with self._hands:
            return await asyncio.to_thread(work)


def _looked_at(
    piece: Piece, known: Mapping[str, Known], people: Mapping[str, str]
) -> wire.CalendarFileEntry | _Refused:
    there = known.get(piece.uid)
    try:
        ical = lines.write(piece.calendar).decode()
        facts = say.facts_of(texts.read(ical), Beside(people))
        is_newer = there is not None and texts.is_newer(ical, there.ical)
    except HubError as error:
        return _Refused(piece, error)
    return wire.CalendarFileEntry(
        uid=piece.uid, says=facts, entry=None if there is None else there.entry, is_newer=is_newer
    )


def _command(
    piece: Piece, there: Known | None, thread: str, source: wire.EntrySource | None
) -> cmd.AddEntry | cmd.ReplaceEntry:
    """Raises:
    BadRequest: ``unsupported_method``, ``nothing_to_change``.
    Conflict: ``entry_exists``.
    NotFound: ``not_invited``, ``occurrence_not_found``.
    """
    ical = lines.write(piece.calendar).decode()
    master = reading.parts_of(piece.calendar)[0]
    if piece.method in _ADDS:
        kind: wire.EntryKind = "task" if master.name == "VTODO" else "event"
        return cmd.AddEntry(
            thread=thread, send_id=new_id("n"), kind=kind, ical=ical, source=source
        )  # fmt: skip
    if piece.method not in ("CANCEL", "REPLY"):
        raise BadRequest(
            f"What a {piece.method[:20]} asks for is not done here.", code="unsupported_method"
        )
    if there is None:
        raise BadRequest("The thread has nothing that it is about.", code="nothing_to_change")
    (kept,) = lines.read(there.ical.encode())
    if piece.method == "CANCEL" and texts.is_newer(there.ical, ical):
        raise Conflict("It was sent anew since then.", code="entry_exists")
    for occurrence, said in replacing.moments_of(kept, piece.calendar):
        if piece.method == "REPLY":
            for line in said.lines("ATTENDEE"):
                who = {reading.participant(line).address}
                changing.set_answer(kept, who, replacing.answer_in(line), occurrence)
        else:
            master, others = reading.parts_of(kept)
            one = (
                [master, *others] if occurrence is None else [changing.moment_of(kept, occurrence)]
            )
            for block in one:
                block.put(Line("STATUS", "CANCELLED"))
    return cmd.ReplaceEntry(
        thread=thread, send_id=new_id("n"), entry=there.entry, base=there.seq,
        ical=lines.write(kept).decode(),
    )  # fmt: skip


def _joined(found: Mapping[str, str], alarms: Mapping[str, str], name: str) -> bytes:
    whole = []
    for entry, ical in found.items():
        (calendar,) = lines.read(ical.encode())
        if entry in alarms:
            own.give(calendar, alarms[entry])
        whole.append(calendar)
    return files.join(whole, name)


def _told(refused: _Refused) -> wire.CalendarRefused:
    line = next(
        (line for block in refused.piece.calendar.blocks() for line in block.lines("SUMMARY")), None
    )
    title = refused.piece.uid if line is None else line.text
    return wire.CalendarRefused(title[:200], refused.error.code, refused.error.detail)
