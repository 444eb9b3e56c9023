"""Tasks and meetings of a thread as clients see them. Their text is iCalendar, and is read as such
from ``/api/entries/{id}.ics``; here stands what of it the hub acts on. Pure.

Source: RFC 5545 (VTODO, VEVENT); docs/adr/0025.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

EntryKind = Literal["task", "event"]
EntryState = Literal["open", "in_process", "done", "confirmed", "tentative", "cancelled"]
Answer = Literal["none", "accepted", "declined", "tentative"]
Did = Literal[
    "added", "changed", "moved", "finished", "reopened", "answered", "proposed", "blocked",
    "unblocked", "cancelled", "restored", "skipped", "brought_back",
]  # fmt: skip
MAX_PEOPLE: Final = 500
MAX_PROPOSALS: Final = 20

EntryId = Annotated[str, Meta(max_length=64)]
OccurrenceId = Annotated[str, Meta(max_length=19)]
Title = Annotated[str, Meta(min_length=1, max_length=500)]
Notes = Annotated[str, Meta(max_length=20_000)]
Place = Annotated[str, Meta(max_length=500)]
Rule = Annotated[str, Meta(min_length=1, max_length=500)]
Reason = Annotated[str, Meta(max_length=500)]


class Moment(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A day (``2026-11-27``), or a time (``2026-11-27T09:00:00``) on the clocks of a ``zone``."""

    local: Annotated[str, Meta(min_length=10, max_length=19)]
    zone: Annotated[str, Meta(max_length=64)] | None = None


class When(Struct, frozen=True, omit_defaults=True):
    """A day, or a time on the clocks of a ``zone``, which is ``at`` (Unix ms) everywhere; a time
    without a zone is on the clocks of whoever looks."""

    local: str
    zone: str | None = None
    at: int | None = None


class Invited(Struct, frozen=True, omit_defaults=True):
    """Somebody whom a task or a meeting is for; without ``uid`` nobody of this hub."""

    name: str
    address: str = ""
    uid: str | None = None
    answer: Answer = "none"


class EntrySource(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a task or meeting came from, one of these: message ``seq``, version ``number`` of an
    ``attachment``, the words ``quote`` of a ``document``, a ``reference`` of the thread."""

    seq: Annotated[int, Meta(ge=1, lt=2**53)] | None = None
    attachment: Annotated[str, Meta(max_length=64)] | None = None
    number: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    document: Annotated[str, Meta(max_length=64)] | None = None
    quote: Annotated[str, Meta(max_length=500)] = ""
    reference: Annotated[str, Meta(max_length=500)] | None = None


class Proposal(Struct, frozen=True, omit_defaults=True):
    """Another time that somebody who is asked to come would rather have."""

    by: str
    at: int
    starts: When
    ends: When
    note: str = ""
    occurrence: str | None = None


class Occurrence(Struct, frozen=True, omit_defaults=True):
    """One moment of a series; ``id`` is when the series has it, whenever it is now."""

    id: str
    starts: When | None = None
    ends: When | None = None


class EntryFacts(Struct, omit_defaults=True, kw_only=True):
    """What a task or meeting says. ``ends``: of a task when it is due. ``rule`` is an RRULE;
    ``series``: there is more than one moment. ``current``: of a task that comes back the one that
    is to be done. ``done_by`` and ``done_at`` are those of a task without a series. ``more_notes``:
    there are more than stand here."""

    kind: EntryKind
    title: str
    state: EntryState
    notes: str = ""
    place: str = ""
    starts: When | None = None
    ends: When | None = None
    rule: str | None = None
    series: bool = False
    current: Occurrence | None = None
    organizer: Invited | None = None
    people: list[Invited] = []
    blocked: str | None = None
    source: EntrySource | None = None
    proposals: list[Proposal] = []
    done_by: str | None = None
    done_at: int | None = None
    more_notes: bool = False


class EntrySetData(EntryFacts, omit_defaults=True, kw_only=True):
    """A task or meeting is new, or ``did`` happened to it; the rest says how it is now. ``target``
    is the seq of the event that added it. ``shown`` are those who see it whatever they may read of
    the thread: it is for them, or was. ``answer`` is the sender's; ``occurrence`` the moment that
    it happened to, null: all of it. Of one that is new the sender made it, now."""

    entry: str
    did: Did
    target: int | None = None
    shown: list[str] = []
    occurrence: str | None = None
    answer: Answer | None = None
    created_by: str | None = None
    created_at: int | None = None


class EntrySetBody(Struct, omit_defaults=True, kw_only=True):
    """An ``entry.set`` as the log has it: what is ``told`` of it, and the text that says it.

    Attributes:
        ical: canonical; ``uid`` is its UID.
        asked: whom it is for, with what they answered.
        due: of a task that is to be done (Unix ms; by the clocks of UTC if it has no zone).
        over: of a meeting after its last moment; null: it has no last one.
    """

    told: EntrySetData
    ical: str
    uid: str
    asked: dict[str, Answer]
    due: int | None = None
    over: int | None = None


class EntryRemoveData(Struct, omit_defaults=True, kw_only=True):
    """It is gone, and erased for good ``undo_s`` seconds after the event."""

    entry: str
    kind: EntryKind
    title: str
    target: int
    undo_s: int
    shown: list[str] = []


class EntryLine(Struct, omit_defaults=True, kw_only=True):
    """What the history says of an ``entry.set``."""

    entry: str
    kind: EntryKind
    did: Did
    title: str
    target: int | None = None
    shown: list[str] = []
    occurrence: str | None = None
    answer: Answer | None = None
    starts: When | None = None


class Entry(EntryFacts, omit_defaults=True, kw_only=True):
    """A task or meeting as it stands, as of timeline seq ``seq`` of its thread; ``target`` is the
    seq of the event that added it."""

    entry: str
    thread: str
    seq: int
    target: int
    created_by: str
    created_at: int
    set_by: str
    set_at: int


class OccurrenceSays(Struct, omit_defaults=True):
    """One moment of a task or meeting; null is said by the whole. ``answers`` are those to it, by
    uid. ``is_free``: whoever comes is free for something else all the same (TRANSP)."""

    state: EntryState
    starts: When | None = None
    ends: When | None = None
    title: str | None = None
    place: str | None = None
    answers: dict[str, Answer] | None = None
    is_free: bool = False


class AgendaOccurrence(OccurrenceSays, omit_defaults=True, kw_only=True):
    entry: str
    occurrence: str | None = None


class Agenda(Struct):
    """What is for somebody in a while, in order, and the tasks and meetings that it is of.
    ``more``: there is more than fits; ``kept``: from when until when series are followed (Unix
    ms)."""

    occurrences: list[AgendaOccurrence]
    entries: list[Entry]
    more: bool
    kept: tuple[int, int]


class Tasks(Struct):
    """What somebody has to do: first what is due first, what has no day last; then what was done
    lately."""

    entries: list[Entry]
    more: bool


class CalendarFileEntry(Struct, omit_defaults=True, kw_only=True):
    """One task or meeting of a calendar file. ``entry``: the thread has it; ``is_newer``: the file
    says something newer of it."""

    uid: str
    says: EntryFacts
    entry: str | None = None
    is_newer: bool = False


class CalendarRefused(Struct):
    """What of a file cannot be kept, and the code and the words of why."""

    title: str
    code: str
    detail: str


class CalendarFile(Struct):
    """What a calendar file has: the first of ``count`` tasks and meetings. ``method``: what its
    sender wants (RFC 5546); empty: nothing."""

    method: str
    entries: list[CalendarFileEntry]
    refused: list[CalendarRefused]
    count: int


class Brought(Struct):
    """What came of a calendar file: the ids of what is new and of what was replaced, how many say
    nothing new, and what could not be kept (the first 100)."""

    added: list[str]
    renewed: list[str]
    same: int
    refused: list[CalendarRefused]


class Entries(Struct):
    """Tasks and meetings of a thread; ``more``: those after the last of these."""

    entries: list[Entry]
    more: bool
