"""What of a calendar a program wants to be told: all of it, some components and properties, or the
moments of a series one by one. Pure.

Source: RFC 4791 section 9.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.agenda import changing, lines, own, reading, series
from hub.agenda.free import Span
from hub.agenda.lines import Block, Line
from hub.agenda.reading import Moment
from hub.calendars import filters, xml
from hub.calendars.filters import Range
from hub.calendars.xml import caldav
from hub.errors import BadRequest
from hub.storage.calendars import Item


@dataclass(frozen=True, slots=True)
class Comp:
    """A component with what is wanted of it; null: everything."""

    name: str
    props: Sequence[str] | None
    comps: Sequence[Comp] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    comp: Comp | None = None
    expand: Range | None = None
    within: Range | None = None


def read(element: Any) -> Wanted:
    """A ``calendar-data`` element.

    Raises:
        BadRequest: ``bad_filter``.
        Unsupported: another format than iCalendar.
    """
    if element.get("content-type", "text/calendar") != "text/calendar":
        raise filters.Unsupported("There is iCalendar only.", code="unsupported_format")
    comp = xml.child(element, caldav("comp"))
    expand, within = (
        None if (one := xml.child(element, caldav(name))) is None else filters.span_of(one)
        for name in ("expand", "limit-recurrence-set")
    )
    if expand is not None and expand.last - expand.first > filters.MAX_SPAN:
        raise filters.Unsupported(
            f"Series are expanded for {filters.MAX_SPAN.days} days at once.", code="span_too_long"
        )
    return Wanted(None if comp is None else _comp(comp, 1), expand, within)


def calendar_of(item: Item) -> Block:
    """An item that was read with its text, with what concerns nobody else."""
    assert item.ical is not None
    calendar = lines.read(item.ical.encode())[0]
    if item.own is not None:
        own.give(calendar, item.own)
    return calendar


def text_of(item: Item, wanted: Wanted | None = None) -> str:
    """The text of an item, with what concerns nobody else.

    Raises:
        BadRequest: a series that cannot be followed (``expand``).
    """
    assert item.ical is not None
    is_all = wanted is None or wanted == Wanted()
    if item.own is None and is_all:
        return item.ical
    calendar = calendar_of(item)
    if wanted is not None:
        if wanted.expand is not None:
            calendar = _expanded(calendar, wanted.expand)
        elif wanted.within is not None:
            _limit(calendar, wanted.within)
        if wanted.comp is not None:
            calendar = _picked(calendar, wanted.comp)
    return lines.write(calendar).decode()


def free_busy(asked: Range, busy: Sequence[Span], now: datetime) -> str:
    """A VFREEBUSY of times, and of nothing that is at them."""
    times = [f"{_utc(one.first)}/{_utc(one.last)}" for one in busy]
    inside = Block(
        "VFREEBUSY",
        [
            Line("UID", f"{_utc(now)}@free-busy"), Line("DTSTAMP", _utc(now)),
            Line("DTSTART", _utc(asked.first)), Line("DTEND", _utc(asked.last)),
            *(Line("FREEBUSY", one, ";FBTYPE=BUSY") for one in times),
        ],
    )  # fmt: skip
    head = [Line("VERSION", "2.0"), Line("PRODID", changing.PRODID)]
    return lines.write(Block("VCALENDAR", [*head, inside])).decode()


def _comp(element: Any, depth: int) -> Comp:
    if depth > lines.MAX_DEPTH:
        raise BadRequest("The components are nested too deep.", code="bad_filter")
    props = [(one.get("name") or "").upper() for one in xml.children(element, caldav("prop"))]
    comps = [_comp(one, depth + 1) for one in xml.children(element, caldav("comp"))]
    all_props = xml.child(element, caldav("allprop")) is not None
    all_comps = xml.child(element, caldav("allcomp")) is not None
    return Comp(
        (element.get("name") or "").upper(), None if all_props else props,
        None if all_comps else comps,
    )  # fmt: skip


def _picked(block: Block, comp: Comp) -> Block:
    inner = None if comp.comps is None else {one.name: one for one in comp.comps}
    parts: list[Line | Block] = []
    for one in block.parts:
        if isinstance(one, Line):
            if comp.props is None or one.name in comp.props:
                parts.append(one)
        elif inner is None:
            parts.append(one)
        elif one.name in inner:
            parts.append(_picked(one, inner[one.name]))
    return Block(block.name, parts)


def _expanded(calendar: Block, wanted: Range) -> Block:
    """Its moments in a while, each by itself, in UTC."""
    master, others = reading.parts_of(calendar)
    blocks = [master, *others]
    starts, ends = reading.span(master, reading.zones_of(calendar))
    anchor = starts or ends
    found: list[Line | Block] = [one for one in calendar.parts if isinstance(one, Line)]
    for one in series.occurrences(calendar, wanted.first, wanted.last):
        block = blocks[one.nth].copy()
        block.drop(*changing.OF_SERIES)
        if one.id is not None and anchor is not None:
            local = datetime.fromisoformat(one.id)
            moment = Moment(local, anchor.is_day, anchor.zone, anchor.tzid)
            block.put(changing.line_of("RECURRENCE-ID", _in_utc(moment)))
        last = "DUE" if block.name == "VTODO" else "DTEND"
        for name, when in (("DTSTART", one.starts), (last, one.ends)):
            if when is not None:
                block.put(changing.line_of(name, _in_utc(when)))
        found.append(block)
    return Block(calendar.name, found)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _in_utc(moment: Moment) -> Moment:
    if moment.instant is None:
        return moment
    return Moment(moment.instant.replace(tzinfo=None), zone=UTC, tzid="UTC")


def _limit(calendar: Block, wanted: Range) -> None:
    """Without the exceptions that are not in a while, and were not to be."""
    _, others = reading.parts_of(calendar)
    zones = reading.zones_of(calendar)
    gone = []
    for one in others:
        starts, ends = reading.span(one, zones)
        line = one.first("RECURRENCE-ID")
        moments = [starts, ends, None if line is None else reading.moment(line, zones)]
        instants = [
            moment.instant or moment.local.replace(tzinfo=UTC)
            for moment in moments
            if moment is not None
        ]
        if instants and not (min(instants) < wanted.last and max(instants) >= wanted.first):
            gone.append(one)
    calendar.parts = [one for one in calendar.parts if not any(one is other for other in gone)]
