"""What commands make of a calendar. Pure: who may ask, and what is written, is decided elsewhere.

What is said of one moment of a series goes into the component of that moment; what only a whole can
have (its rule, its people) cannot be said of a moment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from hub.agenda import changing, lines, reading, series
from hub.agenda.lines import Block
from hub.agenda.reading import Moment
from hub.errors import BadRequest
from hub.mail.agenda.facts import status_of
from hub.wire import agenda as wire
from hub.wire import commands as cmd
from hub.wire import words

_STAMPS: Final = re.compile(r"^(?:DTSTAMP|LAST-MODIFIED|SEQUENCE)[;:].*\r?\n", re.MULTILINE)
_TEXTS: Final = {"title": "SUMMARY", "notes": "DESCRIPTION", "place": "LOCATION"}
_OF_ALL: Final = ("rule", "people", "blocked")
_STATES: Final = {
    "task": ("open", "in_process", "done", "cancelled"),
    "event": ("confirmed", "tentative", "cancelled"),
}
_ANSWERS: Final[dict[wire.Answer, changing.Answer]] = {
    "none": "NEEDS-ACTION", "accepted": "ACCEPTED", "declined": "DECLINED",
    "tentative": "TENTATIVE",
}  # fmt: skip


class Contact(NamedTuple):
    """Somebody of the hub, as calendars name them."""

    uid: str
    address: str
    name: str


def read(text: str) -> Block:
    """One task or meeting.

    Raises:
        BadRequest: ``bad_calendar``.
        TooLarge: ``calendar_too_large``.
    """
    found = lines.read(text.encode())
    if len(found) != 1:
        raise BadRequest("One calendar is kept at a time.", code="bad_calendar")
    reading.parts_of(found[0])
    return found[0]


def write(calendar: Block) -> str:
    return lines.write(calendar).decode()


def uid_of(calendar: Block) -> str:
    """Its iCalendar UID, which was checked."""
    line = reading.parts_of(calendar)[0].first("UID")
    return line.value.strip() if line is not None else ""


def is_newer(one: str, other: str) -> bool:
    """Whether a text was sent after another of the same task or meeting (RFC 5546, 2.1.5).

    Raises:
        BadRequest, TooLarge: what stands against either.
    """
    return _sent(read(one)) > _sent(read(other))


def _sent(calendar: Block) -> tuple[int, str]:
    parts = [block for whole in (reading.parts_of(calendar),) for block in (whole[0], *whole[1])]
    stamps = [line.value.strip() for block in parts for line in block.lines("DTSTAMP")]
    return max(map(reading.sequence, parts)), max(stamps, default="")


def made(
    command: cmd.AddEntry, ical_uid: str, maker: Contact, people: Sequence[Contact], now: datetime
) -> Block:
    """Raises:
    BadRequest: ``bad_date``, ``unknown_zone``, ``empty_title``.
    """
    calendar = changing.new(command.kind, ical_uid, now)
    block = reading.parts_of(calendar)[0]
    changing.set_text(block, "SUMMARY", title(command.title))
    changing.set_text(block, "DESCRIPTION", _text(command.notes))
    changing.set_text(block, "LOCATION", _text(command.place))
    changing.set_span(calendar, block, _moment(command.starts), _moment(command.ends))
    changing.set_rule(block, command.rule)
    set_people(block, maker, people, {})
    return calendar


def change(
    calendar: Block, command: cmd.ChangeEntry, changer: Contact, people: Sequence[Contact] | None,
    known: Mapping[str, str], wanted: Sequence[str], now: datetime,
) -> wire.Did:  # fmt: skip
    """Do what a command asks for; returns what that comes to, in a word.

    Args:
        known: uids of the people of the thread by their addresses.
        wanted: uids of who asked for the time that it is moved to.

    Raises:
        BadRequest: ``bad_date``, ``unknown_zone``, ``empty_title``, ``not_of_a_moment``,
            ``bad_state``.
        NotFound: ``occurrence_not_found``.
    """
    master = reading.parts_of(calendar)[0]
    block = master
    if command.occurrence is not None:
        if any(getattr(command, name) is not UNSET for name in _OF_ALL):
            raise BadRequest(
                "One moment of a series has no rule and no people of its own.",
                code="not_of_a_moment",
            )
        block = changing.moment_of(calendar, command.occurrence)
    did: wire.Did = "changed"
    if command.title is not UNSET:
        changing.set_text(block, "SUMMARY", title(command.title))
    for name in ("notes", "place"):
        if (given := getattr(command, name)) is not UNSET:
            changing.set_text(block, _TEXTS[name], _text(given))
    if command.people is not UNSET:
        for one in (master, *reading.parts_of(calendar)[1]):
            set_people(one, changer, people or (), known)
    rules = _rule_of(block)
    if command.rule is not UNSET:
        changing.set_rule(block, command.rule, reading.zones_of(calendar))
    if command.blocked is not UNSET:
        reason = command.blocked if command.blocked is None else _text(command.blocked)
        changing.set_blocked(block, reason)
        did = "unblocked" if reason is None else "blocked"
    if command.state is not UNSET:
        did = _set_state(calendar, block, command.state, now)
    is_moved = _rule_of(block) != rules
    if command.starts is not UNSET or command.ends is not UNSET:
        is_moved = _move(calendar, block, command) or is_moved
    if _rule_of(block) != rules and command.rule is not UNSET:
        changing.keep_exceptions(calendar)
    if is_moved and did == "changed":
        did = "moved"
    changing.touch(block, now, anew=is_moved or did in ("cancelled", "restored"))
    if is_moved and block.name == "VEVENT":
        changing.ask_again(block, known, {changer.uid, *wanted})
    return did


def answer(command: cmd.AnswerEntry) -> changing.Answer:
    return _ANSWERS[command.answer]


def set_people(
    block: Block, maker: Contact, people: Sequence[Contact], known: Mapping[str, str]
) -> None:
    """Whom it is for; those who are none of the thread stay.

    Args:
        known: uids of the people of the thread by their addresses.
    """
    members = set(known.values())
    strangers = [
        ("", person.address, person.name)
        for person in map(reading.participant, block.lines("ATTENDEE"))
        if person.uid not in members and person.address not in known
    ]
    changing.set_people(block, (maker.address, maker.name), [*people, *strangers], known)


def come_too(calendar: Block, own: Collection[str], person: Contact, maker: Contact) -> None:
    """Who sees a meeting may come, too: they are asked with the others."""
    block = reading.parts_of(calendar)[0]
    there = map(reading.participant, block.lines("ATTENDEE"))
    if any(one.uid in own or one.address in own for one in there):
        return
    asked = [(one.uid or "", one.address, one.name) for one in
             map(reading.participant, block.lines("ATTENDEE"))]  # fmt: skip
    changing.set_people(block, (maker.address, maker.name), [*asked, person])


def is_same(before: str, after: str) -> bool:
    """Whether two texts say the same, but for when they were written."""
    return _STAMPS.sub("", before) == _STAMPS.sub("", after)


def title(given: str) -> str:
    """In one line.

    Raises:
        BadRequest: ``empty_title``, ``bad_text``.
    """
    line = " ".join(words.storable(given).split())
    if not words.is_visible(line):
        raise BadRequest("It needs a title.", code="empty_title")
    return line


def moment(given: wire.Moment, zones: Mapping[str, tzinfo] | None = None) -> Moment:
    """Args:
        zones: those that only a text describes.

    Raises:
        BadRequest: ``bad_date``, ``unknown_zone``.
    """
    return changing.parse(given.local, given.zone, zones)


def _rule_of(block: Block) -> str:
    line = block.first("RRULE")
    return "" if line is None else line.value.strip().upper()


def _move(calendar: Block, block: Block, command: cmd.ChangeEntry) -> bool:
    """Whether it is at another time than before. What is given no other end lasts as long as it
    did, and a task that is due at another time begins as long before it as it did."""
    zones = reading.zones_of(calendar)
    before = reading.span(block, zones)
    starts = before[0] if command.starts is UNSET else _moment(command.starts, zones)
    ends = before[1] if command.ends is UNSET else _moment(command.ends, zones)
    first, last = before
    if first is not None and last is not None and starts is not None and ends is not None:
        same_kind = starts.is_day == first.is_day
        if command.ends is UNSET:
            lasting = series.length(first, last) if same_kind else timedelta()
            ends = reading.like(reading.later(starts, lasting), last)
        elif command.starts is UNSET and block.name == "VTODO":
            by = ends.local - last.local
            starts = (
                Moment(starts.local + by, starts.is_day, starts.zone, starts.tzid)
                if ends.is_day == starts.is_day
                else None
            )
    if (starts, ends) == before:
        return False
    if block.name == "VEVENT" and starts is not None and starts.is_day and ends == starts:
        ends = reading.later(starts, timedelta(days=1))
    changing.set_span(calendar, block, starts, ends)
    was, now = first or last, starts or ends
    if block is reading.parts_of(calendar)[0] and was is not None and now is not None:
        changing.shift_series(calendar, was, now)
    return True


def _set_state(calendar: Block, block: Block, state: wire.EntryState, now: datetime) -> wire.Did:
    kind = reading.COMPONENTS[block.name]
    if state not in _STATES[kind]:
        raise BadRequest(f"A {kind} is never {state}.", code="bad_state")
    before = block.first("STATUS")
    was = before.value.strip().upper() if before is not None else ""
    if state in ("open", "done"):
        changing.set_done_in(block, now, done=state == "done")
        return "finished" if state == "done" else "reopened"
    changing.set_text(block, "STATUS", status_of(state))
    if state == "cancelled":
        return "cancelled"
    return "restored" if was == "CANCELLED" else "changed"


def _moment(given: Any, zones: Mapping[str, tzinfo] | None = None) -> Moment | None:
    return None if given is None else moment(given, zones)


def _text(given: str) -> str:
    return words.storable(given).strip()
