"""What a calendar means: of its lines, those that the hub acts on.

One text holds one task or meeting: its component, and those of its exceptions, under one UID. What
cannot be understood is refused in words, before anything is kept; what the hub does not act on is
not looked at. Pure, but for the zones of the system.

Source: RFC 5545 sections 3.3.4, 3.3.5, 3.3.6 (days, times, durations), 3.6.1, 3.6.2 (components),
3.8.1.11 (status); RFC 5546 (SEQUENCE).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from hub.agenda import lines
from hub.agenda.lines import Block, Line
from hub.errors import BadRequest

MAX_UID: Final = 255
MAX_TITLE: Final = 500
MAX_PEOPLE: Final = 500
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999
COMPONENTS: Final = {"VTODO": "task", "VEVENT": "event"}

_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)")
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)", re.IGNORECASE)
_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, or a time of a day on the clocks of a ``zone``; null: of whoever looks.

    Attributes:
        local: as these clocks show it; of a day the first moment.
        zone: by which it is counted, with its rules.
        tzid: how the text calls the zone; ``UTC`` for a time that ends with Z.
    """

    local: datetime
    is_day: bool = False
    zone: tzinfo | None = None
    tzid: str | None = None

    @property
    def instant(self) -> datetime | None:
        """In UTC. An hour that the clocks skip is counted as before the change, one that they show
        twice is the first. Null without a zone."""
        if self.zone is None or self.is_day:
            return None
        return self.local.replace(tzinfo=self.zone).astimezone(UTC)

    def __str__(self) -> str:
        return self.local.strftime("%Y-%m-%d" if self.is_day else "%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True, slots=True)
class Participant:
    """``answer`` is a PARTSTAT; ``address`` without ``mailto:``, in lower case."""

    address: str
    name: str
    answer: str
    uid: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a task or a meeting as a whole. ``ends``: of a task when it is due. ``rule`` is its RRULE
    as it stands there; ``exceptions`` are RECURRENCE-IDs that have a component of their own."""

    kind: str
    uid: str
    sequence: int
    title: str
    notes: str
    place: str
    starts: Moment | None
    ends: Moment | None
    status: str
    rule: str | None
    organizer: Participant | None
    people: tuple[Participant, ...]
    exceptions: tuple[str, ...]


def parts_of(calendar: Block) -> tuple[Block, list[Block]]:
    """The component of a task or meeting, and those of its exceptions. Of a text that has
    exceptions alone (an invitation to one day of a series) the first stands for all.

    Raises:
        BadRequest: ``bad_calendar``.
    """
    found = [one for one in calendar.blocks() if one.name in COMPONENTS]
    if not found:
        raise BadRequest("There is no task and no event in it.", code="bad_calendar")
    if len({one.name for one in found}) > 1 or len({_uid(one) for one in found}) > 1:
        raise BadRequest("A calendar is of one task or one event.", code="bad_calendar")
    masters = [one for one in found if one.first("RECURRENCE-ID") is None]
    if len(masters) > 1:
        raise BadRequest("A series is said once.", code="bad_calendar")
    master = masters[0] if masters else found[0]
    return master, [one for one in found if one is not master]


def facts(calendar: Block) -> Facts:
    """Raises:
    BadRequest: ``bad_calendar``, ``bad_date``, ``unknown_zone``.
    """
    master, others = parts_of(calendar)
    if len(master.lines("ATTENDEE")) > MAX_PEOPLE:
        raise BadRequest(f"At most {MAX_PEOPLE} people are asked.", code="too_many_people")
    zones = zones_of(calendar)
    starts, ends = span(master, zones)
    organizer = master.first("ORGANIZER")
    rule = master.first("RRULE")
    return Facts(
        kind=COMPONENTS[master.name],
        uid=_uid(master),
        sequence=sequence(master),
        title=_text(master, "SUMMARY")[:MAX_TITLE],
        notes=_text(master, "DESCRIPTION"),
        place=_text(master, "LOCATION"),
        starts=starts,
        ends=ends,
        status=_text(master, "STATUS").strip().upper(),
        rule=rule.value if rule is not None else None,
        organizer=participant(organizer) if organizer is not None else None,
        people=tuple(map(participant, master.lines("ATTENDEE"))),
        exceptions=tuple(
            str(moment(line, zones))
            for one in others
            if (line := one.first("RECURRENCE-ID")) is not None
        ),
    )


def span(block: Block, zones: Mapping[str, tzinfo]) -> tuple[Moment | None, Moment | None]:
    """When a component begins and ends, or is due.

    Raises:
        BadRequest: ``bad_date``, ``unknown_zone``.
    """
    begin, end = block.first("DTSTART"), block.first("DUE" if block.name == "VTODO" else "DTEND")
    starts = moment(begin, zones) if begin is not None else None
    if block.name == "VEVENT" and starts is None:
        raise BadRequest("An event has a beginning.", code="bad_date")
    if end is not None:
        ends = moment(end, zones)
        if starts is not None and is_before(ends, starts):
            raise BadRequest("It ends before it begins.", code="bad_date")
        return starts, ends
    lasting = block.first("DURATION")
    if starts is not None and lasting is not None:
        length = duration(lasting)
        if length < timedelta():
            raise BadRequest("It ends before it begins.", code="bad_date")
        ends = later(starts, length)
        if ends.local.year > LAST_YEAR:
            raise BadRequest(f"It ends after the year {LAST_YEAR}.", code="bad_date")
        return starts, ends
    if starts is not None and starts.is_day and block.name == "VEVENT":
        return starts, later(starts, timedelta(days=1))
    return starts, starts if block.name == "VEVENT" else None


def is_completed(block: Block) -> bool:
    line = block.first("STATUS")
    return line is not None and line.value.strip().upper() == "COMPLETED"


def moment(line: Line, zones: Mapping[str, tzinfo]) -> Moment:
    """The value of a property that is a day or a time.

    Raises:
        BadRequest: ``bad_date``, ``unknown_zone``.
    """
    value = line.value.strip()
    if (day := _DATE.fullmatch(value)) is not None:
        return Moment(_checked(line, *map(int, day.groups())), is_day=True)
    time = _TIME.fullmatch(value)
    if time is None:
        raise BadRequest(f"{line.name} is no day and no time: {value[:40]!r}.", code="bad_date")
    *numbers, utc = time.groups()
    year, month, dom, hour, minute, second = map(int, numbers)
    local = _checked(line, year, month, dom, hour, minute, min(second, 59))
    if utc:
        return Moment(local, zone=UTC, tzid="UTC")
    tzid = line.param("TZID")
    if tzid is None:
        return Moment(local)
    return Moment(local, zone=zones.get(tzid) or zone(tzid), tzid=tzid)


def later(start: Moment, by: timedelta) -> Moment:
    """A moment some time after: days on the clocks, hours as they pass (RFC 5545, 3.3.6).

    Raises:
        BadRequest: ``bad_date``.
    """
    try:
        local = start.local + timedelta(days=by.days)
        if start.is_day:
            return Moment(local, is_day=True)
        rest = timedelta(seconds=by.seconds)
        if start.zone is None:
            return Moment(local + rest)
        passed = local.replace(tzinfo=start.zone).astimezone(UTC) + rest
        there = passed.astimezone(start.zone).replace(tzinfo=None)  # the second 2:30 stays that
    except OverflowError as error:
        raise BadRequest("It ends beyond all years.", code="bad_date") from error
    return Moment(there, zone=start.zone, tzid=start.tzid)


def like(moment: Moment, other: Moment) -> Moment:
    """The same instant on the clocks of another."""
    if moment.instant is None or other.zone is None or other.is_day:
        return moment
    local = moment.instant.astimezone(other.zone).replace(tzinfo=None)
    return Moment(local, zone=other.zone, tzid=other.tzid)


def duration(line: Line) -> timedelta:
    """Raises:
    BadRequest: ``bad_date``.
    """
    found = _DURATION.fullmatch(line.value.strip())
    if found is None or not any(found.groups()[1:]):
        raise BadRequest(f"{line.name} is no length of time: {line.value[:40]!r}.", code="bad_date")
    sign, *numbers = found.groups()
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in numbers)
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if sign == "-" else length


def participant(line: Line) -> Participant:
    address = line.value.strip()
    if address[:7].lower() == "mailto:":
        address = address[7:]
    return Participant(
        address.lower()[:254], (line.param("CN") or "")[:200],
        (line.param("PARTSTAT") or "NEEDS-ACTION").upper(), line.param("X-HUB-UID"),
    )  # fmt: skip


def zones_of(calendar: Block) -> dict[str, tzinfo]:
    """The zones that a text itself describes, where they are none of the system's: by the rules of
    the text.

    Raises:
        BadRequest: ``unknown_zone``.
    """
    found: dict[str, tzinfo] = {}
    for block in calendar.blocks("VTIMEZONE"):
        named = block.first("TZID")
        if named is None or known_zone(named.value.strip()) is not None:
            continue
        try:
            told: Any = Timezone.from_ical(lines.write(block))
            # Not what another text calls by the same name, which the library would take.
            found[named.value.strip()] = told.to_tz(lookup_tzid=False)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise BadRequest(
                f"The zone {named.value[:60]!r} cannot be understood.", code="unknown_zone"
            ) from error
    return found


def zone(name: str) -> tzinfo:
    """A zone by its name.

    Raises:
        BadRequest: ``unknown_zone``.
    """
    found = known_zone(name)
    if found is None:
        raise BadRequest(f"There is no zone {name[:60]!r}.", code="unknown_zone")
    return found


@lru_cache(maxsize=2048)
def known_zone(name: str) -> tzinfo | None:
    """A zone of the system's data: by its name, by that with what some programs put before it
    (``/mozilla.org/20050126_1/Europe/Vaduz``), or by the name that Windows has for it."""
    if name.upper() in ("UTC", "Z", "GMT", "ETC/UTC"):
        return UTC
    if name in WINDOWS_TO_OLSON:
        return ZoneInfo(WINDOWS_TO_OLSON[name])
    parts = name.split("/")
    for count in (3, 2, 1):
        tail = "/".join(parts[-count:])
        if tail in _names() and (count == len(parts) or "/" in tail):
            return ZoneInfo(tail)
    return None


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def _checked(line: Line, *numbers: int) -> datetime:
    try:
        local = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001  # of no zone yet
    except ValueError as error:
        raise BadRequest(f"{line.name} is no day: {line.value[:40]!r}.", code="bad_date") from error
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise BadRequest(
            f"{line.name} is not between the years {FIRST_YEAR} and {LAST_YEAR}.", code="bad_date"
        )
    return local


def is_before(one: Moment, other: Moment) -> bool:
    """By the instants, or by the clocks where there is no zone."""
    if one.instant is not None and other.instant is not None:
        return one.instant < other.instant
    return one.local < other.local


def _uid(block: Block) -> str:
    line = block.first("UID")
    uid = line.value.strip() if line is not None else ""
    if not uid or len(uid) > MAX_UID or any(char < " " for char in uid):
        raise BadRequest(
            f"A task or event has a UID of at most {MAX_UID} characters.", code="bad_calendar"
        )
    return uid


def _text(block: Block, name: str) -> str:
    line = block.first(name)
    return line.text.replace("\x00", "") if line is not None else ""


def sequence(block: Block) -> int:
    """How often it was sent anew; 0 where it does not say."""
    line = block.first("SEQUENCE")
    text = line.value.strip() if line is not None else ""
    return min(int(text), 2**31 - 1) if text.isdecimal() and len(text) < 12 else 0
