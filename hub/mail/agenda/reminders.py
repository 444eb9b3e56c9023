"""Reminders: set, moved, and delivered once, on whatever process and through crashes.

One job of the hub (``remind``) waits for the first of them. What is private becomes a notice in one
transaction with the end of the reminder; what is for a thread is a message under a ``send_id`` that
is the reminder's, and so one however often it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import structlog

from hub.agenda import changing, reading
from hub.agenda.reading import Moment
from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Conflict, Forbidden, HubError, NotFound, Unavailable
from hub.ids import b64url, new_id, sha256
from hub.jobs.queue import Jobs
from hub.mail.agenda.facts import told
from hub.storage import entries, timeline
from hub.storage import reminders as rows
from hub.storage.jobs import Job
from hub.storage.pool import Database
from hub.storage.reminders import Due
from hub.storage.writer import Append, GroupCommitWriter
from hub.wire import agenda as wire
from hub.wire import events as ev
from hub.wire import reminders as api
from hub.wire import words
from hub.wire.visibility import visible_from

REMIND: Final = "remind"
BATCH: Final = 500
LATE_S: Final = 120
"""So far ago may be what is asked for: who says whole minutes may mean the present one."""
MAX_MENTIONS: Final = 100

_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class Reminders:
    """Args:
    tell: gives a frame to all connections of somebody.
    """

    def __init__(
        self, database: Database, writer: GroupCommitWriter, clock: Clock, jobs: Jobs,
        tell: Callable[[str, msgspec.Struct], None],
    ) -> None:  # fmt: skip
        self._database = database
        self._writer = writer
        self._clock = clock
        self._jobs = jobs
        self._tell = tell
        jobs.handle(REMIND, self._remind, at_once=1)

    async def add(self, uid: str, new: api.NewReminder) -> api.Reminder:
        """Raises:
        BadRequest: ``bad_reminder``, ``reminder_past``, ``bad_date``, ``unknown_zone``.
        Conflict: ``too_many_reminders``.
        Forbidden: ``read_only``.
        NotFound: ``thread_not_found``, ``message_not_found``, ``entry_not_found``.
        """
        note = words.storable(new.note).strip()
        zone = _zone(new.zone)
        if (new.when is None) == (new.before_s is None) or (
            new.before_s is not None and (new.entry is None or new.for_thread)
        ):
            raise BadRequest("A reminder is at a moment, or before a task or meeting.",
                             code="bad_reminder")  # fmt: skip
        if new.for_thread and new.thread is None:
            raise BadRequest("Say to which thread.", code="bad_reminder")
        due, said = (None, None) if new.when is None else self._due(new.when, zone)
        send_id = new.send_id or new_id("n")
        id_ = f"m_{b64url(sha256(_encode([uid, send_id]))[:15])}"
        async with self._database.transaction() as connection:
            thread = await self._require_place(connection, uid, new)
            if new.for_thread and not note and new.seq is None and new.entry is None:
                raise BadRequest("Say what it reminds of.", code="bad_reminder")
            there = await rows.add(
                connection, id_, uid, note, due_at=due, moment=said, zone=zone.key,
                before_s=new.before_s, thread=thread, seq=new.seq, entry=new.entry,
                for_thread=new.for_thread, at=self._now(),
            )  # fmt: skip
            if not there:
                raise Conflict(
                    f"Somebody has {api.MAX_REMINDERS} reminders at most.",
                    code="too_many_reminders",
                )
            if new.entry is not None and new.before_s is not None:
                row = await entries.find(connection, new.entry)
                is_open = row is not None and row.facts.state not in ("done", "cancelled")
                due = await rows.follow(connection, new.entry, self._now(), is_open=is_open)
            await self.ask(connection, due)
            found = await rows.find(connection, uid, id_)
        self._jobs.wake()
        if found is None:  # asked for again, after it was delivered
            raise Conflict("It was set before, and is over.", code="reminder_over")
        return found

    async def listed(self, uid: str) -> api.Reminders:
        async with self._database.acquire() as connection:
            return api.Reminders(await rows.of_person(connection, uid))

    async def move(self, uid: str, reminder: str, when: wire.Moment) -> api.Reminder:
        """Raises:
        BadRequest: ``reminder_past``, ``bad_date``, ``unknown_zone``.
        NotFound: ``reminder_not_found``.
        """
        async with self._database.transaction() as connection:
            due, said = self._due(when, _zone(when.zone or "UTC"))
            if not await rows.move(connection, uid, reminder, due, said):
                raise _none()
            await self.ask(connection, due)
            found = await rows.find(connection, uid, reminder)
        self._jobs.wake()
        assert found is not None
        return found

    async def remove(self, uid: str, reminder: str) -> None:
        """Raises:
        NotFound: ``reminder_not_found``.
        """
        async with self._database.transaction() as connection:
            if not await rows.remove(connection, uid, reminder):
                raise _none()

    async def notices(self, uid: str) -> api.Notices:
        async with self._database.acquire() as connection:
            return api.Notices(await rows.unseen(connection, uid))

    async def see(self, uid: str, notice: str) -> None:
        """It was seen; again changes nothing."""
        async with self._database.acquire() as connection:
            seen = await rows.see(connection, uid, notice, self._now())
        if seen is not None:
            self._tell(uid, ev.NoticeSeen(notice))

    async def snooze(self, uid: str, notice: str, when: wire.Moment) -> api.Reminder:
        """Remind of the same again; the notice is seen.

        Raises:
            BadRequest: ``reminder_past``, ``bad_date``, ``unknown_zone``.
            NotFound: ``notice_not_found``.
        """
        zone = _zone(when.zone or "UTC")
        due, said = self._due(when, zone)
        id_ = f"m_{b64url(sha256(_encode([uid, notice, said.at or said.local]))[:15])}"
        async with self._database.transaction() as connection:
            body = await rows.see(connection, uid, notice, self._now())
            if body is None:
                raise NotFound("It is over, or there is none.", code="notice_not_found")
            if body.asks is not None:
                raise BadRequest("It is a question, and no reminder.", code="not_a_reminder")
            await rows.add(
                connection, id_, uid, body.note, due_at=due, moment=said, zone=zone.key,
                before_s=None, thread=body.thread, seq=body.seq, entry=body.entry,
                for_thread=False, at=self._now(),
            )  # fmt: skip
            await self.ask(connection, due)
            found = await rows.find(connection, uid, id_)
        self._jobs.wake()
        self._tell(uid, ev.NoticeSeen(notice))
        if found is None:
            raise Conflict(f"Somebody has {api.MAX_REMINDERS} reminders at most.",
                           code="too_many_reminders")  # fmt: skip
        return found

    async def follow(self, connection: Any, entry: str, *, is_open: bool) -> None:
        """A task or meeting is at another time, or over; in the transaction that makes it so, after
        its moments."""
        due = await rows.follow(connection, entry, self._now(), is_open=is_open)
        await self.ask(connection, due)

    async def carry(self, uid: str, entry: str, to: str, thread: str) -> None:
        """Somebody's reminders of a task or meeting are of another one, which it has become."""
        async with self._database.transaction() as connection:
            await rows.carry(connection, uid, entry, to, thread)
            row = await entries.find(connection, to)
            is_open = row is not None and row.facts.state not in ("done", "cancelled")
            await self.follow(connection, to, is_open=is_open)
        self._jobs.wake()

    async def ask(self, connection: Any, due: datetime | None) -> None:
        """Have the job done at a moment; null: not for this."""
        if due is not None:
            wait = (due - self._now()).total_seconds()
            await self._jobs.put(connection, REMIND, "", in_s=max(0.0, wait))

    # --- delivering -------------------------------------------------------------------------------

    async def _remind(self, job: Job) -> None:
        while True:
            async with self._jobs.holding(job) as connection:
                count, made = await rows.deliver(connection, self._now(), BATCH)
            for uid, notice in made:
                self._tell(uid, _frame(notice))
            if count < BATCH:
                break
        async with self._database.acquire() as connection:
            due = await rows.due_for_threads(connection, self._now(), BATCH)
        for one in due:
            await self._say(job, one)
        async with self._jobs.holding(job) as connection:
            await self.ask(connection, await rows.first_due(connection))

    async def _say(self, job: Job, due: Due) -> None:
        """To everybody of a thread, as a message of who set it."""
        try:
            append = await self._message(due)
            await self._writer.append(append)
        except Unavailable:
            raise
        except HubError as refused:
            log.info("a reminder was not said", thread=due.thread, reason=refused.code)
            async with self._jobs.holding(job) as connection:
                notice = await rows.not_said(connection, due, refused.code)
            if notice is not None:
                self._tell(due.uid, _frame(notice))
        else:
            async with self._jobs.holding(job) as connection:
                await rows.said(connection, due)

    async def _message(self, due: Due) -> Append:
        async with self._database.acquire() as connection:
            members = await timeline.members_of(connection, due.thread)
        others = [one for one in members if one.uid != due.uid][:MAX_MENTIONS]
        data = ev.MessageData(
            due.note or "Reminder", due.seq, [one.uid for one in others],
            [one.display_name for one in others], reminder=True,
        )  # fmt: skip
        at = int(due.due_at.timestamp() * 1000)
        return Append(
            due.thread, "message", due.uid, _encode(data), f"hub:{due.reminder}.{at}",
            guard=partial(_require_writer, due.thread, due.uid),
        )  # fmt: skip

    # --- what is asked for ------------------------------------------------------------------------

    def _due(self, when: wire.Moment, zone: ZoneInfo) -> tuple[datetime, wire.When]:
        """The instant of a moment; a day begins on the clocks of a zone.

        Raises:
            BadRequest: ``reminder_past``, ``bad_date``, ``unknown_zone``.
        """
        given = changing.parse(when.local, when.zone)
        moment = Moment(given.local, zone=zone, tzid=zone.key) if given.is_day else given
        due = moment.instant
        assert due is not None
        if due < self._now() - timedelta(seconds=LATE_S):
            raise BadRequest("That moment is over.", code="reminder_past")
        said = told(moment)
        assert said is not None
        return due, said

    async def _require_place(
        self, connection: Any, uid: str, new: api.NewReminder
    ) -> str | None:  # fmt: skip
        """The thread that it is of, which somebody may read."""
        thread = new.thread
        if new.entry is not None:
            found = await entries.one_of(connection, new.entry, uid)
            if found is None or (thread is not None and thread != found[0].thread):
                raise NotFound("There is no such task or meeting.", code="entry_not_found")
            thread = found[0].thread
        if thread is None:
            if new.seq is not None:
                raise BadRequest("Say of which thread.", code="bad_reminder")
            return None
        state = await timeline.room_state(connection, thread)
        member = None if state is None else state.members.get(uid)
        if state is None or member is None:
            raise NotFound("There is no such thread, or you are no member.",
                           code="thread_not_found")  # fmt: skip
        if new.for_thread and member.role == "reader":
            raise Forbidden("You can read this thread, not write in it.", code="read_only")
        if new.seq is not None:
            message = await timeline.message(connection, thread, new.seq)
            since = visible_from(state.history, member.since_seq)
            if message is None or message.type != "message" or new.seq < since:
                raise NotFound("There is no such message.", code="message_not_found")
            if new.for_thread and message.reply_to is not None:
                raise BadRequest("A reply cannot be replied to.", code="reply_depth")
        return thread

    def _now(self) -> datetime:
        return to_datetime(self._clock.now_ms())


def _zone(name: str) -> ZoneInfo:
    """Raises:
    BadRequest: ``unknown_zone``.
    """
    found = reading.zone(name)
    return found if isinstance(found, ZoneInfo) else ZoneInfo("UTC")


def _frame(notice: api.Notice) -> ev.NoticeFrame:
    return ev.NoticeFrame(notice)


async def _require_writer(thread: str, uid: str, connection: Any) -> None:
    """Raises:
    Forbidden: ``not_member``, ``read_only``.
    """
    role = await timeline.role_of(connection, thread, uid)
    if role is None:
        raise Forbidden("You are no member of the thread any more.", code="not_member")
    if role == "reader":
        raise Forbidden("You can read this thread, not write in it.", code="read_only")


def _none() -> NotFound:
    return NotFound("There is no such reminder.", code="reminder_not_found")
