"""Reminders and what becomes of them, as their owner sees them. Pure."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from hub.wire.agenda import EntryId, Moment, When
from hub.wire.commands import SendId, Seq, ThreadId

MAX_REMINDERS: Final = 2_000
"""Of one person, that wait."""
MAX_BEFORE_S: Final = 60 * 86_400

Note = Annotated[str, Meta(max_length=500)]


class NewReminder(Struct, forbid_unknown_fields=True, kw_only=True):
    """At a moment (``when``), or ``before_s`` seconds before each moment of a task or meeting
    (``entry``). Of a message (``thread`` and ``seq``), of a thread, of an entry, or of nothing but
    its ``note``. ``for_thread``: it is said to everybody of the thread, then. ``zone``: on whose
    clocks days are counted."""

    note: Note = ""
    when: Moment | None = None
    before_s: Annotated[int, Meta(ge=0, le=MAX_BEFORE_S)] | None = None
    thread: ThreadId | None = None
    seq: Seq | None = None
    entry: EntryId | None = None
    for_thread: bool = False
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    send_id: SendId | None = None


class PatchReminder(Struct, forbid_unknown_fields=True, kw_only=True):
    when: Moment


class Reminder(Struct, omit_defaults=True, kw_only=True):
    """``at``: when it is due next (Unix ms); null: there is no moment to come. ``when`` is as it
    was said."""

    reminder: str
    uid: str
    note: str
    at: int | None = None
    when: When | None = None
    before_s: int | None = None
    thread: str | None = None
    seq: int | None = None
    entry: str | None = None
    for_thread: bool = False
    created_at: int


class Reminders(Struct):
    reminders: list[Reminder]


class NoticeBody(Struct, omit_defaults=True, kw_only=True):
    """What is reminded of; ``failed`` is the code of why it was not said to the thread. Or who
    ``asks`` to know when one is busy."""

    note: str
    thread: str | None = None
    seq: int | None = None
    entry: str | None = None
    failed: str | None = None
    asks: str | None = None


class Notice(NoticeBody, omit_defaults=True, kw_only=True):
    """A reminder that is due, until it was seen. ``at`` is when it was due (Unix ms)."""

    notice: str
    at: int


class Notices(Struct):
    """Those that were not seen yet, the oldest first."""

    notices: list[Notice]


class SnoozeNotice(Struct, forbid_unknown_fields=True, kw_only=True):
    when: Moment
