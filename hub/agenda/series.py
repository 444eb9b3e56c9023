"""A series day by day: when a task or meeting is, with its exceptions, within some years.

The rules are followed by ``recurring_ical_events``; here they are bounded first, because a rule of
twenty letters can mean more moments than there are, or loop through all years without one.

Source: RFC 5545 sections 3.3.10, 3.8.5.3 (RRULE), 3.8.4.4 (RECURRENCE-ID).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Any, Final

import recurring_ical_events
from dateutil.rrule import rrulestr
from icalendar import Calendar

from hub.agenda import reading
from hub.agenda.lines import Block, Line, write
from hub.agenda.possible import is_possible
from hub.agenda.reading import Moment
from hub.errors import BadRequest

MAX_OCCURRENCES: Final = 2_000
"""Of one task or event, between the bounds that are looked at."""
MAX_STEPS: Final = 60_000
"""Moments from the first one on: a day each since 1900."""
MAX_COUNT: Final = 1_000
"""Of a series that comes back within a day."""
MAX_RULE: Final = 500
MAX_RULES: Final = 10
_OFTEN: Final = ("SECONDLY", "MINUTELY", "HOURLY")
_FREQUENCIES: Final = (*_OFTEN, "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_RANGES: Final = {
    "BYMONTH": (1, 12), "BYMONTHDAY": (1, 31), "BYYEARDAY": (1, 366), "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366), "BYHOUR": (0, 23), "BYMINUTE": (0, 59), "BYSECOND": (0, 59),
}  # fmt: skip
_POSITIVE: Final = ("BYMONTH", "BYHOUR", "BYMINUTE", "BYSECOND")
_NEVER: Final = "19000101T000000"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One moment of a series, or all there is of what happens once. ``id`` is its RECURRENCE-ID as
    the series has it, null without a series; ``nth`` the component that tells of it: 0 the main
    one, else an exception."""

    id: str | None
    nth: int
    starts: Moment | None
    ends: Moment | None


def occurrences(calendar: Block, first: datetime, last: datetime) -> list[Occurrence]:
    """What of a task or event is between two moments (UTC), in order; all of a task without a day.
    Of a series nothing, where the first is after the last.

    Raises:
        BadRequest: ``bad_rule``, ``too_many_occurrences``, and what ``hub.agenda.reading`` finds.
    """
    zones = reading.zones_of(calendar)
    master, others = reading.parts_of(calendar)
    parts = [master, *others]
    if len(others) > MAX_OCCURRENCES:
        raise _too_many()
    if not _rules(master) and not master.lines("RDATE") and not others:
        return [Occurrence(None, 0, *reading.span(master, zones))]
    spans = [reading.span(one, zones) for one in parts]
    anchor = spans[0][0] or spans[0][1]
    if anchor is None:
        raise BadRequest("A series has a first day.", code="bad_rule")
    if first > last:
        return []
    reduced = [_reduced(one, nth, zones, anchor, last) for nth, one in enumerate(parts)]
    text = write(Block("VCALENDAR", list(reduced)))
    first, last = _on_its_clocks(first, anchor), _on_its_clocks(last, anchor)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole: Any = Calendar.from_ical(text)
            found = recurring_ical_events.of(whole, components=[master.name]).between(first, last)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise BadRequest(f"The series cannot be followed: {error}", code="bad_rule") from error
    if len(found) > MAX_OCCURRENCES:
        raise _too_many()
    return sorted((_occurrence(one, spans) for one in found), key=_order)


def _reduced(
    block: Block, nth: int, zones: Mapping[str, tzinfo], anchor: Moment, last: datetime
) -> Block:
    """What says when a component is, on the clocks of the series and without a zone: days and times
    are counted on these. With the place of the component among the others."""
    starts, ends = reading.span(block, zones)
    parts: list[Line | Block] = [Line("UID", "series"), Line("X-NTH", str(nth))]
    begin = starts or ends
    if begin is not None:  # a task may have only a day when it is due, and comes back on that
        parts.append(Line("DTSTART", *_here(begin, anchor)))
    for name in ("RDATE", "EXDATE") if nth == 0 else ("RECURRENCE-ID",):
        for line in block.lines(name):
            for value in filter(str.strip, line.value.split(",")):
                one = Line(name, value.partition("/")[0], line.params)  # of a period its beginning
                parts.append(Line(name, *_here(reading.moment(one, zones), anchor)))
                if len(parts) > 2 * MAX_OCCURRENCES:
                    raise _too_many()
    if nth == 0:
        if len(rules := _rules(block)) > MAX_RULES:
            raise BadRequest(f"A series has {MAX_RULES} rules at most.", code="bad_rule")
        parts += [Line("RRULE", _bounded(rule, anchor, last)) for rule in rules]
    return Block(block.name, parts)


def on_clocks(moment: Moment, anchor: Moment) -> Moment:
    """A moment as a series that begins at ``anchor`` has it: on its clocks; of days a day, of a day
    at the time of the series."""
    local = moment.local
    is_elsewhere = anchor.zone is not None and moment.zone is not anchor.zone
    if is_elsewhere and moment.instant is not None:
        local = moment.instant.astimezone(anchor.zone).replace(tzinfo=None)
    if anchor.is_day:
        local = datetime.combine(local.date(), time())
    elif moment.is_day:
        local = datetime.combine(local.date(), anchor.local.time())
    return Moment(local, anchor.is_day, anchor.zone, anchor.tzid)


def _here(moment: Moment, anchor: Moment) -> tuple[str, str]:
    """Value and parameters of a moment on the clocks of the series."""
    local = on_clocks(moment, anchor).local
    if anchor.is_day:
        return f"{local:%Y%m%d}", ";VALUE=DATE"
    return f"{local:%Y%m%dT%H%M%S}", ""


def _on_its_clocks(moment: datetime, anchor: Moment) -> datetime:
    return moment.astimezone(anchor.zone or UTC).replace(tzinfo=None)


def _rules(block: Block) -> list[Line]:
    return [line for line in block.lines("RRULE") if line.value.strip()]


def _bounded(rule: Line, anchor: Moment, last: datetime) -> str:
    """The rule with an end: that of its count, its own, or the last moment that is looked at.

    Raises:
        BadRequest: ``bad_rule``, ``too_many_occurrences``.
    """
    fields = _fields(rule)
    frequency = fields.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise BadRequest(f"A series comes back DAILY to YEARLY, not {frequency[:20]!r}.",
                         code="bad_rule")  # fmt: skip
    count = fields.pop("COUNT", None)
    if count is not None and (not count.isdecimal() or len(count) > 9 or int(count) < 1):
        raise BadRequest("COUNT of a series is a number from 1.", code="bad_rule")
    if frequency in _OFTEN and (
        count is None or int(count) > MAX_COUNT or any(key.startswith("BY") for key in fields)
    ):
        raise BadRequest(
            f"What comes back within a day has a COUNT of at most {MAX_COUNT}, and no BY.",
            code="bad_rule",
        )
    until = _until(fields.pop("UNTIL", None), anchor, last)
    never = f"FREQ=DAILY;UNTIL={_NEVER[:8] if anchor.is_day else _NEVER}"
    if not is_possible(fields, anchor.local.date(), until.date()):
        return never
    naive = ";".join(f"{key}={value}" for key, value in fields.items())
    try:
        rules: Any = rrulestr(f"{naive};UNTIL={until:%Y%m%dT%H%M%S}", dtstart=anchor.local)
        most = MAX_STEPS if count is None else min(int(count), MAX_STEPS)
        moments = list(islice(rules, most + (count is None)))
    except (ValueError, TypeError, OverflowError, IndexError) as error:
        raise BadRequest(f"The rule of the series cannot be: {error}", code="bad_rule") from error
    if len(moments) > MAX_STEPS:
        raise _too_many()
    if not moments:
        return never
    return f"{naive};UNTIL={moments[-1]:{'%Y%m%d' if anchor.is_day else '%Y%m%dT%H%M%S'}}"


def _fields(rule: Line) -> dict[str, str]:
    """Raises:
    BadRequest: ``bad_rule``.
    """
    if len(rule.value) > MAX_RULE:
        raise BadRequest("The rule of the series is too long.", code="bad_rule")
    fields: dict[str, str] = {}
    for part in rule.value.strip().upper().split(";"):
        key, equals, value = part.partition("=")
        if not part.strip():
            continue
        if not equals or not value:
            raise BadRequest(f"The rule of the series says {part[:40]!r}.", code="bad_rule")
        fields[key.strip()] = value.strip()
    if fields.get("INTERVAL", "1").strip("0") == "" or not fields.get("INTERVAL", "1").isdecimal():
        raise BadRequest("INTERVAL of a series is a number from 1.", code="bad_rule")
    for key, (least, most) in _RANGES.items():
        for value in fields.get(key, "").split(",") if key in fields else ():
            number = value.lstrip("+-") if key not in _POSITIVE else value
            if not number.isdecimal() or not least <= int(number) <= most:
                raise BadRequest(f"The rule of the series says {key}={value[:20]}.",
                                 code="bad_rule")  # fmt: skip
    return fields


def _until(given: str | None, anchor: Moment, last: datetime) -> datetime:
    """On the clocks of the series, the earlier of its end and the last moment that is looked at."""
    here = _on_its_clocks(last, anchor)
    if given is None:
        return here
    if given[:4].isdecimal() and int(given[:4]) > reading.LAST_YEAR:
        return here
    until = reading.moment(Line("UNTIL", given), {})
    if until.is_day:
        return min(here, until.local + timedelta(hours=23, minutes=59, seconds=59))
    if until.zone is not None and anchor.zone is not None:
        local = until.local.replace(tzinfo=until.zone).astimezone(anchor.zone)
        return min(here, local.replace(tzinfo=None))
    return min(here, until.local)


def _occurrence(component: Any, spans: list[tuple[Moment | None, Moment | None]]) -> Occurrence:
    nth = int(component.get("X-NTH", 0))
    id_ = component.get("RECURRENCE-ID")
    starts, ends = spans[nth]
    if nth > 0:  # an exception says itself when it is
        of_series = spans[0][0] or spans[0][1]
        name = _written(id_.dt, of_series) if id_ is not None else None
        return Occurrence(name, nth, starts, ends)
    begin = component.start
    shown = _moment(begin, starts or ends)
    if starts is not None and ends is not None:
        lasting = length(starts, ends)
        return Occurrence(_written(begin, starts), 0, shown, reading.later(shown, lasting))
    if starts is None:
        return Occurrence(_written(begin, ends), 0, None, shown)
    return Occurrence(_written(begin, starts), 0, shown, None)


def _moment(value: Any, like: Moment | None) -> Moment:
    """What the library says, as a moment of the series."""
    assert like is not None
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001  # of the series' clocks
    return Moment(value.replace(tzinfo=None), like.is_day, like.zone, like.tzid)


def length(starts: Moment, ends: Moment) -> timedelta:
    """How long it lasts: on the clocks for days, as it passes for times."""
    if starts.instant is not None and ends.instant is not None:
        passed = ends.instant - starts.instant
        if passed < timedelta(days=1):
            return passed
    return ends.local - starts.local


def _written(value: Any, like: Moment | None) -> str:
    return str(_moment(value, like))


def _order(one: Occurrence) -> tuple[float, str]:
    when = one.starts or one.ends
    if when is None:
        return 0.0, ""
    instant = when.instant or when.local.replace(tzinfo=UTC)
    return instant.timestamp(), one.id or ""


def _too_many() -> BadRequest:
    return BadRequest(
        f"The series has more than {MAX_OCCURRENCES} moments in the years that are kept.",
        code="too_many_occurrences",
    )
