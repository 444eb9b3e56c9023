"""Tasks and meetings made and changed, property by property; whatever else stands there stays.

Each function changes the calendar that it gets. Who may ask for it, and what the other people of a
thread are told, is decided elsewhere. Pure.

Source: RFC 5545 sections 3.6.1, 3.6.2, 3.8; RFC 5546 section 2.1.4 (SEQUENCE); RFC 4791 section 4.1
(what one resource holds).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal

from hub.agenda import lines, reading
from hub.agenda.lines import Block, Line
from hub.agenda.reading import Moment
from hub.agenda.series import length, occurrences, on_clocks
from hub.agenda.zones import vtimezone
from hub.errors import BadRequest, NotFound

PRODID: Final = "-//Webmail hub//EN"
BLOCKED: Final = "X-HUB-BLOCKED"
Answer = Literal["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LAST_DAY: Final = re.compile(r"((?:^|;)UNTIL=)(\d{8})(?=;|$)", re.IGNORECASE)
# What a component of a series has and one of its moments has not.
OF_SERIES: Final = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "DTSTART", "DTEND",
                     "DUE", "DURATION")  # fmt: skip


def new(kind: Literal["task", "event"], uid: str, now: datetime) -> Block:
    """A calendar with a task or meeting that says nothing yet."""
    inside = Block(
        "VTODO" if kind == "task" else "VEVENT",
        [Line("UID", uid), Line("DTSTAMP", _utc(now)), Line("CREATED", _utc(now)),
         Line("SEQUENCE", "0")],
    )  # fmt: skip
    return Block("VCALENDAR", [Line("VERSION", "2.0"), Line("PRODID", PRODID), inside])


def touch(block: Block, now: datetime, *, anew: bool) -> None:
    """Note that a component was changed; ``anew``: so that those who answered answer again."""
    block.put(Line("DTSTAMP", _utc(now)), Line("LAST-MODIFIED", _utc(now)))
    if anew:
        line = block.first("SEQUENCE")
        before = int(line.value) if line is not None and line.value.strip().isdecimal() else 0
        block.put(Line("SEQUENCE", str(min(before + 1, 2**31 - 1))))


def set_text(block: Block, name: str, text: str) -> None:
    """A property of type TEXT; empty takes it away. Its parameters said something of other words,
    and go."""
    if text:
        block.put(Line(name, lines.escape(text)))
    else:
        block.drop(name)


def set_span(
    calendar: Block, block: Block, starts: Moment | None, ends: Moment | None
) -> None:  # fmt: skip
    """When it is: of a task ``ends`` is when it is due.

    Raises:
        BadRequest: ``bad_date``.
    """
    last = "DUE" if block.name == "VTODO" else "DTEND"
    if block.name == "VEVENT" and starts is None:
        raise BadRequest("An event has a beginning.", code="bad_date")
    if starts is not None and ends is not None:
        if starts.is_day != ends.is_day:
            raise BadRequest("It begins and ends by days, or by times.", code="bad_date")
        if reading.is_before(ends, starts):
            raise BadRequest("It ends before it begins.", code="bad_date")
    said = {
        name: None if moment is None else line_of(name, moment)
        for name, moment in (("DTSTART", starts), (last, ends))
    }
    if starts is not None and ends is not None and ends.local.fold:
        # An hour that clocks show twice has one name, that of its first time.
        assert starts.instant is not None
        assert ends.instant is not None
        seconds = int((ends.instant - starts.instant).total_seconds())
        said |= {last: None, "DURATION": Line("DURATION", f"PT{seconds}S")}
    block.drop("DURATION")
    for name, line in said.items():
        if line is None:
            block.drop(name)
        else:
            block.put(line)
    set_zones(calendar)


def set_rule(
    block: Block, rule: str | None, zones: Mapping[str, tzinfo] | None = None
) -> None:  # fmt: skip
    """How it comes back; null: no more. A last day is one on the clocks of the series.

    Args:
        zones: those that only the text describes, by their names.

    Raises:
        BadRequest: ``bad_rule``.
    """
    if rule is None:
        block.drop("RRULE", "RDATE", "EXDATE", "EXRULE")
        return
    told = rule.strip()
    if not told or any(char < " " for char in told):
        raise BadRequest("A rule is one line.", code="bad_rule")
    begin = block.first("DTSTART") or block.first("DUE")
    found = _LAST_DAY.search(told)
    if found is not None and begin is not None and "T" in begin.value.upper():
        moment = reading.moment(begin, zones or {})
        if moment.zone is not None:
            last = _checked_day(found[2]).replace(hour=23, minute=59, second=59)
            until = last.replace(tzinfo=moment.zone)
            told = f"{told[: found.start()]}{found[1]}{_utc(until)}{told[found.end() :]}"
    block.put(Line("RRULE", told))


def set_people(
    block: Block, organizer: tuple[str, str], people: Sequence[tuple[str, str, str]],
    known: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Who it is for: ``(uid, address, name)`` each, without a uid nobody of this hub; who stays
    keeps their line, with their answer.

    Args:
        organizer: address and name of who asks them, if nobody does yet.
        known: uids by addresses, for lines that name none.
    """
    there: dict[str, Line] = {}
    for one in block.lines("ATTENDEE"):
        person = reading.participant(one)
        there.setdefault(person.address, one)
        if (who := person.uid or (known or {}).get(person.address)) is not None:
            there[who] = one
    kept = []
    for uid, address, name in people:
        line = there.get(uid) or there.get(address.lower())
        if line is None:
            params = ";PARTSTAT=NEEDS-ACTION" + lines.parameter("CN", name)
            if block.name == "VEVENT":
                params += ";RSVP=TRUE"
            params += f";X-HUB-UID={uid}" if uid else ""
            line = Line("ATTENDEE", f"mailto:{address}", params)
        kept.append(line)
    block.drop("ATTENDEE")
    if kept:
        block.put(*kept)
        if block.first("ORGANIZER") is None:
            address, name = organizer
            block.put(Line("ORGANIZER", f"mailto:{address}", lines.parameter("CN", name)))
    else:
        block.drop("ORGANIZER")


def set_answer(
    calendar: Block, who: Collection[str], answer: Answer, occurrence: str | None
) -> None:  # fmt: skip
    """What somebody says to a meeting: to all of it, or to one moment.

    Args:
        who: their uid and their addresses.

    Raises:
        NotFound: ``not_invited``, ``occurrence_not_found``.
    """
    master, others = reading.parts_of(calendar)
    blocks = [master, *others] if occurrence is None else [moment_of(calendar, occurrence)]
    if occurrence is not None:
        _ask_as_well(master, blocks[0])
    found = False
    for block in blocks:
        told = []
        for line in block.lines("ATTENDEE"):
            person = reading.participant(line)
            if person.uid in who or person.address in who:
                found = True
                line = Line("ATTENDEE", line.value, with_parameter(line.params, "PARTSTAT", answer))
            told.append(line)
        if told:
            block.put(*told)
    if not found:
        raise NotFound("They are not asked to come.", code="not_invited")


def set_done(calendar: Block, now: datetime, occurrence: str | None, *, done: bool) -> None:
    """Of a series one moment.

    Raises:
        NotFound: ``occurrence_not_found``.
    """
    block = reading.parts_of(calendar)[0]
    if occurrence is not None:
        block = moment_of(calendar, occurrence)
    set_done_in(block, now, done=done)
    touch(block, now, anew=False)


def set_done_in(block: Block, now: datetime, *, done: bool) -> None:
    """Of a component alone."""
    if done:
        block.put(
            Line("STATUS", "COMPLETED"), Line("COMPLETED", _utc(now)),
            Line("PERCENT-COMPLETE", "100"),
        )  # fmt: skip
    else:
        block.put(Line("STATUS", "NEEDS-ACTION"))
        block.drop("COMPLETED", "PERCENT-COMPLETE")


def ask_again(block: Block, known: Mapping[str, str], agreed: Collection[str]) -> None:
    """A meeting is at another time: what people answered was of the one before.

    Args:
        known: uids by addresses, for lines that name none.
        agreed: uids of who wants it so.
    """
    told = []
    for line in block.lines("ATTENDEE"):
        person = reading.participant(line)
        agrees = (person.uid or known.get(person.address)) in agreed
        answer = "ACCEPTED" if agrees else "NEEDS-ACTION"
        told.append(Line("ATTENDEE", line.value, with_parameter(line.params, "PARTSTAT", answer)))
    if told:
        block.put(*told)


def set_blocked(block: Block, reason: str | None) -> None:
    """Why nobody can go on with a task; null: somebody can."""
    if reason is None:
        block.drop(BLOCKED)
    else:
        block.put(Line(BLOCKED, lines.escape(reason)))


def _ask_as_well(master: Block, block: Block) -> None:
    """Who was asked after a moment had become one by itself is asked to that as well."""
    there = {reading.participant(line).address for line in block.lines("ATTENDEE")}
    more = [
        line for line in master.lines("ATTENDEE") if reading.participant(line).address not in there
    ]
    if more:
        block.put(*block.lines("ATTENDEE"), *more)


def moment_of(calendar: Block, occurrence: str) -> Block:
    """The component of one moment of a series, made if there is none yet: it says what the series
    says.

    Args:
        occurrence: when the series has it (``hub.agenda.series.Occurrence.id``).

    Raises:
        NotFound: ``occurrence_not_found``.
    """
    zones = reading.zones_of(calendar)
    master, others = reading.parts_of(calendar)
    starts, ends = reading.span(master, zones)
    like = starts or ends
    if like is None:
        raise _no_series()
    for one in others:
        line = one.first("RECURRENCE-ID")
        if line is not None and str(on_clocks(reading.moment(line, zones), like)) == occurrence:
            return one
    if master.first("RRULE") is None and master.first("RDATE") is None:
        raise _no_series()
    begin = _at(occurrence, like)
    _require_moment(calendar, occurrence, begin)
    made = master.copy()
    made.drop(*OF_SERIES)
    # Where the series tells of alarms, so does the moment.
    first = Line("RECURRENCE-ID", *_value_of(begin))
    if starts is not None:
        made.put(first, line_of("DTSTART", begin))
    else:
        made.put(first)
    if ends is not None:
        name = "DUE" if master.name == "VTODO" else "DTEND"
        last = (
            begin
            if starts is None
            else reading.like(reading.later(begin, length(starts, ends)), ends)
        )
        made.put(line_of(name, last))
    calendar.parts.append(made)
    return made


def _require_moment(calendar: Block, occurrence: str, begin: Moment) -> None:
    """Raises:
    NotFound: ``occurrence_not_found``.
    """
    around = (begin.instant or begin.local.replace(tzinfo=UTC)), timedelta(days=2)
    found = occurrences(calendar, around[0] - around[1], around[0] + around[1])
    if all(one.id != occurrence for one in found):
        raise NotFound("The series has no such moment.", code="occurrence_not_found")


def leave_out(calendar: Block, occurrence: str) -> None:
    """Take one moment out of a series.

    Raises:
        NotFound: ``occurrence_not_found``.
    """
    made = moment_of(calendar, occurrence)
    calendar.parts = [one for one in calendar.parts if one is not made]
    line = made.first("RECURRENCE-ID")
    assert line is not None
    master = reading.parts_of(calendar)[0]
    master.put(*master.lines("EXDATE"), Line("EXDATE", line.value, line.params))


def keep_exceptions(calendar: Block) -> None:
    """Of a series with another rule: those of moments that it still has, and what was done."""
    zones = reading.zones_of(calendar)
    master, others = reading.parts_of(calendar)
    starts, ends = reading.span(master, zones)
    like = starts or ends
    if like is None or not others:
        return
    ids = [
        (one, on_clocks(reading.moment(line, zones), like))
        for one in others
        if (line := one.first("RECURRENCE-ID")) is not None
    ]
    exceptions = {id(one) for one in others}
    bare = Block(calendar.name, [one for one in calendar.parts if id(one) not in exceptions])
    first, last = min(at.local for _, at in ids), max(at.local for _, at in ids)
    margin = timedelta(days=2)
    there = {
        one.id
        for one in occurrences(
            bare, first.replace(tzinfo=UTC) - margin, last.replace(tzinfo=UTC) + margin
        )
    }
    gone = {
        id(one) for one, at in ids if str(at) not in there and not reading.is_completed(one)
    }  # fmt: skip
    calendar.parts = [one for one in calendar.parts if id(one) not in gone]


def shift_series(calendar: Block, before: Moment, after: Moment) -> None:
    """A series begins at another time: its exceptions, its last day, and the days of the week on
    which it is, are as far from it as before. What of an exception was as the series had it moves
    with it.

    Raises:
        BadRequest: ``rule_fixes_days``: its rule says on which days it is.
    """
    zones = reading.zones_of(calendar)
    master, others = reading.parts_of(calendar)
    by = after.local - before.local

    def moved(moment: Moment) -> Moment:
        here = on_clocks(moment, before)
        local = here.local + by
        if before.is_day and not after.is_day:  # of a day: at the time of the series
            local = datetime.combine(local.date(), after.local.time())
        return Moment(local, after.is_day, after.zone, after.tzid)

    def values(name: str, line: Line) -> list[Line]:
        return [
            line_of(
                name, moved(reading.moment(Line(name, value.partition("/")[0], line.params), zones))
            )
            for value in line.value.split(",")
        ]

    for name in ("EXDATE", "RDATE"):
        if old := master.lines(name):
            master.put(*(new for line in old for new in values(name, line)))
    for other in others:
        line = other.first("RECURRENCE-ID")
        if line is None:
            continue
        was = on_clocks(reading.moment(line, zones), before)
        begin = other.first("DTSTART") or other.first("DUE")
        follows = begin is not None and on_clocks(reading.moment(begin, zones), before) == was
        for name in ("DTSTART", "DTEND", "DUE") if follows else ():
            if (own := other.first(name)) is not None:
                other.put(line_of(name, _by(reading.moment(own, zones), by, before, after)))
        other.put(line_of("RECURRENCE-ID", moved(was)))
    if (rule := master.first("RRULE")) is not None:
        master.put(Line("RRULE", _moved_rule(rule.value, before, after)))


def _by(moment: Moment, by: timedelta, before: Moment, after: Moment) -> Moment:
    """What was on the clocks of the series is on them again."""
    like = after if moment.is_day != after.is_day or moment.tzid == before.tzid else moment
    return Moment(moment.local + by, like.is_day, like.zone, like.tzid)


def _moved_rule(rule: str, before: Moment, after: Moment) -> str:
    days = (after.local.date() - before.local.date()).days
    fields = [part.partition("=") for part in rule.split(";") if part]
    names = {name.strip().upper(): value.strip().upper() for name, _, value in fields}
    fixed = sorted(names.keys() & {"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH"})
    weekly = names.get("FREQ") == "WEEKLY" and fixed == ["BYDAY"]
    if days and fixed and not (weekly and all(one in _DAYS for one in names["BYDAY"].split(","))):
        raise BadRequest(
            "Its rule says on which days it is: change that, too.", code="rule_fixes_days"
        )
    told = []
    for name, equals, value in fields:
        key = name.strip().upper()
        if key == "BYDAY" and days:
            turned = [_DAYS[(_DAYS.index(one) + days) % 7] for one in names["BYDAY"].split(",")]
            value = ",".join(turned)
        elif key == "UNTIL":
            value = _moved_until(value, before, after)
        told.append(f"{name}{equals}{value}")
    return ";".join(told)


def _moved_until(value: str, before: Moment, after: Moment) -> str:
    until = on_clocks(reading.moment(Line("UNTIL", value.strip()), {}), before)
    try:
        local = until.local + (after.local - before.local)
    except OverflowError:
        return value
    if after.is_day:
        return f"{local:%Y%m%d}"
    if until.is_day:
        local = local.replace(hour=23, minute=59, second=59)
    zone = after.zone
    return f"{local:%Y%m%dT%H%M%S}" if zone is None else _utc(local.replace(tzinfo=zone))


def line_of(name: str, moment: Moment) -> Line:
    return Line(name, *_value_of(moment))


def _value_of(moment: Moment) -> tuple[str, str]:
    """Value and parameters."""
    if moment.is_day:
        return f"{moment.local:%Y%m%d}", ";VALUE=DATE"
    value = f"{moment.local:%Y%m%dT%H%M%S}"
    if moment.tzid == "UTC":
        return f"{value}Z", ""
    return value, lines.parameter("TZID", moment.tzid) if moment.tzid else ""


def parse(
    local: str, zone: str | None, zones: Mapping[str, tzinfo] | None = None
) -> Moment:  # fmt: skip
    """A moment as clients say it: ``2026-11-27``, or ``2026-11-27T09:00:00`` of a zone.

    Args:
        zones: those that only the text describes, by their names.

    Raises:
        BadRequest: ``bad_date``, ``unknown_zone``.
    """
    value = local.replace("-", "").replace(":", "")
    params = "" if zone is None else lines.parameter("TZID", zone)
    if "T" in value and len(value) == 13:
        value += "00"
    moment = reading.moment(Line("It", value, params if "T" in value else ""), zones or {})
    if "T" in value and zone is None:
        raise BadRequest("A time has a zone.", code="unknown_zone")
    return moment


def set_zones(calendar: Block) -> None:
    """The rules of all zones that are named and not told, for programs that do not know them."""
    told = {
        line.value.strip()
        for block in calendar.blocks("VTIMEZONE")
        if (line := block.first("TZID")) is not None
    }
    named = {
        tzid
        for block in calendar.blocks()
        for line in block.parts
        if isinstance(line, Line) and (tzid := line.param("TZID")) is not None
    }
    at = next(
        (index for index, one in enumerate(calendar.parts) if isinstance(one, Block)),
        len(calendar.parts),
    )
    for tzid in sorted(named - told):
        zone = reading.known_zone(tzid)
        if zone is not None and zone is not UTC:
            calendar.parts.insert(at, vtimezone(tzid, zone).copy())


def _at(occurrence: str, like: Moment) -> Moment:
    """Raises:
    NotFound: ``occurrence_not_found``.
    """
    try:
        local = datetime.fromisoformat(occurrence)
    except ValueError:
        local = None
    found = None
    if local is not None and local.tzinfo is None:
        found = Moment(local, is_day=like.is_day, zone=like.zone, tzid=like.tzid)
    if found is None or str(found) != occurrence:  # one way to write it
        raise NotFound("The series has no such moment.", code="occurrence_not_found")
    return found


def _no_series() -> NotFound:
    return NotFound("It is no series.", code="occurrence_not_found")


def _checked_day(value: str) -> datetime:
    return reading.moment(Line("UNTIL", value), {}).local


def without_parameter(params: str, name: str) -> str:
    kept = [
        part for part in lines.split(params, ";") if part.partition("=")[0].strip().upper() != name
    ]
    return "".join(f";{part}" for part in kept)


def with_parameter(params: str, name: str, value: str) -> str:
    """Parameters with another value of one."""
    return without_parameter(params, name) + lines.parameter(name, value)


def _utc(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
